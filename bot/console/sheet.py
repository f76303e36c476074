"""Excel in: the rows of a list that an officer filled in, every cell as text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from itertools import islice
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from bot.console.forms import tidy
from bot.errors import BotError

MOST_ROWS = 5000
MOST_UNPACKED = 60 * 1024 * 1024  # a zip of 2 MB may hold gigabytes
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read(content: bytes, headings: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows under the line of headings: row number in Excel, and heading to text. Empty rows are left out.

    Raises BotError sheet.unreadable, sheet.too_large, sheet.headings_missing (with `missing`), sheet.empty.
    """
    rows = _rows(content)
    number, places = _headings(rows, headings)
    found = []
    for at, row in rows[number:]:
        texts = {name: _text(row[place]) if place < len(row) else "" for name, place in places.items()}
        if any(texts.values()):
            found.append((at, texts))
    if not found:
        raise BotError("sheet.empty")
    return found


def _rows(content: bytes) -> list[tuple[int, tuple[object, ...]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > MOST_UNPACKED:
            rows: list[tuple[object, ...]] = [()] * (MOST_ROWS + 1)
        else:
            sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
            rows = list(islice(sheet.iter_rows(values_only=True, max_col=40), MOST_ROWS + 1))
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, IndexError, AttributeError, OSError):
        # openpyxl says in many ways that a file is not what its name says
        raise BotError("sheet.unreadable") from None
    except SyntaxError:  # the XML inside is broken: ElementTree's ParseError is one of these
        raise BotError("sheet.unreadable") from None
    if len(rows) > MOST_ROWS:
        raise BotError("sheet.too_large")
    return list(enumerate(rows, start=1))


def _headings(rows: list[tuple[int, tuple[object, ...]]], wanted: Sequence[str]) -> tuple[int, dict[str, int]]:
    """How many rows to skip, and the column of each heading; a heading is known by its beginning."""
    best: dict[str, int] = {}
    for number, (_, row) in enumerate(rows[:20], start=1):
        texts = [_text(value).casefold() for value in row]
        places = {name: place for name in wanted if (place := _place(texts, name.casefold())) is not None}
        if len(places) == len(wanted):
            return number, places
        best = max(best, places, key=len)
    missing = next((name for name in wanted if name not in best), "")
    raise BotError("sheet.headings_missing", missing=missing)


def _place(texts: list[str], name: str) -> int | None:
    return next((place for place, text in enumerate(texts) if text == name), None)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return tidy(str(value))
