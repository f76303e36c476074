"""Conversations as officers see them: who waits, whose it is, what was written, and notes among colleagues."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Select,
    Table,
    Text,
    and_,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from bot.states import OutboxEvent
from bot.store import audit, marks, outbox, persons
from bot.store.inbox import settle_parked
from bot.store.schema import Id, Moment, accounts, handovers, inbox, metadata
from bot.store.schema import outbox as outgoing
from bot.store.schema import persons as people
from bot.store.scope import Scope

notes = Table(  # among colleagues; part of what is kept of the person, and shown to them on request
    "notes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), nullable=False),
    Column("staff_id", Id),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
)
Index("ix_notes_person", notes.c.person_id, notes.c.id)

REASON = "staff"  # an officer wrote first, or took the conversation up


@dataclass(frozen=True, slots=True)
class Line:
    """One conversation in a list. `unit_id` is the person's, or that of the account they write to."""

    person_id: int
    account_id: int
    user_id: str
    unit_id: int | None
    wrote_at: datetime | None
    staff_until: datetime | None
    reachable: bool
    handover_id: int | None
    reason: str | None
    urgent: bool
    opened_at: datetime | None
    answered_at: datetime | None
    assigned_id: int | None

    @property
    def open(self) -> bool:
        return self.handover_id is not None

    @property
    def unanswered(self) -> bool:
        """The person's newest words have no officer's answer."""
        if self.opened_at is None:
            return False
        return self.answered_at is None or (self.wrote_at is not None and self.wrote_at > self.answered_at)

    @property
    def waits_since(self) -> datetime | None:
        """Since when the person waits for an officer; None while nobody does."""
        if not self.unanswered:
            return None
        return self.opened_at if self.answered_at is None else self.wrote_at


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    staff_id: int | None
    at: datetime
    text: str


_unit = func.coalesce(people.c.unit_id, accounts.c.unit_id)
_open = and_(handovers.c.person_id == people.c.id, handovers.c.closed_at.is_(None))
_unanswered = or_(handovers.c.answered_at.is_(None), people.c.wrote_at > handovers.c.answered_at)


def _lines(*, only_open: bool) -> Select[Any]:
    columns = (
        people.c.id,
        people.c.account_id,
        people.c.user_id,
        _unit,
        people.c.wrote_at,
        people.c.staff_until,
        people.c.reachable,
        handovers.c.id,
        handovers.c.reason,
        func.coalesce(handovers.c.urgent, false()),
        handovers.c.opened_at,
        handovers.c.answered_at,
        handovers.c.assigned_id,
    )
    query = select(*columns).select_from(people).join(accounts, accounts.c.id == people.c.account_id)
    if only_open:
        return query.join(handovers, _open)
    return query.outerjoin(handovers, _open)


def _read(connection: Connection, query: Select[Any]) -> list[Line]:
    return [Line(*row) for row in connection.execute(query)]


def waiting(
    connection: Connection,
    *,
    theirs: Scope | None,
    assigned_id: int | None = None,
    account_id: int | None = None,
    within: Scope | None = None,
    start: int = 0,
    limit: int = 200,
) -> list[Line]:
    """Open hand-overs from `start` on: the urgent first, then those without an answer, the longest waiting first."""
    query = _narrowed(_lines(only_open=True), theirs, account_id, within)
    if assigned_id is not None:
        query = query.where(handovers.c.assigned_id == assigned_id)
    order = (handovers.c.urgent.desc(), _unanswered.desc(), handovers.c.opened_at, handovers.c.id)
    return _read(connection, query.order_by(*order).offset(start).limit(limit))


def recent(
    connection: Connection,
    *,
    theirs: Scope | None,
    account_id: int | None = None,
    within: Scope | None = None,
    before: tuple[datetime, int] | None = None,
    unclear: bool = False,
    limit: int = 50,
) -> list[Line]:
    """Everybody who ever wrote, the newest first; `before` is the last line's (wrote_at, person_id), to page on.

    `unclear`: only who named a workplace that is none of the units.
    """
    query = _narrowed(_lines(only_open=False), theirs, account_id, within)
    if unclear:
        query = query.where(text("persons.unit_id IS NULL AND persons.unit_said <> ''"))
    query = query.where(people.c.wrote_at.is_not(None), people.c.leaving_at.is_(None))
    if before is not None:
        at, number = before
        query = query.where(people.c.wrote_at <= at, or_(people.c.wrote_at < at, people.c.id < number))
    return _read(connection, query.order_by(people.c.wrote_at.desc(), people.c.id.desc()).limit(limit))


def _narrowed(
    query: Select[Any],
    theirs: Scope | None,
    account_id: int | None,
    within: Scope | None,
) -> Select[Any]:
    for one in (theirs, within):
        if one is not None:
            query = query.where(one.condition)
    if account_id is not None:
        # not the bare column: by its index all of an account's people would be fetched and sorted
        query = query.where(func.coalesce(people.c.account_id, 0) == account_id)
    return query


def some(connection: Connection, person_ids: Collection[int]) -> dict[int, Line]:
    """These people's lines, by person."""
    rows = _read(connection, _lines(only_open=False).where(people.c.id.in_(person_ids)))
    return {line.person_id: line for line in rows}


def line(connection: Connection, person_id: int) -> Line | None:
    return some(connection, [person_id]).get(person_id)


def newest_bodies(connection: Connection, lines: Sequence[Line]) -> dict[int, str]:
    """The stored event each person wrote last, as JSON text, by person."""
    last = (
        select(inbox.c.id)
        .where(
            inbox.c.account_id == people.c.account_id,
            inbox.c.user_id == people.c.user_id,
            inbox.c.lane == literal_column("'talk'"),
        )
        .order_by(inbox.c.id.desc())
        .limit(1)
        .correlate(people)
        .scalar_subquery()
    )
    query = select(people.c.id, inbox.c.body).select_from(people).join(inbox, inbox.c.id == last)
    query = query.where(people.c.id.in_([one.person_id for one in lines]))
    return {row[0]: row[1] for row in connection.execute(query)}


def bodies(
    connection: Connection, inbox_ids: Collection[int], outbox_ids: Collection[int]
) -> dict[tuple[str, int], str]:
    """Stored messages as JSON text by ("in" or "out", row)."""
    coming = connection.execute(select(inbox.c.id, inbox.c.body).where(inbox.c.id.in_(inbox_ids)))
    going = connection.execute(select(outgoing.c.id, outgoing.c.body).where(outgoing.c.id.in_(outbox_ids)))
    return {("in", row[0]): row[1] for row in coming} | {("out", row[0]): row[1] for row in going}


# ---- one conversation ----


def received(
    connection: Connection, account_id: int, user_id: str, before: datetime | None, limit: int
) -> list[dict[str, Any]]:
    """The newest events of one person, receipts too (an officer may have written in the platform's own inbox)."""
    query = select(inbox.c.id, inbox.c.lane, inbox.c.body, inbox.c.at, inbox.c.received_at, inbox.c.state, inbox.c.code)
    query = query.where(inbox.c.account_id == account_id, inbox.c.user_id == user_id)
    if before is not None:
        query = query.where(inbox.c.received_at < before)
    return [dict(row) for row in connection.execute(query.order_by(inbox.c.id.desc()).limit(limit)).mappings()]


def sent(connection: Connection, person_id: int, before: datetime | None, limit: int) -> list[dict[str, Any]]:
    """The newest messages to one person, whatever became of them."""
    names = ("id", "origin", "body", "state", "code", "created_at", "sent_at", "delivered_at", "read_at")
    query = select(*(outgoing.c[name] for name in names)).where(outgoing.c.person_id == person_id)
    if before is not None:
        query = query.where(outgoing.c.created_at < before)
    return [dict(row) for row in connection.execute(query.order_by(outgoing.c.id.desc()).limit(limit)).mappings()]


def notes_of(connection: Connection, person_id: int) -> list[Note]:
    query = select(notes.c.id, notes.c.staff_id, notes.c.at, notes.c.text).where(notes.c.person_id == person_id)
    return [Note(*row) for row in connection.execute(query.order_by(notes.c.id))]


def add_note(connection: Connection, now: datetime, by: int, person_id: int, words: str) -> None:
    made = insert(notes).values(person_id=person_id, staff_id=by, at=now, text=words).returning(notes.c.id)
    number = connection.execute(made).scalar_one()
    audit.record(connection, now, by, "conversation.noted", "person", person_id, note=number)


def assign(connection: Connection, now: datetime, by: int, person_id: int, to: int | None) -> None:
    """Say whose it is; a conversation nobody had taken up is taken up now."""
    number = take_up(connection, person_id, now)
    connection.execute(update(handovers).where(handovers.c.id == number).values(assigned_id=to))
    audit.record(connection, now, by, "conversation.assigned", "person", person_id, to=to)


def take_up(connection: Connection, person_id: int, now: datetime) -> int:
    """The open hand-over, made where there is none."""
    return persons.open_handover(connection, person_id, reason=REASON, urgent=False, now=now)


def answered(connection: Connection, now: datetime, by: int, person_id: int, *, pause: timedelta) -> int:
    """An officer wrote: the conversation is theirs unless it was another's, and the bot is silent for a while."""
    number = take_up(connection, person_id, now)
    connection.execute(
        update(handovers)
        .where(handovers.c.id == number)
        .values(answered_at=now, assigned_id=func.coalesce(handovers.c.assigned_id, by))
    )
    persons.change(connection, person_id, staff_until=now + pause)
    marks.end_alarm(connection, f"handover:{number}", now)
    return number


def hand_back(connection: Connection, now: datetime, by: int, person_id: int) -> None:
    """The bot answers again, and says so when the person next writes."""
    persons.change(connection, person_id, staff_until=now)
    for number in persons.close_handover(connection, person_id, now):
        marks.end_alarm(connection, f"handover:{number}", now)
    audit.record(connection, now, by, "conversation.handed_back", "person", person_id)


# ---- what is stuck ----


@dataclass(frozen=True, slots=True)
class Stuck:
    """A row that waits for a person's word: `kind` is "parked" (in) or "unsure" (out)."""

    kind: str
    id: int
    person_id: int | None
    account_id: int
    lane: str
    body: str
    code: str
    at: datetime
    origin: str = ""


def stuck(connection: Connection, theirs: Scope | None, *, limit: int = 100) -> list[Stuck]:
    """Parked events and sends in doubt that nobody resolves by itself, the newest first."""
    parked = (
        select(
            inbox.c.id, people.c.id, inbox.c.account_id, inbox.c.lane, inbox.c.body, inbox.c.code, inbox.c.received_at
        )
        .select_from(inbox)
        .outerjoin(people, and_(people.c.account_id == inbox.c.account_id, people.c.user_id == inbox.c.user_id))
        .where(text("inbox.state = 'parked'"))
    )
    unsure = (
        select(
            outgoing.c.id, outgoing.c.person_id, outgoing.c.account_id, outgoing.c.origin, outgoing.c.body,
            outgoing.c.code, outgoing.c.created_at,
        )
        .select_from(outgoing)
        .join(people, people.c.id == outgoing.c.person_id)
        .where(text("outbox.state = 'unsure'"), ~outgoing.c.blocks)
    )  # fmt: skip
    if theirs is not None:
        parked, unsure = parked.where(theirs.condition), unsure.where(theirs.condition)
    coming = connection.execute(parked.order_by(inbox.c.id.desc()).limit(limit))
    going = connection.execute(unsure.order_by(outgoing.c.id.desc()).limit(limit))
    found = [Stuck("parked", *row) for row in coming]
    found += [Stuck("unsure", row[0], row[1], row[2], "talk", *row[4:], origin=row[3]) for row in going]
    return sorted(found, key=lambda one: one.at, reverse=True)[:limit]


def stuck_count(connection: Connection, theirs: Scope | None) -> int:
    return len(stuck(connection, theirs, limit=1000))


#: What an officer may decide over a send in doubt.
FATES = {
    "arrived": OutboxEvent.ACCEPTED,
    "again": OutboxEvent.RESEND,
    "failed": OutboxEvent.SETTLED_FAILED,
}


def settle(connection: Connection, now: datetime, by: int, kind: str, row_id: int, fate: str) -> bool:
    """Do what the officer decided; False when somebody or something was faster.

    Parked: "again" or "leave". Unsure: "arrived", "again" or "failed".
    """
    if kind == "parked":
        won = settle_parked(connection, row_id, now, again=fate == "again")
    else:
        due = {"due_at": now} if fate == "again" else {}
        won = outbox.move(connection, FATES[fate], outgoing.c.id == row_id, now, **due) == 1
    if won:
        audit.record(connection, now, by, f"message.settled_{fate}", kind, row_id)
    return won


def owner_of(connection: Connection, kind: str, row_id: int) -> int | None:
    """The person a stuck row belongs to."""
    if kind == "unsure":
        return connection.scalar(select(outgoing.c.person_id).where(outgoing.c.id == row_id))
    same = and_(people.c.account_id == inbox.c.account_id, people.c.user_id == inbox.c.user_id)
    return connection.scalar(select(people.c.id).join(inbox, same).where(inbox.c.id == row_id))
