"""A colleague's role and units change, or they leave: their sessions end, and their work goes to a successor."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, true, update

from bot.errors import BotError
from bot.store import audit, invitations
from bot.store.schema import handovers, units
from bot.store.sql import locked
from bot.store.staff import Role, Staff, administrators, get, revoke_sessions, set_units, staff, staff_units

#: What names its holder: when somebody leaves, these go to who takes over. A table, its column, and which rows count.
#: Later screens add theirs.
HELD: list[tuple[Table, Any, ColumnElement[bool]]] = [
    (units, units.c.in_charge_id, true()),
    (handovers, handovers.c.assigned_id, handovers.c.closed_at.is_(None)),
]


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
        set_units(connection, staff_id, units_of)
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
            set_units(connection, successor_id, successor.units | leaving.units)
            revoke_sessions(connection, successor_id)
    handed = hand_on(connection, staff_id, successor_id)
    connection.execute(update(staff).where(staff.c.id == staff_id).values(disabled_at=now, totp=None, totp_on=False))
    connection.execute(delete(staff_units).where(staff_units.c.staff_id == staff_id))
    revoke_sessions(connection, staff_id)
    invitations.end_all_of(connection, now, staff_id)
    audit.record(connection, now, by, "staff.disabled", "staff", staff_id, successor=successor_id, handed=handed)
    return handed


def holding(connection: Connection, staff_id: int) -> int:
    """How much would be handed on."""
    return sum(
        connection.scalar(select(func.count()).select_from(table).where(column == staff_id, counts)) or 0
        for table, column, counts in HELD
    )


def hand_on(connection: Connection, staff_id: int, successor_id: int | None) -> int:
    return sum(
        connection.execute(update(table).where(column == staff_id, counts).values({column: successor_id})).rowcount
        for table, column, counts in HELD
    )


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
