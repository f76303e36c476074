"""A database with one account, and short ways to put events and messages into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, select, update

from bot.messages import Event
from bot.states import Lane, Origin, OutboxState
from bot.store import accounts, inbox, outbox, persons
from bot.store.database import Database
from bot.store.outbox import Claimed, Draft
from bot.store.schema import inbox as inbox_table
from bot.store.schema import outbox as outbox_table
from bot.store.vault import Vault
from tests.conftest import Hands

T = TypeVar("T")


@dataclass
class Desk:
    """One account's queues, with a clock that stands."""

    database: Database
    vault: Vault
    hands: Hands
    account: int
    platform: str = "messenger"
    _keys: int = 0

    def do(self, op: Callable[..., T], *args: Any, **named: Any) -> T:
        return self.database.write(lambda connection: op(connection, *args, **named))

    # ---- in ----

    def event(self, user: str | None = "u1", key: str | None = None, lane: Lane = Lane.TALK, **more: Any) -> Event:
        self._keys += 1
        at: datetime = more.pop("at", self.hands())
        return Event("900", key or f"k{self._keys}", user, at, lane, more or {"n": self._keys})

    def keep(self, *events: Event, account: int | None = None) -> list[tuple[int, str]]:
        wanted = [(account or self.account, self.platform, event) for event in events]
        return [(one.id, one.lane.value) for one in self.do(inbox.keep, self.vault, wanted, self.hands())]

    def claim_talk(self, owner: str = "w1", limit: int = 10) -> list[inbox.Row]:
        return self.do(inbox.claim_talk, owner, self.hands(), limit)

    def inbox_row(self, number: int) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(inbox_table).where(inbox_table.c.id == number)).one()

    # ---- out ----

    def person(self, user: str = "u1") -> int:
        number = self.do(persons.ensure, self.account, user, self.hands())
        self.do(persons.change, number, wrote_at=self.hands())
        return number

    def queue(self, person: int, text: str = "x", origin: Origin = Origin.REPLY, **more: Any) -> int:
        draft = Draft(self.account, person, origin, {"text": text}, **more)
        return self.do(outbox.add, [draft], self.hands())[0]

    def claim(self, owner: str = "w1", limit: int = 10, **more: Any) -> list[Claimed]:
        return self.do(outbox.claim, self.account, owner, self.hands(), limit, **more)

    def claimed(self, number: int) -> Claimed:
        return next(row for row in self.claim() if row.id == number)

    def sent(self, number: int, message_id: str = "m1") -> Claimed:
        row = self.claimed(number)
        assert self.do(outbox.accepted, row, message_id, self.hands())
        return row

    def row(self, number: int) -> Any:
        with self.database.read() as connection:
            return connection.execute(select(outbox_table).where(outbox_table.c.id == number)).one()

    def state(self, number: int) -> OutboxState:
        return OutboxState(self.row(number).state)

    def states(self, numbers: Sequence[int]) -> list[str]:
        return [self.state(number).value for number in numbers]

    def put_in_state(self, number: int, state: OutboxState) -> None:
        """Set a state as it stands, for tests of what may follow it."""
        values = {"state": state.value, "owner": "w1", "attempts": 1, "lease_until": self.hands() + timedelta(hours=1)}
        self.do(lambda connection: _set(connection, number, values))

    def rate(self, *, rate: float, burst: float, allowance: float) -> None:
        now = self.hands()
        self.do(accounts.change, self.account, rate=rate, burst=burst, allowance=allowance, refilled_at=now)


def _set(connection: Connection, number: int, values: dict[str, Any]) -> None:
    connection.execute(update(outbox_table).where(outbox_table.c.id == number).values(**values))


@pytest.fixture
def vault() -> Vault:
    return Vault(["a key for tests that is long enough"])


@pytest.fixture
def desk(database: Database, vault: Vault, hands: Hands) -> Desk:
    return Desk(database, vault, hands, add_account(database, vault, hands))


def add_account(database: Database, vault: Vault, hands: Hands, external_id: str = "900") -> int:
    def op(connection: Connection) -> int:
        app = accounts.save_app(
            connection, vault, platform="messenger", app_id="app", keys={}, simulated=False, now=hands()
        )
        return accounts.save_account(connection, platform="messenger", external_id=external_id, app_pk=app, now=hands())

    return database.write(op)
