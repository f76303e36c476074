"""Papers being made in the background: who asked, what for, how far it is, where the result is stored."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, Table, Text, and_, delete, insert, or_, select, text, update

from bot.store import files
from bot.store.schema import Id, Moment, metadata
from bot.store.sql import index_over_some, locked

jobs = Table(
    "paper_jobs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("staff_id", Id, nullable=False),
    Column("kind", Text, nullable=False),  # list | forms | report | roll | asked
    Column("params", Text, nullable=False),  # JSON: what was looked for, and what the asker may see
    Column("state", Text, nullable=False, server_default="queued"),  # queued | working | done | failed
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("key", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("code", Text, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
)
index_over_some(
    "ix_paper_jobs_open",
    jobs.c.id,
    where="state IN ('queued', 'working')",
)
Index("ix_paper_jobs_staff", jobs.c.staff_id, jobs.c.id)
Index("ix_paper_jobs_key", jobs.c.key)

LEASE = timedelta(seconds=15)  # renewed while the maker lives; a killed process loses it
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Job:
    id: int
    staff_id: int
    kind: str
    params: Mapping[str, Any]
    state: str
    done: int
    total: int
    key: str
    name: str
    code: str
    attempts: int
    created_at: datetime
    finished_at: datetime | None

    @property
    def percent(self) -> int:
        return 100 if self.state == "done" else (self.done * 100 // self.total if self.total else 0)


_COLUMNS = [jobs.c[name] for name in Job.__dataclass_fields__]
_OPEN = text("paper_jobs.state IN ('queued', 'working')")


def ask(connection: Connection, staff_id: int, kind: str, params: Mapping[str, Any], now: datetime) -> int:
    row = {"staff_id": staff_id, "kind": kind, "params": json.dumps(params), "created_at": now}
    return int(connection.execute(insert(jobs).values(**row).returning(jobs.c.id)).scalar_one())


def claim(connection: Connection, now: datetime) -> Job | None:
    """The oldest that waits, or whose maker died."""
    free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until < now)
    ready = select(jobs.c.id).where(_OPEN, free).order_by(jobs.c.id).limit(1)
    which = jobs.c.id.in_(locked(connection, ready, skip=True).scalar_subquery())
    taken = update(jobs).where(which).values(
        state="working", lease_until=now + LEASE, attempts=jobs.c.attempts + 1, done=0
    )  # fmt: skip
    number = connection.execute(taken.returning(jobs.c.id)).scalar()
    return get(connection, number) if number is not None else None


def any_open(connection: Connection) -> bool:
    return connection.scalar(select(jobs.c.id).where(_OPEN).limit(1)) is not None


def forward(connection: Connection, job: Job, done: int, total: int, now: datetime) -> bool:
    """Note how far it is and keep the lease; False when another maker has taken over."""
    return _ours(connection, job, done=done, total=total, lease_until=now + LEASE)


def keep(connection: Connection, job: Job, now: datetime) -> bool:
    """Keep the lease during a long step; False when another maker has taken over."""
    return _ours(connection, job, lease_until=now + LEASE)


def give_back(connection: Connection, job: Job) -> bool:
    """Leave it to the next maker at once, as if it had not been begun: the process ends as it should."""
    return _ours(connection, job, state="queued", lease_until=None, attempts=job.attempts - 1)


def return_all(connection: Connection) -> int:
    """Where no other process can be alive: nobody waits for the lease of one that was killed. How many."""
    return connection.execute(update(jobs).where(jobs.c.state == "working").values(lease_until=None)).rowcount


def again(connection: Connection, job: Job, params: Mapping[str, Any], now: datetime) -> bool:
    """Ask once more for one that failed; False when it waits already."""
    failed = and_(jobs.c.id == job.id, jobs.c.state == "failed")
    fresh = {"state": "queued", "code": "", "attempts": 0, "done": 0, "total": 0, "lease_until": None,
             "finished_at": None, "created_at": now, "params": json.dumps(params)}  # fmt: skip
    return connection.execute(update(jobs).where(failed).values(**fresh)).rowcount == 1


def finish(connection: Connection, job: Job, now: datetime, **values: Any) -> bool:
    return _ours(connection, job, finished_at=now, lease_until=None, **values)


def _ours(connection: Connection, job: Job, **values: Any) -> bool:
    mine = and_(jobs.c.id == job.id, jobs.c.attempts == job.attempts, jobs.c.state == "working")
    return connection.execute(update(jobs).where(mine).values(**values)).rowcount == 1


def get(connection: Connection, job_id: int) -> Job | None:
    row = connection.execute(select(*_COLUMNS).where(jobs.c.id == job_id)).one_or_none()
    return _job(row) if row is not None else None


def of_staff(connection: Connection, staff_id: int, *, limit: int = 20) -> list[Job]:
    query = select(*_COLUMNS).where(jobs.c.staff_id == staff_id).order_by(jobs.c.id.desc()).limit(limit)
    return [_job(row) for row in connection.execute(query)]


def drop_old(connection: Connection, before: datetime) -> int:
    return connection.execute(delete(jobs).where(jobs.c.finished_at < before)).rowcount


def known_keys(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of the keys that an attachment or a finished paper still names."""
    return files.known_keys(connection, keys) | set(connection.scalars(select(jobs.c.key).where(jobs.c.key.in_(keys))))


def _job(row: Any) -> Job:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Job(**{**values, "params": json.loads(values["params"])})
