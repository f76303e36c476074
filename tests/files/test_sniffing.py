"""Bad files are told by their bytes, whatever they are called."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from PIL import Image

from bot.files.sniffing import DOCX, ENDINGS, XLSX, Refused, check
from bot.simulator.samples import FILES


def picture(kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, kind)
    return out.getvalue()


def saved(document: object) -> bytes:
    out = io.BytesIO()
    document.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def packed(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (picture(), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("GIF"), "image/gif"),
        (picture("WEBP"), "image/webp"),
        (FILES["giong-noi.amr"][1], "audio/amr"),
        (FILES["mo-ta.pdf"][1], "application/pdf"),
        (saved(Document()), DOCX),
        (saved(Workbook()), XLSX),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(20), "video/mp4"),
        (b"\x00\x00\x00\x18ftyp3gp4" + bytes(20), "video/3gpp"),
        (b"\x00\x00\x00\x18ftypM4A " + bytes(20), "audio/mp4"),
        (b"OggS" + bytes(20), "audio/ogg"),
    ],
)
def test_what_members_send_is_known(content: bytes, kind: str) -> None:
    assert check(content) == kind
    assert kind in ENDINGS


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"<html><script>alert(1)</script>", "unknown"),
        (b"MZ\x90\x00" + bytes(200), "unknown"),
        (b"\x7fELF" + bytes(200), "unknown"),
        (b"\xff\xd8\xff\xe0 not a picture", "broken"),
        (picture("PNG")[:60], "broken"),
        (b"PK\x03\x04 broken", "broken"),
        (packed({"readme.txt": b"x"}), "unknown"),
        (packed({"[Content_Types].xml": b"", "word/document.xml": b"", "word/vbaProject.bin": b""}), "unknown"),
        (packed({"[Content_Types].xml": b"", "word/../../../etc/passwd": b"x"}), "bomb"),
        (packed({"[Content_Types].xml": b"", "word/document.xml": bytes(30 * 1024 * 1024)}), "bomb"),
    ],
    ids=["empty", "html", "exe", "elf", "broken jpg", "cut png", "no zip", "zip", "macro", "path in name", "zip bomb"],
)
def test_what_we_do_not_take_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check(content)
    assert refused.value.code == code


def test_a_picture_of_too_many_pixels_is_a_bomb() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = (60_000).to_bytes(4) + (60_000).to_bytes(4) + bytes([8, 2, 0, 0, 0])
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")
    with pytest.raises(Refused) as refused:
        check(bomb)
    assert refused.value.code == "bomb"


@given(st.binary(max_size=300))
def test_no_bytes_break_the_check(content: bytes) -> None:
    try:
        told = check(content)
    except Refused as refusal:
        told = refusal.code
    assert told in {*ENDINGS, "empty", "unknown", "broken", "bomb"}
