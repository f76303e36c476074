"""The people who work in the console: their roles, units and the one-time links by which they come in."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
    or_,
    select,
    update,
)

from bot.errors import BotError
from bot.store import audit
from bot.store.database import Database
from bot.store.schema import Id, Moment, metadata, units
from bot.store.sql import insert_or_ignore, locked


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

staff_invitations = Table(
    "staff_invitations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("staff_id", Id, ForeignKey("staff.id")),  # set: a new password and phone for this one; NULL: a newcomer
    Column("name", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False),
    Column("units", Text, nullable=False, server_default="[]"),
    Column("created_by", Id),
    Column("created_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("used_at", Moment),
)
Index("ix_staff_invitations_until", staff_invitations.c.until)

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

FIRST_INVITATION = timedelta(days=7)
#: What names its holder: when somebody leaves, these go to who takes over. Later screens add theirs.
HELD = [(units, units.c.in_charge_id)]


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


@dataclass(frozen=True, slots=True)
class Invitation:
    id: int
    staff_id: int | None
    name: str
    role: Role
    units: frozenset[int]
    until: datetime


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


# ---- coming in ----


def first_invitation(database: Database, now: datetime) -> str | None:
    """The token of a link by which the first administrator comes in; None when there is staff already.

    A new one at every call, and the earlier ones end: only the link printed last opens.
    """

    def op(connection: Connection) -> str | None:
        if connection.scalar(select(func.count()).select_from(staff)):
            return None
        connection.execute(delete(staff_invitations).where(staff_invitations.c.created_by.is_(None)))
        return invite(connection, now, role=Role.ADMINISTRATOR, life=FIRST_INVITATION)

    return database.write(op)


def invite(
    connection: Connection,
    now: datetime,
    *,
    role: Role,
    name: str = "",
    units_of: Collection[int] = (),
    by: int | None = None,
    life: timedelta = timedelta(days=3),
    staff_id: int | None = None,
) -> str:
    """Make a one-time link's token: for a newcomer, or with `staff_id` for a new password and phone."""
    if staff_id is not None:
        _end_invitations(connection, now, staff_invitations.c.staff_id == staff_id)
    token = secrets.token_urlsafe(32)
    made = connection.execute(
        insert(staff_invitations)
        .values(
            token_hash=hashed(token),
            staff_id=staff_id,
            name=name,
            role=role,
            units=json.dumps(sorted(units_of)),
            created_by=by,
            created_at=now,
            until=now + life,
        )
        .returning(staff_invitations.c.id)
    ).scalar_one()
    audit.record(
        connection, now, by, "staff.reset_offered" if staff_id else "staff.invited", "invitation", made, role=role
    )
    return token


def invitation(connection: Connection, token: str, now: datetime) -> Invitation | None:
    """The open invitation of this token; None when it is used, over or unknown."""
    return next(iter(_invitations(connection, now, staff_invitations.c.token_hash == hashed(token))), None)


def open_invitations(connection: Connection, now: datetime) -> list[Invitation]:
    return _invitations(connection, now, staff_invitations.c.staff_id.is_(None))


def withdraw(connection: Connection, now: datetime, invitation_id: int, by: int | None) -> bool:
    won = connection.execute(
        update(staff_invitations)
        .where(staff_invitations.c.id == invitation_id, staff_invitations.c.used_at.is_(None))
        .values(used_at=now)
    ).rowcount
    if won:
        audit.record(connection, now, by, "staff.invitation_withdrawn", "invitation", invitation_id)
    return bool(won)


def accept(connection: Connection, now: datetime, token: str, *, login: str, name: str, password: str) -> int:
    """Use an invitation up: a new account, or a new password for the one it was made for. Returns the staff id.

    `password` is its argon2 hash. Raises BotError staff.invitation_gone or staff.login_taken.
    """
    offer = invitation(connection, token, now)
    if offer is None or not _use(connection, offer.id, now):
        raise BotError("staff.invitation_gone")
    if offer.staff_id is not None:
        _start_over(connection, offer.staff_id, password)
        audit.record(connection, now, offer.staff_id, "staff.reset_done", "staff", offer.staff_id)
        return offer.staff_id
    made = connection.execute(
        insert_or_ignore(connection, staff, conflict=["login"])
        .values(login=login.strip().lower(), name=name, role=offer.role, password=password, created_at=now)
        .returning(staff.c.id)
    ).scalar_one_or_none()
    if made is None:
        raise BotError("staff.login_taken")
    staff_id = int(made)
    _set_units(connection, staff_id, offer.units)
    audit.record(connection, now, staff_id, "staff.joined", "staff", staff_id, role=offer.role, invitation=offer.id)
    return staff_id


def _invitations(connection: Connection, now: datetime, condition: Any) -> list[Invitation]:
    query = (
        select(staff_invitations)
        .where(
            staff_invitations.c.used_at.is_(None),
            staff_invitations.c.until > now,
            condition,
        )
        .order_by(staff_invitations.c.id)
    )
    return [
        Invitation(row.id, row.staff_id, row.name, Role(row.role), frozenset(json.loads(row.units)), row.until)
        for row in connection.execute(query)
    ]


def _end_invitations(connection: Connection, now: datetime, condition: Any) -> None:
    open_ones = update(staff_invitations).where(staff_invitations.c.used_at.is_(None), condition)
    connection.execute(open_ones.values(used_at=now))


def _use(connection: Connection, invitation_id: int, now: datetime) -> bool:
    used = update(staff_invitations).where(
        staff_invitations.c.id == invitation_id, staff_invitations.c.used_at.is_(None)
    )
    return connection.execute(used.values(used_at=now)).rowcount == 1


def _start_over(connection: Connection, staff_id: int, password: str) -> None:
    connection.execute(
        update(staff)
        .where(staff.c.id == staff_id)
        .values(password=password, totp=None, totp_on=False, disabled_at=None)
    )
    revoke_sessions(connection, staff_id)


# ---- changing and leaving ----


def change(
    connection: Connection,
    now: datetime,
    by: int | None,
    staff_id: int,
    *,
    name: str,
    email: str,
    role: Role,
    units_of: Collection[int],
) -> None:
    """Change somebody's account; another role or other units end their sessions.

    Raises BotError staff.last_administrator or staff.unknown.
    """
    before = _locked_one(connection, staff_id)
    if before.role is Role.ADMINISTRATOR and role is not Role.ADMINISTRATOR:
        _not_the_last(connection, before)
    connection.execute(update(staff).where(staff.c.id == staff_id).values(name=name, email=email, role=role))
    if role is not before.role or frozenset(units_of) != before.units:
        _set_units(connection, staff_id, units_of)
        revoke_sessions(connection, staff_id)
    audit.record(
        connection, now, by, "staff.changed", "staff", staff_id,
        role=role, role_before=before.role, units=",".join(map(str, sorted(units_of)))[:120],
    )  # fmt: skip


def disable(connection: Connection, now: datetime, by: int | None, staff_id: int, successor_id: int | None) -> int:
    """Somebody leaves: no more sign-in, and what they held goes to the successor. Returns how much was handed on.

    Raises BotError staff.last_administrator, staff.unknown or staff.successor_missing.
    """
    leaving = _locked_one(connection, staff_id)
    _not_the_last(connection, leaving)
    if successor_id is not None:
        successor = get(connection, successor_id)
        if successor is None or successor.disabled_at or successor_id == staff_id:
            raise BotError("staff.successor_missing")
        if successor.role is Role.UNIT and leaving.role is Role.UNIT:
            _set_units(connection, successor_id, successor.units | leaving.units)
            revoke_sessions(connection, successor_id)
    handed = hand_on(connection, staff_id, successor_id)
    connection.execute(update(staff).where(staff.c.id == staff_id).values(disabled_at=now, totp=None, totp_on=False))
    connection.execute(delete(staff_units).where(staff_units.c.staff_id == staff_id))
    revoke_sessions(connection, staff_id)
    theirs = or_(staff_invitations.c.staff_id == staff_id, staff_invitations.c.created_by == staff_id)
    _end_invitations(connection, now, theirs)
    audit.record(connection, now, by, "staff.disabled", "staff", staff_id, successor=successor_id, handed=handed)
    return handed


def holding(connection: Connection, staff_id: int) -> int:
    """How much would be handed on."""
    return sum(
        connection.scalar(select(func.count()).select_from(table).where(column == staff_id)) or 0
        for table, column in HELD
    )


def hand_on(connection: Connection, staff_id: int, successor_id: int | None) -> int:
    return sum(
        connection.execute(update(table).where(column == staff_id).values({column: successor_id})).rowcount
        for table, column in HELD
    )


def revoke_sessions(connection: Connection, staff_id: int, *, but: int | None = None) -> None:
    ended = delete(staff_sessions).where(staff_sessions.c.staff_id == staff_id)
    connection.execute(ended if but is None else ended.where(staff_sessions.c.id != but))


def _locked_one(connection: Connection, staff_id: int) -> Staff:
    # all administrators' rows, in one order: two of them demoting each other at once must not leave none
    query = select(staff.c.id).where(staff.c.role == Role.ADMINISTRATOR).order_by(staff.c.id)
    connection.execute(locked(connection, query)).all()
    found = get(connection, staff_id)
    if found is None:
        raise BotError("staff.unknown")
    return found


def _not_the_last(connection: Connection, leaving: Staff) -> None:
    if leaving.role is Role.ADMINISTRATOR and not leaving.disabled_at and administrators(connection) < 2:
        raise BotError("staff.last_administrator")


def _set_units(connection: Connection, staff_id: int, units_of: Collection[int]) -> None:
    connection.execute(delete(staff_units).where(staff_units.c.staff_id == staff_id))
    if units_of:
        connection.execute(
            insert(staff_units), [{"staff_id": staff_id, "unit_id": unit_id} for unit_id in sorted(units_of)]
        )
