"""Time: aware UTC inside, the union's own zone for what people see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

#: A function that says what time it is; tests hand in their own.
Clock: TypeAlias = Callable[[], datetime]

#: The platforms' own rules (the night rule) go by it, whatever zone the union has set.
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

_union_zone = VIETNAM


def zone() -> ZoneInfo:
    """The union's zone: what people see, the calendar's days, schedules and quiet hours."""
    return _union_zone


def use_zone(chosen: ZoneInfo) -> None:
    """Set once, at the start, from BOT_TIMEZONE."""
    global _union_zone  # noqa: PLW0603 - one zone a process, as one environment
    _union_zone = chosen


def now() -> datetime:
    return datetime.now(UTC)


def from_epoch(value: object) -> datetime | None:
    """Read a platform's time stamp: seconds or milliseconds, int or digits in a str; None if it is neither.

    Values below 10^11 are seconds: as milliseconds they would lie in 1973.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        number = int(value)
        seconds = number if number < 10**11 else number / 1000
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def epoch_ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
