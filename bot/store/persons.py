"""The people who write: what is remembered of each, and what they agreed to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, insert, select, update

from bot.store.audience import subscriptions
from bot.store.initiatives import initiatives
from bot.store.prepared import Among, Prepared
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
    unit_id: int | None
    unit_asked: bool
    subscribed: bool
    misses: int
    turns: int
    staff_until: datetime | None
    memory: Mapping[str, Any]
    leaving_at: datetime | None
    handed_over: bool  # asked for a person and not yet handed back
    has_topics: bool  # asked to hear about a campaign
    has_initiatives: bool  # handed one in, or is writing one


#: Whether there is anything to look for: most people have nothing, and each look of a turn costs.
_HAS = {
    "handed_over": exists().where(handovers.c.person_id == persons.c.id, handovers.c.closed_at.is_(None)),
    "has_topics": exists().where(subscriptions.c.person_id == persons.c.id),
    "has_initiatives": exists().where(initiatives.c.person_id == persons.c.id),
}
_COLUMNS = [
    *(persons.c[name] for name in Person.__dataclass_fields__ if name not in _HAS),
    *(has.label(name) for name, has in _HAS.items()),
]


_KEY = and_(persons.c.account_id == bindparam("of_account"), persons.c.user_id == bindparam("of_user"))
_FIND = Prepared(lambda _: select(*_COLUMNS).where(_KEY))
_GET = Prepared(lambda _: select(*_COLUMNS).where(persons.c.id == bindparam("number")))
_NUMBER = Prepared(lambda _: select(persons.c.id).where(_KEY))
_MEET = Prepared(
    lambda dialect: (
        insert_or_ignore(dialect, persons, conflict=("account_id", "user_id"))
        .values({name: bindparam(name) for name in ("account_id", "user_id", "created_at")})
        .returning(persons.c.id)
    )
)


def find(connection: Connection, account_id: int, user_id: str) -> Person | None:
    return _person(_FIND.first(connection, of_account=account_id, of_user=user_id))


def number(connection: Connection, account_id: int, user_id: str) -> int | None:
    """Say who it is, where nothing else is asked."""
    found = _NUMBER.first(connection, of_account=account_id, of_user=user_id)
    return int(found[0]) if found else None


_NUMBERS = Among(
    lambda users: select(persons.c.user_id, persons.c.id).where(
        persons.c.account_id == bindparam("of_account"), persons.c.user_id.in_(users)
    )
)


def numbers(connection: Connection, account_id: int, user_ids: Iterable[str]) -> dict[str, int]:
    """Say who they are, as far as anybody knows them."""
    return dict(_NUMBERS.rows(connection, user_ids, of_account=account_id))


def get(connection: Connection, person_id: int) -> Person | None:
    return _person(_GET.first(connection, number=person_id))


def _person(row: tuple[Any, ...] | None) -> Person | None:
    if row is None:
        return None
    named = dict(zip(Person.__dataclass_fields__, row, strict=True))
    named |= {name: bool(named[name]) for name in _HAS}
    return Person(**{**named, "memory": json.loads(named["memory"])})


def ensure(connection: Connection, account_id: int, user_id: str, now: datetime) -> int:
    """The person's number; a newcomer gets one."""
    whose = {"of_account": account_id, "of_user": user_id}
    found = (
        _NUMBER.first(connection, **whose)
        or _MEET.first(connection, account_id=account_id, user_id=user_id, created_at=now)
        or _NUMBER.first(connection, **whose)  # somebody else met them a moment ago
    )
    if found is None:
        raise LookupError("a person who was just met is not there")
    return int(found[0])


def change(connection: Connection, person_id: int, **values: Any) -> None:
    """Set columns; a `memory` may be a mapping."""
    if isinstance(values.get("memory"), Mapping):
        values["memory"] = json.dumps(values["memory"], ensure_ascii=False, separators=(",", ":"))
    if not values:
        return
    to = {f"to_{name}": value for name, value in values.items()}
    _changing(tuple(values)).count(connection, number=person_id, **to)


@cache
def _changing(names: tuple[str, ...]) -> Prepared:
    to: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names}
    return Prepared(lambda _: update(persons).where(persons.c.id == bindparam("number")).values(to))


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
