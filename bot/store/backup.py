"""Backup and restore: every table as JSON lines and every file, in one zip, the same for SQLite and PostgreSQL.

A backup is one consistent moment, taken while the bot runs. It holds sealed tokens and members' words: whoever has it
and SECRET_KEY has everything, so the key is never in it. Because the form is the same for both databases, it is also
the way from one machine to many.
"""

from __future__ import annotations

import base64
import json
import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, case, delete, func, insert, select, text

from bot.errors import BotError
from bot.store import erasure, restored
from bot.store.database import Database
from bot.store.files import files as attachments
from bot.store.restored import HeldBack
from bot.store.schema import forgotten
from bot.store.sql import upsert
from bot.store.tables import metadata
from bot.store.vault import Vault

FORMAT = 1
FILES = "files/"
BATCH = 1000
#: Of the running process and not of the data: a restored one starts its own.
_NOT_KEPT = frozenset({"leases"})


#: How attachments are called in the folder or the bucket; whatever else lies in the folder stays there.
_ATTACHMENT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}")


class Bucket(Protocol):
    """Where attachments are kept when not in the folder; `bot.files.storing.Bucket` is one."""

    def put(self, key: str, content: bytes) -> None: ...

    def get(self, key: str) -> bytes:
        """Raises BotError files.missing or files.away."""
        ...


class Read(NamedTuple):
    """As in `Written`. `held_back`: what an old backup must not do again; None for a fresh one."""

    rows: int
    files: int
    absent: int
    held_back: HeldBack | None


class Written(NamedTuple):
    """`absent`: attachments that rows name and whose bytes are not in the backup."""

    rows: int
    files: int
    absent: int


def backup(database: Database, target: Path, files: Path, now: datetime, bucket: Bucket | None = None) -> Written:
    """Write everything to `target`. The file appears whole or not at all.

    `files`: the folder. `bucket`: where the attachments are, when not there; without it they are left out.
    Raises BotError files.away when the bucket does not answer.
    """
    partial = target.with_name(f"{target.name}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
            rows = _write_tables(database, archive, now)
            _write_files(archive, files)
            if bucket is not None:
                _write_bucket(database, archive, bucket)
            kept = _kept(archive)
        _check(partial)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return Written(rows, len(kept), len(_named(database) - kept))


def restore(
    database: Database,
    vault: Vault,
    source: Path,
    files: Path,
    now: datetime,
    *,
    replace: bool,
    bucket: Bucket | None = None,
) -> Read:
    """Read a backup into the database. People who asked to be forgotten stay forgotten.

    What may have gone out since an old backup waits for staff: see bot/store/restored.py.
    Attachments go into the bucket where there is one, wherever they were before.
    Raises BotError: not a backup, of another version, or the database is not empty.
    """
    try:
        archive = zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise BotError("backup.not_one", file=source.name) from error
    with archive:
        head = _head(archive, source)
        if head["revision"] != _revision(database):
            raise BotError("backup.other_version", backup=head["revision"], database=_revision(database))
        made_at = datetime.fromisoformat(head["at"])

        def op(connection: Connection) -> tuple[int, HeldBack | None]:
            rows = _load(connection, vault, archive, now, replace=replace)
            return rows, restored.hold_back(connection, made_at, now)

        rows, held_back = database.write(op, wait_s=3600)
        _read_files(archive, files, bucket)
        kept = _kept(archive)
    return Read(rows, len(kept), len(_named(database) - kept), held_back)


# ---- writing ----


def _write_tables(database: Database, archive: zipfile.ZipFile, now: datetime) -> int:
    counts: dict[str, int] = {}
    # one moment for all tables: SQLite's read transaction is one anyway
    engine = (
        database.engine if database.on_sqlite else database.engine.execution_options(isolation_level="REPEATABLE READ")
    )
    with engine.connect() as connection:
        for table in _tables():
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as out:
                counts[table.name] = _write_rows(connection, table, out)
    head = {"format": FORMAT, "at": now.isoformat(), "revision": _revision(database), "rows": counts}
    archive.writestr("backup.json", json.dumps(head, indent=1))
    return sum(counts.values())


def _write_rows(connection: Connection, table: Table, out: IO[bytes]) -> int:
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    n = 0
    for row in connection.execute(query).mappings():
        out.write(json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False).encode())
        out.write(b"\n")
        n += 1
    return n


def _write_files(archive: zipfile.ZipFile, files: Path) -> None:
    for path in sorted(files.rglob("*")) if files.exists() else []:
        if path.is_file() and path.suffix != ".part":  # what a killed process had not finished
            archive.write(path, FILES + path.relative_to(files).as_posix())


def _write_bucket(database: Database, archive: zipfile.ZipFile, bucket: Bucket) -> None:
    for key in sorted(_named(database) - _kept(archive)):
        try:
            content = bucket.get(key)
        except BotError as error:
            if error.code != "files.missing":
                raise
        else:
            archive.writestr(FILES + key, content)


def _named(database: Database) -> set[str]:
    """The keys of all attachments that were stored."""
    with database.read() as connection:
        return set(connection.scalars(select(attachments.c.key).where(attachments.c.key != "")))


def _kept(archive: zipfile.ZipFile) -> set[str]:
    """The keys of the attachments in the archive."""
    names = (name.removeprefix(FILES) for name in archive.namelist() if name.startswith(FILES))
    return {name for name in names if _ATTACHMENT.fullmatch(name)}


def _check(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None:
            raise BotError("backup.broken", file=path.name)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if hasattr(value, "isoformat"):
        return {"$date": value.isoformat()}
    return value


# ---- reading ----


def _load(connection: Connection, vault: Vault, archive: zipfile.ZipFile, now: datetime, *, replace: bool) -> int:
    gone = [dict(row) for row in connection.execute(select(forgotten)).mappings()]
    if replace:
        for table in reversed(_tables()):
            connection.execute(delete(table))
    elif any(connection.execute(select(func.count()).select_from(table)).scalar() for table in _tables()):
        raise BotError("backup.not_empty")
    rows = 0
    for table in _tables():
        rows += _load_table(connection, table, archive)
    if gone:  # who was forgotten after this backup was made must not come back with it
        connection.execute(upsert(connection, forgotten, conflict=("hash",), change=_newer), gone)
    erasure.forget_again(connection, vault, now)
    if connection.dialect.name == "postgresql":
        _set_sequences(connection)
    return rows


def _newer(new: Any) -> dict[str, Any]:
    """Who was forgotten twice was last forgotten at the later moment."""
    return {"at": case((new.at > forgotten.c.at, new.at), else_=forgotten.c.at)}


def _load_table(connection: Connection, table: Table, archive: zipfile.ZipFile) -> int:
    name = f"tables/{table.name}.jsonl"
    if name not in archive.namelist():
        return 0
    n = 0
    for batch in _batches(_rows(archive, name, table)):
        connection.execute(insert(table), batch)
        n += len(batch)
    return n


def _rows(archive: zipfile.ZipFile, name: str, table: Table) -> Iterator[dict[str, Any]]:
    columns = set(table.columns.keys())
    with archive.open(name) as lines:
        for line in lines:
            yield {key: _typed(value, table, key) for key, value in json.loads(line).items() if key in columns}


def _typed(value: Any, table: Table, key: str) -> Any:
    if not isinstance(value, dict):
        return value
    if "$at" in value:
        return datetime.fromisoformat(value["$at"])
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    return table.c[key].type.python_type.fromisoformat(value["$date"])


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _set_sequences(connection: Connection) -> None:
    """PostgreSQL numbers on from a counter of its own, which an insert with a number does not move."""
    for table in _tables():
        column = table.autoincrement_column
        if column is None:
            continue
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table.name, "c": column.name}
        ).scalar()
        if sequence:
            top = connection.execute(select(func.max(column))).scalar() or 0
            connection.execute(text("SELECT setval(:s, :n, :used)"), {"s": sequence, "n": max(top, 1), "used": top > 0})


def _read_files(archive: zipfile.ZipFile, files: Path, bucket: Bucket | None) -> None:
    root = files.resolve()
    for info in archive.infolist():
        if not info.filename.startswith(FILES) or info.is_dir():
            continue
        key = info.filename.removeprefix(FILES)
        if bucket is not None and _ATTACHMENT.fullmatch(key):
            bucket.put(key, archive.read(info))
            continue
        path = (root / key).resolve()
        if not path.is_relative_to(root):
            raise BotError("backup.not_one", file=info.filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.read(info))


def _head(archive: zipfile.ZipFile, source: Path) -> dict[str, Any]:
    try:
        head: dict[str, Any] = json.loads(archive.read("backup.json"))
    except (KeyError, ValueError) as error:
        raise BotError("backup.not_one", file=source.name) from error
    if head.get("format") != FORMAT:
        raise BotError("backup.other_version", backup=head.get("format"), database=FORMAT)
    return head


def _tables() -> list[Table]:
    """In an order in which every reference finds what it points at."""
    return [table for table in metadata.sorted_tables if table.name not in _NOT_KEPT]


def _revision(database: Database) -> str:
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""
