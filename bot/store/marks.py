"""Small things with a name: facts to remember, figures of the day, leases, and alarms for a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from bot.clock import zone
from bot.store.schema import alarms, counts, leases, marks
from bot.store.sql import insert_or_ignore, upsert

# ---- facts to remember ----


def put(connection: Connection, name: str, value: str, now: datetime) -> None:
    statement = upsert(connection, marks, conflict=("name",), change=lambda new: {"value": new.value, "at": new.at})
    connection.execute(statement.values(name=name, value=value, at=now))


def get(connection: Connection, name: str) -> tuple[str, datetime] | None:
    row = connection.execute(select(marks.c.value, marks.c.at).where(marks.c.name == name)).first()
    return (row[0], row[1]) if row else None


def starting_with(connection: Connection, prefix: str) -> dict[str, tuple[str, datetime]]:
    query = select(marks).where(marks.c.name.startswith(prefix, autoescape=True))
    return {row.name: (row.value, row.at) for row in connection.execute(query)}


def drop(connection: Connection, name: str) -> None:
    connection.execute(delete(marks).where(marks.c.name == name))


# ---- figures of the day, without anybody's identity ----


def count(connection: Connection, what: Mapping[str, int], now: datetime) -> None:
    """Add to the day's figures, by the union's calendar."""
    day = now.astimezone(zone()).date().isoformat()
    for name, n in sorted(what.items()):  # one order for all: two transactions must not wait for each other
        connection.execute(
            upsert(connection, counts, conflict=("day", "what"), change=lambda new: {"n": counts.c.n + new.n}).values(
                day=day, what=name, n=n
            )
        )


def figures(connection: Connection, since_day: str) -> dict[tuple[str, str], int]:
    query = select(counts).where(counts.c.day >= since_day)
    return {(row.day, row.what): row.n for row in connection.execute(query)}


# ---- one holder at a time ----


def take_lease(connection: Connection, name: str, owner: str, now: datetime, length: timedelta) -> bool:
    """Take or renew a lease; False while somebody else holds it."""
    statement = upsert(
        connection,
        leases,
        conflict=("name",),
        change=lambda new: {"owner": new.owner, "until": new.until},
        where=(leases.c.until <= now) | (leases.c.owner == owner),
    ).values(name=name, owner=owner, until=now + length)
    return connection.execute(statement.returning(leases.c.name)).first() is not None


def drop_lease(connection: Connection, name: str, owner: str) -> None:
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))


# ---- what a person must know ----


@dataclass(frozen=True, slots=True)
class Alarm:
    cause: str
    code: str
    facts: dict[str, Any]
    since: datetime
    told_at: datetime | None


def raise_alarm(connection: Connection, cause: str, code: str, now: datetime, **facts: object) -> None:
    """Say that something needs a person. The same cause again changes nothing until it was over."""
    told = {"code": code, "facts": json.dumps(facts, default=str), "since": now, "told_at": None, "over_at": None}
    inserted = connection.execute(
        insert_or_ignore(connection, alarms).values(cause=cause, **told).returning(alarms.c.cause)
    ).first()
    if inserted is None:
        again = (alarms.c.cause == cause) & (alarms.c.over_at.is_not(None) | (alarms.c.code != code))
        connection.execute(update(alarms).where(again).values(**told))


def end_alarm(connection: Connection, cause: str, now: datetime) -> bool:
    ended = update(alarms).where(alarms.c.cause == cause, alarms.c.over_at.is_(None)).values(over_at=now)
    return connection.execute(ended).rowcount > 0


def open_alarms(connection: Connection) -> list[Alarm]:
    query = select(alarms).where(alarms.c.over_at.is_(None)).order_by(alarms.c.since)
    return [
        Alarm(row.cause, row.code, json.loads(row.facts), row.since, row.told_at) for row in connection.execute(query)
    ]


def alarm_told(connection: Connection, cause: str, now: datetime) -> None:
    connection.execute(update(alarms).where(alarms.c.cause == cause).values(told_at=now))
