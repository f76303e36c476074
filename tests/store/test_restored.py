"""An old backup sends nothing again on a guess; a fresh one goes on where it stood. On both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.states import Lane, Origin, OutboxEvent, OutboxState
from bot.store import announcements, articles, backup, conversations, marks, outbox
from bot.store.announcements import announcements as announced
from bot.store.backup import Read
from bot.store.restored import HeldBack
from bot.store.schema import inbox
from bot.store.schema import outbox as messages
from tests.store.conftest import Desk

HOUR = timedelta(hours=1)


def announcement(desk: Desk, state: str, send_at: datetime | None = None) -> int:
    """One whose messages are made, in a state as it stands."""
    number = desk.do(announcements.add, desk.hands(), None, title="Mời họp", body="x", send_at=send_at)
    desk.do(announcements.change, number, state=state, fanned_out=True)
    desk.do(announcements.over, number, [desk.account])
    return number


def states(desk: Desk, table: Any) -> dict[int, tuple[str, str]]:
    """Of each row its state and the code."""
    code = table.c.state_code if table is announced else table.c.code
    with desk.database.read() as connection:
        return {row[0]: (row[1], row[2]) for row in connection.execute(select(table.c.id, table.c.state, code))}


def restored(desk: Desk, folder: Path, after: timedelta) -> Read:
    """Back up, let everything go out, and after a while read the backup."""
    backup.backup(desk.database, folder / "b.zip", folder / "files", desk.hands())
    desk.do(lambda connection: connection.execute(update(messages).values(state="sent", blocks=False)))
    desk.do(lambda connection: connection.execute(update(inbox).values(state="done")))
    desk.hands.at += after
    return backup.restore(desk.database, desk.vault, folder / "b.zip", folder / "files", desk.hands(), replace=True)


def in_every_state(desk: Desk) -> dict[OutboxState, int]:
    person = desk.person()
    rows = {state: desk.queue(person) for state in OutboxState}
    for state, number in rows.items():
        desk.put_in_state(number, state)
    return rows


OPEN = {OutboxState.QUEUED, OutboxState.WAITING, OutboxState.SENDING, OutboxState.UNSURE}


def test_unsent_messages_of_an_old_backup_are_left_to_staff(desk: Desk, tmp_path: Path) -> None:
    rows = in_every_state(desk)
    decided = desk.queue(desk.person())
    desk.put_in_state(decided, OutboxState.UNSURE)
    left = update(messages).where(messages.c.id == decided).values(blocks=False, code="unsure.fault")
    desk.do(lambda connection: connection.execute(left))
    read = restored(desk, tmp_path, 8 * HOUR)
    assert read.held_back == HeldBack(paused=0, asking=0, articles=0, messages=len(OPEN), closed=0)
    found = states(desk, messages)
    assert {state for state, number in rows.items() if found[number] == ("unsure", "unsure.restored")} == OPEN
    assert {state for state, number in rows.items() if found[number][0] == state} == set(OutboxState) - OPEN | {
        OutboxState.UNSURE
    }
    assert found[decided] == ("unsure", "unsure.fault")
    desk.hands.pass_by(hours=1)
    assert desk.do(outbox.resolve_doubts, desk.hands()) == (0, 0)
    assert desk.do(outbox.return_leases, desk.hands(), alive="w9") == (0, 0)
    assert desk.claim() == []
    stuck = desk.do(conversations.stuck, None)
    assert {one.id for one in stuck} == {*(rows[state] for state in OPEN), decided}
    assert desk.do(conversations.settle, desk.hands(), 1, "unsure", rows[OutboxState.QUEUED], "again")
    assert [row.id for row in desk.claim()] == [rows[OutboxState.QUEUED]]


def test_a_running_announcement_of_an_old_backup_waits_for_an_officer(desk: Desk, tmp_path: Path) -> None:
    was_running, was_paused = announcement(desk, "running"), announcement(desk, "paused")
    due = announcement(desk, "approved", desk.hands() + HOUR)
    by_hand, later = announcement(desk, "approved"), announcement(desk, "approved", desk.hands() + 10 * HOUR)
    over = announcement(desk, "closed")
    row = desk.queue(desk.person(), origin=Origin.ANNOUNCEMENT, announcement_id=was_running)
    desk.do(articles.add, was_running, {desk.account: "a1"}, desk.hands())
    read = restored(desk, tmp_path, 8 * HOUR)
    assert read.held_back == HeldBack(paused=1, asking=1, articles=1, messages=1, closed=0)
    code = "announcement.restored"
    assert states(desk, announced) == {
        was_running: ("paused", code), was_paused: ("paused", code), due: ("asking", code),
        by_hand: ("approved", code), later: ("approved", ""), over: ("closed", ""),
    }  # fmt: skip
    with desk.database.read() as connection:
        assert {alarm.code for alarm in marks.open_alarms(connection)} == {code}
        assert articles.of(connection, was_running)[0].state == articles.UNSURE
    assert desk.do(announcements.move, "resume", was_running)
    hands = (desk.account, "w", desk.hands(), 5, was_running, 3)
    assert desk.do(announcements.claim, *hands) == []
    assert desk.do(articles.due, desk.hands()) == []
    desk.do(outbox.move, OutboxEvent.RESEND, messages.c.id == row, desk.hands(), due_at=desk.hands())
    assert [one.id for one in desk.do(announcements.claim, *hands)] == [row]


def test_what_waited_for_an_answer_is_closed(desk: Desk, tmp_path: Path) -> None:
    desk.keep(desk.event(), desk.event("u2"), desk.event("u2", lane=Lane.RECEIPT))
    assert len(desk.claim_talk(limit=1)) == 1
    read = restored(desk, tmp_path, 8 * HOUR)
    assert read.held_back == HeldBack(paused=0, asking=0, articles=0, messages=0, closed=3)
    assert set(states(desk, inbox).values()) == {("ignored", "stale")}
    assert desk.claim_talk() == []


@pytest.mark.parametrize("age", [timedelta(minutes=5), timedelta(seconds=-30)])
def test_a_fresh_backup_goes_on_as_it_stood(desk: Desk, tmp_path: Path, age: timedelta) -> None:
    number = announcement(desk, "running")
    rows = [desk.queue(desk.person()), desk.queue(desk.person(), origin=Origin.ANNOUNCEMENT, announcement_id=number)]
    desk.keep(desk.event())
    assert restored(desk, tmp_path, age).held_back is None
    assert desk.states(rows) == ["queued", "queued"]
    assert states(desk, announced) == {number: ("running", "")}
    desk.hands.pass_by(minutes=1)
    assert [row.id for row in desk.claim()] == rows[:1]
    assert len(desk.claim_talk()) == 1
