"""Statements put together and compiled once for each database, for the few that every message runs.

Putting a statement together costs SQLAlchemy ten times what running it does, and its execution costs another four
times what the driver needs. With some twenty statements a message that is the difference between 40 and 200 replies/s.
Everything else uses SQLAlchemy as usual. Lists (`IN`) do not go through here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import Connection, CursorResult, Dialect

Process: TypeAlias = Callable[[Any], Any]


class Prepared:
    """`make` gives the statement, with a `bindparam` for each value to come; it is handed the dialect's name."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._ready: dict[str, _Ready] = {}

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Run it; its rows, read as the columns' types say."""
        ready = self._for(connection.dialect)
        found = [tuple(row) for row in self._run(connection, ready, values)]
        return [ready.read(row) for row in found] if ready.readers else found

    def first(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        return next(iter(self.rows(connection, **values)), None)

    def count(self, connection: Connection, **values: Any) -> int:
        """Run it; how many rows it changed."""
        return self._run(connection, self._for(connection.dialect), values).rowcount

    def _run(self, connection: Connection, ready: _Ready, values: Mapping[str, Any]) -> CursorResult[Any]:
        return connection.exec_driver_sql(ready.sql, ready.write(values))

    def _for(self, dialect: Dialect) -> _Ready:
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready(self._make(dialect.name), dialect)
        return ready


class _Ready:
    """One statement as one driver takes it."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql: str = compiled.string
        self._order: list[str] | None = compiled.positiontup
        given = {name for name, bind in compiled.binds.items() if bind.required}
        fixed = {name: value for name, value in compiled.params.items() if name not in given}
        binds = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        writers: dict[str, Process] = {name: process for name, process in binds.items() if process is not None}
        self._fixed = {name: writers[name](value) if name in writers else value for name, value in fixed.items()}
        self._writers = [(name, writers[name]) for name in given & writers.keys()]
        columns = list(statement.exported_columns) if _gives_rows(statement) else []
        reads = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self.readers: list[tuple[int, Process]] = [(at, read) for at, read in enumerate(reads) if read is not None]

    def write(self, values: Mapping[str, Any]) -> Any:
        given = {**self._fixed, **values}
        for name, process in self._writers:
            given[name] = process(given[name])
        return given if self._order is None else tuple([given[name] for name in self._order])

    def read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        changed = list(row)
        for at, process in self.readers:
            changed[at] = process(changed[at])
        return tuple(changed)


def _gives_rows(statement: Any) -> bool:
    return statement.is_select or bool(statement._returning)  # noqa: SLF001 - there is no other word for it
