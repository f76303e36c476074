"""Courses and ceremonies: places, a closing date, who registered in the chat, and one reminder."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from bot.store.prepared import Prepared
from bot.store.schema import Id, Moment, metadata, persons
from bot.store.sql import locked, upsert

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("title", Text, nullable=False),
    Column("says", Text, nullable=False, server_default=""),
    Column("place", Text, nullable=False, server_default=""),
    Column("unit_id", Id, ForeignKey("units.id")),
    Column("starts_at", Moment, nullable=False),
    Column("closes_at", Moment, nullable=False),  # registering and cancelling end
    Column("places", Integer),  # NULL: as many as come
    Column("remind_hours", Integer, nullable=False, server_default="24"),
    Column("state", Text, nullable=False, server_default="draft"),  # draft | open | cancelled
    Column("created_by", Id),
    Column("created_at", Moment, nullable=False),
)
Index("ix_events_open", events.c.state, events.c.starts_at)

event_registrations = Table(
    "event_registrations",
    metadata,
    Column("event_id", Id, ForeignKey("events.id"), primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("name", Text, nullable=False),  # as the person gave it for this list
    Column("at", Moment, nullable=False),
    Column("cancelled_at", Moment),
    Column("reminded_at", Moment),
)
Index("ix_event_registrations_person", event_registrations.c.person_id)


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    title: str
    says: str
    place: str
    unit_id: int | None
    starts_at: datetime
    closes_at: datetime
    places: int | None
    remind_hours: int
    state: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """An open event as one person sees it."""

    event: Event
    taken: int
    registered: bool

    @property
    def full(self) -> bool:
        return self.event.places is not None and self.taken >= self.event.places


_COLUMNS = [events.c[field.name] for field in fields(Event)]
_coming = event_registrations.c.cancelled_at.is_(None)


def get(connection: Connection, number: int) -> Event | None:
    row = connection.execute(select(*_COLUMNS).where(events.c.id == number)).mappings().first()
    return Event(**row) if row else None


def save(connection: Connection, now: datetime, by: int | None, number: int, **values: Any) -> int:
    if number:
        connection.execute(update(events).where(events.c.id == number).values(**values))
        return number
    made = insert(events).values(created_by=by, created_at=now, **values).returning(events.c.id)
    added: int = connection.execute(made).scalar_one()
    return added


def listed(connection: Connection, since: datetime) -> list[tuple[Event, int]]:
    """Events that begin after `since`, soonest first, each with how many come."""
    query = (
        select(*_COLUMNS, func.count(event_registrations.c.person_id).label("coming"))
        .outerjoin(event_registrations, and_(event_registrations.c.event_id == events.c.id, _coming))
        .where(events.c.starts_at > since)
        .group_by(*_COLUMNS)
        .order_by(events.c.starts_at)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [(Event(**{name: row[name] for name in Event.__dataclass_fields__}), row["coming"]) for row in rows]


def offers(connection: Connection, person_id: int | None, now: datetime, most: int = 10) -> list[Offer]:
    """The open events that have not begun, in one query."""
    rows = _OFFERS.rows(connection, of_person=person_id or 0, moment=now, most=most)
    return [
        Offer(Event(**dict(zip(Event.__dataclass_fields__, event, strict=True))), taken, bool(mine))
        for *event, taken, mine in rows
    ]


def _offers(_dialect: str) -> Any:
    mine = func.sum(case((event_registrations.c.person_id == bindparam("of_person"), 1), else_=0))
    return (
        select(*_COLUMNS, func.count(event_registrations.c.person_id).label("taken"), mine.label("mine"))
        .outerjoin(event_registrations, and_(event_registrations.c.event_id == events.c.id, _coming))
        .where(events.c.state == "open", events.c.starts_at > bindparam("moment"))
        .group_by(*_COLUMNS)
        .order_by(events.c.starts_at)
        .limit(bindparam("most", type_=Integer))
    )


_OFFERS = Prepared(_offers)  # every turn asks


def register(connection: Connection, event_id: int, person_id: int, name: str, now: datetime) -> str:
    """Nothing when the place is theirs, else why not: "gone", "closed", "full"."""
    event = connection.execute(locked(connection, select(*_COLUMNS).where(events.c.id == event_id))).mappings().first()
    if event is None or event["state"] != "open":
        return "gone"
    if event["closes_at"] <= now:
        return "closed"
    here = select(func.count()).where(
        event_registrations.c.event_id == event_id, _coming, event_registrations.c.person_id != person_id
    )
    if event["places"] is not None and (connection.scalar(here) or 0) >= event["places"]:
        return "full"
    made = upsert(
        connection,
        event_registrations,
        conflict=("event_id", "person_id"),
        change=lambda new: {"name": new.name, "at": new.at, "cancelled_at": None},
    )
    connection.execute(made.values(event_id=event_id, person_id=person_id, name=name, at=now))
    return ""


def cancel(connection: Connection, event_id: int, person_id: int, now: datetime) -> bool:
    """Whether there was a registration to cancel; the name goes with it."""
    mine = and_(event_registrations.c.event_id == event_id, event_registrations.c.person_id == person_id, _coming)
    gone = update(event_registrations).where(mine).values(cancelled_at=now, name="")
    return connection.execute(gone).rowcount == 1


def registered(connection: Connection, event_id: int) -> list[Any]:
    """(person_id, name, unit_said, at) of those who come, in the order they registered."""
    query = (
        select(
            event_registrations.c.person_id,
            event_registrations.c.name,
            persons.c.unit_said,
            event_registrations.c.at,
        )
        .join(persons, persons.c.id == event_registrations.c.person_id)
        .where(event_registrations.c.event_id == event_id, _coming)
        .order_by(event_registrations.c.at)
    )
    return list(connection.execute(query))


def to_remind(connection: Connection, now: datetime, limit: int = 200) -> list[tuple[Event, int, int]]:
    """(event, person, account) of reminders that are due; each is marked as done in the same transaction."""
    found: list[tuple[Event, int, int]] = []
    soon = select(*_COLUMNS).where(events.c.state == "open", events.c.starts_at > now)
    for row in connection.execute(soon).mappings():
        event = Event(**row)
        if (event.starts_at - now).total_seconds() > event.remind_hours * 3600:
            continue
        people = (
            select(persons.c.id, persons.c.account_id)
            .join(event_registrations, event_registrations.c.person_id == persons.c.id)
            .where(event_registrations.c.event_id == event.id, _coming, event_registrations.c.reminded_at.is_(None))
            .limit(limit)
        )
        due = [(one.id, one.account_id) for one in connection.execute(people)]
        which = and_(
            event_registrations.c.event_id == event.id, event_registrations.c.person_id.in_([one for one, _ in due])
        )
        if due:
            connection.execute(update(event_registrations).where(which).values(reminded_at=now))
        found += [(event, person, account) for person, account in due]
    return found


def forget_past(connection: Connection, now: datetime) -> int:
    """Remove who registered for what was over a week ago, as the words at registering promise; how many."""
    over = select(events.c.id).where(events.c.starts_at < now - timedelta(days=7))
    return connection.execute(delete(event_registrations).where(event_registrations.c.event_id.in_(over))).rowcount
