"""A breach of personal data: when it was discovered, what was done, who is touched; the authority hears in 72 hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Table, Text, func, insert, select, update

from bot.store import audit
from bot.store.schema import Id, Moment, accounts, metadata, persons, units
from bot.store.sql import index_over_some, insert_or_ignore

incidents = Table(
    "incidents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("title", Text, nullable=False),
    Column("discovered_at", Moment, nullable=False),
    Column("happened", Text, nullable=False, server_default=""),
    Column("harm", Text, nullable=False, server_default=""),
    Column("measures", Text, nullable=False, server_default=""),
    Column("touched", Integer, nullable=False, server_default="0"),  # kept when a person of the list is forgotten
    Column("reported_at", Moment),  # to the authority
    Column("told_at", Moment),  # the people touched
    Column("closed_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("staff_id", Id),
)
index_over_some(
    "ix_incidents_open",
    incidents.c.discovered_at,
    where="closed_at IS NULL",
)

incident_people = Table(
    "incident_people",
    metadata,
    Column("incident_id", Id, ForeignKey("incidents.id"), primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), primary_key=True),
)
Index("ix_incident_people_person", incident_people.c.person_id)

#: Law 91/2025/QH15, article 23.
REPORT_WITHIN = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Incident:
    id: int
    title: str
    discovered_at: datetime
    happened: str
    harm: str
    measures: str
    touched: int
    reported_at: datetime | None
    told_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    staff_id: int | None

    @property
    def report_by(self) -> datetime:
        return self.discovered_at + REPORT_WITHIN


_COLUMNS = [incidents.c[name] for name in Incident.__dataclass_fields__]
#: Steps an officer notes with the time.
STEPS = {"reported": "reported_at", "told": "told_at", "closed": "closed_at"}


def all_of_them(connection: Connection) -> list[Incident]:
    """Open ones first, the newest first."""
    order = (incidents.c.closed_at.is_not(None), incidents.c.discovered_at.desc())
    return [Incident(*row) for row in connection.execute(select(*_COLUMNS).order_by(*order))]


def running(connection: Connection) -> list[Incident]:
    """Not closed and not reported yet: a clock is running."""
    query = select(*_COLUMNS).where(incidents.c.closed_at.is_(None), incidents.c.reported_at.is_(None))
    return [Incident(*row) for row in connection.execute(query.order_by(incidents.c.discovered_at))]


def get(connection: Connection, number: int) -> Incident | None:
    row = connection.execute(select(*_COLUMNS).where(incidents.c.id == number)).first()
    return Incident(*row) if row else None


def add(connection: Connection, now: datetime, by: int, **values: Any) -> int:
    """`values`: title, discovered_at, happened, harm, measures."""
    row = {**values, "created_at": now, "staff_id": by}
    number: int = connection.execute(insert(incidents).values(row).returning(incidents.c.id)).scalar_one()
    audit.record(connection, now, by, "incident.opened", "incident", number)
    return number


def change(connection: Connection, now: datetime, by: int, number: int, **values: Any) -> None:
    connection.execute(update(incidents).where(incidents.c.id == number).values(values))
    audit.record(connection, now, by, "incident.changed", "incident", number)


def step(connection: Connection, now: datetime, by: int, number: int, which: str) -> bool:
    """Note one of STEPS; False when it was noted before."""
    column = incidents.c[STEPS[which]]
    won = update(incidents).where(incidents.c.id == number, column.is_(None)).values({column: now})
    if connection.execute(won).rowcount != 1:
        return False
    audit.record(connection, now, by, f"incident.{which}", "incident", number)
    return True


def add_people(
    connection: Connection,
    now: datetime,
    by: int,
    number: int,
    *,
    account_id: int | None = None,
    unit_ids: Sequence[int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    person_ids: Sequence[int] | None = None,
) -> int:
    """List people: those named, or those of an account, of units, who wrote in a span; how many are listed."""
    query = select(persons.c.id).where(persons.c.leaving_at.is_(None))
    if account_id is not None:
        query = query.where(persons.c.account_id == account_id)
    if unit_ids is not None:
        query = query.where(persons.c.unit_id.in_(unit_ids))
    if since is not None:
        query = query.where(persons.c.wrote_at >= since)
    if until is not None:
        query = query.where(persons.c.created_at <= until)
    if person_ids is not None:
        query = query.where(persons.c.id.in_(person_ids))
    rows = [{"incident_id": number, "person_id": one} for one in connection.scalars(query)]
    for first in range(0, len(rows), 1000):
        made = insert_or_ignore(connection, incident_people, conflict=("incident_id", "person_id"))
        connection.execute(made, rows[first : first + 1000])
    listed = connection.scalar(select(func.count()).where(incident_people.c.incident_id == number)) or 0
    connection.execute(update(incidents).where(incidents.c.id == number).values(touched=listed))
    audit.record(connection, now, by, "incident.listed", "incident", number, people=listed)
    return listed


def people(connection: Connection, number: int, *, limit: int | None = None) -> list[dict[str, Any]]:
    """Who is touched: number, channel, the platform's id, unit, last act."""
    query = (
        select(
            persons.c.id, accounts.c.platform, accounts.c.name.label("account"), persons.c.user_id,
            units.c.name.label("unit"), persons.c.unit_said, persons.c.wrote_at,
        )
        .join(incident_people, incident_people.c.person_id == persons.c.id)
        .join(accounts, accounts.c.id == persons.c.account_id)
        .outerjoin(units, units.c.id == persons.c.unit_id)
        .where(incident_people.c.incident_id == number)
        .order_by(persons.c.id)
        .limit(limit)
    )  # fmt: skip
    return [dict(row) for row in connection.execute(query).mappings()]
