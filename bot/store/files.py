"""Attachments: what was sent, whether it has been fetched, and under which key its bytes are stored.

A row begins as wanted, is fetched at once (the platforms' links expire), and ends as stored, refused or failed.
Bytes without a row are swept away: so forgetting a person or an initiative needs to delete rows only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from bot.store.schema import Id, Moment, metadata
from bot.store.sql import index_over_some, locked

files = Table(
    "files",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id")),  # who sent it in the chat; NULL: staff added it
    Column("initiative_id", Id, ForeignKey("initiatives.id", ondelete="CASCADE")),
    Column("batch", Text, nullable=False, server_default=""),  # the turn it came with
    Column("kind", Text, nullable=False),  # as the platform says: image, audio, video, file
    Column("name", Text, nullable=False, server_default=""),  # as sent; for people's eyes only
    Column("url", Text, nullable=False, server_default=""),  # emptied when done
    Column("platform", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False, server_default=""),  # why it was refused or failed
    Column("type", Text, nullable=False, server_default=""),  # told by its bytes
    Column("size", BigInteger),
    Column("sha256", Text, nullable=False, server_default=""),
    Column("key", Text, nullable=False, server_default=""),  # in the folder or bucket
    Column("transcript", Text, nullable=False, server_default=""),  # of a voice note, typed by staff
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("stored_at", Moment),
)
index_over_some(
    "ix_files_wanted",
    files.c.due_at,
    files.c.id,
    where="state = 'wanted'",
)
Index("ix_files_initiative", files.c.initiative_id, files.c.id)
Index("ix_files_person", files.c.person_id, files.c.id)
Index("ix_files_key", files.c.key)

#: Longer than one download may take; after that another worker tries.
LEASE = timedelta(seconds=90)
_STATE_WANTED = text("files.state = 'wanted'")


class FileState(StrEnum):
    WANTED = "wanted"
    STORED = "stored"
    REFUSED = "refused"  # too large, of no type we take, dangerous
    FAILED = "failed"  # could not be fetched


@dataclass(frozen=True, slots=True)
class File:
    id: int
    person_id: int | None
    initiative_id: int | None
    batch: str
    kind: str
    name: str
    url: str
    platform: str
    state: str
    code: str
    type: str
    size: int | None
    sha256: str
    key: str
    transcript: str
    attempts: int
    created_at: datetime
    stored_at: datetime | None


_COLUMNS = [files.c[name] for name in File.__dataclass_fields__]


def want(connection: Connection, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[int]:
    """Note what must be fetched; their numbers."""
    made = [{"state": FileState.WANTED.value, "due_at": now, "created_at": now, **row} for row in rows]
    if not made:
        return []
    return [row[0] for row in connection.execute(insert(files).values(made).returning(files.c.id))]


def add_stored(connection: Connection, now: datetime, **values: Any) -> int:
    """A file that staff put in: its bytes are stored already."""
    row = {"state": FileState.STORED.value, "due_at": now, "created_at": now, "stored_at": now, **values}
    return int(connection.execute(insert(files).values(**row).returning(files.c.id)).scalar_one())


def any_due(connection: Connection, now: datetime) -> bool:
    """A cheap look before anything is written."""
    return connection.scalar(select(files.c.id).where(_STATE_WANTED, files.c.due_at <= now).limit(1)) is not None


def claim(connection: Connection, now: datetime, limit: int) -> list[File]:
    """Take some that are due: nobody else does so until their lease is over."""
    ready = select(files.c.id).where(_STATE_WANTED, files.c.due_at <= now).order_by(files.c.due_at, files.c.id)
    which = files.c.id.in_(locked(connection, ready.limit(limit), skip=True).scalar_subquery())
    taken = update(files).where(which).values(due_at=now + LEASE, attempts=files.c.attempts + 1)
    ids = [row[0] for row in connection.execute(taken.returning(files.c.id))]
    return _many(connection, files.c.id.in_(ids)) if ids else []


def finish(connection: Connection, file: File, **values: Any) -> bool:
    """Write down what became of an attempt; False when the row is gone or another attempt has begun."""
    ours = and_(files.c.id == file.id, files.c.attempts == file.attempts, _STATE_WANTED)
    return connection.execute(update(files).where(ours).values(**values)).rowcount == 1


def get(connection: Connection, file_id: int) -> File | None:
    return next(iter(_many(connection, files.c.id == file_id)), None)


def of_initiative(connection: Connection, initiative_id: int) -> list[File]:
    return _many(connection, files.c.initiative_id == initiative_id)


def drop_batch(connection: Connection, initiative_id: int, person_id: int) -> int:
    """Take back what came with this person's newest message about the initiative; how many."""
    theirs = and_(files.c.initiative_id == initiative_id, files.c.person_id == person_id)
    newest = connection.scalar(select(files.c.batch).where(theirs).order_by(files.c.id.desc()).limit(1))
    if newest is None:
        return 0
    return connection.execute(delete(files).where(theirs, files.c.batch == newest)).rowcount


def set_transcript(connection: Connection, file_id: int, words: str) -> None:
    connection.execute(update(files).where(files.c.id == file_id).values(transcript=words))


def counts(connection: Connection, initiative_ids: Collection[int]) -> dict[int, int]:
    if not initiative_ids:
        return {}
    query = select(files.c.initiative_id, func.count()).where(files.c.initiative_id.in_(initiative_ids))
    return {row[0]: row[1] for row in connection.execute(query.group_by(files.c.initiative_id))}


def known_keys(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of the keys that a row still names."""
    return set(connection.scalars(select(files.c.key).where(files.c.key.in_(keys))))


def waiting(connection: Connection, initiative_id: int) -> int:
    query = select(func.count()).where(files.c.initiative_id == initiative_id, _STATE_WANTED)
    return connection.scalar(query) or 0


def _many(connection: Connection, condition: Any) -> list[File]:
    query = select(*_COLUMNS).where(condition).order_by(files.c.id)
    return [File(*row) for row in connection.execute(query)]


def disown(connection: Connection, initiative_id: int) -> None:
    """What a helper sent belongs to the author's initiative, and outlives the helper."""
    connection.execute(update(files).where(files.c.initiative_id == initiative_id).values(person_id=None))
