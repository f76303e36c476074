"""The engine and the one writer: `write(op)` comes back when op's changes are on disk.

SQLite has one writer for the whole file, and its busy wait is unfair: threads that compete for it starve each
other. So one thread writes for all, takes what waits (webhooks first) and commits it at once: group commit.
PostgreSQL needs none of this; there each `write` is a transaction of the calling thread.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import BotError
from bot.settings import private_folder
from bot.store.patience import Patience

T = TypeVar("T")
Op = Callable[[Connection], T]

GROUP = 64  # at most so many operations in one commit
GROUP_S = 0.004  # and none begins after so long, or after as long as the disk took last time: the first waits for it
LONGEST_GROUP_S = 0.02
WRITE_WAIT_S = 8.0  # a writer that answers later than this is as good as away
LONGEST_LOCK_MS = 4000  # another process's short command may hold the file meanwhile


class DatabaseAway(BotError):
    """The database does not answer: the caller says 503 or tries again later."""

    def __init__(self) -> None:
        super().__init__("database.away")


class _Job(Generic[T]):
    """An operation that somebody waits for. A bare lock is its bell: an Event costs as much as a statement."""

    __slots__ = ("_bell", "error", "finished", "given_up", "op", "result", "then")

    def __init__(self, op: Op[T], then: Callable[[T], object] | None) -> None:
        self.op = op
        self.then = then
        self.result: Any = None
        self.error: BaseException | None = None
        self.finished = self.given_up = False
        self._bell = threading.Lock()
        self._bell.acquire()

    def wait(self, seconds: float) -> bool:
        return self.finished or self._bell.acquire(timeout=seconds)

    def finish(self, *, result: Any = None, error: BaseException | None = None) -> None:
        if not self.finished:
            if self.then is not None and error is None:
                self.then(result)
            self.result, self.error, self.finished = result, error, True
            self._bell.release()


class Database:
    """One database. `read()` gives a connection for looking; `write(op)` runs op in a committed transaction."""

    def __init__(self, url: str, *, pool: int = 16) -> None:
        self.url = url
        self.on_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url, pool) if self.on_sqlite else _postgres_engine(url, pool)
        self._urgent: deque[_Job[Any]] = deque()
        self._others: deque[_Job[Any]] = deque()
        self._jobs: queue.SimpleQueue[None] = queue.SimpleQueue()  # one entry for each job in either line
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None
        self._writes = threading.Lock()  # who holds it has the one connection that writes
        self._connection: Connection | None = None
        self._closing = threading.Event()
        self._disk_s = 0.0  # what the last commit took
        self._patience = Patience()

    # ---- reading ----

    @contextmanager
    def read(self, *, within_s: float | None = None) -> Iterator[Connection]:
        """A connection for looking only. Raises DatabaseAway; on PostgreSQL also when the looking takes too long."""
        try:
            with self.engine.connect() as connection, self._patient(connection, within_s):
                yield connection
        except SQLAlchemyError as error:
            if _is_away(error):
                raise DatabaseAway from error
            raise

    # ---- writing ----

    def write(
        self,
        op: Op[T],
        *,
        urgent: bool = False,
        wait_s: float = WRITE_WAIT_S,
        then: Callable[[T], object] | None = None,
    ) -> T:
        """Run `op` in a transaction and come back when it is committed. It may run twice: it only touches the database.

        `then` is handed the result once it is committed, also when that was too late for whoever waited. It is quick
        and raises nothing: others wait behind it.

        Raises what op raised, or DatabaseAway: an urgent one after `wait_s`, any other when the file stays locked. On
        PostgreSQL `wait_s` begins with the connection, which itself comes within two seconds or not at all, and for
        what is not urgent the connection's own time-outs hold.
        """
        if not self.on_sqlite:
            result = self._write_alone(op, wait_s if urgent else None)
            if then is not None:
                then(result)
            return result
        return self._write_in_group(_Job(op, then), urgent=urgent, wait_s=wait_s)

    def _write_alone(self, op: Op[T], wait_s: float | None) -> T:
        for attempt in range(5):
            try:
                with self.engine.connect() as connection, self._patient(connection, wait_s), connection.begin():
                    return op(connection)
            except SQLAlchemyError as error:
                if _lost_a_race(error) and attempt < 4:
                    time.sleep(0.01 * 2**attempt)
                    continue
                if _is_away(error):
                    raise DatabaseAway from error
                raise
        raise DatabaseAway

    def _patient(self, connection: Connection, seconds: float | None) -> AbstractContextManager[None]:
        if seconds is None or self.on_sqlite:
            return nullcontext()
        return self._patience.until(connection, seconds)

    def _write_in_group(self, job: _Job[T], *, urgent: bool, wait_s: float) -> T:
        # who is not in a hurry writes with its own hands when nobody else does: handing over wakes two threads
        if not urgent and self._writes.acquire(blocking=False):
            try:
                self._write_group(job)
            finally:
                self._writes.release()
        else:
            self._hand_over(job, self._urgent if urgent else self._others, wait_s)
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def _hand_over(self, job: _Job[Any], line: deque[_Job[Any]], wait_s: float) -> None:
        self._start_writer()
        line.append(job)
        self._jobs.put(None)
        if not job.wait(wait_s):
            job.given_up = True
            # It may have been taken a moment ago: whoever gives up must not assume that nothing was written.
            if not job.wait(0.05):
                raise DatabaseAway

    def _start_writer(self) -> None:
        if self._writer is None or not self._writer.is_alive():
            with self._starting:
                if self._writer is None or not self._writer.is_alive():
                    self._writer = threading.Thread(target=self._write_loop, name="writer", daemon=True)
                    self._writer.start()

    def _write_loop(self) -> None:
        while not (self._closing.is_set() and self._jobs.empty()):
            first = self._take(wait_s=0.2)
            if first is not None:
                with self._writes:
                    self._write_group(first)

    def _write_group(self, first: _Job[Any]) -> None:
        """Write this and what else waits. Only for whoever holds `_writes`."""
        group = [first]
        try:
            self._connection = self._connection or self.engine.connect().execution_options(writes=True)
            self._commit(self._connection, group)
        except BaseException as error:  # noqa: BLE001 - whatever an operation did, the next one must go on
            _drop(self._connection)
            self._connection = None
            for job in group:
                job.finish(error=DatabaseAway() if _is_away(error) else error)

    def _take(self, wait_s: float = 0.0) -> _Job[Any] | None:
        """Take the next operation, urgent ones first; one that nobody waits for any longer is left out."""
        try:
            while True:
                self._jobs.get(block=wait_s > 0, timeout=wait_s or None)
                job = self._first()
                if not job.given_up:
                    return job
        except queue.Empty:
            return None

    def _first(self) -> _Job[Any]:
        """Whoever took an entry of `_jobs` finds one here, though another thread may be quicker at either line."""
        while True:
            for line in (self._urgent, self._others):
                if line:
                    with suppress(IndexError):
                        return line.popleft()

    def _commit(self, connection: Connection, group: list[_Job[Any]]) -> None:
        """Run the first operation and, while there is time, what else waits; all in one commit.

        When one of them fails, each runs again alone, so that only the guilty one hears of it.
        """
        until = time.monotonic() + max(GROUP_S, self._disk_s)
        results = []
        try:
            with _transaction(connection):
                results.append(group[0].op(connection))
                while len(group) < GROUP and time.monotonic() < until and (job := self._take()) is not None:
                    group.append(job)
                    results.append(job.op(connection))
                done = time.monotonic()
            self._disk_s = min(time.monotonic() - done, LONGEST_GROUP_S)
        except Exception as error:  # noqa: BLE001 - whoever waits for the operation hears of it
            self._each_alone(connection, group, error)
            return
        for job, result in zip(group, results, strict=True):
            job.finish(result=result)

    def _each_alone(self, connection: Connection, group: list[_Job[Any]], error: Exception) -> None:
        if len(group) == 1:
            if _is_away(error):
                raise error
            group[0].finish(error=error)
            return
        for job in group:
            try:
                with _transaction(connection):
                    result = job.op(connection)
            except Exception as its_own:  # noqa: BLE001 - see above
                self._each_alone(connection, [job], its_own)
            else:
                job.finish(result=result)

    # ---- life ----

    def close(self) -> None:
        """Write what waits, then let go of the file."""
        self._closing.set()
        if self._writer is not None:
            self._writer.join(timeout=10)
        with self._writes:
            _drop(self._connection)
            self._connection = None
        self.engine.dispose()

    @property
    def waiting(self) -> int:
        return self._jobs.qsize()


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    """Say BEGIN and COMMIT to the driver itself: through SQLAlchemy they cost as much as a statement each."""
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE")
    try:
        yield
        driver.execute("COMMIT")
    except BaseException:
        driver.rollback()
        raise
    finally:
        if connection.in_transaction():  # SQLAlchemy's own view of it; for the driver nothing happens
            connection.rollback()


def passes(error: BaseException) -> bool:
    """Whether what failed may go well another time, so that nobody but the database is to blame."""
    return isinstance(error, DatabaseAway) or _is_away(error) or _lost_a_race(error)


def _lost_a_race(error: BaseException) -> bool:
    """With another process; PostgreSQL ended one of the two transactions."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) in {"40001", "40P01"}


def _is_away(error: BaseException) -> bool:
    """Tell a database that does not answer from a statement that is wrong: SQLite has one class for both."""
    if isinstance(error, PoolTimeout):
        return True
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorname != "SQLITE_ERROR"
    if not isinstance(error, DBAPIError):
        return False
    wrong = isinstance(error.orig, sqlite3.OperationalError) and not _is_away(error.orig)
    return error.connection_invalidated or (isinstance(error, OperationalError) and not wrong)


def _drop(connection: Connection | None) -> None:
    if connection is not None:
        with suppress(Exception):  # it is broken already, and a fresh one follows
            connection.close()


def _sqlite_engine(url: str, pool: int) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:" and not path.startswith("file:"):
        private_folder(Path(path).parent)
        with suppress(OSError):  # SQLite says itself what is wrong; its files beside this one get its permissions
            os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
    engine = create_engine(url, pool_size=pool, max_overflow=pool, connect_args={"timeout": LONGEST_LOCK_MS / 1000})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # a commit survives a power cut, not only a crash
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-16000",
            "wal_autocheckpoint=4000",  # pages; a fourth as often as by default, for the writer waits for each
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("writes"):  # the writer says it itself
            driver: Any = connection.connection.driver_connection
            driver.execute("BEGIN")

    return engine


def _postgres_engine(url: str, pool: int) -> Engine:
    return create_engine(
        url,
        pool_size=pool,
        max_overflow=pool,
        pool_pre_ping=False,
        pool_timeout=2,
        connect_args={
            "connect_timeout": 2,
            "options": "-c lock_timeout=5s -c statement_timeout=30s",
            # those are the server's: of a host that is gone only the own system can tell
            "tcp_user_timeout": 4000,
            "keepalives_idle": 3,
            "keepalives_interval": 2,
            "keepalives_count": 2,
        },
    )
