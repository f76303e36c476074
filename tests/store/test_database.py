"""The one writer on a real SQLite file: group commit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from bot.store.database import Database, DatabaseAway
from bot.store.schema import marks, metadata
from tests.running import until

NOW = datetime(2026, 5, 18, 4, 15, 0, 123456, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'bot.db'}")
    made.write(metadata.create_all)
    yield made
    made.close()


def _add(database: Database, name: str, *, urgent: bool = False) -> None:
    def op(connection: Connection) -> None:
        connection.execute(insert(marks).values(name=name, value="", at=NOW))

    database.write(op, urgent=urgent)


def _count(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(marks)) or 0


def test_a_write_is_seen_by_the_next_read(database: Database) -> None:
    _add(database, "a")
    assert _count(database) == 1


def test_a_moment_comes_back_aware_and_to_the_microsecond(database: Database) -> None:
    _add(database, "a")
    with database.read() as connection:
        assert connection.scalar(select(marks.c.at)) == NOW


def test_many_threads_write_at_once_and_nothing_is_lost(database: Database) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: _add(database, f"m{number}", urgent=number % 3 == 0), range(1000)))
    assert _count(database) == 1000


def test_who_is_in_a_hurry_comes_before_who_waits_longer(database: Database) -> None:
    busy, free, done = threading.Event(), threading.Event(), []

    def hold(_: Connection) -> None:
        busy.set()
        free.wait(10)

    def note(name: str, *, urgent: bool) -> None:
        database.write(lambda _: done.append(name), urgent=urgent)

    with ThreadPoolExecutor(4) as pool:
        pool.submit(database.write, hold, urgent=True)  # the writer itself is busy now, and takes nothing in hand
        busy.wait(10)
        pool.submit(note, "waits longer", urgent=False)
        until(lambda: database.waiting == 1)
        pool.submit(note, "in a hurry", urgent=True)
        until(lambda: database.waiting == 2)
        free.set()
    assert done == ["in a hurry", "waits longer"]


def test_who_gave_up_is_left_out(database: Database) -> None:
    """The webhook said 503 and the platform will come again: kept late as well, it would only be a duplicate."""
    busy, free = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        busy.set()
        free.wait(10)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(database.write, hold)
        busy.wait(10)
        with pytest.raises(DatabaseAway):
            database.write(lambda connection: connection.execute(insert(marks)), urgent=True, wait_s=0.1)
        free.set()
        held.result()
    _add(database, "goes on", urgent=True)
    assert _count(database) == 1


def test_a_raising_operation_leaves_nothing_behind(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute(insert(marks).values(name="half", value="", at=NOW))
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        database.write(half)
    assert _count(database) == 0


@pytest.mark.parametrize("urgent", [True, False])
def test_what_follows_is_told_once_it_is_committed_and_never_of_what_failed(database: Database, urgent: bool) -> None:
    told: list[str] = []

    def note(connection: Connection) -> str:
        connection.execute(insert(marks).values(name="noted", value="", at=NOW))
        return f"told after {len(told)}"

    assert database.write(note, urgent=urgent, then=lambda result: told.append(f"{result}: {_count(database)}"))
    assert told == ["told after 0: 1"]
    with pytest.raises(IntegrityError):
        database.write(note, urgent=urgent, then=told.append)
    assert len(told) == 1


def test_the_file_keeps_what_it_promises(database: Database) -> None:
    with database.read() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_close_writes_what_still_waits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    first = Database(url)
    first.write(metadata.create_all)
    _add(first, "a")
    first.close()
    second = Database(url)
    assert _count(second) == 1
    second.close()
