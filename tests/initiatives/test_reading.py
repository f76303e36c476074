"""Money, dates and places out of an author's words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.initiatives.reading import last_day, money, places
from bot.store.units import Unit


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ("80 triệu", 80_000_000),
        ("khoảng 80tr đ 1 năm", 80_000_000),
        ("1 tỷ 2", 1_200_000_000),
        ("1,5 tỷ", 1_500_000_000),
        ("120.000.000 đồng", 120_000_000),
        ("2 triệu rưỡi", 2_500_000),
        ("500 nghìn", 500_000),
        ("50k một ngày", None),
        ("mỗi tháng 3 triệu", None),
        ("nhanh hơn 2 phút", None),
        ("", None),
    ],
)
def test_money_is_read_only_where_a_year_is_meant(said: str, amount: int | None) -> None:
    assert money(said) == amount


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_money(said: str) -> None:
    found = money(said)
    assert found is None or 0 < found <= 10**15


def test_the_last_day_needs_a_month_at_least() -> None:
    assert last_day(date(2026, 3, 1), "month") == date(2027, 3, 1)
    assert last_day(date(2024, 2, 29), "day") == date(2025, 2, 28)
    assert last_day(date(2025, 1, 1), "year") is None
    assert last_day(None, "") is None


UNITS = {
    1: Unit(1, "Công đoàn Công ty TNHH Hoa Mai"),
    2: Unit(2, "LĐLĐ huyện Tân Châu", valid_until=date(2025, 6, 30), successor_id=3),
    3: Unit(3, "Công đoàn xã Tân Châu"),
}


@pytest.mark.parametrize(
    ("said", "found"),
    [("cty hoa mai", [1]), ("Hoa Mai", [1]), ("LĐLĐ huyện Tân Châu", [3]), ("lò mủ 2", []), ("a", []), ("", [])],
)
def test_places_are_found_by_short_and_old_names(said: str, found: list[int]) -> None:
    assert [number for number, _ in places(UNITS, said, date(2026, 11, 24))] == found
