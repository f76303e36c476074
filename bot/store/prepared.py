"""Statements put together and compiled once for each database, for the few that every message runs.

Putting a statement together costs SQLAlchemy ten times what running it does, and running it costs another ten times
what the driver needs. With some twenty statements a message that is most of what a message costs at all. Everything
else uses SQLAlchemy as usual. A list of any length (`IN`) goes through in pieces: `Among`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, bindparam
from sqlalchemy.exc import DBAPIError

Process: TypeAlias = Callable[[Any], Any]


class Prepared:
    """`make` gives the statement, with a `bindparam` for each value to come; it is handed the dialect's name.

    Errors are SQLAlchemy's own, as from `connection.execute`.
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._ready: dict[str, _Ready] = {}

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Run it; its rows, read as the columns' types say."""
        ready = self._for(connection.dialect)
        cursor = ready.run(connection, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return ready.read(found, cursor.description, connection.dialect) if found else found

    def first(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        return next(iter(self.rows(connection, **values)), None)

    def count(self, connection: Connection, **values: Any) -> int:
        """Run it; how many rows it changed."""
        changed: int = self._for(connection.dialect).run(connection, values).rowcount
        return changed

    def _for(self, dialect: Dialect) -> _Ready:
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = _Ready(self._make(dialect.name), dialect)
        return ready


class Among:
    """A statement about many values at once, in pieces of one length: the last is filled up with its first.

    `make` gives the statement; it is handed the list to put behind `IN`, as binds: numbers or texts, which the driver
    takes as they are. `piece`: how many there mostly are.
    """

    PIECE = 50

    def __init__(self, make: Callable[[list[Any]], Any], *, piece: int = PIECE) -> None:
        self._names = [f"among_{number}" for number in range(piece)]
        self._statement = Prepared(lambda _: make([bindparam(name) for name in self._names]))

    def rows(self, connection: Connection, among: Iterable[Any], **values: Any) -> list[tuple[Any, ...]]:
        """Run it for distinct values, of which there may be none; the rows of all pieces."""
        return [row for piece in self._pieces(among) for row in self._statement.rows(connection, **piece, **values)]

    def count(self, connection: Connection, among: Iterable[Any], **values: Any) -> int:
        """Run it for distinct values; how many rows it changed."""
        return sum(self._statement.count(connection, **piece, **values) for piece in self._pieces(among))

    def _pieces(self, among: Iterable[Any]) -> Iterator[dict[str, Any]]:
        left, most = list(among), len(self._names)
        while left:
            piece, left = left[:most], left[most:]
            yield dict.fromkeys(self._names, piece[0]) | dict(zip(self._names, piece, strict=False))


class _Ready:
    """One statement as one driver takes it."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql: str = compiled.string
        self._in_order = _picker(compiled.positiontup)
        given = {name for name, bind in compiled.binds.items() if bind.required}
        fixed = {name: value for name, value in compiled.params.items() if name not in given}
        binds = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        writers: dict[str, Process] = {name: process for name, process in binds.items() if process is not None}
        self._fixed = {name: writers[name](value) if name in writers else value for name, value in fixed.items()}
        self._writers = [(name, writers[name]) for name in given & writers.keys()]
        self._types = [column.type.dialect_impl(dialect) for column in _columns(statement)]
        self._readers: list[tuple[int, Process]] | None = None  # known with the first rows: some ask the driver's type

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Give the driver's cursor."""
        written = self._write(values)
        driver: Any = connection.connection.driver_connection
        try:
            return driver.execute(self.sql, written)
        except Exception as error:
            raise self._as_sqlalchemy(connection, error, written) from error

    def read(self, rows: list[tuple[Any, ...]], description: Any, dialect: Dialect) -> list[tuple[Any, ...]]:
        if self._readers is None:
            coded = zip(self._types, description, strict=True)
            reads = [kind.result_processor(dialect, column[1]) for kind, column in coded]
            self._readers = [(at, read) for at, read in enumerate(reads) if read is not None]
        return [_changed(row, self._readers) for row in rows] if self._readers else rows

    def _write(self, values: Mapping[str, Any]) -> Any:
        given = {**self._fixed, **values}
        for name, process in self._writers:
            given[name] = process(given[name])
        return self._in_order(given)

    def _as_sqlalchemy(self, connection: Connection, error: Exception, written: Any) -> BaseException:
        dialect = connection.dialect
        gone = isinstance(error, dialect.loaded_dbapi.Error) and dialect.is_disconnect(error, None, None)
        if gone:
            connection.invalidate(error)
        return DBAPIError.instance(
            self.sql, written, error, dialect.loaded_dbapi.Error, connection_invalidated=gone, dialect=dialect
        )


def _picker(order: list[str] | None) -> Callable[[Mapping[str, Any]], Any]:
    """What the driver wants of the named values: themselves, or a tuple in the order of the statement's marks."""
    if order is None:
        return lambda given: given
    if len(order) > 1:
        return itemgetter(*order)
    return lambda given: tuple([given[name] for name in order])


def _changed(row: tuple[Any, ...], readers: list[tuple[int, Process]]) -> tuple[Any, ...]:
    changed = list(row)
    for at, process in readers:
        changed[at] = process(changed[at])
    return tuple(changed)


def _columns(statement: Any) -> list[Any]:
    gives_rows = statement.is_select or statement._returning  # noqa: SLF001 - there is no other word for it
    return list(statement.exported_columns) if gives_rows else []
