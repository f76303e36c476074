"""What came in: kept once, claimed in order of each person, finished under a fence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnClause, Connection, RowMapping, and_, exists, literal_column, select, text, update

from bot.messages import Event
from bot.states import InboxState, Lane
from bot.store.schema import forgotten, inbox
from bot.store.sql import insert_or_ignore, locked
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


_COLUMNS = [inbox.c[name] for name in Row.__dataclass_fields__]


def _row(row: RowMapping) -> Row:
    return Row(**{**row, "body": json.loads(row["body"]), "user_id": row["user_id"] or ""})


# ---- keeping ----


def keep(
    connection: Connection, vault: Vault, events: Sequence[tuple[int, str, Event]], now: datetime
) -> list[tuple[int, str]]:
    """Write down events (account number, platform, event) not known yet; give (row, lane) of the new ones.

    An event of before somebody asked to be forgotten brings nobody back.
    """
    rows = [
        {
            "account_id": account,
            "event_key": event.key,
            "user_id": event.user_id,
            "lane": event.lane.value,
            "body": json.dumps(dict(event.body), ensure_ascii=False, separators=(",", ":")),
            "at": min(event.at, now),  # a clock that runs ahead must not hold a window open
            "received_at": now,
            "due_at": now,
        }
        for account, platform, event in events
        if not _is_forgotten(connection, vault, account, event)
    ]
    if not rows:
        return []
    statement = insert_or_ignore(connection, inbox, conflict=("account_id", "event_key")).values(rows)
    return [(row[0], row[1]) for row in connection.execute(statement.returning(inbox.c.id, inbox.c.lane))]


def _is_forgotten(connection: Connection, vault: Vault, account: int, event: Event) -> bool:
    if connection.execute(select(forgotten.c.hash).limit(1)).first() is None:
        return False
    keys = vault.hashes("event", str(account), event.key)
    people = vault.hashes("person", str(account), event.user_id) if event.user_id else []
    query = select(forgotten.c.kind, forgotten.c.at).where(forgotten.c.hash.in_([*keys, *people]))
    return any(row.kind == "event" or event.at <= row.at for row in connection.execute(query))


# ---- talk: one turn after the other ----


def claim_talk(connection: Connection, owner: str, now: datetime, limit: int) -> list[Row]:
    """Lease the oldest waiting message of up to `limit` people none of whose messages is being worked on."""
    older = inbox.alias("older")
    blocked = exists().where(
        older.c.account_id == inbox.c.account_id,
        older.c.user_id == inbox.c.user_id,
        older.c.id < inbox.c.id,
        text("older.lane = 'talk' AND older.state IN ('received', 'working')"),
    )
    ready = (
        select(inbox.c.id)
        .where(inbox.c.lane == _TALK, inbox.c.state == _RECEIVED, inbox.c.due_at <= now, ~blocked)
        .order_by(inbox.c.id)
        .limit(limit)
    )
    statement = (
        update(inbox)
        .where(inbox.c.id.in_(locked(connection, ready, skip=True).scalar_subquery()))
        .values(state=InboxState.WORKING.value, owner=owner, lease_until=now + LEASE, attempts=inbox.c.attempts + 1)
        .returning(*_COLUMNS)
    )
    return sorted((_row(row) for row in connection.execute(statement).mappings()), key=lambda row: row.id)


def waiting_behind(connection: Connection, head: Row) -> list[Row]:
    """The person's next messages, in order: nobody else can take them while the head is being worked on."""
    query = (
        select(*_COLUMNS)
        .where(
            inbox.c.account_id == head.account_id,
            inbox.c.user_id == head.user_id,
            inbox.c.id > head.id,
            text("lane = 'talk' AND state IN ('received', 'working')"),
        )
        .order_by(inbox.c.id)
        .limit(MOST_MERGED)
    )
    return [_row(row) for row in connection.execute(query).mappings()]


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
    done = {"state": state.value, "finished_at": now, "code": code, "turn": turn, "owner": None, "lease_until": None}
    ours = and_(
        inbox.c.id == head.id,
        inbox.c.owner == owner,
        inbox.c.attempts == head.attempts,
        inbox.c.state == InboxState.WORKING.value,
    )
    if connection.execute(update(inbox).where(ours).values(**done)).rowcount != 1:
        raise FenceLost
    others = list(merged)
    if others:
        also = and_(inbox.c.id.in_(others), inbox.c.state == InboxState.RECEIVED.value)
        if connection.execute(update(inbox).where(also).values(**done)).rowcount != len(others):
            raise FenceLost


def try_again(connection: Connection, head: Row, owner: str, now: datetime, code: str) -> bool:
    """Put a failed turn back; True when it has failed too often and is parked instead."""
    if head.attempts >= MOST_ATTEMPTS:
        finish(connection, head, owner, now, state=InboxState.PARKED, code=code)
        return True
    ours = and_(
        inbox.c.id == head.id,
        inbox.c.owner == owner,
        inbox.c.attempts == head.attempts,
        inbox.c.state == InboxState.WORKING.value,
    )
    back = {
        "state": InboxState.RECEIVED.value,
        "due_at": now + RETRY_AFTER[head.attempts - 1],
        "owner": None,
        "lease_until": None,
        "code": code,
    }
    if connection.execute(update(inbox).where(ours).values(**back)).rowcount != 1:
        raise FenceLost
    return False


# ---- receipts: applied in batches ----


def claim_receipts(connection: Connection, now: datetime, limit: int) -> list[Row]:
    """Lock waiting receipts, oldest first. The caller applies and closes them in this same transaction."""
    query = (
        select(*_COLUMNS)
        .where(inbox.c.lane == literal_column("'receipt'"), inbox.c.state == _RECEIVED, inbox.c.due_at <= now)
        .order_by(inbox.c.id)
        .limit(limit)
    )
    return [_row(row) for row in connection.execute(locked(connection, query, skip=True)).mappings()]


def close_receipts(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    connection.execute(update(inbox).where(inbox.c.id.in_(ids)).values(state=InboxState.DONE.value, finished_at=now))


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
