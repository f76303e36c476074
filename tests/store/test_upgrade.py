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


def test_an_index_over_some_rows_is_one_in_the_database_too(database: Database) -> None:
    """Alembic compares the columns of an index and not its condition."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
    if not database.on_sqlite:
        query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
    with database.read() as connection:
        found = {name: sql or "" for name, sql in connection.execute(text(query))}
    declared = {index.name: index for table in metadata.sorted_tables for index in table.indexes}
    over_some = {name for name, index in declared.items() if index.dialect_options["sqlite"]["where"] is not None}
    assert {name for name in declared if " WHERE " in found[str(name)]} == over_some


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    upgrade(database)


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(BotError, match=r"database\.newer"):
        upgrade(database)
