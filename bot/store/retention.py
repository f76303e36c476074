"""Deletes what is too old, a little at a time: a purge must never be felt by a webhook."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from bot.store.conversations import notes
from bot.store.data_requests import data_requests
from bot.store.database import Database
from bot.store.notifications import staff_notices
from bot.store.said import said
from bot.store.schema import alarms, counts, early_receipts, exports, forgotten, handovers, inbox, misses, outbox

BATCH = 500
PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` go so many days after `since`; an open row (`since` is NULL) never does."""

    table: Table
    since: Any
    days: int


def rules(*, messages: int, consents: int) -> Sequence[Rule]:
    """Days by table. Event keys outlive every redelivery of the platforms (a week) in any case."""
    messages = max(messages, 8)
    return (
        Rule(inbox, inbox.c.finished_at, messages),
        Rule(outbox, outbox.c.finished_at, messages),
        Rule(early_receipts, early_receipts.c.received_at, 8),
        Rule(said, said.c.at, messages),
        Rule(notes, notes.c.at, messages),
        Rule(staff_notices, staff_notices.c.at, 90),
        Rule(data_requests, data_requests.c.closed_at, consents),
        Rule(misses, misses.c.at, messages),
        Rule(handovers, handovers.c.closed_at, messages),
        Rule(exports, exports.c.until, 1),
        Rule(alarms, alarms.c.over_at, 90),
        Rule(forgotten, forgotten.c.at, max(consents, 400)),
    )


def purge(database: Database, which: Sequence[Rule], now: datetime, pause: Callable[[float], None] = time.sleep) -> int:
    """Apply the rules in small transactions; how many rows went."""
    gone = 0
    for rule in which:
        before = now - timedelta(days=rule.days)
        while True:
            n = database.write(partial(_some, rule=rule, before=before))
            gone += n
            if n < BATCH:
                break
            pause(PAUSE_S)
    old = (now - timedelta(days=1100)).date().isoformat()
    database.write(lambda connection: connection.execute(delete(counts).where(counts.c.day < old)))
    return gone


def _some(connection: Connection, *, rule: Rule, before: datetime) -> int:
    key = next(iter(rule.table.primary_key.columns))
    some = select(key).where(rule.since < before).limit(BATCH)
    return connection.execute(delete(rule.table).where(key.in_(some.scalar_subquery()))).rowcount
