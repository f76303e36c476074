"""The congratulation card: a picture with a name, drawn from shapes and text alone.

It congratulates; it certifies nothing. No seal, and never the words for a certificate or a diploma.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from PIL import Image, ImageDraw, ImageFont

from bot.library.vietnamese import nfc

SIZE = (1200, 800)
INK, ACCENT, PAPER, GOLD = "#1c2b30", "#0b5c6b", "#fbfaf5", "#d9a400"
MARGIN = 110


def draw(*, name: str, unit: str, what: str, occasion: str, sender: str) -> bytes:
    """A PNG of 1200 by 800."""
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    _frame(pen)
    at = 120
    for text, size, bold, colour in (
        ("Chúc mừng", 84, True, ACCENT),
        (nfc(name), 66, True, INK),
        (nfc(unit), 36, False, INK),
        (f"“{nfc(what)}”" if what else "", 36, False, ACCENT),
        (f"Nhân {nfc(occasion)}", 34, False, INK),
    ):
        at = _written(pen, text, size, at, bold=bold, colour=colour)
    _written(pen, nfc(sender), 32, SIZE[1] - 120, bold=True, colour=INK)
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return out.getvalue()


def _frame(pen: ImageDraw.ImageDraw) -> None:
    wide, high = SIZE
    pen.rectangle((28, 28, wide - 28, high - 28), outline=ACCENT, width=6)
    pen.rectangle((42, 42, wide - 42, high - 42), outline=GOLD, width=2)
    for x, y in ((28, 28), (wide - 28, 28), (28, high - 28), (wide - 28, high - 28)):
        pen.ellipse((x - 14, y - 14, x + 14, y + 14), fill=GOLD)


def _written(pen: ImageDraw.ImageDraw, text: str, size: int, at: int, *, bold: bool, colour: str) -> int:
    """Write centred, over as many lines as it takes, smaller when it takes more than two; where the next begins."""
    if not text:
        return at
    font = _font(size, bold=bold)
    lines = list(_lines(pen, text, font))
    while len(lines) > 2 and size > 24:
        size -= 4
        font = _font(size, bold=bold)
        lines = list(_lines(pen, text, font))
    for line in lines[:3]:
        width = pen.textlength(line, font=font)
        pen.text(((SIZE[0] - width) / 2, at), line, font=font, fill=colour)
        at += int(size * 1.3)
    return at + 18


def _lines(pen: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and pen.textlength(longer, font=font) > SIZE[0] - 2 * MARGIN:
            yield line
            line = word
        else:
            line = longer
    if line:
        yield line


@cache
def _font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont:
    """Roboto from its own package: it has every Vietnamese letter."""
    name = "Roboto-Bold.ttf" if bold else "Roboto-Regular.ttf"
    return ImageFont.truetype(io.BytesIO(files("font_roboto").joinpath("files", name).read_bytes()), size)
