"""One-time links by which colleagues come in, or set a new password and phone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Table, Text, delete, func, insert, or_, select, update

from bot.errors import BotError
from bot.store import audit
from bot.store.database import Database
from bot.store.schema import Id, Moment, metadata
from bot.store.sql import insert_or_ignore
from bot.store.staff import Role, hashed, revoke_sessions, set_units, staff

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

FIRST_INVITATION = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invitation:
    id: int
    staff_id: int | None
    name: str
    role: Role
    units: frozenset[int]
    until: datetime


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
    set_units(connection, staff_id, offer.units)
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


def end_all_of(connection: Connection, now: datetime, staff_id: int) -> None:
    """Somebody leaves: links made for them or by them open nothing any more."""
    _end_invitations(
        connection, now, or_(staff_invitations.c.staff_id == staff_id, staff_invitations.c.created_by == staff_id)
    )
