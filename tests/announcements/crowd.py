"""People for a running bot: made up at the doubles and, with their consent, in the bot's database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.announcements import approval
from bot.announcements.announcing import Announcing, Words
from bot.clock import Clock, now
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.platforms.contract import Platform
from bot.platforms.http import Http
from bot.platforms.messenger import MessengerPlatform
from bot.platforms.rules import Rules
from bot.platforms.zalo import ZaloPlatform
from bot.store import announcements
from bot.store.announcements import State
from bot.store.database import Database
from bot.store.schema import accounts, outbox, persons
from bot.store.vault import Vault
from tests.running import SECRET, Doubles

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


def office(database: Database, clock: Clock = now) -> Announcing:
    """What staff's pages work with, beside a bot that runs on the same database."""
    http, organisation = Http(), Organisation.open()
    words = Words(organisation, Texts.open(organisation))
    platforms: dict[str, Platform] = {"zalo": ZaloPlatform(http, clock), "messenger": MessengerPlatform(http, clock)}
    return Announcing(database, platforms, clock, Vault([SECRET]), Rules.load(), lambda: words, "")


def approved(announcing: Announcing, **facts: Any) -> int:
    """An announcement to everybody that two people saw."""
    written = {"title": "Thông báo", "body": "Họp lúc 8 giờ.", **facts}
    number = announcing.database.write(
        lambda connection: announcements.add(connection, announcing.clock(), 1, **written)
    )
    approval.submit(announcing, number, 1)
    with announcing.database.read() as connection:
        digest = approval.need(connection, number).digest
    approval.approve(announcing, number, digest, 2)
    return number


def state(announcing: Announcing, number: int) -> State:
    with announcing.database.read() as connection:
        return approval.need(connection, number).state


def told(database: Database, number: int) -> set[str]:
    """Whom the closing account calls sent, by their ids at the platform."""
    query = (
        select(persons.c.user_id)
        .join(outbox, outbox.c.person_id == persons.c.id)
        .where(outbox.c.announcement_id == number, outbox.c.state.in_(("sent", "delivered", "read")))
    )
    with database.read() as connection:
        return set(connection.scalars(query))
