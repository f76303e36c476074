"""The people honoured in a year: each with the decision behind it and whether they agreed to be named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Integer, Table, Text, delete, insert, select

from bot.store.schema import Id, Moment, metadata

honoured = Table(
    "honoured",
    metadata,
    Column("id", Id, primary_key=True),
    Column("year", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False, server_default=""),
    Column("what", Text, nullable=False, server_default=""),  # the initiative's name
    Column("decision", Text, nullable=False, server_default=""),  # number and date of the decision
    Column("consent", Boolean, nullable=False),  # agreed to be named in public
    Column("person_id", Id, ForeignKey("persons.id")),  # who they are in the chat, when known: the card goes there
    Column("added_by", Id),
    Column("at", Moment, nullable=False),
)
Index("ix_honoured_year", honoured.c.year, honoured.c.id)
Index("ix_honoured_person", honoured.c.person_id)


@dataclass(frozen=True, slots=True)
class Honoured:
    id: int
    year: int
    name: str
    unit: str
    what: str
    decision: str
    consent: bool
    person_id: int | None


_COLUMNS = [honoured.c[name] for name in Honoured.__dataclass_fields__]


def of_year(connection: Connection, year: int) -> list[Honoured]:
    query = select(*_COLUMNS).where(honoured.c.year == year).order_by(honoured.c.id)
    return [Honoured(**row) for row in connection.execute(query).mappings()]


def get(connection: Connection, number: int) -> Honoured | None:
    row = connection.execute(select(*_COLUMNS).where(honoured.c.id == number)).mappings().first()
    return Honoured(**row) if row else None


def load(connection: Connection, year: int, rows: Sequence[Mapping[str, Any]], by: int | None, now: datetime) -> int:
    """Add those not in the year's list yet (by name, unit and what they did); how many."""
    known = {(one.name, one.unit, one.what) for one in of_year(connection, year)}
    fresh = [row for row in rows if (row["name"], row.get("unit", ""), row.get("what", "")) not in known]
    shape = {"unit": "", "what": "", "decision": "", "person_id": None}
    if fresh:
        common = {"year": year, "added_by": by, "at": now}
        connection.execute(insert(honoured), [{**shape, **row, **common} for row in fresh])
    return len(fresh)


def remove(connection: Connection, number: int) -> None:
    connection.execute(delete(honoured).where(honoured.c.id == number))
