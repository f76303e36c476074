"""Cuts a connection whose server does not answer in time: the driver itself would wait for ever.

A host that is gone is noticed by the system. One whose disk hangs, or whose process stands still, goes on acknowledging
what it is sent, and only whoever waits for the answer can tell.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection

LOOK_S = 0.2


class Patience:
    """Any number of threads may wait; one more looks at the clock for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due: dict[object, tuple[float, socket.socket]] = {}  # until when
        self._some = threading.Event()
        self._watcher: threading.Thread | None = None

    @contextmanager
    def until(self, connection: Connection, seconds: float) -> Iterator[None]:
        """Let what happens on `connection` meanwhile fail as if the server were gone, once so many seconds are over."""
        driver: Any = connection.connection.driver_connection
        try:  # a second hold of the same socket: its number cannot become another connection's meanwhile
            waiting, key = socket.socket(fileno=os.dup(driver.pgconn.socket)), object()
        except Exception:  # noqa: BLE001 - it is broken already, as the next statement will say
            yield
            return
        with self._lock:
            self._due[key] = (time.monotonic() + seconds, waiting)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="patience", daemon=True)
                self._watcher.start()
        self._some.set()
        try:
            yield
        finally:
            with self._lock:
                self._due.pop(key, None)
            waiting.close()

    def _watch(self) -> None:
        while True:
            self._some.wait()
            time.sleep(LOOK_S)
            with self._lock:
                now = time.monotonic()
                for key in [key for key, (until, _) in self._due.items() if until < now]:
                    with suppress(OSError):  # it broke by itself
                        self._due.pop(key)[1].shutdown(socket.SHUT_RDWR)
                if not self._due:
                    self._some.clear()
