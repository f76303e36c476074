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
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    FromClause,
    Index,
    Select,
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
from bot.store import optins
from bot.store.articles import ARTICLE
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
#: Ways, as content/rules/routes.toml names them; HELD and NONE make no message that leaves at once.
WINDOW, BILLED, UTILITY, TEMPLATE, BROADCAST = "window", "billed", "utility", "template", "broadcast"
MARKETING, HELD, NONE = "marketing", "held", "none"
#: By a message of one's own, at once.
PERSONAL = (WINDOW, BILLED, UTILITY, TEMPLATE, MARKETING)
AT_ONCE = (*PERSONAL, BROADCAST)
#: Of one member's two selves: an article reaches all followers in any case; then what is free.
_BETTER = {BROADCAST: 0, WINDOW: 1, UTILITY: 2, BILLED: 3, TEMPLATE: 4, MARKETING: 5, HELD: 6}


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom an officer chose. `units` are all ids meant, those below included; empty `units` = everybody."""

    units: frozenset[int] = frozenset()
    unclear: bool = False  # with units: also those whose workplace is not clear
    platforms: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    among: tuple[Any, ...] = ()  # queries of person ids, all of which must hold them: an initiative's state, an event
    include: tuple[int, ...] = ()
    exclude: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """Which ways are open at a moment: how far back somebody must have written, by platform."""

    now: datetime
    window: Mapping[str, timedelta]  # free text, nothing to pay
    billed: Mapping[str, timedelta] = field(default_factory=dict)  # empty unless the officer allows cost
    templates: Mapping[int, tuple[str, timedelta | None]] = field(default_factory=dict)  # account to way and reach
    paid: frozenset[int] = frozenset()  # accounts whose campaign reaches those who agreed at the platform
    followers: frozenset[int] = frozenset()  # accounts whose followers get an article
    articles: tuple[int, ...] = ()  # announcements whose article went out in the last week
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
    meant += [persons.c.id.in_(some) for some in choice.among]
    wanted: ColumnElement[bool] = and_(*meant) if meant else literal(value=True)
    if choice.include:
        wanted = or_(wanted, persons.c.id.in_(choice.include)) if meant else persons.c.id.in_(choice.include)
    agreed = and_(persons.c.subscribed, persons.c.leaving_at.is_(None), accounts.c.state != "removed")
    return and_(wanted, agreed, persons.c.id.not_in(choice.exclude)) if choice.exclude else and_(wanted, agreed)


def _linked_again(chosen: ColumnElement[bool], way: ColumnElement[str]) -> Any:
    """The other selves of members who are here on two platforms: the one with the better way stays."""
    better = case(_BETTER, value=way, else_=len(_BETTER))
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
    """The best permitted way, and why there is none.

    Who follows gets the article whatever we do, so it is their way: nobody gets the same thing twice.
    """
    never: list[_When] = [(~persons.c.subscribed, NONE, "opted_out"), (~persons.c.reachable, NONE, "unreachable")]
    found = [*never, *_followers(ways)]
    if ways.a_week is not None:
        found.append((_had_lately(ways) >= ways.a_week, NONE, "enough_this_week"))
    found += [(_wrote_within(name, span, ways.now), WINDOW, "") for name, span in ways.window.items()]
    found += [(_wrote_within(name, span, ways.now), BILLED, "") for name, span in ways.billed.items()]
    found += [(_by_template(number, reach, ways.now), way, "") for number, (way, reach) in ways.templates.items()]
    if ways.paid:
        found.append((and_(persons.c.account_id.in_(ways.paid), optins.usable(ways.now)), MARKETING, ""))
    last = (HELD, "") if ways.useful else (NONE, "window")
    way = case(*((when, literal(name)) for when, name, _ in found), else_=literal(last[0]))
    reason = case(*((when, literal(why)) for when, _, why in found), else_=literal(last[1]))
    return way, reason


#: Whom it is about, the way, and the reason for it.
_When: TypeAlias = tuple[ColumnElement[bool], str, str]


def _followers(ways: Ways) -> list[_When]:
    if not ways.followers:
        return []
    return [(and_(persons.c.follows, persons.c.account_id.in_(ways.followers)), BROADCAST, ARTICLE)]


def _wrote_within(platform: str, span: timedelta, now: datetime) -> ColumnElement[bool]:
    return and_(accounts.c.platform == platform, persons.c.wrote_at > now - span)


def _by_template(account_id: int, reach: timedelta | None, now: datetime) -> ColumnElement[bool]:
    wrote = persons.c.wrote_at.is_not(None) if reach is None else persons.c.wrote_at > now - reach
    return and_(persons.c.account_id == account_id, wrote)


def _had_lately(ways: Ways) -> ColumnElement[int]:
    """How many announcements a person got in seven days, those on their way included."""
    week = ways.now - timedelta(days=7)
    going = text("outbox.state IN ('queued', 'waiting', 'sending', 'unsure')")
    query = select(func.count()).where(
        outbox.c.person_id == persons.c.id,
        outbox.c.origin == Origin.ANNOUNCEMENT.value,
        or_(outbox.c.sent_at > week, and_(going, outbox.c.queued_at > week)),
    )
    had: ColumnElement[int] = query.correlate(persons).scalar_subquery()
    if not ways.articles:
        return had
    read = announcement_people.alias("had_article")
    articles = select(func.count()).where(
        read.c.person_id == persons.c.id, read.c.reason == ARTICLE, read.c.announcement_id.in_(ways.articles)
    )
    return had + articles.correlate(persons).scalar_subquery()


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


def also_follow(connection: Connection, ways: Ways) -> int:
    """Known followers who get the articles although they never agreed to announcements, or stopped them."""
    if not ways.followers:
        return 0
    query = select(func.count()).where(
        persons.c.account_id.in_(ways.followers), persons.c.follows, or_(~persons.c.subscribed, ~persons.c.reachable)
    )
    return connection.scalar(query) or 0


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


def was_sent(connection: Connection, number: int, person_id: int) -> bool:
    """Whether this person is of the frozen audience, and not one for whom no message was made.

    Messages themselves are deleted in time; a question may be open for longer.
    """
    theirs = select(announcement_people.c.person_id).where(
        announcement_people.c.announcement_id == number,
        announcement_people.c.person_id == person_id,
        announcement_people.c.reason == "",
    )
    return connection.execute(theirs).first() is not None


def accounts_of(connection: Connection, number: int) -> list[int]:
    query = select(announcement_people.c.account_id).where(announcement_people.c.announcement_id == number).distinct()
    return list(connection.scalars(query))


def frozen_ways(connection: Connection, number: int, ways: Ways) -> dict[str, int]:
    """Way to people of the frozen audience, as things stand now."""
    now_on = _step(number, 0, _NOBODY_AFTER, ways).subquery()
    query = select(now_on.c.way, func.count()).group_by(now_on.c.way)
    return {row[0]: row[1] for row in connection.execute(query)}


_NOBODY_AFTER = 2**62
_NO_MESSAGE = (NONE, BROADCAST)

# ---- fan-out ----


@dataclass(frozen=True, slots=True)
class Batch:
    """A step of the fan-out: how many of the audience, and up to whom."""

    people: int
    last: int


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
        return Batch(0, after)
    read = _step(number, after, last, ways)
    step = _looked_up_once(connection, read)
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
        _note_reasons(connection, number, read)
    return Batch(people, last)


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
        return Batch(0, after)
    read = _step(number, after, last, ways)
    step = _looked_up_once(connection, read)
    rows = connection.execute(select(step).where(step.c.way.not_in(_NO_MESSAGE))).mappings().all()
    bodies: Mapping[int, str] = written(connection, rows)
    values = [_message(number, dict(row), bodies[row["person_id"]], ways.now, useful_until) for row in rows]
    made = insert_or_ignore(connection, outbox, conflict=("announcement_id", "person_id"))
    if values:
        connection.execute(made, values)
    if len(values) < people:
        _note_reasons(connection, number, read)
    return Batch(people, last)


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


def _looked_up_once(connection: Connection, step: Select[Any]) -> FromClause:
    """PostgreSQL would work out the way anew wherever it is named, which takes most of the step.

    SQLite does the same, faster; there an INSERT that begins with WITH has no row count.
    """
    if connection.dialect.name == "sqlite":
        return step.subquery()
    return step.cte("step").prefix_with("MATERIALIZED")


def _insert(
    connection: Connection, number: int, step: FromClause, body: Any, now: datetime, useful_until: datetime | None
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
    chosen = select(*shape.values()).where(step.c.way.not_in(_NO_MESSAGE))
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


def _note_reasons(connection: Connection, number: int, step: Select[Any]) -> None:
    """Write down why there is none for those of the step who got no message."""
    # the step is read anew here, and by now a message of this very announcement may be the week's last
    has = exists().where(outbox.c.announcement_id == number, outbox.c.person_id == announcement_people.c.person_id)
    none = _looked_up_once(connection, step.where(~has))
    theirs = and_(announcement_people.c.announcement_id == number, announcement_people.c.person_id == none.c.person_id)
    noted = update(announcement_people).values(reason=none.c.reason)
    connection.execute(noted.where(theirs, none.c.way.in_(_NO_MESSAGE)))


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
