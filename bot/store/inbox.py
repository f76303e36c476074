"""What came in: kept once, claimed in order of each person, finished under a fence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnClause,
    Connection,
    Integer,
    and_,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    text,
    update,
)

from bot.messages import Event
from bot.states import InboxState, Lane
from bot.store import persons
from bot.store.prepared import Among, Prepared
from bot.store.schema import forgotten, inbox
from bot.store.sql import insert_or_ignore
from bot.store.vault import Vault

LEASE = timedelta(seconds=20)
MOST_ATTEMPTS = 3
#: Waits before the second and the third attempt: all three within 20 s.
RETRY_AFTER = (timedelta(seconds=2), timedelta(seconds=8))
#: So many waiting messages of one person are looked at when a turn begins.
MOST_MERGED = 8

# States stand as literals wherever a partial index must match.
_RECEIVED: ColumnClause[str] = literal_column("'received'")
_TALK: ColumnClause[str] = literal_column("'talk'")


class FenceLost(Exception):
    """The row is no longer ours: its lease ran out and somebody else took it. Nothing of this turn may be kept."""


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    account_id: int
    user_id: str
    lane: str
    body: Mapping[str, Any]
    at: datetime
    received_at: datetime
    attempts: int


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_COLUMNS = [inbox.c[name] for name in Row.__dataclass_fields__]


def _row(row: tuple[Any, ...]) -> Row:
    number, account_id, user_id, lane, body, *rest = row
    return Row(number, account_id, user_id or "", lane, json.loads(body), *rest)


# ---- keeping ----

#: An event, of which account (its number, its platform).
Came = tuple[int, str, Event]


@dataclass(frozen=True, slots=True)
class Kept:
    """A new row; `leased` is itself when its turn may begin at once."""

    id: int
    lane: Lane
    leased: Row | None = None


def keep(
    connection: Connection, vault: Vault, events: Sequence[Came], now: datetime, *, owner: str = "", room: int = 0
) -> list[Kept]:
    """Write down events (account number, platform, event) not known yet.

    An event of before somebody asked to be forgotten brings nobody back. Up to `room` messages are leased for `owner`,
    those of people who have no older one open; that is only for a database with one writer, for elsewhere an older
    one may be on its way unseen.
    """
    anybody_forgotten = _ANYBODY_FORGOTTEN.first(connection) is not None
    kept: list[Kept] = []
    for account, _, event in events:
        if anybody_forgotten and _is_forgotten(connection, vault, account, event):
            continue
        begins = room > 0 and event.lane is Lane.TALK and not _has_open(connection, account, event.user_id)
        if found := _keep_one(connection, account, event, now, owner if begins else None):
            kept.append(found)
            room -= begins
    return kept


def _has_open(connection: Connection, account: int, user_id: str | None) -> bool:
    return _OPEN_OF.first(connection, of_account=account, of_user=user_id) is not None


def _keep_one(connection: Connection, account: int, event: Event, now: datetime, owner: str | None) -> Kept | None:
    """One event, leased when `owner` is named; None when it is known."""
    at = min(event.at, now)  # a clock that runs ahead must not hold a window open
    written = _KEEP.first(
        connection,
        account_id=account,
        event_key=event.key,
        user_id=event.user_id,
        lane=event.lane.value,
        body=_as_json(dict(event.body)),
        at=at,
        received_at=now,
        due_at=now,
        state=(InboxState.WORKING if owner else InboxState.RECEIVED).value,
        owner=owner,
        lease_until=now + LEASE if owner else None,
        attempts=1 if owner else 0,
    )
    if written is None:
        return None
    row = Row(written[0], account, event.user_id or "", event.lane.value, event.body, at, now, 1) if owner else None
    return Kept(written[0], event.lane, row)


_KEPT = (
    *("account_id", "event_key", "user_id", "lane", "body", "at", "received_at", "due_at"),
    *("state", "owner", "lease_until", "attempts"),
)
_KEEP = Prepared(
    lambda dialect: (
        insert_or_ignore(dialect, inbox, conflict=("account_id", "event_key"))
        .values({name: bindparam(name) for name in _KEPT})
        .returning(inbox.c.id)
    )
)
#: A person's messages that wait or are being worked on.
_OPEN = and_(
    inbox.c.account_id == bindparam("of_account"),
    inbox.c.user_id == bindparam("of_user"),
    text("lane = 'talk' AND state IN ('received', 'working')"),
)
_OPEN_OF = Prepared(lambda _: select(inbox.c.id).where(_OPEN).limit(1))
_ANYBODY_FORGOTTEN = Prepared(lambda _: select(forgotten.c.hash).limit(1))


def _is_forgotten(connection: Connection, vault: Vault, account: int, event: Event) -> bool:
    """Whether this event, or its person at that time or later, asked to be forgotten."""
    hashes = vault.hashes("event", str(account), event.key)
    if event.user_id:
        hashes += vault.hashes("person", str(account), event.user_id)
    found = _OF_THE_FORGOTTEN.rows(connection, hashes)
    if any(kind == "event" or event.at <= at for kind, at in found):
        return True
    # a late receipt for the last confirmation would keep the id of somebody who is gone
    late = bool(found) and event.lane is Lane.RECEIPT
    return late and persons.number(connection, account, event.user_id or "") is None


#: An event and a person, each by one key, or by two after the key was changed.
_OF_THE_FORGOTTEN = Among(
    lambda hashes: select(forgotten.c.kind, forgotten.c.at).where(forgotten.c.hash.in_(hashes)), piece=4
)


# ---- talk: one turn after the other ----


# Statements are made once: to put one together costs ten times what running it does.


def _claiming(_dialect: str) -> Any:
    other = inbox.alias("other")
    # an older one waits, or any is being worked on: two web processes may have numbered two events the wrong way round
    blocked = exists().where(
        other.c.account_id == inbox.c.account_id,
        other.c.user_id == inbox.c.user_id,
        text("other.lane = 'talk' AND other.state IN ('received', 'working')"),
        or_(other.c.id < inbox.c.id, text("other.state = 'working'")),
    )
    ready = (
        select(inbox.c.id)
        .where(
            inbox.c.lane == _TALK,
            inbox.c.state == _RECEIVED,
            inbox.c.due_at <= bindparam("moment"),
            ~blocked,
        )
        .order_by(inbox.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)  # SQLite leaves it out: it has one writer
    )
    return (
        update(inbox)
        .where(inbox.c.id.in_(ready.scalar_subquery()))
        .values(
            state=InboxState.WORKING.value,
            owner=bindparam("by"),
            lease_until=bindparam("until"),
            attempts=inbox.c.attempts + 1,
        )
        .returning(*_COLUMNS)
    )


_CLAIM = Prepared(_claiming)


def claim_talk(connection: Connection, owner: str, now: datetime, limit: int) -> list[Row]:
    """Lease the oldest waiting message of up to `limit` people who have none in work."""
    found = _CLAIM.rows(connection, moment=now, most=limit, by=owner, until=now + LEASE)
    return sorted((_row(row) for row in found), key=lambda row: row.id)


_BEHIND = Prepared(
    lambda _: select(*_COLUMNS).where(_OPEN, inbox.c.id > bindparam("head")).order_by(inbox.c.id).limit(MOST_MERGED)
)


def waiting_behind(connection: Connection, head: Row) -> list[Row]:
    """The person's next messages, in order: nobody else can take them while the head is being worked on."""
    found = _BEHIND.rows(connection, of_account=head.account_id, of_user=head.user_id, head=head.id)
    return [_row(row) for row in found]


_CLOSED: dict[str, Any] = {
    "state": bindparam("reached"),
    "finished_at": bindparam("moment"),
    "code": bindparam("why"),
    "turn": bindparam("of_turn"),
    "owner": None,
    "lease_until": None,
}
_OURS = and_(
    inbox.c.id == bindparam("head"),
    inbox.c.owner == bindparam("by"),
    inbox.c.attempts == bindparam("attempt"),
    inbox.c.state == InboxState.WORKING.value,
)
_FINISH = Prepared(lambda _: update(inbox).where(_OURS).values(**_CLOSED))
_FINISH_MERGED = Among(
    lambda others: (
        update(inbox).where(inbox.c.id.in_(others), inbox.c.state == InboxState.RECEIVED.value).values(**_CLOSED)
    ),
    piece=MOST_MERGED,
)


def finish(
    connection: Connection,
    head: Row,
    owner: str,
    now: datetime,
    *,
    merged: Iterable[int] = (),
    state: InboxState = InboxState.DONE,
    code: str = "",
    turn: str = "",
) -> None:
    """Close the turn's rows. Raises FenceLost when the lease was lost: the transaction must not go on."""
    done = {"reached": state.value, "moment": now, "why": code, "of_turn": turn}
    ours = {"head": head.id, "by": owner, "attempt": head.attempts}
    if _FINISH.count(connection, **ours, **done) != 1:
        raise FenceLost
    others = list(merged)
    if _FINISH_MERGED.count(connection, others, **done) != len(others):
        raise FenceLost


def try_again(connection: Connection, head: Row, owner: str, now: datetime, code: str) -> bool:
    """Put a failed turn back; True when it has failed too often and is parked instead."""
    if head.attempts >= MOST_ATTEMPTS:
        finish(connection, head, owner, now, state=InboxState.PARKED, code=code)
        return True
    back = {
        "state": InboxState.RECEIVED.value,
        "due_at": now + RETRY_AFTER[head.attempts - 1],
        "owner": None,
        "lease_until": None,
        "code": code,
    }
    ours = {"head": head.id, "by": owner, "attempt": head.attempts}
    if connection.execute(update(inbox).where(_OURS).values(**back), ours).rowcount != 1:
        raise FenceLost
    return False


# ---- receipts: applied in batches ----


_RECEIPTS = Prepared(
    lambda _: (
        select(*_COLUMNS)
        .where(
            inbox.c.lane == literal_column("'receipt'"),
            inbox.c.state == _RECEIVED,
            inbox.c.due_at <= bindparam("moment"),
        )
        .order_by(inbox.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )
)
_CLOSE_RECEIPTS = Among(
    lambda ids: (
        update(inbox).where(inbox.c.id.in_(ids)).values(state=InboxState.DONE.value, finished_at=bindparam("moment"))
    )
)


def claim_receipts(connection: Connection, now: datetime, limit: int) -> list[Row]:
    """Lock waiting receipts, oldest first. The caller applies and closes them in this same transaction."""
    return [_row(row) for row in _RECEIPTS.rows(connection, moment=now, most=limit)]


def close_receipts(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    _CLOSE_RECEIPTS.count(connection, ids, moment=now)


def receipt_failed(connection: Connection, row: Row, now: datetime, code: str) -> None:
    parked = row.attempts + 1 >= MOST_ATTEMPTS
    values: dict[str, Any] = {"attempts": row.attempts + 1, "code": code}
    if parked:
        values |= {"state": InboxState.PARKED.value, "finished_at": now}
    else:
        values["due_at"] = now + RETRY_AFTER[row.attempts]
    connection.execute(update(inbox).where(inbox.c.id == row.id).values(**values))


# ---- after a crash, and for the figures ----


def return_leases(connection: Connection, now: datetime, *, owner_gone: str | None = None) -> int:
    """Put rows back whose lease ran out, or whose owner is known to be gone (all but `owner_gone`'s)."""
    lost = inbox.c.lease_until < now
    if owner_gone is not None:
        lost = lost | (inbox.c.owner != owner_gone)
    statement = (
        update(inbox)
        .where(inbox.c.state == literal_column("'working'"), lost)
        .values(state=InboxState.RECEIVED.value, owner=None, lease_until=None, due_at=now)
    )
    return connection.execute(statement).rowcount


def _waiting(lane: Lane) -> Prepared:
    due = and_(inbox.c.state == _RECEIVED, inbox.c.due_at <= bindparam("moment"))
    return Prepared(lambda _: select(inbox.c.id).where(inbox.c.lane == literal_column(f"'{lane.value}'"), due).limit(1))


_WAITING = {lane: _waiting(lane) for lane in Lane}


def waits(connection: Connection, lane: Lane, now: datetime) -> bool:
    """Whether anything of a lane is due, be it blocked or not."""
    return _WAITING[lane].first(connection, moment=now) is not None


def oldest_waiting(connection: Connection, lane: Lane) -> datetime | None:
    query = (
        select(inbox.c.received_at)
        .where(inbox.c.lane == literal_column(f"'{lane.value}'"), inbox.c.state == _RECEIVED)
        .order_by(inbox.c.id)
        .limit(1)
    )
    return connection.execute(query).scalar()


def settle_parked(connection: Connection, row_id: int, now: datetime, *, again: bool) -> bool:
    """A person decided over a parked row: try it again, or leave it."""
    fate = (
        {"state": InboxState.RECEIVED.value, "attempts": 0, "due_at": now, "finished_at": None}
        if again
        else {"state": InboxState.IGNORED.value, "finished_at": now}
    )
    parked = and_(inbox.c.id == row_id, inbox.c.state == InboxState.PARKED.value)
    return connection.execute(update(inbox).where(parked).values(**fate)).rowcount == 1
