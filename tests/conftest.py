"""What many tests need: real databases of both kinds, and a clock that goes when it is told to."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.store.database import Database
from bot.store.upgrade import upgrade
from tests import postgres

_numbers = itertools.count()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything is installed a skipped test is a failed one: set BOT_TEST_NOTHING_SKIPPED."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("BOT_TEST_NOTHING_SKIPPED") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bot.db'}"
    return new_postgres(request.getfixturevalue("postgres_server"))


def new_postgres(server: str, template: str = "template1") -> str:
    name = f"t{next(_numbers)}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return f"{server}/{name}"


def _with_tables(url: str) -> str:
    made = Database(url)
    upgrade(made)
    made.close()
    return url


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy: making all tables takes longer than most tests."""
    path = tmp_path_factory.mktemp("tables") / "bot.db"
    _with_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_with_tables(postgres_server: str) -> str:
    """The name of a database to copy."""
    return _with_tables(new_postgres(postgres_server)).rpartition("/")[2]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with all tables, once of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_with_tables"), tmp_path / "bot.db")
        url = f"sqlite:///{tmp_path / 'bot.db'}"
    else:
        template = request.getfixturevalue("postgres_with_tables")
        url = new_postgres(request.getfixturevalue("postgres_server"), template)
    made = Database(url)
    yield made
    made.close()


class Hands:
    """A clock that stands until somebody moves its hands."""

    def __init__(self, at: datetime = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **length: float) -> datetime:
        self.at += timedelta(**length)
        return self.at


@pytest.fixture
def hands() -> Hands:
    return Hands()
