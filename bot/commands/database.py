"""`migrate`, `backup`, `restore`."""

from __future__ import annotations

import argparse
from functools import partial

from bot import clock, settings
from bot.files import open_store
from bot.files.storing import Bucket
from bot.runtime import only_process
from bot.settings import Settings
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
    bucket = None if options.without_bucket else bucket_of(chosen)
    written = backups.backup(database, options.file, chosen.files_dir, now, bucket)
    database.write(partial(marks.put, name="backup", value=str(written.rows), now=now))
    database.close()
    print(
        f"{written.rows} rows and {written.files} attachments written to {options.file}; "
        "keep SECRET_KEY (or secret.key) apart from it: nothing opens without"
    )
    if written.absent:
        where = f"bucket {chosen.bot_s3_bucket}" if chosen.bot_s3_url else chosen.files_dir
        print(f"not in it: {written.absent} attachments; {_KEEP if options.without_bucket else _LOST.format(where)}")
    return 0


_KEEP = "keep versions in the bucket, or copy it to another one, with the store's own tools"
_LOST = "rows name them, but they are not in {}"


def restore(options: argparse.Namespace) -> int:
    chosen = settings.load()
    lock = only_process(chosen)  # a running bot would mix its rows with the restored ones
    database = Database(chosen.url)
    try:
        upgrade(database)
        read = backups.restore(
            database,
            Vault(chosen.keys()),
            options.file,
            chosen.files_dir,
            clock.now(),
            replace=options.replace,
            bucket=bucket_of(chosen),
        )
    finally:
        database.close()
        if lock is not None:
            lock.release()
    print(f"{read.rows} rows and {read.files} attachments read from {options.file}")
    if read.absent:
        print(f"{read.absent} attachments were not in it: they open only if they still lie where they are kept")
    held_back = read.held_back._asdict() if read.held_back else {}
    for what in filter(held_back.get, held_back):
        print(_HELD_BACK[what].format(held_back[what]))
    return 0


#: An old backup: what of it may have gone out since.
_HELD_BACK = {
    "paused": "{} running announcements paused: an officer resumes or stops each (announcement.restored)",
    "asking": "{} announcements whose hour came after the backup wait for an officer (announcement.restored)",
    "articles": "{} articles may be out: an officer says whether they are (unsure.restored_article)",
    "messages": "{} messages may have gone: staff decide over each, none is sent again by itself (unsure.restored)",
    "closed": "{} received events that had waited then were closed without an answer (stale)",
}


def bucket_of(chosen: Settings) -> Bucket | None:
    """Where attachments are, when not in the folder."""
    store = open_store(chosen)
    return store if isinstance(store, Bucket) else None
