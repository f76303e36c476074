"""The few words that SQLite and PostgreSQL say differently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Index, Select, Table, text
from sqlalchemy.dialects import postgresql, sqlite


def index_over_some(name: str, *columns: Column[Any], where: str, unique: bool = False) -> Index:
    """An index that holds only the rows for which `where` is true: small, and nothing to keep for all others."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def insert_or_ignore(where: Connection | str, table: Table, *, conflict: Sequence[str] | None = None) -> Any:
    """An INSERT that leaves an existing row as it is, for a connection or for a dialect by name.

    Count with RETURNING: its row count means nothing.
    """
    dialect = where if isinstance(where, str) else where.dialect.name
    return _insert(dialect, table).on_conflict_do_nothing(index_elements=conflict)


def upsert(
    connection: Connection | str,
    table: Table,
    *,
    conflict: Sequence[str],
    change: Callable[[Any], dict[str, Any]],
    where: Any = None,
) -> Any:
    """An INSERT that changes the existing row when `where` holds; `change` is handed the row that was proposed.

    For a connection, or for a dialect by name.
    """
    dialect = connection if isinstance(connection, str) else connection.dialect.name
    statement = _insert(dialect, table)
    return statement.on_conflict_do_update(index_elements=list(conflict), set_=change(statement.excluded), where=where)


def _insert(dialect: str, table: Table) -> Any:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def locked(connection: Connection, query: Select[Any], *, skip: bool = False) -> Select[Any]:
    """Take row locks where the database has them; SQLite's one writer needs none.

    `key_share`: rows that only point at a locked one go on being written.
    """
    return query if connection.dialect.name == "sqlite" else query.with_for_update(skip_locked=skip, key_share=True)
