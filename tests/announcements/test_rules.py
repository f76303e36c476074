"""The dated rules, row by row: what holds on which day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.clock import VIETNAM
from bot.platforms.rules import Rules
from bot.states import Origin

RULES = Rules.load()
NOON = datetime(2026, 5, 18, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("platform", "on", "routes"),
    [
        ("messenger", date(2026, 2, 1), {"tags", "recurring", "utility", "held"}),
        ("messenger", date(2026, 2, 10), {"tags", "utility", "held"}),  # recurring notifications were switched off
        ("messenger", date(2026, 4, 26), {"tags", "utility", "held", "marketing"}),
        ("messenger", date(2026, 4, 27), {"window", "utility", "held", "marketing"}),  # no tag is left
        ("messenger", date(2027, 5, 18), {"window", "utility", "held", "marketing"}),
        ("zalo", date(2026, 2, 28), {"window", "billed", "template", "held", "broadcast", "promotion"}),
        ("zalo", date(2026, 3, 1), {"window", "billed", "template", "held", "broadcast"}),
    ],
)
def test_routes_in_force(platform: str, on: date, routes: set[str]) -> None:
    assert {rule.route for rule in RULES.ways(platform, on)} == routes


def test_paid_and_template_ways_stay_off_until_somebody_switches_them_on() -> None:
    off = {rule.route for rule in RULES.routes if not rule.setting and rule.holds(NOON.date())}
    assert off == {"window", "held"}


@pytest.mark.parametrize(
    ("platform", "origin", "ago", "opens"),
    [
        ("messenger", Origin.ANNOUNCEMENT, timedelta(hours=23, minutes=49), True),
        ("messenger", Origin.ANNOUNCEMENT, timedelta(hours=23, minutes=51), False),  # we stop ten minutes early
        ("zalo", Origin.ANNOUNCEMENT, timedelta(hours=47, minutes=49), True),
        ("zalo", Origin.ANNOUNCEMENT, timedelta(hours=47, minutes=51), False),
        ("zalo", Origin.STAFF, timedelta(days=6, hours=23), True),
        ("zalo", Origin.STAFF, timedelta(days=7), False),
    ],
)
def test_windows(platform: str, origin: Origin, ago: timedelta, opens: bool) -> None:
    assert RULES.windows.open(platform, origin, NOON - ago, NOON) is opens


@pytest.mark.parametrize(
    ("at", "opens"), [("06:59", False), ("07:00", True), ("21:59", True), ("22:00", False), ("00:30", False)]
)
def test_quiet_hours(at: str, opens: bool) -> None:
    moment = datetime.fromisoformat(f"2026-05-18T{at}").replace(tzinfo=VIETNAM)
    ours = RULES.ours(moment.date())
    assert ours.open_at(moment) is opens
    assert ours.open_at(ours.next_opening(moment))
    assert ours.next_opening(moment) - moment <= timedelta(hours=9)


def test_every_rule_says_where_it_comes_from() -> None:
    for rule in (*RULES.routes, *RULES.quotas, *RULES.house, *RULES.windows.rows):
        assert rule.source
        assert rule.valid_from.year >= 2018


def test_quotas_of_a_day() -> None:
    assert {quota.what: quota.most for quota in RULES.quotas_of("zalo", date(2026, 6, 1))} == {
        "send": 4000,
        "billed": 500,
        "articles": 1,
    }
    assert {quota.what for quota in RULES.quotas_of("zalo", date(2026, 5, 31))} == {"articles"}
    assert RULES.quotas_of("zalo", date(2025, 12, 31)) == []
