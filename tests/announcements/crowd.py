"""People for a running bot: made up at the doubles and, with their consent, in the bot's database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, select

from bot.store.database import Database
from bot.store.schema import accounts, persons
from tests.running import Doubles

FIRST = {"zalo": 7_000_000_000_100_000, "messenger": 8_000_000_000_100_000}


def noon_zone() -> str:
    """A zone where it is about noon now: announcements leave by day, and tests run at any hour."""
    ahead = 12 - datetime.now(UTC).hour
    return "UTC" if ahead == 0 else f"Etc/GMT{-ahead:+d}"  # POSIX signs: west is positive


def gather(database: Database, doubles: Doubles, platform: str, number: int, *, wrote_s_ago: float = 3600) -> list[str]:
    """So many people who follow, wrote a while ago, and agreed to announcements; their ids at the platform."""
    first = FIRST[platform]
    doubles.control(
        "POST",
        "people",
        {"platform": platform, "first": str(first), "count": number, "last_act_s_ago": wrote_s_ago},
    )
    ids = [str(first + at) for at in range(number)]
    now = datetime.now(UTC)

    def op(connection: Connection) -> None:
        account = connection.scalar(select(accounts.c.id).where(accounts.c.platform == platform))
        rows = [
            {
                "account_id": account, "user_id": one, "created_at": now, "subscribed": True,
                "wrote_at": now - timedelta(seconds=wrote_s_ago), "turns": 1,
            }
            for one in ids
        ]  # fmt: skip
        connection.execute(insert(persons), rows)

    database.write(op)
    return ids
