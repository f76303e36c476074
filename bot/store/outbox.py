"""What goes out: queued, leased within the account's allowance, moved by the table of states.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    and_,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)

from bot.messages import Button
from bot.states import OUTBOX_MOVES, Lane, Origin, OutboxEvent, OutboxState
from bot.store import accounts
from bot.store.accounts import Account
from bot.store.schema import Moment, early_receipts, outbox, persons
from bot.store.sql import insert_or_ignore, locked

#: Well over the time-outs of one HTTP call; a row whose lease ran out is nobody's.
LEASE = timedelta(seconds=40)
#: A reply nobody confirmed is sent again once, so long after.
DOUBT = timedelta(seconds=10)

_OPEN = text("outbox.state IN ('queued', 'waiting')")
#: Keys of a stored body that are for us and not for the platform.
OURS = frozenset({"human", "menu"})
_TERMINAL = frozenset({OutboxState.FAILED, OutboxState.EXPIRED, OutboxState.CANCELLED})
__all__ = ["DOUBT", "LEASE", "Claimed", "Draft", "Lane", "add", "claim", "move"]


@dataclass(frozen=True, slots=True)
class Draft:
    """One part of one message, to be queued."""

    account_id: int
    person_id: int
    origin: Origin
    body: Mapping[str, object]
    turn: str = ""
    inbox_id: int | None = None
    announcement_id: int | None = None
    due_at: datetime | None = None
    subject: str = ""
    useful_until: datetime | None = None
    human: bool = False
    #: Numbered choices that this message shows outside a turn: remembered once it was sent, so that a number chooses.
    menu: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A leased row, with all that one attempt needs."""

    id: int
    account: Account
    person_id: int
    user_id: str
    wrote_at: datetime | None
    origin: Origin
    body: Mapping[str, Any]
    turn: str
    attempts: int
    doubts: int
    useful_until: datetime | None
    owner: str


def add(connection: Connection, drafts: Sequence[Draft], now: datetime) -> list[int]:
    """Queue drafts in their order; their numbers."""
    if not drafts:
        return []
    rows = [
        {
            "account_id": draft.account_id,
            "person_id": draft.person_id,
            "origin": draft.origin.value,
            "priority": draft.origin.priority,
            "announcement_id": draft.announcement_id,
            "inbox_id": draft.inbox_id,
            "turn": draft.turn,
            "body": json.dumps(_kept(draft), ensure_ascii=False),
            "blocks": draft.origin is not Origin.ANNOUNCEMENT,
            "queued_at": now,
            "due_at": draft.due_at or now,
            "subject": draft.subject,
            "useful_until": draft.useful_until,
            "created_at": now,
        }
        for draft in drafts
    ]
    return [row[0] for row in connection.execute(insert(outbox).values(rows).returning(outbox.c.id))]


def _kept(draft: Draft) -> dict[str, object]:
    kept = dict(draft.body)
    if draft.human:
        kept["human"] = True
    if draft.menu:
        kept["menu"] = [[button.title, button.payload] for button in draft.menu]
    return kept


# ---- claiming ----


def accounts_with_work(connection: Connection, now: datetime) -> list[int]:
    """Accounts that have a reply or notice due: a cheap look before anything is written."""
    query = (
        select(outbox.c.account_id).where(_OPEN, outbox.c.announcement_id.is_(None), outbox.c.due_at <= now).distinct()
    )
    return [row[0] for row in connection.execute(query)]


def claim(
    connection: Connection,
    account_id: int,
    owner: str,
    now: datetime,
    limit: int,
    *,
    announcement_id: int | None = None,
) -> list[Claimed]:
    """Lease up to `limit` due rows within the account's allowance, replies first, in the order of each person.

    The account's row is locked meanwhile, so that all workers together keep its rate.
    """
    account = accounts.get(connection, account_id, lock=True)
    if account is None or account.state != accounts.ACTIVE or (account.paused_until and account.paused_until > now):
        return []
    allowance = refilled(account, now)
    limit = min(limit, int(allowance))
    if limit < 1:
        return []
    rows = _lease(connection, account, owner, now, limit, announcement_id)
    if rows:
        accounts.change(connection, account_id, allowance=allowance - len(rows), refilled_at=now)
    return rows


def refilled(account: Account, now: datetime) -> float:
    """What the account may send at this moment: a token bucket."""
    elapsed = max(0.0, (now - account.refilled_at).total_seconds())
    return min(account.burst, account.allowance + elapsed * account.rate)


def _lease(
    connection: Connection, account: Account, owner: str, now: datetime, limit: int, announcement_id: int | None
) -> list[Claimed]:
    older = outbox.alias("older")
    before = or_(
        older.c.queued_at < outbox.c.queued_at,
        and_(older.c.queued_at == outbox.c.queued_at, older.c.id < outbox.c.id),
    )
    blocked = exists().where(older.c.person_id == outbox.c.person_id, before, text("older.blocks"))
    useful = or_(outbox.c.useful_until.is_(None), outbox.c.useful_until >= now)
    which = (
        outbox.c.announcement_id.is_(None)
        if announcement_id is None
        else and_(outbox.c.announcement_id.is_not(None), outbox.c.announcement_id == announcement_id)
    )
    order = [outbox.c.due_at, outbox.c.id]
    ready = (
        select(outbox.c.id)
        .where(outbox.c.account_id == account.id, which, _OPEN, outbox.c.due_at <= now, useful, ~blocked)
        .order_by(*([outbox.c.priority] if announcement_id is None else []), *order)
        .limit(limit)
    )
    statement = (
        update(outbox)
        .where(outbox.c.id.in_(locked(connection, ready, skip=True).scalar_subquery()))
        .values(
            state=OutboxState.SENDING.value,
            owner=owner,
            lease_until=now + LEASE,
            begun_at=None,
            blocks=True,
            attempts=outbox.c.attempts + 1,
        )
        .returning(outbox.c.id)
    )
    ids = [row[0] for row in connection.execute(statement)]
    if not ids:
        return []
    query = (
        select(
            outbox.c.id,
            outbox.c.person_id,
            persons.c.user_id,
            persons.c.wrote_at,
            outbox.c.origin,
            outbox.c.body,
            outbox.c.turn,
            outbox.c.attempts,
            outbox.c.doubts,
            outbox.c.useful_until,
        )
        .join(persons, persons.c.id == outbox.c.person_id)
        .where(outbox.c.id.in_(ids))
        .order_by(outbox.c.priority, outbox.c.id)
    )
    return [_claimed(row, account, owner) for row in connection.execute(query).mappings()]


def _claimed(row: RowMapping, account: Account, owner: str) -> Claimed:
    facts = {**row, "origin": Origin(row["origin"]), "body": json.loads(row["body"])}
    return Claimed(account=account, owner=owner, **facts)


# ---- moving ----


def move(
    connection: Connection,
    event: OutboxEvent,
    which: Any,
    now: datetime,
    **values: Any,
) -> int:
    """Make the move of states.py for the rows of `which` that stand in a state it may leave; how many did."""
    leaves, reaches = OUTBOX_MOVES[event]
    values = {"state": reaches.value, "owner": None, "lease_until": None, **_consequences(reaches, now), **values}
    may = outbox.c.state.in_([state.value for state in leaves])
    return connection.execute(update(outbox).where(which, may).values(**values)).rowcount


def _consequences(state: OutboxState, now: datetime) -> dict[str, Any]:
    """What a state means for the other columns."""
    if state in {OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ} or state in _TERMINAL:
        return {"blocks": False, "finished_at": func.coalesce(outbox.c.finished_at, literal(now, Moment()))}
    if state is OutboxState.HELD:
        return {"blocks": False}
    if state in {OutboxState.QUEUED, OutboxState.WAITING}:
        return {"blocks": outbox.c.origin != Origin.ANNOUNCEMENT.value, "begun_at": None}
    return {}


def ours(row: Claimed) -> Any:
    """The fence: this row, as this owner leased it this time."""
    return and_(outbox.c.id == row.id, outbox.c.owner == row.owner, outbox.c.attempts == row.attempts)


def begin(connection: Connection, row: Claimed, now: datetime) -> bool:
    """Note that the request is about to leave; False when the row is no longer ours."""
    mine = and_(ours(row), outbox.c.state == OutboxState.SENDING.value)
    return connection.execute(update(outbox).where(mine).values(begun_at=now)).rowcount == 1


def accepted(connection: Connection, row: Claimed, message_id: str, now: datetime) -> bool:
    """Note the platform's id, and apply receipts that were faster than its answer."""
    # the fence is the row alone: an answer that comes after the lease is still the truth about the message
    which = and_(outbox.c.id == row.id, outbox.c.attempts == row.attempts)
    moved = move(connection, OutboxEvent.ACCEPTED, which, now, message_id=message_id, sent_at=now)
    if not moved:  # a receipt by tag was here first, and could not know the id's time
        connection.execute(
            update(outbox).where(which, outbox.c.message_id.is_(None)).values(message_id=message_id, sent_at=now)
        )
    if row.body.get("menu"):
        _remember_menu(connection, row)
    early = select(early_receipts.c.state, early_receipts.c.at).where(
        early_receipts.c.account_id == row.account.id, early_receipts.c.message_id == message_id
    )
    for receipt in connection.execute(early.order_by(early_receipts.c.id)).all():
        confirm(connection, row.account.id, [message_id], OutboxEvent(receipt.state), receipt.at, now)
    return bool(moved)


def _remember_menu(connection: Connection, row: Claimed) -> None:
    memory = connection.execute(select(persons.c.memory).where(persons.c.id == row.person_id)).scalar()
    kept = json.dumps({**json.loads(memory or "{}"), "menu": row.body["menu"]}, ensure_ascii=False)
    connection.execute(update(persons).where(persons.c.id == row.person_id).values(memory=kept))


# ---- receipts ----

_STAMPS = {OutboxEvent.DELIVERY_RECEIPT: "delivered_at", OutboxEvent.READ_RECEIPT: "read_at"}


def confirm(
    connection: Connection, account_id: int, message_ids: Sequence[str], event: OutboxEvent, at: datetime, now: datetime
) -> int:
    """Apply a receipt that names messages; ids not known yet are kept until the send is written down."""
    which = and_(outbox.c.account_id == account_id, outbox.c.message_id.in_(message_ids))
    stamp = {_STAMPS[event]: at} if event in _STAMPS else {}
    moved = move(connection, event, which, now, **stamp)
    if moved < len(message_ids):
        known = {row[0] for row in connection.execute(select(outbox.c.message_id).where(which))}
        _keep_early(connection, account_id, [one for one in message_ids if one not in known], event, at, now)
    return moved


def _keep_early(
    connection: Connection, account_id: int, message_ids: Iterable[str], event: OutboxEvent, at: datetime, now: datetime
) -> None:
    rows = [
        {"account_id": account_id, "message_id": one, "state": event.value, "at": at, "received_at": now}
        for one in message_ids
    ]
    if rows:
        connection.execute(insert_or_ignore(connection, early_receipts).values(rows))


def confirm_up_to(
    connection: Connection, person_id: int, watermark: datetime, event: OutboxEvent, now: datetime
) -> int:
    """Apply a receipt that names no message but a moment: every earlier send of this person."""
    which = and_(outbox.c.person_id == person_id, outbox.c.sent_at <= watermark)
    return move(connection, event, which, now, **{_STAMPS[event]: watermark})


def confirm_tag(connection: Connection, account_id: int, row_id: int, message_id: str, now: datetime) -> int:
    """Our own echo, known by the tag we sent along: it left."""
    which = and_(outbox.c.id == row_id, outbox.c.account_id == account_id)
    return move(connection, OutboxEvent.ECHO, which, now, message_id=message_id, sent_at=now)


def confirm_text(connection: Connection, person_id: int, said: str, message_id: str, now: datetime) -> int:
    """Our own echo without a tag: settle the oldest send in doubt that said exactly this."""
    doubtful = select(outbox.c.id, outbox.c.body).where(
        outbox.c.person_id == person_id, outbox.c.state.in_(("sending", "unsure")), outbox.c.message_id.is_(None)
    )
    for row in connection.execute(doubtful.order_by(outbox.c.id)).all():
        if json.loads(row.body).get("text") == said:
            return move(connection, OutboxEvent.ECHO, outbox.c.id == row.id, now, message_id=message_id, sent_at=now)
    return 0


# ---- held, called off, repaired ----


def release_held(connection: Connection, person_id: int, now: datetime) -> int | None:
    """Let the newest useful held row of this person go right behind what was queued at `now`.

    Older held rows of the same subject are replaced by it: a newer state of a thing makes the older one untrue.
    """
    held = text("outbox.state = 'held'")
    expire(connection, and_(outbox.c.person_id == person_id, held), now)
    query = select(outbox.c.id, outbox.c.subject).where(outbox.c.person_id == person_id, held)
    row = connection.execute(query.order_by(outbox.c.priority, outbox.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    number: int = row.id
    if row.subject:
        same = and_(outbox.c.person_id == person_id, outbox.c.subject == row.subject, outbox.c.id != number, held)
        move(connection, OutboxEvent.CALLED_OFF, same, now, code="replaced")
    behind = now + timedelta(microseconds=1)
    move(connection, OutboxEvent.PERSON_WROTE, outbox.c.id == number, now, due_at=now, queued_at=behind)
    return number


def expire(connection: Connection, which: Any, now: datetime) -> int:
    late = and_(which, outbox.c.useful_until.is_not(None), outbox.c.useful_until < now)
    return move(connection, OutboxEvent.TOO_LATE, late, now)


def call_off(connection: Connection, person_id: int, origins: Iterable[Origin], now: datetime) -> int:
    which = and_(outbox.c.person_id == person_id, outbox.c.origin.in_([origin.value for origin in origins]))
    return move(connection, OutboxEvent.CALLED_OFF, which, now, code="opted_out")


def return_leases(connection: Connection, now: datetime, *, alive: str | None = None) -> tuple[int, int]:
    """Take back rows whose lease ran out (or whose owner is not `alive`): (to try again, unsure)."""
    lost = outbox.c.lease_until < now
    if alive is not None:
        lost = lost | (outbox.c.owner != alive)
    sending = literal_column("outbox.state") == literal_column("'sending'")
    before = move(
        connection, OutboxEvent.LEASE_LOST_BEFORE, and_(sending, lost, outbox.c.begun_at.is_(None)), now, due_at=now
    )
    after = move(
        connection,
        OutboxEvent.LEASE_LOST_AFTER,
        and_(sending, lost, outbox.c.begun_at.is_not(None)),
        now,
        code="unsure.lease",
        due_at=now + DOUBT,
        doubts=outbox.c.doubts + 1,
    )
    return before, after


def resolve_doubts(connection: Connection, now: datetime) -> tuple[int, int]:
    """Send a reply again once when nothing confirmed it; leave the rest to a person: (sent again, left)."""
    unsure = and_(text("outbox.state = 'unsure' AND outbox.blocks"), outbox.c.due_at <= now)
    reply = and_(outbox.c.origin == Origin.REPLY.value, outbox.c.doubts == 1)
    again = move(connection, OutboxEvent.RESEND, and_(unsure, reply), now, due_at=now)
    left = connection.execute(update(outbox).where(unsure, ~reply).values(blocks=False)).rowcount
    return again, left
