"""Receipts that meet a fault: a bad one is put aside, one that only lost a race is applied all the same."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.states import InboxState
from bot.store.schema import early_receipts, inbox
from tests.delivery.conftest import Stage


class LostARace(sqlite3.OperationalError):
    """As the driver of PostgreSQL tells a deadlock."""

    sqlstate = "40P01"
    sqlite_errorname = "SQLITE_ERROR"


def _fail_once(stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    receipts = stage.runtime.worker._receipts
    real, faults = receipts._apply, [error]

    def apply(*of: Any) -> None:
        if faults:
            raise faults.pop()
        real(*of)

    monkeypatch.setattr(receipts, "_apply", apply)


def _receipts(stage: Stage) -> list[tuple[str, int]]:
    query = select(inbox.c.state, inbox.c.attempts).where(inbox.c.lane == "receipt").order_by(inbox.c.id)
    with stage.runtime.database.read() as connection:
        return [(state, attempts) for state, attempts in connection.execute(query)]


def _sent(stage: Stage) -> None:
    stage.say("messenger")
    stage.quiet()
    stage.turns()
    stage.send()
    stage.quiet()


def test_a_lost_race_is_not_the_receipts_fault(stage_on_each: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = stage_on_each
    _sent(stage)
    _fail_once(stage, monkeypatch, OperationalError("UPDATE", {}, LostARace("deadlock detected")))
    try:
        stage.runtime.worker._receipts.work()  # PostgreSQL: again by itself
    except OperationalError:
        assert stage.runtime.database.on_sqlite  # which has one writer, and no race to lose
    stage.settle()
    assert {state for state, _ in _receipts(stage)} == {InboxState.DONE.value}
    assert {attempts for _, attempts in _receipts(stage)} <= {0, 1}
    assert stage.states("messenger")[0] == "delivered"


def test_receipts_of_another_system_on_the_page_leave_nothing_behind(stage: Stage) -> None:
    _sent(stage)
    stage.settle()
    (account,) = [one for one in stage.runtime.directory.accounts() if one.platform == "messenger"]
    item = {
        "sender": {"id": "5"},
        "recipient": {"id": account.external_id},
        "timestamp": 1790000000000,
        "delivery": {"mids": ["m_of_another_system"], "watermark": 1790000000000},
    }
    body = {"object": "page", "entry": [{"id": account.external_id, "time": 1790000000000, "messaging": [item]}]}
    events = stage.runtime.platforms["messenger"].split(json.dumps(body).encode())
    came = [(account.id, "messenger", event) for event in events]
    assert len(stage.runtime.intake.keep(came, wait_s=5)) == 1
    assert stage.runtime.worker._receipts.work() == 1
    assert _receipts(stage)[-1] == ("done", 0)
    with stage.runtime.database.read() as connection:
        assert connection.execute(select(early_receipts)).all() == []


def test_a_receipt_that_fails_is_tried_again_and_counted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    _sent(stage)
    before = _receipts(stage)
    _fail_once(stage, monkeypatch, ValueError("not as expected"))
    assert stage.runtime.worker._receipts.work() == 1
    after = _receipts(stage)
    assert sum(attempts for _, attempts in after) == sum(attempts for _, attempts in before) + 1
    stage.later(seconds=10)
    assert stage.states("messenger")[0] == "delivered"
