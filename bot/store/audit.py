"""Who did what: rows chained by their hashes, so that a changed, removed or slipped-in row shows.

A row holds codes and ids only, never a name or a text: it outlives the people it speaks of.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, Table, Text, func, insert, select, update

from bot.clock import epoch_ms
from bot.store.schema import Id, Moment, metadata
from bot.store.sql import insert_or_ignore, locked

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("staff_id", Id),  # nobody: a command on the server, or a sign-in that failed
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("subject_id", Id),
    Column("facts", Text, nullable=False),  # JSON of codes and ids
    Column("hash", Text, nullable=False),
)
Index("ix_audit_at", audit.c.at)
Index("ix_audit_subject", audit.c.subject, audit.c.subject_id, audit.c.id)
Index("ix_audit_staff", audit.c.staff_id, audit.c.id)

audit_head = Table(  # the end of the chain: taken before each new row, and proof that no last row was cut off
    "audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("audit_id", Id, nullable=False),
    Column("hash", Text, nullable=False),
)

START = "0" * 64
_CODE = re.compile(r"[A-Za-z0-9_.:,/@+-]{0,120}")
Fact = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    at: datetime
    staff_id: int | None
    act: str
    subject: str
    subject_id: int | None
    facts: dict[str, Fact]
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` is the id of the first row that does not fit; None when all `rows` do."""

    rows: int
    broken: int | None
    head: str


def record(
    connection: Connection,
    at: datetime,
    staff_id: int | None,
    act: str,
    subject: str = "",
    subject_id: int | None = None,
    **facts: Fact,
) -> None:
    """Write one act down in the caller's transaction. `act` is a code such as "unit.changed".

    Raises ValueError for a fact that is not a code: a name or a text does not belong here.
    """
    for fact in facts.values():
        if isinstance(fact, str) and not _CODE.fullmatch(fact):
            raise ValueError(f"an audit row holds codes and ids only: {act}")
    connection.execute(insert_or_ignore(connection, audit_head, conflict=["one"]).values(one=1, audit_id=0, hash=START))
    head = connection.execute(locked(connection, select(audit_head))).one()
    last = connection.scalar(select(func.max(audit.c.id))) or 0  # a forged row must not stop the true ones
    entry = Entry(max(head.audit_id, last) + 1, at, staff_id, act, subject, subject_id, facts, "")
    hashed = _hash(head.hash, entry)
    connection.execute(
        insert(audit).values(
            id=entry.id,
            at=at,
            staff_id=staff_id,
            act=act,
            subject=subject,
            subject_id=subject_id,
            facts=_json(facts),
            hash=hashed,
        )
    )
    connection.execute(update(audit_head).values(audit_id=entry.id, hash=hashed))


def verify(connection: Connection) -> Verdict:
    """Walk the whole chain. `connection` is one of Database.read()."""
    before, count = START, 0
    for row in connection.execute(select(audit).order_by(audit.c.id)).yield_per(1000):
        entry = _entry(row)
        count += 1
        if entry is None or entry.id != count or entry.hash != _hash(before, entry):
            return Verdict(count, row.id, before)
        before = entry.hash
    head = connection.execute(select(audit_head)).one_or_none()
    if head is not None and (head.audit_id != count or head.hash != before):
        return Verdict(count, count + 1, before)  # the end was cut off
    if head is None and count:
        return Verdict(count, 1, before)
    return Verdict(count, None, before)


def latest(
    connection: Connection,
    *,
    below: int | None = None,
    staff_id: int | None = None,
    act: str = "",
    subject: str = "",
    subject_id: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """The newest entries first, with ids smaller than `below`; `act` is a prefix such as "unit."."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if below is not None:
        query = query.where(audit.c.id < below)
    if staff_id is not None:
        query = query.where(audit.c.staff_id == staff_id)
    if act:
        query = query.where(audit.c.act.startswith(act, autoescape=True))
    if subject:
        query = query.where(audit.c.subject == subject)
    if subject_id is not None:
        query = query.where(audit.c.subject_id == subject_id)
    return [entry for row in connection.execute(query) if (entry := _entry(row)) is not None]


def _entry(row: Any) -> Entry | None:
    """A row as an entry; None when its facts are no longer JSON, which only tampering can cause."""
    mapping = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    try:
        facts = json.loads(mapping["facts"])
    except ValueError:
        return None
    return Entry(**{**mapping, "facts": facts})


def _hash(before: str, entry: Entry) -> str:
    """Over the instant in microseconds, not a printed time: both databases give that back alike."""
    whole = [
        before,
        entry.id,
        epoch_ms(entry.at) * 1000 + entry.at.microsecond % 1000,
        entry.staff_id,
        entry.act,
        entry.subject,
        entry.subject_id,
        _json(entry.facts),
    ]
    return hashlib.sha256(json.dumps(whole, ensure_ascii=False).encode()).hexdigest()


def _json(facts: dict[str, Fact]) -> str:
    return json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
