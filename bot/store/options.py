"""What officers change in the console, laid over the shipped content/: every version kept, any of them brought back.

An area is one kind of thing ("organisation", "texts", "menus", "knowledge", "documents", "console"), a key one thing in
it. No row, or a row without a value, means: as shipped.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Table, Text, UniqueConstraint, func, insert, select

from bot.errors import BotError
from bot.store import audit
from bot.store.schema import Id, Moment, metadata
from bot.store.sql import insert_or_ignore

options = Table(
    "options",
    metadata,
    Column("area", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text),  # JSON; NULL: as shipped
    Column("version", Id, nullable=False),  # of option_versions
)

option_versions = Table(
    "option_versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("area", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text),
    Column("at", Moment, nullable=False),
    Column("staff_id", Id),
    UniqueConstraint("area", "key", "id"),
)
Index("ix_option_versions_at", option_versions.c.at)


@dataclass(frozen=True, slots=True)
class Version:
    id: int
    value: Any  # None: as shipped
    at: datetime
    staff_id: int | None


def version(connection: Connection) -> int:
    """Grows with every change of any option: a worker that reads another one than its own loads again.

    Counted, not the largest id: two transactions may commit in the other order than they took their ids.
    """
    return connection.scalar(select(func.count()).select_from(option_versions)) or 0


def overlay(connection: Connection, area: str) -> dict[str, Any]:
    """Key to value of everything changed in this area and not set back."""
    query = select(options.c.key, options.c.value).where(options.c.area == area, options.c.value.is_not(None))
    return {key: json.loads(value) for key, value in connection.execute(query.order_by(options.c.key))}


def current(connection: Connection, area: str, key: str) -> tuple[Any, int]:
    """The value, None as shipped, and its version, 0 when never changed."""
    query = select(options.c.value, options.c.version).where(options.c.area == area, options.c.key == key)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None, 0
    return (None if row.value is None else json.loads(row.value)), row.version


def history(connection: Connection, area: str, key: str, *, limit: int = 50) -> list[Version]:
    """The versions of one thing, newest first."""
    query = (
        select(option_versions)
        .where(option_versions.c.area == area, option_versions.c.key == key)
        .order_by(option_versions.c.id.desc())
        .limit(limit)
    )
    return [
        Version(row.id, None if row.value is None else json.loads(row.value), row.at, row.staff_id)
        for row in connection.execute(query)
    ]


def put(
    connection: Connection,
    now: datetime,
    by: int | None,
    area: str,
    key: str,
    value: Any,
    *,
    over: int | None = None,
) -> int:
    """Set one thing, None to set it back to what was shipped; returns the version, the old one when nothing changed.

    `over` is the version the officer saw. Raises BotError option.changed_meanwhile when it is no longer the newest.
    """
    written = None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
    before, seen = current(connection, area, key)
    if over is not None and over != seen:
        raise BotError("option.changed_meanwhile")
    if before == value:
        return seen
    made = insert(option_versions).values(area=area, key=key, value=written, at=now, staff_id=by)
    made_id: int = connection.execute(made.returning(option_versions.c.id)).scalar_one()
    if seen == 0:
        first = insert_or_ignore(connection, options, conflict=["area", "key"])
        won = connection.execute(
            first.values(area=area, key=key, value=written, version=made_id).returning(options.c.version)
        ).scalar_one_or_none()
    else:
        won = connection.execute(
            options.update()
            .where(options.c.area == area, options.c.key == key, options.c.version == seen)
            .values(value=written, version=made_id)
            .returning(options.c.version)
        ).scalar_one_or_none()
    if won is None:
        raise BotError("option.changed_meanwhile")
    audit.record(connection, now, by, f"option.{'set' if written is not None else 'reset'}", area, made_id)
    return made_id


def bring_back(
    connection: Connection, now: datetime, by: int | None, version_id: int, areas: Collection[str]
) -> tuple[str, str]:
    """Make an older version of one of these areas the newest again; returns its area and key.

    Raises BotError option.unknown_version.
    """
    asked = select(option_versions).where(option_versions.c.id == version_id, option_versions.c.area.in_(areas))
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise BotError("option.unknown_version")
    put(connection, now, by, row.area, row.key, None if row.value is None else json.loads(row.value))
    return row.area, row.key
