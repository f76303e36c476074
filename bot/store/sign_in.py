"""Signing in: sessions with an end, counted failures, second-factor steps used once, printed recovery codes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, Table, Text, delete, func, insert, select, update

from bot.store.schema import Id, Moment, metadata
from bot.store.sql import insert_or_ignore, locked
from bot.store.staff import hashed, staff, staff_sessions

staff_recovery_codes = Table(
    "staff_recovery_codes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("code_hash", Text, nullable=False),  # keyed: fifty bits alone could be searched
)
Index("ix_staff_recovery_codes_staff", staff_recovery_codes.c.staff_id)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("key", Text, primary_key=True),  # keyed hash of a login or an address
    Column("failures", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("locked_until", Moment),
)
Index("ix_sign_in_failures_since", sign_in_failures.c.since)

IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
HALF_DONE = timedelta(minutes=15)  # between the password and the code
SEEN_EVERY = timedelta(minutes=1)  # how exactly idleness is known: a write a minute, not one a click

FAILURES_COUNT_FOR = timedelta(minutes=15)
LOCKED_FOR = timedelta(minutes=15)
MOST_FOR_LOGIN = 5
MOST_FOR_ADDRESS = 30  # a whole office may share one


@dataclass(frozen=True, slots=True)
class Session:
    id: int
    staff_id: int
    stage: str  # "code": the second factor is still due; "enrol": no second factor set up yet; "full"


# ---- sessions ----


def open_session(connection: Connection, now: datetime, staff_id: int, stage: str) -> str:
    """Start a session; returns the cookie's token. Sessions that are over are swept away with it."""
    connection.execute(delete(staff_sessions).where(staff_sessions.c.until < now))
    token = secrets.token_urlsafe(32)
    life = LONGEST if stage == "full" else HALF_DONE
    connection.execute(
        insert(staff_sessions).values(
            token_hash=hashed(token), staff_id=staff_id, stage=stage, created_at=now, seen_at=now, until=now + life
        )
    )
    return token


def session(connection: Connection, now: datetime, token: str) -> tuple[Session, datetime] | None:
    """The live session of this token and when it was last seen; None when unknown, over or its owner is disabled."""
    row = connection.execute(
        select(staff_sessions)
        .join(staff, staff.c.id == staff_sessions.c.staff_id)
        .where(
            staff_sessions.c.token_hash == hashed(token),
            staff_sessions.c.until > now,
            staff_sessions.c.seen_at > now - IDLE,
            staff.c.disabled_at.is_(None),
        )
    ).one_or_none()
    return (Session(row.id, row.staff_id, row.stage), row.seen_at) if row else None


def seen(connection: Connection, now: datetime, session_id: int) -> None:
    connection.execute(update(staff_sessions).where(staff_sessions.c.id == session_id).values(seen_at=now))


def close_session(connection: Connection, session_id: int) -> None:
    connection.execute(delete(staff_sessions).where(staff_sessions.c.id == session_id))


# ---- failures ----


def attempt(connection: Connection, now: datetime, key: str, most: int) -> bool:
    """Count a try before it is made; False when it may not be made: too many, or locked still.

    Counted first, so that tries sent all at once get no more than `most`. A quarter of an hour without any
    forgets them.
    """
    connection.execute(delete(sign_in_failures).where(sign_in_failures.c.since < now - FAILURES_COUNT_FOR))
    first = insert_or_ignore(connection, sign_in_failures, conflict=["key"])
    connection.execute(first.values(key=key, failures=0, since=now))
    row = connection.execute(locked(connection, select(sign_in_failures).where(sign_in_failures.c.key == key))).one()
    if row.locked_until is not None and row.locked_until > now:
        return False
    failures = 1 if row.locked_until else row.failures + 1  # the lock is over: from the start
    locks = failures > most
    connection.execute(
        update(sign_in_failures)
        .where(sign_in_failures.c.key == key)
        .values(failures=failures, since=now, locked_until=now + LOCKED_FOR if locks else None)
    )
    return not locks


def give_back(connection: Connection, key: str) -> None:
    """The try was right: it does not count. Those that failed before still do."""
    connection.execute(
        update(sign_in_failures)
        .where(sign_in_failures.c.key == key, sign_in_failures.c.failures > 0)
        .values(failures=sign_in_failures.c.failures - 1)
    )


def forgive(connection: Connection, key: str) -> None:
    connection.execute(delete(sign_in_failures).where(sign_in_failures.c.key == key))


# ---- the second factor ----


def totp_of(connection: Connection, staff_id: int) -> tuple[bytes | None, bool]:
    """The sealed secret, and whether a first code has proved it."""
    row = connection.execute(select(staff.c.totp, staff.c.totp_on).where(staff.c.id == staff_id)).one()
    return row.totp, row.totp_on


def offer_totp(connection: Connection, staff_id: int, sealed: bytes) -> None:
    """Keep a secret that is not proved yet; a proved one stays."""
    connection.execute(
        update(staff).where(staff.c.id == staff_id, staff.c.totp_on.is_(False)).values(totp=sealed, totp_step=0)
    )


def use_step(connection: Connection, staff_id: int, step: int) -> bool:
    """Take a code's half minute; False when it, or a later one, was used before."""
    taken = update(staff).where(staff.c.id == staff_id, staff.c.totp_step < step).values(totp_step=step)
    return connection.execute(taken).rowcount == 1


def confirm_totp(connection: Connection, staff_id: int, sealed: bytes) -> bool:
    """A code proved this offer; False when it is no longer the one kept, or another was proved first."""
    offered = update(staff).where(staff.c.id == staff_id, staff.c.totp == sealed, staff.c.totp_on.is_(False))
    return connection.execute(offered.values(totp_on=True)).rowcount == 1


def drop_totp(connection: Connection, staff_id: int) -> None:
    connection.execute(update(staff).where(staff.c.id == staff_id).values(totp=None, totp_on=False))


def set_password(connection: Connection, staff_id: int, password: str) -> None:
    connection.execute(update(staff).where(staff.c.id == staff_id).values(password=password))


# ---- recovery codes ----


def set_recovery_codes(connection: Connection, staff_id: int, hashes: list[str]) -> None:
    connection.execute(delete(staff_recovery_codes).where(staff_recovery_codes.c.staff_id == staff_id))
    connection.execute(insert(staff_recovery_codes), [{"staff_id": staff_id, "code_hash": code} for code in hashes])


def use_recovery_code(connection: Connection, staff_id: int, hashes: list[str]) -> bool:
    """Use one up; `hashes` are those under each key, newest first."""
    used = delete(staff_recovery_codes).where(
        staff_recovery_codes.c.staff_id == staff_id, staff_recovery_codes.c.code_hash.in_(hashes)
    )
    return connection.execute(used).rowcount > 0


def recovery_codes_left(connection: Connection, staff_id: int) -> int:
    query = select(func.count()).where(staff_recovery_codes.c.staff_id == staff_id)
    return connection.scalar(query) or 0
