"""What a file is, told by its bytes and never by its name; and whether it is one that we take.

A closed list: what is not on it is refused. Pictures must really open, packed Office files must not be bombs.
"""

from __future__ import annotations

import io
import warnings
import zipfile

from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 80_000_000
MOST_UNPACKED = 200 * 1024 * 1024
MOST_ENTRIES = 3000
MOST_RATIO = 200  # unpacked to packed

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_OFFICE = {"word/": DOCX, "xl/": XLSX, "ppt/": PPTX}

#: type -> how its name ends when we give one
ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/heic": "heic",
    "audio/amr": "amr", "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/wav": "wav",
    "audio/aac": "aac", "video/mp4": "mp4", "video/3gpp": "3gp", "video/quicktime": "mov", "video/webm": "webm",
    "application/pdf": "pdf", "application/msword": "doc", DOCX: "docx", XLSX: "xlsx", PPTX: "pptx",
}  # fmt: skip
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})  # what we can open and draw again

#: bytes at a place -> type
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),  # also old Excel: the same container
)
#: The brand behind "ftyp" of the MP4 family.
_BRANDS = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic", b"M4A ": "audio/mp4",
           b"qt  ": "video/quicktime"}  # fmt: skip


class Refused(Exception):
    """A file that we do not take. `code` has a word in content/texts/attachments.toml: refused_<code>."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def check(content: bytes) -> str:
    """The type of a file that we take. Raises Refused: empty, unknown, broken, bomb."""
    if not content:
        raise Refused("empty")
    found = _told(content)
    if found in PICTURES:
        _opens(content)
    return found


def _told(content: bytes) -> str:
    for place, mark, kind in _SIGNATURES:
        riff = kind in {"image/webp", "audio/wav"} and content[:4] != b"RIFF"
        if content[place : place + len(mark)] == mark and not riff:
            return kind
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        return _BRANDS.get(brand, "video/3gpp" if brand.startswith(b"3g") else "video/mp4")
    if content[:4] == b"PK\x03\x04":
        return _office(content)
    raise Refused("unknown")


def _office(content: bytes) -> str:
    """A packed Office document, looked into before anything unpacks it. Any other archive is refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise Refused("broken") from None
    unpacked = sum(entry.file_size for entry in entries)
    packed_size = max(sum(entry.compress_size for entry in entries), 1)
    bomb = unpacked > MOST_UNPACKED or (unpacked > 10 * 1024 * 1024 and unpacked / packed_size > MOST_RATIO)
    if bomb or len(entries) > MOST_ENTRIES or any(_escapes(entry.filename) for entry in entries):
        raise Refused("bomb")
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in names or any(name.endswith("vbaProject.bin") for name in names):
        raise Refused("unknown")
    for folder, kind in _OFFICE.items():
        if any(name.startswith(folder) for name in names):
            return kind
    raise Refused("unknown")


def _escapes(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name


def _opens(content: bytes) -> None:
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content)) as picture:
            warnings.simplefilter("ignore")
            if picture.width * picture.height > MOST_PIXELS:
                raise Refused("bomb")
            picture.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise Refused("broken") from None
    except Image.DecompressionBombError:
        raise Refused("bomb") from None
