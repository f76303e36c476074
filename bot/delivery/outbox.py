"""Step 5 of the way of a message: one message, one attempt. Lease it, send it, write down what became of it.

Nothing comes after this step but the platform's receipts (`receipts.py`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot import logs
from bot.clock import Clock
from bot.delivery import tokens
from bot.delivery.directory import Directory
from bot.delivery.tally import Tally
from bot.delivery.tokens import Tokens
from bot.messages import Receipt
from bot.platforms.contract import Cancelled
from bot.platforms.errors import Refusal, SendError
from bot.platforms.rules import HUMAN_AGENT, Rules
from bot.states import Origin, OutboxEvent
from bot.store import accounts, marks, outbox, persons
from bot.store.accounts import Account
from bot.store.database import Database, DatabaseAway
from bot.store.outbox import Claimed

MOST_REJECTED_TRIES = 2
LONGEST_BACKOFF_S = 300.0
NAMED_FOR = timedelta(minutes=15)  # a limit that the platform no longer names is over


class Outbox:
    """Carries one leased row to its platform. Any number of threads may call `attempt`."""

    def __init__(
        self, database: Database, directory: Directory, tokens: Tokens, rules: Rules, clock: Clock, tally: Tally
    ) -> None:
        self._database = database
        self._directory = directory
        self._tokens = tokens
        self._rules, self._windows = rules, rules.windows
        self._clock = clock
        self._tally = tally
        self._after: dict[Refusal, Callable[[Claimed, SendError], None]] = {
            Refusal.UNREACHABLE: self._unreachable,
            Refusal.BLOCKED: self._unreachable,
            Refusal.THROTTLED: self._throttled,
            Refusal.WINDOW_CLOSED: self._window_closed,
            Refusal.REJECTED: self._rejected,
            Refusal.MISCONFIGURED: self._misconfigured,
            Refusal.TOKEN_EXPIRED: self._token_expired,
            Refusal.UNSURE: self._unsure,
        }

    def attempt(self, row: Claimed) -> None:
        """Try once. Whatever happens is written down; only a database that is away raises."""
        logs.correlation.set(row.turn)
        # who may cost something is reached as long as an officer's own words would be
        origin = Origin.STAFF if row.body.get("billed") else row.origin
        way = row.body.get("way")
        late = not way and not self._windows.open(row.account.platform, origin, row.wrote_at, self._clock())
        if (way and not self._permitted(row, way)) or (late and not self._may_be_late(row)):
            self._hold(row, "window.closed")
            return
        try:
            receipt = self._send(row, late=late)
        except Cancelled:
            return
        except DatabaseAway:
            raise  # before the request left: it could not be noted that it would
        except SendError as error:
            self._tally.add(f"send.{error.refusal.value}")
            logs.event("send.refused", row=row.id, refusal=error.refusal, code=error.code, vendor=error.vendor)
            if error.alarm:
                self._alarm(row, error)
            self._after[error.refusal](row, error)
        except Exception:  # noqa: BLE001 - a fault of ours must not leave the row to its lease
            logs.failure("send.failed", row=row.id)
            self._unsure(row, SendError(Refusal.UNSURE, "unsure.fault"))
        else:
            self._accepted(row, receipt)

    def _permitted(self, row: Claimed, way: str) -> bool:
        """By a way of its own (an approved template): is that in force, and does it reach so far back?"""
        now = self._clock()
        rule = self._rules.way(row.account.platform, way, now.date())
        return rule is not None and rule.permits(row.wrote_at, now)

    def _may_be_late(self, row: Claimed) -> bool:
        """An officer typed it, and the platform lets officers of this account write after the window."""
        if not (row.body.get("human") and row.account.human_agent):
            return False
        return self._windows.open(row.account.platform, row.origin, row.wrote_at, self._clock(), grant=HUMAN_AGENT)

    def _send(self, row: Claimed, *, late: bool) -> Receipt:
        platform = self._directory.platform(row.account)
        return platform.send(
            self._directory.access(row.account),
            row.user_id,
            {name: value for name, value in row.body.items() if name not in outbox.OURS},
            tag=f"out-{row.id}",
            late=late,
            started=lambda: self._begin(row),
        )

    def _begin(self, row: Claimed) -> bool:
        now = self._clock()
        return outbox.begins(row, now) or self._database.write(lambda connection: outbox.begin(connection, row, now))

    def _alarm(self, row: Claimed, error: SendError) -> None:
        cause, now = f"send:{row.account.id}:{error.code}", self._clock()
        self._database.write(
            lambda connection: marks.raise_alarm(
                connection, cause, error.code, now, account=row.account.name or row.account.external_id
            )
        )

    # ---- what became of it ----

    def _accepted(self, row: Claimed, receipt: Receipt) -> None:
        now = self._clock()
        slower = _named_rate(receipt, row.account, now)

        def op(connection: Connection) -> None:
            outbox.accepted(connection, row, receipt.message_id, now)
            if slower is not None:
                accounts.change(connection, row.account.id, named_rate=slower, named_until=now + NAMED_FOR)

        self._database.write(op)
        if slower is not None:
            logs.event("account.slower", account=row.account.id, rate=round(slower, 3))
        self._tally.add("send.accepted")
        logs.event("send.accepted", row=row.id, account=row.account.id)

    def _unreachable(self, row: Claimed, error: SendError) -> None:
        def op(connection: Connection) -> None:
            self._moved(connection, row, OutboxEvent.REFUSED, code=error.code)
            persons.change(connection, row.person_id, reachable=False, unreachable_code=error.code)

        self._database.write(op)

    def _throttled(self, row: Claimed, error: SendError) -> None:
        """With a time the whole account rests until then; without one only this message waits."""
        due = error.retry_at or self._later(row)

        def op(connection: Connection) -> None:
            self._moved(connection, row, OutboxEvent.TRY_LATER, code=error.code, due_at=due)
            if error.retry_at is not None:
                accounts.change(connection, row.account.id, paused_until=error.retry_at, allowance=0)

        self._database.write(op)

    def _window_closed(self, row: Claimed, error: SendError) -> None:
        """The platform's clock decides, whatever ours said. With a time (the night rule) it opens again by itself."""
        if error.retry_at is not None:
            self._move(row, OutboxEvent.TRY_LATER, code=error.code, due_at=error.retry_at)
        else:
            self._hold(row, error.code)

    def _hold(self, row: Claimed, code: str) -> None:
        """Keep it until the person writes; a template goes as plain words then, which cost nothing."""
        plain = row.body.get("plain")
        words = {"body": json.dumps(plain, ensure_ascii=False)} if plain else {}
        self._move(row, OutboxEvent.WINDOW_CLOSED, code=code, **words)

    def _rejected(self, row: Claimed, error: SendError) -> None:
        if error.transient and row.attempts < MOST_REJECTED_TRIES:
            self._move(row, OutboxEvent.TRY_LATER, code=error.code, due_at=error.retry_at or self._later(row))
        else:
            self._move(row, OutboxEvent.REFUSED, code=error.code)

    def _misconfigured(self, row: Claimed, error: SendError) -> None:
        self._move(row, OutboxEvent.TRY_LATER, code=error.code, due_at=self._clock())
        tokens.hold(self._database, row.account, error.code, self._clock())
        self._directory.changed()

    def _token_expired(self, row: Claimed, error: SendError) -> None:
        renewed = self._tokens.renew(row.account)
        due = self._clock() + (timedelta() if renewed else timedelta(seconds=1))
        self._move(row, OutboxEvent.TRY_LATER, code=error.code, due_at=due)

    def _unsure(self, row: Claimed, error: SendError) -> None:
        due = self._clock() + outbox.DOUBT
        self._move(row, OutboxEvent.NO_ANSWER, code=error.code, due_at=due, doubts=row.doubts + 1)

    def _move(self, row: Claimed, event: OutboxEvent, **values: object) -> None:
        self._database.write(lambda connection: self._moved(connection, row, event, **values))

    def _moved(self, connection: Connection, row: Claimed, event: OutboxEvent, **values: object) -> bool:
        return outbox.move_ours(connection, event, row, self._clock(), **values)

    def _later(self, row: Claimed) -> datetime:
        """Twice as long after each attempt, with jitter so that a crowd does not come back at once."""
        seconds = min(LONGEST_BACKOFF_S, 2.0 ** min(row.attempts, 9))
        return self._clock() + timedelta(seconds=seconds * (0.5 + random.random()))


def _named_rate(receipt: Receipt, account: Account, now: datetime) -> float | None:
    """A lower limit that the platform names in its answer, in messages a second, when it is news."""
    named = receipt.facts.get("rate_limit")
    if not isinstance(named, int | float) or named <= 0:
        return None
    rate = float(named) / 60
    if rate > account.rate * 0.99:
        return None
    known = account.named_rate if account.named_until and account.named_until > now + NAMED_FOR / 2 else None
    return None if known is not None and abs(known - rate) < known * 0.01 else rate
