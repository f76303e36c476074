"""Who agreed to marketing messages at the platform itself, and the token by which alone it takes them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Table, Text, and_, case, false, or_, select, update

from bot.store.schema import Id, Moment, metadata, persons
from bot.store.sql import upsert

#: The platform takes one request a week for each title.
BETWEEN = timedelta(days=7)

optins = Table(
    "optins",
    metadata,
    Column("person_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("token", Text, nullable=False, server_default=""),  # "": asked, not answered
    Column("until", Moment),  # how long the token lives
    Column("stopped", Boolean, nullable=False, server_default=false()),
    Column("asked_at", Moment),
    Column("at", Moment),  # the newest answer
)


def agreed(connection: Connection, person_id: int, token: str, until: datetime | None, at: datetime) -> None:
    """Who resumes after a stop is told of without an end: the token's own one stays."""

    def change(new: Any) -> dict[str, Any]:
        same_end = and_(new.until.is_(None), optins.c.token == new.token)
        until = case((same_end, optins.c.until), else_=new.until)
        return {"token": new.token, "until": until, "stopped": new.stopped, "at": new.at}

    made = upsert(connection, optins, conflict=("person_id",), change=change)
    connection.execute(made.values(person_id=person_id, token=token, until=until, stopped=False, at=at))


def stopped(connection: Connection, person_id: int, at: datetime) -> None:
    connection.execute(update(optins).where(optins.c.person_id == person_id).values(stopped=True, at=at))


def ask(connection: Connection, person_id: int, now: datetime) -> bool:
    """Whether the person may be asked now; it is noted that they are."""
    row = connection.execute(select(optins).where(optins.c.person_id == person_id)).mappings().first()
    if row is not None and (_lives(row, now) or (row["asked_at"] and now - row["asked_at"] < BETWEEN)):
        return False
    made = upsert(connection, optins, conflict=("person_id",), change=lambda new: {"asked_at": new.asked_at})
    connection.execute(made.values(person_id=person_id, asked_at=now))
    return True


def _lives(row: Any, now: datetime) -> bool:
    return bool(row["token"] and not row["stopped"] and (row["until"] is None or row["until"] > now))


def usable(now: datetime) -> Any:
    """For a query over persons: has a token that may be used."""
    alive = or_(optins.c.until.is_(None), optins.c.until > now)
    mine = optins.c.person_id == persons.c.id
    return select(optins.c.person_id).where(mine, optins.c.token != "", ~optins.c.stopped, alive).exists()


def tokens(connection: Connection, people: Collection[int]) -> dict[int, str]:
    query = select(optins.c.person_id, optins.c.token).where(optins.c.person_id.in_(people), ~optins.c.stopped)
    return {row[0]: row[1] for row in connection.execute(query) if row[1]}
