"""What came in is kept, and begins its turn in the same transaction where there is one writer and room for it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

import pytest
from sqlalchemy import select

from bot.delivery.intake import Intake
from bot.messages import Event
from bot.runtime import Runtime
from bot.states import InboxState, Lane
from bot.store import accounts, inbox, schema
from bot.store.database import DatabaseAway
from bot.store.inbox import Row
from tests.conftest import Hands
from tests.running import until


@dataclass
class Threads:
    """Turn threads that only note what they are given."""

    free: int = 10
    slow_s: float = 0.0
    taken: list[Row] = field(default_factory=list)
    woken: list[Lane] = field(default_factory=list)

    def room(self) -> int:
        time.sleep(self.slow_s)
        return self.free

    def take(self, rows: Sequence[Row]) -> None:
        self.taken.extend(rows)

    def wake(self, lane: Lane) -> None:
        self.woken.append(lane)


@dataclass
class Gate:
    """Webhooks of one account, and what becomes of them."""

    runtime: Runtime
    hands: Hands
    threads: Threads
    account: int

    def keep(self, *events: tuple[str, Lane], wait_s: float = 1.5) -> list[int]:
        """Keep a webhook of (person, lane); the rows that are new."""
        hall = Intake(self.runtime.database, self.runtime.vault, self.hands, "here", self.threads)
        known = len(self.states())
        came = [
            (self.account, "zalo", Event("900", f"k{known + at}", user, self.hands(), lane, {}))
            for at, (user, lane) in enumerate(events)
        ]
        return [one.id for one in hall.keep(came, wait_s=wait_s)]

    def states(self) -> dict[int, str]:
        with self.runtime.database.read() as connection:
            query = select(schema.inbox.c.id, schema.inbox.c.state)
            return {row.id: row.state for row in connection.execute(query)}


@pytest.fixture
def gate(runtime: Runtime, hands: Hands) -> Gate:
    with runtime.database.read() as connection:
        zalo = next(one for one in accounts.all_accounts(connection) if one.platform == "zalo")
    return Gate(runtime, hands, Threads(), zalo.id)


def leased(gate: Gate) -> list[int]:
    return [row.id for row in gate.threads.taken]


def test_a_message_is_leased_with_its_webhook(gate: Gate) -> None:
    (number,) = gate.keep(("an", Lane.TALK))
    if gate.runtime.database.on_sqlite:
        assert (leased(gate), gate.threads.woken) == ([number], [])
        assert gate.states() == {number: InboxState.WORKING}
        assert gate.threads.taken[0].attempts == 1
    else:  # with many processes, whoever has time claims it
        assert (leased(gate), gate.threads.woken) == ([], [Lane.TALK])
        assert gate.states() == {number: InboxState.RECEIVED}


def test_what_is_handed_over_is_what_a_claim_would_read(gate: Gate, hands: Hands) -> None:
    """Its fence too: `finish` asks for the owner and the attempt that are on disk."""
    event = Event("900", "k", "an", hands() + timedelta(hours=1), Lane.TALK, MappingProxyType({"n": [1, "ế"]}))
    hall = Intake(gate.runtime.database, gate.runtime.vault, hands, "here", gate.threads)
    (kept,) = hall.keep([(gate.account, "zalo", event)], wait_s=1.5)
    if gate.runtime.database.on_sqlite:
        (row,) = gate.threads.taken
        assert row == kept.leased
        gate.runtime.database.write(lambda connection: inbox.finish(connection, row, "here", hands()))
        with gate.runtime.database.read() as connection:
            names = Row.__dataclass_fields__
            stored = connection.execute(select(*(schema.inbox.c[name] for name in names))).mappings().one()
        assert {**stored, "body": json.loads(stored["body"])} == {name: getattr(row, name) for name in names}
    else:
        assert kept.leased is None


def test_without_room_it_waits_and_the_claims_are_woken(gate: Gate) -> None:
    gate.threads.free = 0
    (number,) = gate.keep(("an", Lane.TALK))
    assert (leased(gate), gate.threads.woken) == ([], [Lane.TALK])
    assert gate.states() == {number: InboxState.RECEIVED}


def test_receipts_begin_no_turn(gate: Gate) -> None:
    gate.keep(("an", Lane.RECEIPT), ("binh", Lane.RECEIPT))
    assert (leased(gate), gate.threads.woken) == ([], [Lane.RECEIPT])


def test_a_person_has_one_message_in_work(gate: Gate) -> None:
    first, second = gate.keep(("an", Lane.TALK), ("an", Lane.TALK))
    third, other = gate.keep(("an", Lane.TALK), ("binh", Lane.TALK))
    assert gate.threads.woken == [Lane.TALK, Lane.TALK]  # somebody looks again for what could not begin
    assert leased(gate) == ([first, other] if gate.runtime.database.on_sqlite else [])
    assert {number for number, state in gate.states().items() if state == InboxState.WORKING} == set(leased(gate))
    assert set(gate.states()) == {first, second, third, other}


def test_older_messages_are_left_to_the_claims_and_a_repetition_begins_nothing(gate: Gate) -> None:
    gate.threads.free = 0
    (older,) = gate.keep(("an", Lane.TALK))
    gate.threads.free = 1
    newer, one_too_many = gate.keep(("binh", Lane.TALK), ("chi", Lane.TALK))
    begun = [newer] if gate.runtime.database.on_sqlite else []
    assert leased(gate) == begun
    assert gate.states()[older] == gate.states()[one_too_many] == InboxState.RECEIVED
    gate.threads.woken.clear()
    again = (gate.account, "zalo", Event("900", "k0", "an", gate.hands(), Lane.TALK, {}))
    hall = Intake(gate.runtime.database, gate.runtime.vault, gate.hands, "here", gate.threads)
    assert hall.keep([again], wait_s=1.5) == []
    assert (leased(gate), gate.threads.woken) == (begun, [])


def test_nothing_is_handed_over_that_was_not_written(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseAway

    monkeypatch.setattr(gate.runtime.database, "write", away)
    with pytest.raises(DatabaseAway):
        gate.keep(("an", Lane.TALK))
    assert (leased(gate), gate.threads.woken) == ([], [])


def test_what_is_written_too_late_for_its_webhook_is_answered_all_the_same(gate: Gate) -> None:
    """The platform hears 503 and comes again with a duplicate, which begins nothing."""
    gate.threads.slow_s = 0.5
    with pytest.raises(DatabaseAway) if gate.runtime.database.on_sqlite else nullcontext():
        gate.keep(("an", Lane.TALK), wait_s=0.05)
    until(lambda: bool(gate.threads.taken or gate.threads.woken))
    (number,) = gate.states()
    assert leased(gate) == ([number] if gate.runtime.database.on_sqlite else [])
