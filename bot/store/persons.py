"""The people who write: what is remembered of each, and what they agreed to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, insert, select, update

from bot.store.schema import consents, handovers, misses, persons
from bot.store.sql import insert_or_ignore


@dataclass(frozen=True, slots=True)
class Person:
    """One person on one account, as stored."""

    id: int
    account_id: int
    user_id: str
    created_at: datetime
    wrote_at: datetime | None
    reachable: bool
    follows: bool
    unit_said: str
    unit_asked: bool
    subscribed: bool
    misses: int
    turns: int
    staff_until: datetime | None
    memory: Mapping[str, Any]
    leaving_at: datetime | None
    handed_over: bool  # asked for a person and not yet handed back


_waiting = exists().where(handovers.c.person_id == persons.c.id, handovers.c.closed_at.is_(None))
_COLUMNS = [
    *(persons.c[name] for name in Person.__dataclass_fields__ if name != "handed_over"),
    _waiting.label("handed_over"),
]


def find(connection: Connection, account_id: int, user_id: str) -> Person | None:
    query = select(*_COLUMNS).where(persons.c.account_id == account_id, persons.c.user_id == user_id)
    return _person(connection.execute(query).mappings().first())


def get(connection: Connection, person_id: int) -> Person | None:
    return _person(connection.execute(select(*_COLUMNS).where(persons.c.id == person_id)).mappings().first())


def _person(row: RowMapping | None) -> Person | None:
    return Person(**{**row, "memory": json.loads(row["memory"])}) if row else None


def ensure(connection: Connection, account_id: int, user_id: str, now: datetime) -> int:
    """The person's number; a newcomer gets one."""
    key = (persons.c.account_id == account_id) & (persons.c.user_id == user_id)
    found = connection.execute(select(persons.c.id).where(key)).scalar()
    if found is None:
        connection.execute(
            insert_or_ignore(connection, persons, conflict=("account_id", "user_id")).values(
                account_id=account_id, user_id=user_id, created_at=now
            )
        )
        found = connection.execute(select(persons.c.id).where(key)).scalar_one()
    number: int = found
    return number


def change(connection: Connection, person_id: int, **values: Any) -> None:
    if isinstance(values.get("memory"), Mapping):
        values["memory"] = json.dumps(values["memory"], ensure_ascii=False, separators=(",", ":"))
    connection.execute(update(persons).where(persons.c.id == person_id).values(**values))


def add_consent(
    connection: Connection,
    person_id: int,
    *,
    purpose: str,
    given: bool,
    words: str,
    version: str,
    channel: str,
    now: datetime,
) -> None:
    """Write down a yes or a no with the words that were shown: the proof, kept as it was said."""
    connection.execute(
        insert(consents).values(
            person_id=person_id, purpose=purpose, given=given, at=now, words=words, version=version, channel=channel
        )
    )
    if purpose == "announcements":
        change(connection, person_id, subscribed=given)


def consents_of(connection: Connection, person_id: int) -> list[Mapping[str, Any]]:
    query = select(consents).where(consents.c.person_id == person_id).order_by(consents.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def add_miss(connection: Connection, person_id: int, text: str, nearest: tuple[str, ...], now: datetime) -> None:
    connection.execute(insert(misses).values(person_id=person_id, text=text, nearest=json.dumps(nearest), at=now))


def open_handover(connection: Connection, person_id: int, *, reason: str, urgent: bool, now: datetime) -> int:
    """Ask for a person; the one already waiting stays one, and only becomes more urgent."""
    waiting = (handovers.c.person_id == person_id) & handovers.c.closed_at.is_(None)
    found: int | None = connection.execute(select(handovers.c.id).where(waiting)).scalar()
    if found is None:
        row = {"person_id": person_id, "reason": reason, "urgent": urgent, "opened_at": now}
        found = connection.execute(insert(handovers).values(**row).returning(handovers.c.id)).scalar_one()
    elif urgent:
        connection.execute(update(handovers).where(handovers.c.id == found).values(urgent=True, reason=reason))
    return found


def close_handover(connection: Connection, person_id: int, now: datetime) -> list[int]:
    """Hand back; the numbers of what was open."""
    waiting = (handovers.c.person_id == person_id) & handovers.c.closed_at.is_(None)
    closed = update(handovers).where(waiting).values(closed_at=now).returning(handovers.c.id)
    return [row[0] for row in connection.execute(closed)]
