"""Working hours: said in words, open or not, and when staff are next there."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.clock import VIETNAM
from bot.library.organisation import Organisation

WEEK = {day: ["13:30-17:00", "07:30-11:30"] for day in ("mon", "tue", "wed", "thu", "fri")}
UNION = Organisation.open(edits={"hours": {**WEEK, "sat": ["07:30-11:30"]}, "holidays": ["2026-11-25"]})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def test_hours_in_words() -> None:
    assert UNION.hours_in_words == "thứ Hai đến thứ Sáu 07:30–11:30, 13:30–17:00; thứ Bảy 07:30–11:30"
    assert Organisation.open().hours_in_words == ""


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-11-24 07:29", False),
        ("2026-11-24 07:30", True),
        ("2026-11-24 11:30", False),
        ("2026-11-24 16:59", True),
        ("2026-11-25 09:00", False),  # a holiday
        ("2026-11-29 09:00", False),  # a Sunday
    ],
)
def test_open(now: str, is_open: bool) -> None:
    assert UNION.is_open(at(now)) is is_open


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-11-24 05:00", "07:30 hôm nay"),
        ("2026-11-24 12:00", "13:30 hôm nay"),
        ("2026-11-24 18:00", "07:30 thứ Năm 26/11"),  # over the holiday
        ("2026-11-26 22:00", "07:30 ngày mai, thứ Sáu 27/11"),
        ("2026-11-28 12:00", "07:30 thứ Hai 30/11"),
    ],
)
def test_when_staff_are_next_there(now: str, words: str) -> None:
    assert UNION.opens_in_words(at(now)) == words


def test_without_hours_nothing_is_promised() -> None:
    assert Organisation.open().opens_in_words(at("2026-11-24 09:00")) == ""
    assert not Organisation.open().is_open(at("2026-11-24 09:00"))
