"""Brings wanted attachments home: claims rows, downloads, sniffs, stores, and writes down what became of each.

A failed download is tried again a few times; after that the person is asked for that one file. The words that came
with it were kept in the turn itself and are never lost.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot import logs
from bot.clock import Clock
from bot.errors import BotError
from bot.files.downloading import Downloader, UnknownHost, Unreachable
from bot.files.sniffing import Refused, check
from bot.files.storing import FileStore, fresh_key
from bot.store import files, marks
from bot.store.database import Database, DatabaseAway
from bot.store.files import File, FileState

POLL_S = 1.0
AT_ONCE = 4
PAUSES = (timedelta(seconds=2), timedelta(seconds=10), timedelta(seconds=60))
#: A blob without a row is kept so long: its row may be just about to be written.
ORPHANS_KEPT = timedelta(hours=2)

#: The cause of an alarm, before the platform and the host.
REFUSED_HOST = "file_host"

#: Tells the person that a file was refused or did not come, inside the transaction that writes it down.
Tell = Callable[[Connection, File, str, datetime], None]
#: Those of some keys that a row still names.
Known = Callable[[Connection, Collection[str]], set[str]]


class Fetcher:
    """Any number of threads and processes may run one; each row is leased to one of them."""

    def __init__(
        self,
        database: Database,
        store: FileStore,
        downloader: Downloader,
        clock: Clock,
        tell: Tell,
        known: Known = files.known_keys,
    ) -> None:
        self._database = database
        self._store = store
        self._downloader = downloader
        self._clock = clock
        self._tell = tell
        self._known = known
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # ---- life ----

    def start(self) -> None:
        self._end_alarms()
        self._thread = threading.Thread(target=self._loop, name="files", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=15)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.work():
                    continue
            except DatabaseAway:
                logs.warn("database.away")
            except Exception:  # noqa: BLE001 - the next look may go better
                logs.failure("files.failed")
            self._stopping.wait(POLL_S)

    # ---- work ----

    def work(self) -> int:
        """Fetch some of what is wanted; how many rows were taken."""
        now = self._clock()
        with self._database.read() as connection:
            due = files.any_due(connection, now)
        if not due:
            return 0
        taken = self._database.write(lambda connection: files.claim(connection, now, AT_ONCE))
        for file in taken:
            self._one(file)
        return len(taken)

    def _one(self, file: File) -> None:
        try:
            content = self._downloader.fetch(file.platform, file.url)
            kind = check(content)
            key = fresh_key()
            self._store.put(key, content)
        except UnknownHost as unknown:
            self._end(file, FileState.FAILED, unknown.code, unknown.host)
        except Refused as refusal:
            self._end(file, FileState.REFUSED, refusal.code)
        except Unreachable as trouble:
            self._again(file, trouble.code)
        except BotError as error:  # our own store is away: the file itself is fine
            logs.warn("files.store_away", file=file.id, code=error.code)
            self._again(file, "store")
        else:
            self._stored(file, key, kind, content)

    def _stored(self, file: File, key: str, kind: str, content: bytes) -> None:
        values = {
            "state": FileState.STORED.value, "code": "", "url": "", "type": kind, "size": len(content), "key": key,
            "sha256": hashlib.sha256(content).hexdigest(), "stored_at": self._clock(),
        }  # fmt: skip
        if not self._database.write(lambda connection: files.finish(connection, file, **values)):
            self._store.delete(key)  # the row is gone: forgotten, withdrawn, or another attempt was quicker
        logs.event("file.stored", file=file.id, size=len(content))

    def _again(self, file: File, code: str) -> None:
        if file.attempts >= self._downloader.rules.attempts:
            self._end(file, FileState.FAILED, code)
            return
        due = self._clock() + PAUSES[min(file.attempts, len(PAUSES)) - 1]
        self._database.write(lambda connection: files.finish(connection, file, due_at=due, code=code))

    def _end(self, file: File, state: FileState, code: str, host: str = "") -> None:
        """Give the file up: the person is told, and staff are when the platform keeps files where we know no store."""
        now = self._clock()

        def op(connection: Connection) -> None:
            if files.finish(connection, file, state=state.value, code=code, url=""):
                self._tell(connection, file, code, now)
            if host:
                cause = f"{REFUSED_HOST}:{file.platform}:{host}"
                marks.raise_alarm(connection, cause, "files.unknown_host", now, platform=file.platform, host=host)

        self._database.write(op)
        logs.event("file.not_stored", file=file.id, state=state.value, code=code, host=host)

    def _end_alarms(self) -> None:
        """The rules are read at the start: hosts that somebody has added since are no trouble any more."""
        now, takes = self._clock(), self._downloader.rules.takes

        def op(connection: Connection) -> None:
            for alarm in marks.open_alarms(connection):
                mine = alarm.code == "files.unknown_host"
                if mine and takes(str(alarm.facts["platform"]), str(alarm.facts["host"])):
                    marks.end_alarm(connection, alarm.cause, now)

        self._database.write(op)

    def sweep(self) -> int:
        """Delete bytes that no row names: of people who were forgotten, of withdrawn files, of crashes. How many."""
        old = self._clock() - ORPHANS_KEPT
        gone = 0
        batch: list[str] = []
        for key, written in self._store.listed():
            if written < old:
                batch.append(key)
            if len(batch) >= 500:
                gone += self._sweep(batch)
                batch = []
        return gone + self._sweep(batch)

    def _sweep(self, keys: list[str]) -> int:
        with self._database.read() as connection:
            known = self._known(connection, keys)
        lost = [key for key in keys if key not in known]
        for key in lost:
            self._store.delete(key)
        return len(lost)
