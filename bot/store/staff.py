"""The people who work in the console: their roles and units, and the sessions that they have open."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    delete,
    false,
    func,
    insert,
    select,
)

from bot.store.schema import Id, Moment, metadata


class Role(StrEnum):
    """What each may do stands in bot/console/access.py."""

    ADMINISTRATOR = "administrator"
    PROVINCIAL = "provincial"  # provincial officer
    UNIT = "unit"  # unit officer: their units and those below
    REVIEWER = "reviewer"
    READER = "reader"


staff = Table(
    "staff",
    metadata,
    Column("id", Id, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("email", Text, nullable=False, server_default=""),
    Column("password", Text, nullable=False),  # argon2id, with its own parameters and salt
    Column("totp", LargeBinary),  # sealed {"secret": …}; kept from the first showing of the QR code on
    Column("totp_on", Boolean, nullable=False, server_default=false()),  # a first code has proved it
    Column("totp_step", BigInteger, nullable=False, server_default="0"),  # the newest half minute used: no replay
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)

staff_units = Table(
    "staff_units",
    metadata,
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True),
    Column("unit_id", Id, ForeignKey("units.id"), primary_key=True),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("stage", Text, nullable=False),  # code | enrol | full
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
)
Index("ix_staff_sessions_staff", staff_sessions.c.staff_id)


@dataclass(frozen=True, slots=True)
class Staff:
    id: int
    login: str
    name: str
    role: Role
    email: str
    totp_on: bool
    created_at: datetime
    disabled_at: datetime | None
    units: frozenset[int] = field(default_factory=frozenset)


_SHOWN = (
    staff.c.id,
    staff.c.login,
    staff.c.name,
    staff.c.role,
    staff.c.email,
    staff.c.totp_on,
    staff.c.created_at,
    staff.c.disabled_at,
)


def hashed(token: str) -> str:
    """What is stored of a random token of 32 bytes: long enough that a plain hash is not guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


# ---- looking ----


def everyone(connection: Connection) -> list[Staff]:
    """All staff, the active first, by name."""
    allowed: dict[int, set[int]] = {}
    for staff_id, unit_id in connection.execute(select(staff_units)):
        allowed.setdefault(staff_id, set()).add(unit_id)
    rows = connection.execute(select(*_SHOWN).order_by(staff.c.disabled_at.is_not(None), staff.c.name, staff.c.id))
    return [_staff(row, allowed.get(row.id, ())) for row in rows]


def get(connection: Connection, staff_id: int) -> Staff | None:
    return _one(connection, staff.c.id == staff_id)


def by_login(connection: Connection, login: str) -> Staff | None:
    return _one(connection, staff.c.login == login.strip().lower())


def password_of(connection: Connection, staff_id: int) -> str:
    return connection.scalar(select(staff.c.password).where(staff.c.id == staff_id)) or ""


def administrators(connection: Connection) -> int:
    """How many can still sign in and invite others."""
    query = select(func.count()).where(staff.c.role == Role.ADMINISTRATOR, staff.c.disabled_at.is_(None))
    return connection.scalar(query) or 0


def _one(connection: Connection, condition: Any) -> Staff | None:
    row = connection.execute(select(*_SHOWN).where(condition)).one_or_none()
    if row is None:
        return None
    allowed = connection.scalars(select(staff_units.c.unit_id).where(staff_units.c.staff_id == row.id))
    return _staff(row, allowed.all())


def _staff(row: Any, allowed: Collection[int]) -> Staff:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Staff(**{**values, "role": Role(values["role"]), "units": frozenset(allowed)})


# ---- what others build on ----


def set_units(connection: Connection, staff_id: int, units_of: Collection[int]) -> None:
    connection.execute(delete(staff_units).where(staff_units.c.staff_id == staff_id))
    if units_of:
        connection.execute(
            insert(staff_units), [{"staff_id": staff_id, "unit_id": unit_id} for unit_id in sorted(units_of)]
        )


def revoke_sessions(connection: Connection, staff_id: int, *, but: int | None = None) -> None:
    ended = delete(staff_sessions).where(staff_sessions.c.staff_id == staff_id)
    connection.execute(ended if but is None else ended.where(staff_sessions.c.id != but))
