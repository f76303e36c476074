"""A PostgreSQL server that stands still: whoever is in a hurry hears of it in time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text

from bot.store.database import Database, DatabaseAway
from tests.conftest import new_postgres

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_server: str) -> Iterator[Database]:
    made = Database(new_postgres(postgres_server), pool=1)
    yield made
    made.close()


def test_an_urgent_write_gives_up_in_time_and_the_next_one_works(database: Database) -> None:
    backend = database.write(lambda connection: connection.scalar(select(func.pg_backend_pid())), urgent=True)
    assert backend is not None
    os.kill(backend, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(DatabaseAway):
            database.write(lambda connection: connection.execute(text("SELECT 1")), urgent=True, wait_s=0.5)
        assert time.monotonic() - began < 5
        assert database.write(lambda connection: connection.scalar(select(1)), urgent=True) == 1
    finally:
        os.kill(backend, signal.SIGCONT)


def test_a_look_gives_up_in_time_too(database: Database) -> None:
    with database.read() as connection:
        backend = connection.scalar(select(func.pg_backend_pid()))
    assert backend is not None
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(DatabaseAway), database.read(within_s=0.5) as connection:
            connection.scalar(select(1))
    finally:
        os.kill(backend, signal.SIGCONT)


def test_who_answers_in_time_is_left_alone(database: Database) -> None:
    for _ in range(3):
        database.write(lambda connection: connection.execute(text("SELECT pg_sleep(0.15)")), urgent=True, wait_s=0.3)
    time.sleep(0.5)
    backends = {database.write(lambda connection: connection.scalar(select(func.pg_backend_pid()))) for _ in range(3)}
    assert len(backends) == 1, "the connection was not cut afterwards"
