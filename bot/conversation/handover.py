"""When staff speak the bot is silent; how it comes back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class Voice(StrEnum):
    BOT = "bot"
    STAFF = "staff"  # they speak: the bot says nothing
    BACK = "back"  # the pause has run out: the bot says so once, then answers


def voice(staff_until: datetime | None, now: datetime, told: str) -> Voice:
    """Whose turn it is. `told`: the pause (its end, ISO) after which the bot already said that it is back."""
    if staff_until is None:
        return Voice.BOT
    if now < staff_until:
        return Voice.STAFF
    return Voice.BOT if told == staff_until.isoformat() else Voice.BACK
