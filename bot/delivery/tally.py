"""Counts what happens in memory and writes it down every few seconds: a figure must not cost a transaction."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime

from bot.store import marks
from bot.store.database import Database


class Tally:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: Counter[str] = Counter()
        self._total: Counter[str] = Counter()

    def add(self, what: str, n: int = 1) -> None:
        with self._lock:
            self._pending[what] += n
            self._total[what] += n

    def totals(self) -> dict[str, int]:
        """Since this process started."""
        with self._lock:
            return dict(self._total)

    def flush(self, database: Database, now: datetime) -> None:
        """Add to the day's figures; what could not be written is kept for the next time."""
        with self._lock:
            pending, self._pending = self._pending, Counter()
        if not pending:
            return
        try:
            database.write(lambda connection: marks.count(connection, pending, now))
        except Exception:
            with self._lock:
                self._pending.update(pending)
            raise
