"""The one writer on a real SQLite file: group commit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text

from bot.store.database import Database
from bot.store.schema import marks, metadata

NOW = datetime(2026, 5, 18, 4, 15, 0, 123456, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'bot.db'}")
    made.write(metadata.create_all)
    yield made
    made.close()


def _add(database: Database, name: str) -> None:
    def op(connection: Connection) -> None:
        connection.execute(insert(marks).values(name=name, value="", at=NOW))

    database.write(op)


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
        list(pool.map(lambda number: _add(database, f"m{number}"), range(400)))
    assert _count(database) == 400


def test_a_raising_operation_leaves_nothing_behind(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute(insert(marks).values(name="half", value="", at=NOW))
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        database.write(half)
    assert _count(database) == 0


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
