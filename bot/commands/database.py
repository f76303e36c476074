"""`migrate`, `backup`, `restore`."""

from __future__ import annotations

import argparse
from functools import partial

from bot import clock, settings
from bot.runtime import only_process
from bot.store import backup as backups
from bot.store import marks
from bot.store.database import Database
from bot.store.upgrade import upgrade
from bot.store.vault import Vault


def migrate(_options: argparse.Namespace) -> int:
    database = Database(settings.load().url)
    upgrade(database)
    database.close()
    print("the database is up to date")
    return 0


def backup(options: argparse.Namespace) -> int:
    chosen = settings.load()
    database = Database(chosen.url)
    now = clock.now()
    rows = backups.backup(database, options.file, chosen.files_dir, now)
    database.write(partial(marks.put, name="backup", value=str(rows), now=now))
    database.close()
    print(
        f"{rows} rows written to {options.file}; keep SECRET_KEY (or secret.key) apart from it: nothing opens without"
    )
    return 0


def restore(options: argparse.Namespace) -> int:
    chosen = settings.load()
    lock = only_process(chosen)  # a running bot would mix its rows with the restored ones
    database = Database(chosen.url)
    try:
        upgrade(database)
        rows = backups.restore(
            database,
            Vault(chosen.keys()),
            options.file,
            chosen.files_dir,
            clock.now(),
            replace=options.replace,
        )
    finally:
        database.close()
        if lock is not None:
            lock.release()
    print(f"{rows} rows read from {options.file}")
    return 0
