"""Excel out: text stays text (leading zeros, tone marks), and no cell of ours is ever a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, TypeAlias

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

Cell: TypeAlias = str | int | float | date | None
LONGEST = 32_000  # Excel's own limit is 32,767
LONGEST_TITLE = 31
_AMOUNT = 10_000  # smaller ones are read as they are: a year is no "2.026"
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def book(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]], widths: Sequence[int] = (), *,
    amounts: bool = False,
) -> bytes:  # fmt: skip
    """A workbook of one sheet, its headings fixed and bold; its rows may be many thousands.

    `widths` in letters; without them, by the headings. `amounts`: large whole numbers are grouped by thousands.
    """
    made = Workbook(write_only=True)
    sheet = made.create_sheet(title[:LONGEST_TITLE])
    sheet.freeze_panes = "A2"
    for at, width in enumerate(widths or [max(14, min(len(heading) + 4, 40)) for heading in headings], start=1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.append([_bold(cell(sheet, heading)) for heading in headings])
    for row in rows:
        sheet.append([cell(sheet, value, amounts=amounts) for value in row])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def cell(sheet: Any, value: Cell, *, amounts: bool = False) -> Any:
    """One cell. What XML cannot hold is left out of a text: somebody's keyboard may have sent it."""
    if isinstance(value, str):
        return _text(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST])
    made: Any = WriteOnlyCell(sheet, value)  # type: ignore[arg-type]  # its stubs forget that dates are values
    if isinstance(value, date):
        made.number_format = "DD/MM/YYYY"
    elif amounts and isinstance(value, int) and abs(value) >= _AMOUNT:
        made.number_format = "#,##0"
    return made


def _text(sheet: Any, text: str) -> Any:
    made: Any = WriteOnlyCell(sheet, text)
    made.data_type = "s"  # openpyxl would take a leading "=" for a formula
    made.number_format = "@"
    made.alignment = Alignment(vertical="top", wrap_text=True)
    if text.startswith(_STARTS_A_FORMULA):
        made.quotePrefix = True  # so that Excel keeps it text when edited
    return made


def _bold(made: Any) -> Any:
    made.font = Font(bold=True)
    return made
