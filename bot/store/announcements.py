"""Announcements: what officers write, the states one goes through, and how fast its messages may be claimed.

Who gets one stands in bot/store/audience.py; its messages are rows of the outbox.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    RowMapping,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    false,
    insert,
    select,
    text,
    update,
)

from bot.store import outbox
from bot.store.outbox import Claimed
from bot.store.prepared import Prepared
from bot.store.schema import Id, Moment, metadata
from bot.store.schema import outbox as messages
from bot.store.sql import insert_or_ignore, locked


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"  # waits for a second person
    APPROVED = "approved"  # waits for its time, or for somebody to start it
    ASKING = "asking"  # its moment has passed, or much has changed: a person decides
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    SENT = "sent"  # all have gone out; held ones may still follow
    CLOSED = "closed"  # nothing will change any more
    LAPSED = "lapsed"  # its day came without an approval


#: act -> (states it may leave, state it reaches)
MOVES: dict[str, tuple[frozenset[State], State]] = {
    "submit": (frozenset({State.DRAFT}), State.SUBMITTED),
    "send_back": (frozenset({State.SUBMITTED, State.APPROVED, State.ASKING, State.LAPSED}), State.DRAFT),
    "approve": (frozenset({State.SUBMITTED}), State.APPROVED),
    "ask": (frozenset({State.APPROVED}), State.ASKING),
    "start": (frozenset({State.APPROVED, State.ASKING}), State.RUNNING),
    "pause": (frozenset({State.RUNNING}), State.PAUSED),
    "resume": (frozenset({State.PAUSED}), State.RUNNING),
    "stop": (frozenset({State.RUNNING, State.PAUSED, State.APPROVED, State.ASKING, State.SENT}), State.STOPPED),
    "finish": (frozenset({State.RUNNING}), State.SENT),
    "close": (frozenset({State.SENT, State.STOPPED}), State.CLOSED),
    "lapse": (frozenset({State.DRAFT, State.SUBMITTED}), State.LAPSED),
}

announcements = Table(
    "announcements",
    metadata,
    Column("id", Id, primary_key=True),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("buttons", Text, nullable=False, server_default="[]"),  # [[title, "url" or "@action"], …]
    Column("question", Text, nullable=False, server_default="{}"),  # {"choices": […], "free": bool}; {} = none
    Column("picture_id", Id),
    Column("unit_id", Id, ForeignKey("units.id")),  # whose announcement it is; NULL: the province's
    Column("audience", Text, nullable=False, server_default="{}"),  # drafting.Audience as JSON
    Column("routes", Text, nullable=False, server_default="{}"),  # routes.Routed as JSON: templates and articles chosen
    Column("campaign", Text, nullable=False, server_default=""),  # "science_day.greeting"
    Column("slot", Text, nullable=False, server_default=""),  # "2027": once a year
    Column("important", Boolean, nullable=False, server_default=false()),  # not held to one a week
    Column("allow_cost", Boolean, nullable=False, server_default=false()),
    Column("rate", Float, nullable=False, server_default="0"),  # messages a second; 0 = what the accounts may
    Column("trial", Integer, nullable=False, server_default="0"),  # how many get it first; 0 = all at once
    Column("send_at", Moment),  # NULL: when somebody starts it
    Column("useful_until", Moment),
    Column("on_feed", Boolean, nullable=False, server_default=false()),
    Column("state", Text, nullable=False),
    Column("state_code", Text, nullable=False, server_default=""),  # why it pauses or asks
    Column("note", Text, nullable=False, server_default=""),  # what the approver wrote when sending it back
    Column("edition", Integer, nullable=False, server_default="1"),  # grows with every edit
    Column("digest", Text, nullable=False, server_default=""),  # of text, audience and time, as submitted or approved
    Column("seen", Text, nullable=False, server_default="{}"),  # the counts that the approver saw
    Column("people", Integer, nullable=False, server_default="0"),  # the frozen audience
    Column("people_digest", Text, nullable=False, server_default=""),
    Column("created_by", Id),
    Column("changed_by", Id),
    Column("submitted_by", Id),
    Column("approved_by", Id),  # NULL with a name: by an invitation link
    Column("approver", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("approved_at", Moment),
    Column("started_at", Moment),
    Column("finished_at", Moment),  # the last fresh message has gone
    Column("checkpoint", Id, nullable=False, server_default="0"),  # fan-out is done up to this person
    Column("fanned_out", Boolean, nullable=False, server_default=false()),
    Column("tried", Boolean, nullable=False, server_default=false()),  # the small group went well
    Column("allowance", Float, nullable=False, server_default="0"),  # what is left of its own burst
    Column("refilled_at", Moment),
)
Index("ix_announcements_state", announcements.c.state, announcements.c.send_at)
Index("ix_announcements_campaign", announcements.c.campaign, announcements.c.slot)
Index("ix_announcements_changed", announcements.c.changed_at)

announcement_accounts = Table(  # the accounts over which one runs
    "announcement_accounts",
    metadata,
    Column("announcement_id", Id, ForeignKey("announcements.id"), primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
)

announcement_slots = Table(  # what fires once: a yearly draft, a start, a reminder
    "announcement_slots",
    metadata,
    Column("what", Text, primary_key=True),  # "draft:science_day.greeting", "start:17", "remind:17"
    Column("slot", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)

pictures = Table(
    "pictures",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token", Text, nullable=False, unique=True),  # its public address: platforms fetch it
    Column("kind", Text, nullable=False),  # image/png, image/jpeg
    Column("content", LargeBinary, nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

#: Slots' worth of burst when an announcement has a rate of its own.
BURST_S = 0.2
_LIVE = ("running", "sent")


@dataclass(frozen=True, slots=True)
class Announcement:
    """One row. JSON columns come as Python values."""

    id: int
    title: str
    body: str
    buttons: list[list[str]]
    question: Mapping[str, Any]
    picture_id: int | None
    unit_id: int | None
    audience: Mapping[str, Any]
    routes: Mapping[str, Any]
    campaign: str
    slot: str
    important: bool
    allow_cost: bool
    rate: float
    trial: int
    send_at: datetime | None
    useful_until: datetime | None
    on_feed: bool
    state: State
    state_code: str
    note: str
    edition: int
    digest: str
    seen: Mapping[str, Any]
    people: int
    people_digest: str
    created_by: int | None
    changed_by: int | None
    submitted_by: int | None
    approved_by: int | None
    approver: str
    created_at: datetime
    changed_at: datetime
    approved_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    checkpoint: int
    fanned_out: bool
    tried: bool


_COLUMNS = [announcements.c[field.name] for field in fields(Announcement)]
_JSON = ("buttons", "question", "audience", "routes", "seen")


def get(connection: Connection, number: int, *, lock: bool = False) -> Announcement | None:
    query = select(*_COLUMNS).where(announcements.c.id == number)
    row = connection.execute(locked(connection, query) if lock else query).mappings().first()
    return _read(row) if row else None


def listed(
    connection: Connection, *, states: Iterable[State] = (), below: int | None = None, limit: int = 50
) -> list[Announcement]:
    """The newest first."""
    query = select(*_COLUMNS).order_by(announcements.c.id.desc()).limit(limit)
    if wanted := [state.value for state in states]:
        query = query.where(announcements.c.state.in_(wanted))
    if below is not None:
        query = query.where(announcements.c.id < below)
    return [_read(row) for row in connection.execute(query).mappings()]


def _read(row: RowMapping) -> Announcement:
    values = {name: json.loads(value) if name in _JSON else value for name, value in row.items()}
    return Announcement(**{**values, "state": State(row["state"])})


def add(connection: Connection, now: datetime, by: int | None, **values: Any) -> int:
    row = {"state": State.DRAFT.value, "created_by": by, "changed_by": by, "created_at": now, "changed_at": now}
    made = insert(announcements).values(**row, **_written(values)).returning(announcements.c.id)
    number: int = connection.execute(made).scalar_one()
    return number


def edit(connection: Connection, now: datetime, by: int | None, number: int, edition: int, **values: Any) -> bool:
    """Change a draft that nobody changed meanwhile; whatever was submitted or approved of it is void."""
    editable = announcements.c.state.in_(("draft", "submitted", "approved", "lapsed"))
    changed = update(announcements).where(announcements.c.id == number, announcements.c.edition == edition, editable)
    fresh = {
        "state": State.DRAFT.value, "state_code": "", "digest": "", "approved_by": None, "approver": "",
        "approved_at": None, "submitted_by": None, "edition": edition + 1, "changed_by": by, "changed_at": now,
    }  # fmt: skip
    return connection.execute(changed.values(**fresh, **_written(values))).rowcount == 1


def move(connection: Connection, act: str, number: int, *conditions: Any, **values: Any) -> bool:
    """Make the move of MOVES if the announcement stands where it may leave; whether it did."""
    leaves, reaches = MOVES[act]
    which = and_(announcements.c.id == number, announcements.c.state.in_([state.value for state in leaves]))
    statement = update(announcements).where(which, *conditions)
    return connection.execute(statement.values(state=reaches.value, **_written(values))).rowcount == 1


def change(connection: Connection, number: int, *conditions: Any, **values: Any) -> bool:
    statement = update(announcements).where(announcements.c.id == number, *conditions).values(**_written(values))
    return connection.execute(statement).rowcount == 1


def discard(connection: Connection, number: int) -> bool:
    """Remove a draft that was never sent."""
    gone = delete(announcements).where(announcements.c.id == number, announcements.c.state.in_(("draft", "lapsed")))
    return connection.execute(gone).rowcount == 1


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value, ensure_ascii=False, sort_keys=True) if name in _JSON else value
        for name, value in values.items()
    }


def once(connection: Connection, what: str, slot: str, now: datetime) -> bool:
    """True for the first who asks: of two clocks, or after a restart, one alone does it."""
    made = insert_or_ignore(connection, announcement_slots, conflict=("what", "slot"))
    return (
        connection.execute(made.values(what=what, slot=slot, at=now).returning(announcement_slots.c.slot)).first()
        is not None
    )


def due(connection: Connection, now: datetime) -> list[Announcement]:
    """Approved, and their moment has come."""
    query = select(*_COLUMNS).where(announcements.c.state == State.APPROVED.value, announcements.c.send_at <= now)
    return [_read(row) for row in connection.execute(query.order_by(announcements.c.send_at)).mappings()]


def of_slot(connection: Connection, campaign: str, slot: str) -> Announcement | None:
    query = select(*_COLUMNS).where(announcements.c.campaign == campaign, announcements.c.slot == slot)
    row = connection.execute(query.order_by(announcements.c.id.desc()).limit(1)).mappings().first()
    return _read(row) if row else None


def add_picture(connection: Connection, token: str, kind: str, content: bytes, digest: str, now: datetime) -> int:
    row = {"token": token, "kind": kind, "content": content, "digest": digest, "created_at": now}
    number: int = connection.execute(insert(pictures).values(**row).returning(pictures.c.id)).scalar_one()
    return number


def picture(connection: Connection, token: str) -> tuple[str, bytes] | None:
    row = connection.execute(select(pictures.c.kind, pictures.c.content).where(pictures.c.token == token)).first()
    return (row[0], row[1]) if row else None


def picture_token(connection: Connection, number: int | None) -> str:
    query = select(pictures.c.token).where(pictures.c.id == number)
    return (connection.scalar(query) or "") if number else ""


# ---- sending ----


def over(connection: Connection, number: int, account_ids: Iterable[int]) -> None:
    """Note over which accounts it runs."""
    for account_id in account_ids:
        row = {"announcement_id": number, "account_id": account_id}
        connection.execute(
            insert_or_ignore(connection, announcement_accounts, conflict=("announcement_id", "account_id")).values(row)
        )


def _running(_dialect: str) -> Any:
    waits = exists().where(
        messages.c.announcement_id == announcement_accounts.c.announcement_id,
        messages.c.announcement_id.is_not(None),
        messages.c.account_id == announcement_accounts.c.account_id,
        text("outbox.state IN ('queued', 'waiting')"),
        messages.c.due_at <= bindparam("moment"),
    )
    live = text(f"announcements.state IN ({', '.join(repr(state) for state in _LIVE)})")
    return (
        select(announcement_accounts.c.account_id, announcement_accounts.c.announcement_id)
        .join(announcements, announcements.c.id == announcement_accounts.c.announcement_id)
        .where(live, waits)
        .order_by(announcement_accounts.c.announcement_id)
    )


_RUNNING = Prepared(_running)


def running(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """(account, announcement) where something is due: the running ones, and held ones that were let go."""
    return [(row[0], row[1]) for row in _RUNNING.rows(connection, moment=now)]


def claim(
    connection: Connection, account_id: int, owner: str, now: datetime, limit: int, announcement_id: int, a_day: int
) -> list[Claimed]:
    """Lease rows of an announcement that still runs, within its own rate and within the account's.

    The row is locked first: who paused it and got the answer knows that nothing more will leave.
    """
    row = _PACE.first(connection, number=announcement_id)
    if row is None or row[0] not in _LIVE:
        return []
    _, rate, allowance, refilled_at = row
    if not rate:
        return outbox.claim(connection, account_id, owner, now, limit, announcement_id=announcement_id, a_day=a_day)
    allowance = _refilled(rate, allowance, refilled_at, now)
    limit = min(limit, int(allowance))
    if limit < 1:
        return []
    found = outbox.claim(connection, account_id, owner, now, limit, announcement_id=announcement_id, a_day=a_day)
    if found:
        refilled_at = now if refilled_at is None else max(now, refilled_at)
        _TAKEN.count(connection, number=announcement_id, left=allowance - len(found), moment=refilled_at)
    return found


_PACE = Prepared(
    lambda _: (
        select(announcements.c.state, announcements.c.rate, announcements.c.allowance, announcements.c.refilled_at)
        .where(announcements.c.id == bindparam("number"))
        .with_for_update(key_share=True)  # SQLite leaves it out: it has one writer
    )
)
_TAKEN = Prepared(
    lambda _: (
        update(announcements)
        .where(announcements.c.id == bindparam("number"))
        .values(allowance=bindparam("left"), refilled_at=bindparam("moment"))
    )
)


def _refilled(rate: float, allowance: float, refilled_at: datetime | None, now: datetime) -> float:
    burst = max(1.0, rate * BURST_S)
    if refilled_at is None:
        return burst
    elapsed = max(0.0, (now - refilled_at).total_seconds())
    return min(burst, allowance + elapsed * rate)
