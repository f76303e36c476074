"""The migrations make exactly the tables that the code declares, on both databases."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from bot.errors import BotError
from bot.store.database import Database
from bot.store.tables import metadata
from bot.store.upgrade import declared, upgrade


def test_the_migrations_make_what_the_code_declares(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": declared})
        assert compare_metadata(context, metadata) == []


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    upgrade(database)


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(BotError, match=r"database\.newer"):
        upgrade(database)
