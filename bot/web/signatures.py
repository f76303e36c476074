"""Remembers how the last signature checks ended, so that a wrong or swapped key is found in a minute."""

from __future__ import annotations

import threading
from datetime import datetime

from sqlalchemy import Connection

from bot.platforms.contract import Signature
from bot.store import marks
from bot.store.database import Database


class Signatures:
    """Noted in memory and written down every few seconds: a flood of forgeries must cost nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fresh: dict[tuple[str, str], datetime] = {}

    def note(self, platform: str, signature: Signature, at: datetime) -> None:
        with self._lock:
            self._fresh[platform, signature.value] = at

    def flush(self, database: Database) -> None:
        with self._lock:
            fresh, self._fresh = self._fresh, {}
        if fresh:
            database.write(lambda connection: _write(connection, fresh))


def _write(connection: Connection, fresh: dict[tuple[str, str], datetime]) -> None:
    for (platform, signature), at in sorted(fresh.items()):
        marks.put(connection, f"signature:{platform}:{signature}", "", at)
    for platform in {platform for platform, _ in fresh}:
        _alarm(connection, platform)


def _alarm(connection: Connection, platform: str) -> None:
    """Only bad checks since the last good one: probably our key, and events are being lost."""
    found = {name.rpartition(":")[2]: at for name, (_, at) in last(connection, platform).items()}
    good = found.pop(Signature.GOOD.value, None)
    worst = max(found, key=lambda name: found[name], default=None)
    if worst is not None and (good is None or found[worst] > good):
        marks.raise_alarm(connection, f"signature:{platform}", f"webhook.{worst}", found[worst], platform=platform)
    elif good is not None:
        marks.end_alarm(connection, f"signature:{platform}", good)


def last(connection: Connection, platform: str) -> dict[str, tuple[str, datetime]]:
    """When each outcome was last seen, under `signature:<platform>:<outcome>`."""
    return marks.starting_with(connection, f"signature:{platform}:")
