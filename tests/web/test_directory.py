"""What is known of apps and accounts while the database is away."""

from __future__ import annotations

from typing import Any

import pytest

from bot.delivery import directory as module
from bot.delivery.directory import Directory
from bot.runtime import Runtime
from bot.store.database import DatabaseAway


class Away:
    """A database that does not answer, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, **_: object) -> Any:
        self.asked += 1
        raise DatabaseAway


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds by which the directory knows what is old."""
    now = [1000.0]
    monkeypatch.setattr("bot.delivery.directory.time.monotonic", lambda: now[0])
    return now


def test_known_keys_go_on_while_the_database_is_away(runtime: Runtime, clock: list[float]) -> None:
    directory = runtime.directory
    known = directory.keys("zalo")
    assert known
    away = directory._database = Away()  # type: ignore[assignment]
    clock[0] += module.KEPT_S + 1
    assert [directory.keys("zalo") for _ in range(12)] == [known] * 12
    assert away.asked == 1
    directory.changed()
    assert directory.keys("zalo") == known


def test_who_knows_nothing_yet_asks_once_for_all(runtime: Runtime, clock: list[float]) -> None:
    away = Away()
    directory = Directory(away, runtime.vault, {})  # type: ignore[arg-type]
    for _ in range(12):
        with pytest.raises(DatabaseAway):
            directory.keys("zalo")
    assert away.asked == 1
    clock[0] += module.AWAY_S + 0.1
    with pytest.raises(DatabaseAway):
        directory.keys("zalo")
    assert away.asked == 2
