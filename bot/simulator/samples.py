"""The placeholders that people send: a small picture, a moment of silence, a sheet of paper."""

from __future__ import annotations

import struct
import zlib

_SIZE = 96


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _picture() -> bytes:
    """Draw a machine part: a ring on a light ground, as a PNG."""
    rows = b"".join(b"\x00" + b"".join(_pixel(x, y) for x in range(_SIZE)) for y in range(_SIZE))
    header = struct.pack(">IIBBBBB", _SIZE, _SIZE, 8, 2, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _pixel(x: int, y: int) -> bytes:
    distance = (x - _SIZE / 2) ** 2 + (y - _SIZE / 2) ** 2
    on_ring = 18**2 < distance < 34**2
    return bytes((71, 107, 138) if on_ring else (226, 232, 236))


_SILENCE = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 25
_SHEET = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)

#: name in the address -> (content type, bytes)
FILES: dict[str, tuple[str, bytes]] = {
    "anh.png": ("image/png", _picture()),
    "nhan.png": ("image/png", _picture()),
    "giong-noi.amr": ("audio/amr", _SILENCE),
    "mo-ta.pdf": ("application/pdf", _SHEET),
}
