"""Excel out: whatever somebody typed, the file opens and shows it as text."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from bot.workbook import LONGEST, Cell, book


def _cells(rows: list[list[Cell]], *, amounts: bool = False) -> list[Any]:
    sheet = load_workbook(io.BytesIO(book("Thử", ["A"], rows, amounts=amounts))).active
    assert sheet is not None
    return [row[0] for row in sheet.iter_rows(min_row=2)]


def test_what_a_file_cannot_hold_is_left_out() -> None:
    (cell,) = _cells([["Hoa\x0b\x07 Mai\x00"]])
    assert cell.value == "Hoa Mai"


@pytest.mark.parametrize("text", ["=1+1", "+84 276", "-1", "@lạ", "007", "Đặng Ướt"])
def test_text_stays_text_when_it_is_edited(text: str) -> None:
    (cell,) = _cells([[text]])
    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")
    assert bool(cell.quotePrefix) == (text[0] in "=+-@")


def test_a_very_long_text_is_cut() -> None:
    (cell,) = _cells([["ệ" * 40_000]])
    assert len(cell.value) == LONGEST


def test_numbers_and_days_have_their_form() -> None:
    cells = _cells([[date(2026, 11, 24)], [80_000_000], [1985]], amounts=True)
    assert [cell.number_format for cell in cells] == ["DD/MM/YYYY", "#,##0", "General"]
