"""Members' words lie in the data folder: nobody else on the machine may read them, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.runtime import Store, only_process
from bot.settings import load
from bot.store import backup

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's own")


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_data_folder_and_all_in_it_are_the_users_own(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    settings = load({"BOT_DATA_DIR": str(data)})
    lock = only_process(settings)  # `serve` comes here first
    store = Store(settings)
    assert mode(data) == 0o700
    assert {path.name: mode(path) for path in data.iterdir() if path.name.startswith("bot.db-")} == {
        "bot.db-wal": 0o600,
        "bot.db-shm": 0o600,
    }
    assert mode(data / "bot.db") == 0o600
    assert mode(data / "secret.key") == 0o600
    backup.backup(store.database, data / "all.zip", settings.files_dir, store.clock())
    assert mode(data / "all.zip") == 0o600
    store.close()
    assert lock is not None
    lock.release()


def test_a_folder_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o750)
    Store(load({"BOT_DATA_DIR": str(data)})).close()
    assert mode(data) == 0o750
    assert mode(data / "bot.db") == 0o600


def test_a_database_of_its_own_place_is_private_too(tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "union.db"
    Store(load({"DATABASE_URL": f"sqlite:///{place}", "BOT_DATA_DIR": str(tmp_path / "data")})).close()
    assert (mode(place.parent), mode(place)) == (0o700, 0o600)
    assert mode(tmp_path / "data") == 0o700
