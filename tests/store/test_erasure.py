"""Forgetting: nothing of a person stays, nothing old brings them back, and who writes again is new."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Table, event, func, insert, select

from bot.states import Lane, Origin, OutboxEvent
from bot.store import erasure, exports, inbox, outbox, persons
from bot.store.database import Database
from bot.store.schema import forgotten, metadata
from bot.store.schema import inbox as inbox_table
from bot.store.schema import outbox as outbox_table
from bot.store.schema import persons as persons_table
from bot.store.tables import metadata as all_tables
from bot.store.vault import Vault
from tests.conftest import Hands, new_postgres
from tests.store.conftest import Desk, add_account

SECRET_WORDS = "điều chỉ người này biết"


@pytest.fixture
def postgres_desk(postgres_server: str, postgres_with_tables: str, vault: Vault, hands: Hands) -> Iterator[Desk]:
    """For what only a database with many writers does."""
    made = Database(new_postgres(postgres_server, postgres_with_tables))
    yield Desk(made, vault, hands, add_account(made, vault, hands))
    made.close()


def fill(desk: Desk, user: str) -> int:
    """Leave something of a person in every table that one turn or another writes."""
    person = desk.person(user)
    desk.do(persons.change, person, unit_said=SECRET_WORDS, memory={"x": SECRET_WORDS}, turns=7, subscribed=True)
    desk.do(
        persons.add_consent,
        person,
        purpose="announcements",
        given=True,
        words=SECRET_WORDS,
        version="1",
        channel="zalo",
        now=desk.hands(),
    )
    desk.do(persons.add_miss, person, SECRET_WORDS, (), desk.hands())
    desk.do(persons.open_handover, person, reason=SECRET_WORDS, urgent=False, now=desk.hands())
    desk.do(exports.open_link, person, desk.hands())
    desk.keep(desk.event(user, text=SECRET_WORDS), desk.event(user, lane=Lane.RECEIPT, text=SECRET_WORDS))
    desk.queue(person, SECRET_WORDS)
    desk.queue(person, SECRET_WORDS, origin=Origin.NOTICE)
    return person


def everything(desk: Desk) -> str:
    """Read every row of every table as one text."""
    with desk.database.read() as connection:
        tables: list[Table] = all_tables.sorted_tables
        return "\n".join(str(dict(row)) for table in tables for row in connection.execute(select(table)).mappings())


def people(desk: Desk) -> int:
    with desk.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(persons_table)) or 0


def test_no_table_keeps_a_word_of_somebody_forgotten(desk: Desk) -> None:
    person = fill(desk, "leaver-4711")
    fill(desk, "stayer")
    assert SECRET_WORDS in everything(desk)
    assert desk.do(erasure.forget, desk.vault, person, desk.hands())
    mine = [row for row in everything(desk).splitlines() if f"'person_id': {person}," in row or "4711" in row]
    assert [row for row in mine if "leaving_at" not in row] == []  # only the bare row that the last word needs
    assert SECRET_WORDS not in "".join(mine)
    assert SECRET_WORDS in everything(desk)  # the other one's
    desk.hands.pass_by(seconds=31)
    assert desk.do(erasure.sweep, desk.hands()) == 1
    assert "4711" not in everything(desk)
    assert people(desk) == 1


def test_every_table_that_hangs_on_a_persons_table_goes_with_it() -> None:
    """A table that points at a row of a person would keep `forget` from deleting that row."""
    theirs = set(erasure.tables_of_people())
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table in theirs:
                assert table in theirs or key.ondelete == "CASCADE", f"{table.name}.{key.parent.name}"


def test_the_last_word_goes_out_before_the_row_does(desk: Desk) -> None:
    person = fill(desk, "leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    word = desk.queue(person, "đã xoá")
    desk.hands.pass_by(minutes=5)
    assert desk.do(erasure.sweep, desk.hands()) == 0
    assert desk.claimed(word).user_id == "leaver"
    desk.do(outbox.move, OutboxEvent.ACCEPTED, outbox_table.c.id == word, desk.hands())
    assert desk.do(erasure.sweep, desk.hands()) == 1
    assert people(desk) == 0


def test_a_last_word_that_cannot_go_keeps_nobody_for_ever(desk: Desk) -> None:
    person = fill(desk, "leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    desk.queue(person, "đã xoá")
    desk.hands.pass_by(hours=25)
    assert desk.do(erasure.sweep, desk.hands()) == 1
    assert people(desk) == 0


def test_a_last_word_in_doubt_keeps_nobody_after_its_second_try(desk: Desk) -> None:
    person = fill(desk, "leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    word = desk.queue(person, "đã xoá")
    for _ in range(2):
        row = desk.claimed(word)
        event = OutboxEvent.NO_ANSWER
        desk.do(outbox.move_ours, event, row, desk.hands(), due_at=desk.hands(), doubts=row.doubts + 1)
        desk.do(outbox.resolve_doubts, desk.hands())
    desk.hands.pass_by(seconds=31)
    assert desk.do(erasure.sweep, desk.hands()) == 1


def test_a_redelivered_event_and_an_old_one_bring_nobody_back(desk: Desk) -> None:
    event = desk.event("leaver")
    desk.keep(event)
    person = desk.person("leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    old = desk.event("leaver", at=desk.hands() - timedelta(seconds=1))
    assert desk.keep(event, old) == []
    desk.hands.pass_by(hours=1)
    assert desk.keep(event, old) == []


def test_who_writes_again_is_new(desk: Desk) -> None:
    person = fill(desk, "leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    desk.hands.pass_by(seconds=5)
    assert len(desk.keep(desk.event("leaver"))) == 1
    found = desk.do(persons.find, desk.account, "leaver")
    assert found is not None
    assert (found.turns, found.memory, found.unit_said) == (0, {}, "")
    assert not found.subscribed
    assert not found.handed_over
    desk.do(persons.change, found.id, leaving_at=None)  # as a turn does
    desk.hands.pass_by(minutes=5)
    assert desk.do(erasure.sweep, desk.hands()) == 0


def test_whoever_wrote_again_and_waits_is_not_swept(desk: Desk) -> None:
    person = fill(desk, "leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    desk.hands.pass_by(seconds=31)
    ((message, _),) = desk.keep(desk.event("leaver"))
    assert desk.do(erasure.sweep, desk.hands()) == 0
    (row,) = desk.claim_talk()
    desk.hands.pass_by(hours=25)  # however long it takes
    assert desk.do(erasure.sweep, desk.hands()) == 0
    assert (row.id, desk.inbox_row(message).state) == (message, "working")
    desk.do(inbox.finish, row, "w1", desk.hands())
    assert desk.do(erasure.sweep, desk.hands()) == 1  # the turn left them leaving


@pytest.mark.postgres
def test_a_sweep_leaves_alone_whom_a_turn_is_writing(postgres_desk: Desk) -> None:
    """Nothing but the row's lock tells: what the turn wrote is not seen before it commits."""
    desk = postgres_desk
    person = desk.person("leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    desk.hands.pass_by(seconds=31)
    with desk.database.engine.begin() as turn:
        persons.change(turn, person, leaving_at=None)
        assert desk.do(erasure.sweep, desk.hands()) == 0
    desk.do(persons.change, person, leaving_at=desk.hands())
    desk.hands.pass_by(seconds=31)
    with desk.database.engine.begin() as turn:  # it only queues something
        outbox.add(turn, [outbox.Draft(desk.account, person, Origin.REPLY, {"text": "x"})], desk.hands())
        assert desk.do(erasure.sweep, desk.hands()) == 0
    assert people(desk) == 1


@pytest.mark.postgres
def test_what_comes_in_while_a_sweep_is_at_work_is_kept(postgres_desk: Desk) -> None:
    desk = postgres_desk
    person = desk.person("leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    desk.hands.pass_by(seconds=31)
    kept: list[tuple[int, str]] = []

    def write_meanwhile(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("DELETE") and not kept:
            kept.append((0, ""))
            kept[:] = desk.keep(desk.event("leaver"))

    event.listen(desk.database.engine, "before_cursor_execute", write_meanwhile)
    assert desk.do(erasure.sweep, desk.hands()) == 1
    assert desk.inbox_row(kept[0][0]).state == "received"
    assert people(desk) == 0


def test_who_came_back_before_the_sweep_is_not_forgotten_by_a_restore(desk: Desk) -> None:
    person = fill(desk, "leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    desk.hands.pass_by(seconds=5)
    desk.do(persons.change, person, leaving_at=None, turns=9, unit_said="Xưởng 3")  # as turns do
    desk.hands.pass_by(days=60)
    assert desk.do(erasure.forget_again, desk.vault, desk.hands()) == 0
    found = desk.do(persons.find, desk.account, "leaver")
    assert found is not None
    assert (found.turns, found.unit_said) == (9, "Xưởng 3")


def test_a_late_receipt_of_the_last_word_leaves_no_trace(desk: Desk) -> None:
    person = fill(desk, "leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    desk.hands.pass_by(seconds=5)
    assert len(desk.keep(desk.event("leaver", lane=Lane.RECEIPT))) == 1  # the row is still there
    desk.hands.pass_by(seconds=31)
    assert desk.do(erasure.sweep, desk.hands()) == 1
    assert desk.keep(desk.event("leaver", lane=Lane.RECEIPT)) == []
    with desk.database.read() as connection:
        assert connection.execute(select(inbox_table)).all() == []
    assert len(desk.keep(desk.event("leaver"))) == 1  # but who writes is heard


@pytest.mark.parametrize("keys", [["new key that is long enough to be one", "the old key"], ["the old key"]])
def test_a_rotated_key_still_knows_who_was_forgotten(desk: Desk, keys: list[str]) -> None:
    desk.vault = Vault(["the old key"])
    person = desk.person("leaver")
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    desk.vault = Vault(keys)
    assert desk.keep(desk.event("leaver")) == []


def test_what_is_kept_of_the_forgotten_tells_nobody_who_it_was(desk: Desk) -> None:
    desk.do(erasure.forget, desk.vault, fill(desk, "leaver"), desk.hands())
    with desk.database.read() as connection:
        rows = connection.execute(select(forgotten)).all()
    assert {row.kind for row in rows} == {"person", "event"}
    assert all(len(row.hash) == 64 and set(row.hash) <= set("0123456789abcdef") for row in rows)


def test_a_restored_backup_is_forgotten_again(desk: Desk) -> None:
    person = desk.person("leaver")
    with desk.database.read() as connection:
        before = dict(connection.execute(select(persons_table)).mappings().one())
    desk.hands.pass_by(hours=1)
    desk.do(erasure.forget, desk.vault, person, desk.hands())
    desk.hands.pass_by(minutes=1)
    desk.do(erasure.sweep, desk.hands())
    desk.database.write(lambda connection: connection.execute(insert(persons_table).values(**before)))
    desk.person("stayer")
    assert desk.do(erasure.forget_again, desk.vault, desk.hands()) == 1
    desk.hands.pass_by(minutes=1)
    desk.do(erasure.sweep, desk.hands())
    assert desk.do(persons.find, desk.account, "leaver") is None
    assert people(desk) == 1


def test_nobody_is_forgotten_twice(desk: Desk) -> None:
    assert not desk.do(erasure.forget, desk.vault, 12345, desk.hands())
