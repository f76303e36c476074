"""Who gets an announcement: chosen and counted in the database, frozen at approval, and the way to each person.

Nothing here loads the people into memory: there may be three hundred thousand.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.sql import ColumnElement

from bot.states import Origin
from bot.store.linking import person_links
from bot.store.prepared import Prepared
from bot.store.schema import Id, Moment, accounts, metadata, outbox, persons
from bot.store.sql import insert_or_ignore

subscriptions = Table(  # what somebody asked to hear about
    "subscriptions",
    metadata,
    Column("person_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)

announcement_people = Table(  # the frozen audience
    "announcement_people",
    metadata,
    Column("announcement_id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),  # why no message was made for this person
)
Index("ix_announcement_people_person", announcement_people.c.person_id)

CHUNK = 5000
#: Ways, the best first; the last two make no message that leaves at once.
WINDOW, BILLED, HELD, NONE = "window", "billed", "held", "none"


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom an officer chose. `units` are all ids meant, those below included; empty `units` = everybody."""

    units: frozenset[int] = frozenset()
    unclear: bool = False  # with units: also those whose workplace is not clear
    platforms: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    among: Any = None  # a query of person ids: an initiative's state, from whoever knows it
    include: tuple[int, ...] = ()
    exclude: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """Which ways are open at a moment: how far back somebody must have written, by platform."""

    now: datetime
    window: Mapping[str, timedelta]  # free text, nothing to pay
    billed: Mapping[str, timedelta] = field(default_factory=dict)  # empty unless the officer allows cost
    useful: bool = True  # there is time left to hold it
    a_week: int | None = None  # None: an important one


# ---- choosing ----


def members(choice: Choice, ways: Ways) -> Select[Any]:
    """(id, account_id, unit_id, platform, way, reason) of everybody meant, each member once."""
    chosen = _chosen(choice)
    way, reason = _way(ways)
    again = _linked_again(chosen, way)
    return (
        select(
            persons.c.id,
            persons.c.account_id,
            persons.c.unit_id,
            accounts.c.platform,
            way.label("way"),
            reason.label("reason"),
        )
        .join(accounts, accounts.c.id == persons.c.account_id)
        .where(chosen, persons.c.id.not_in(again))
    )


def _chosen(choice: Choice) -> ColumnElement[bool]:
    meant: list[ColumnElement[bool]] = []
    if choice.units:
        inside = persons.c.unit_id.in_(choice.units)
        unclear = persons.c.unit_id.is_(None)
        meant.append(or_(inside, unclear) if choice.unclear else inside)
    if choice.platforms:
        meant.append(accounts.c.platform.in_(choice.platforms))
    if choice.topics:
        meant.append(
            exists().where(subscriptions.c.person_id == persons.c.id, subscriptions.c.topic.in_(choice.topics))
        )
    if choice.among is not None:
        meant.append(persons.c.id.in_(choice.among))
    wanted: ColumnElement[bool] = and_(*meant) if meant else literal(value=True)
    if choice.include:
        wanted = or_(wanted, persons.c.id.in_(choice.include)) if meant else persons.c.id.in_(choice.include)
    agreed = and_(persons.c.subscribed, persons.c.leaving_at.is_(None), accounts.c.state != "removed")
    return and_(wanted, agreed, persons.c.id.not_in(choice.exclude)) if choice.exclude else and_(wanted, agreed)


def _linked_again(chosen: ColumnElement[bool], way: ColumnElement[str]) -> Any:
    """The other selves of members who are here on two platforms: the one with the better way stays."""
    better = case({WINDOW: 0, BILLED: 1, HELD: 2}, value=way, else_=3)
    place = func.row_number().over(
        partition_by=person_links.c.group_id,
        order_by=(better, func.coalesce(persons.c.wrote_at, persons.c.created_at).desc(), persons.c.id),
    )
    ranked = (
        select(person_links.c.person_id, place.label("place"))
        .join(persons, persons.c.id == person_links.c.person_id)
        .join(accounts, accounts.c.id == persons.c.account_id)
        .where(chosen)
        .subquery()
    )
    return select(ranked.c.person_id).where(ranked.c.place > 1)


def _way(ways: Ways) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """The best permitted way, and why there is none."""
    stops: list[tuple[ColumnElement[bool], ColumnElement[str]]] = [
        (~persons.c.subscribed, literal("opted_out")),
        (~persons.c.reachable, literal("unreachable")),
    ]
    if ways.a_week is not None:
        stops.append((_had_lately(ways.now) >= ways.a_week, literal("enough_this_week")))
    opened = [(_wrote_within(name, span, ways.now), literal(WINDOW)) for name, span in ways.window.items()]
    opened += [(_wrote_within(name, span, ways.now), literal(BILLED)) for name, span in ways.billed.items()]
    last = literal(HELD if ways.useful else NONE)
    stopped = or_(*(stop for stop, _ in stops))
    way = case((stopped, literal(NONE)), *opened, else_=last)
    closed = literal("" if ways.useful else "window")
    reason = case(*stops, *((one, literal("")) for one, _ in opened), else_=closed)
    return way, reason


def _wrote_within(platform: str, span: timedelta, now: datetime) -> ColumnElement[bool]:
    return and_(accounts.c.platform == platform, persons.c.wrote_at > now - span)


def _had_lately(now: datetime) -> ColumnElement[int]:
    """How many announcements a person got in seven days, those on their way included."""
    week = now - timedelta(days=7)
    going = text("outbox.state IN ('queued', 'waiting', 'sending', 'unsure')")
    query = select(func.count()).where(
        outbox.c.person_id == persons.c.id,
        outbox.c.origin == Origin.ANNOUNCEMENT.value,
        or_(outbox.c.sent_at > week, and_(going, outbox.c.queued_at > week)),
    )
    return query.correlate(persons).scalar_subquery()


# ---- counting ----


@dataclass(frozen=True, slots=True)
class Count:
    """So many people of one account and unit, by one way or by none."""

    account_id: int
    platform: str
    way: str
    reason: str
    unit_id: int | None  # None: the workplace is not clear
    people: int


def counts(connection: Connection, choice: Choice, ways: Ways) -> list[Count]:
    """Everybody meant, in one pass over them."""
    meant = members(choice, ways).subquery()
    what = (meant.c.account_id, meant.c.platform, meant.c.way, meant.c.reason, meant.c.unit_id)
    query = select(*what, func.count()).group_by(*what)
    return [Count(*row) for row in connection.execute(query)]


# ---- freezing ----


def frozen_ids(connection: Connection, choice: Choice, ways: Ways) -> tuple[array[int], array[int], str]:
    """The people meant, their accounts, and a digest of who they are."""
    people, of = array("q"), array("q")
    for row in connection.execute(members(choice, ways).order_by(persons.c.id)).yield_per(CHUNK):
        people.append(row.id)
        of.append(row.account_id)
    return people, of, hashlib.sha256(people.tobytes()).hexdigest()


def clear(connection: Connection, number: int, most: int = CHUNK) -> int:
    """Remove what an approval that came to nothing left; how many rows."""
    some = select(announcement_people.c.person_id).where(announcement_people.c.announcement_id == number).limit(most)
    gone = delete(announcement_people).where(
        announcement_people.c.announcement_id == number, announcement_people.c.person_id.in_(some)
    )
    return connection.execute(gone).rowcount


def freeze(connection: Connection, number: int, people: Iterable[tuple[int, int]]) -> None:
    rows = [{"announcement_id": number, "person_id": one, "account_id": account} for one, account in people]
    made = insert_or_ignore(connection, announcement_people, conflict=("announcement_id", "person_id"))
    if rows:
        connection.execute(made, rows)


def accounts_of(connection: Connection, number: int) -> list[int]:
    query = select(announcement_people.c.account_id).where(announcement_people.c.announcement_id == number).distinct()
    return list(connection.scalars(query))


def frozen_ways(connection: Connection, number: int, ways: Ways) -> dict[str, int]:
    """Way to people of the frozen audience, as things stand now."""
    now_on = _step(number, 0, _NOBODY_AFTER, ways).subquery()
    query = select(now_on.c.way, func.count()).group_by(now_on.c.way)
    return {row[0]: row[1] for row in connection.execute(query)}


_NOBODY_AFTER = 2**62

# ---- fan-out ----


@dataclass(frozen=True, slots=True)
class Batch:
    """A step of the fan-out: how many of the audience, up to whom, and how many got a message."""

    people: int
    last: int
    messages: int


def fan_out(
    connection: Connection,
    number: int,
    after: int,
    size: int,
    ways: Ways,
    bodies: Mapping[int, Mapping[str, str]],
    useful_until: datetime | None,
) -> Batch:
    """Make the messages of the next `size` people; `bodies`: account to way to JSON body.

    The same batch again makes nothing: one message for one person and announcement.
    """
    last, people = _span(connection, number, after, size)
    if not people:
        return Batch(0, after, 0)
    step = _step(number, after, last, ways).subquery()
    body = case(
        *(
            (and_(step.c.account_id == account, step.c.way == way), literal(written))
            for account, of in bodies.items()
            for way, written in of.items()
        ),
        else_=literal("{}"),
    )
    made = _insert(connection, number, step, body, ways.now, useful_until)
    if made < people:
        _note_reasons(connection, number, step)
    return Batch(people, last, made)


def fan_out_each(
    connection: Connection,
    number: int,
    after: int,
    size: int,
    ways: Ways,
    written: Any,
    useful_until: datetime | None,
) -> Batch:
    """The same where each person's text is another: `written(rows)` gives a JSON body for each row's person."""
    last, people = _span(connection, number, after, size)
    if not people:
        return Batch(0, after, 0)
    step = _step(number, after, last, ways).subquery()
    rows = connection.execute(select(step).where(step.c.way != NONE)).mappings().all()
    bodies: Mapping[int, str] = written(connection, rows)
    values = [_message(number, dict(row), bodies[row["person_id"]], ways.now, useful_until) for row in rows]
    made = insert_or_ignore(connection, outbox, conflict=("announcement_id", "person_id"))
    if values:
        connection.execute(made, values)
    if len(values) < people:
        _note_reasons(connection, number, step)
    return Batch(people, last, len(values))


def _span(connection: Connection, number: int, after: int, size: int) -> tuple[int, int]:
    some = (
        select(announcement_people.c.person_id)
        .where(announcement_people.c.announcement_id == number, announcement_people.c.person_id > after)
        .order_by(announcement_people.c.person_id)
        .limit(size)
        .subquery()
    )
    row = connection.execute(select(func.max(some.c.person_id), func.count())).one()
    return row[0] or after, row[1]


def _step(number: int, after: int, last: int, ways: Ways) -> Select[Any]:
    way, reason = _way(ways)
    return (
        select(
            announcement_people.c.person_id,
            announcement_people.c.account_id,
            persons.c.unit_said,
            way.label("way"),
            reason.label("reason"),
        )
        .join(persons, persons.c.id == announcement_people.c.person_id)
        .join(accounts, accounts.c.id == announcement_people.c.account_id)
        .where(
            announcement_people.c.announcement_id == number,
            announcement_people.c.person_id > after,
            announcement_people.c.person_id <= last,
        )
    )


def _insert(
    connection: Connection, number: int, step: Subquery, body: Any, now: datetime, useful_until: datetime | None
) -> int:
    at, until = literal(now, Moment()), literal(useful_until, Moment())
    state = case((step.c.way == HELD, literal("held")), else_=literal("queued"))
    shape = {
        "account_id": step.c.account_id,
        "person_id": step.c.person_id,
        "origin": literal(Origin.ANNOUNCEMENT.value),
        "priority": literal(Origin.ANNOUNCEMENT.priority),
        "announcement_id": literal(number),
        "body": body,
        "state": state,
        "blocks": literal(value=False),
        "queued_at": at,
        "due_at": at,
        "subject": literal(f"announcement:{number}"),
        "useful_until": until,
        "created_at": at,
    }
    chosen = select(*shape.values()).where(step.c.way != NONE)
    made = insert_or_ignore(connection, outbox, conflict=("announcement_id", "person_id"))
    return connection.execute(made.from_select(list(shape), chosen)).rowcount


def _message(
    number: int, row: Mapping[str, Any], body: str, now: datetime, useful_until: datetime | None
) -> dict[str, Any]:
    return {
        "account_id": row["account_id"],
        "person_id": row["person_id"],
        "origin": Origin.ANNOUNCEMENT.value,
        "priority": Origin.ANNOUNCEMENT.priority,
        "announcement_id": number,
        "body": body,
        "state": "held" if row["way"] == HELD else "queued",
        "blocks": False,
        "queued_at": now,
        "due_at": now,
        "subject": f"announcement:{number}",
        "useful_until": useful_until,
        "created_at": now,
    }


def _note_reasons(connection: Connection, number: int, step: Subquery) -> None:
    why = select(step.c.reason).where(step.c.person_id == announcement_people.c.person_id).scalar_subquery()
    none = select(step.c.person_id).where(step.c.way == NONE)
    connection.execute(
        update(announcement_people)
        .where(announcement_people.c.announcement_id == number, announcement_people.c.person_id.in_(none))
        .values(reason=why)
    )


# ---- topics ----


def subscribe(connection: Connection, person_id: int, topic: str, now: datetime) -> None:
    made = insert_or_ignore(connection, subscriptions, conflict=("person_id", "topic"))
    connection.execute(made.values(person_id=person_id, topic=topic, at=now))


def unsubscribe(connection: Connection, person_id: int, topic: str) -> None:
    connection.execute(
        delete(subscriptions).where(subscriptions.c.person_id == person_id, subscriptions.c.topic == topic)
    )


def topics_of(connection: Connection, person_id: int) -> frozenset[str]:
    return frozenset(topic for (topic,) in _TOPICS_OF.rows(connection, of_person=person_id))


_TOPICS_OF = Prepared(  # every turn asks
    lambda _: select(subscriptions.c.topic).where(subscriptions.c.person_id == bindparam("of_person"))
)


def bodies_as_json(bodies: Mapping[int, Mapping[str, Mapping[str, object]]]) -> dict[int, dict[str, str]]:
    return {
        account: {way: json.dumps(body, ensure_ascii=False) for way, body in of.items()}
        for account, of in bodies.items()
    }


def each(connection: Connection, number: int) -> Iterator[int]:
    query = select(announcement_people.c.person_id).where(announcement_people.c.announcement_id == number)
    yield from connection.scalars(query.order_by(announcement_people.c.person_id))


def as_json(body: Mapping[str, object]) -> str:
    return json.dumps(body, ensure_ascii=False)
