"""The one place that decides who may do what: a permission for every endpoint, roles' permissions, a scope of units.

Every request passes `permit` before its view runs. An endpoint that the table does not name is closed to all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import abort, g
from sqlalchemy import Connection, Select
from sqlalchemy.sql import ColumnElement

from bot.store import units as unit_store
from bot.store.staff import Role, Staff


class May(StrEnum):
    """What a role can be allowed to do."""

    SIGN_IN = "sign_in"  # anybody: the pages before one is signed in
    BE_HERE = "be_here"  # anybody signed in
    SEE_UNITS = "see_units"
    CHANGE_UNITS = "change_units"  # inside one's scope
    IMPORT_UNITS = "import_units"
    SEE_SETTINGS = "see_settings"
    CHANGE_SETTINGS = "change_settings"
    CHANGE_CONTENT = "change_content"
    SEND = "send"  # messages that go to many people
    MANAGE_STAFF = "manage_staff"
    SEE_AUDIT = "see_audit"


_LOOK = frozenset({May.BE_HERE, May.SEE_UNITS})
ROLES: dict[Role, frozenset[May]] = {
    Role.ADMINISTRATOR: frozenset(May) - {May.SIGN_IN},
    Role.PROVINCIAL: _LOOK
    | {May.CHANGE_UNITS, May.IMPORT_UNITS, May.SEE_SETTINGS, May.CHANGE_SETTINGS, May.CHANGE_CONTENT, May.SEND},
    Role.UNIT: _LOOK | {May.CHANGE_UNITS, May.SEND},
    Role.REVIEWER: _LOOK,
    Role.READER: _LOOK,
}

#: Endpoint, without "console.", to what it takes. POST may take more than GET.
SCREENS: dict[str, May | tuple[May, May]] = {
    "static": May.SIGN_IN,
    "library": May.SIGN_IN,
    "missing": May.SIGN_IN,
    "sign_in.password": May.SIGN_IN,
    "sign_in.code": May.SIGN_IN,
    "sign_in.forgotten": May.SIGN_IN,
    "sign_in.invitation": May.SIGN_IN,
    "sign_in.enrol": May.SIGN_IN,
    "sign_in.out": May.BE_HERE,
    "me.show": May.BE_HERE,
    "me.change_password": May.BE_HERE,
    "me.new_codes": May.BE_HERE,
    "me.new_phone": May.BE_HERE,
    "me.end_sessions": May.BE_HERE,
    "today.show": May.BE_HERE,
    "staff.index": May.MANAGE_STAFF,
    "staff.invite": May.MANAGE_STAFF,
    "staff.withdraw": May.MANAGE_STAFF,
    "staff.show": May.MANAGE_STAFF,
    "staff.reset": May.MANAGE_STAFF,
    "staff.leave": May.MANAGE_STAFF,
    "audit.index": May.SEE_AUDIT,
    "audit.verify": May.SEE_AUDIT,
    "units.index": May.SEE_UNITS,
    "units.show": (May.SEE_UNITS, May.CHANGE_UNITS),
    "units.add": May.CHANGE_UNITS,
    "units.poster": May.SEE_UNITS,
    "units.template": May.IMPORT_UNITS,
    "units.load": May.IMPORT_UNITS,
    "units.export": May.SEE_UNITS,
    "settings.index": May.SEE_SETTINGS,
    "settings.section": (May.SEE_SETTINGS, May.CHANGE_SETTINGS),
    "settings.undo": May.CHANGE_SETTINGS,
    "content.index": May.SEE_SETTINGS,
    "content.text": (May.SEE_SETTINGS, May.CHANGE_CONTENT),
    "content.menu": (May.SEE_SETTINGS, May.CHANGE_CONTENT),
    "content.answer": (May.SEE_SETTINGS, May.CHANGE_CONTENT),
    "content.document": (May.SEE_SETTINGS, May.CHANGE_CONTENT),
    "content.preview": May.SEE_SETTINGS,
    "content.undo": May.CHANGE_CONTENT,
    "content.export": May.SEE_SETTINGS,
}


@dataclass(frozen=True, slots=True)
class Access:
    """What the person of this request may do. `units` is None when every unit is theirs."""

    staff: Staff
    may: frozenset[May]
    units: frozenset[int] | None

    def covers(self, unit_id: int | None) -> bool:
        """A row of this unit is theirs. A row without a unit belongs to the province."""
        return self.units is None or unit_id in self.units


def of(connection: Connection, staff: Staff) -> Access:
    """Reviewers and readers see the whole province unless units were named; unit officers never do."""
    everywhere = staff.role in {Role.ADMINISTRATOR, Role.PROVINCIAL} or (
        staff.role in {Role.REVIEWER, Role.READER} and not staff.units
    )
    scope = None if everywhere else unit_store.below(connection, staff.units)
    return Access(staff, ROLES[staff.role], scope)


def needs_second_factor(role: Role, *, everybody: bool) -> bool:
    """Administrators and those who may send always; the others when the setting says so."""
    return everybody or bool(ROLES[role] & {May.MANAGE_STAFF, May.SEND})


def needed(endpoint: str, method: str) -> May | None:
    """What this request takes; None for an endpoint nobody has placed in the table."""
    takes = SCREENS.get(endpoint)
    if isinstance(takes, tuple):
        return takes[0] if method in {"GET", "HEAD", "OPTIONS"} else takes[1]
    return takes


def here() -> Access:
    """The access of the running request, put there after sign-in."""
    access: Access = g.access
    return access


def may(what: May) -> bool:
    access: Access | None = g.get("access")
    return access is not None and what in access.may


def check_unit(unit_id: int | None) -> None:
    """404 for a row outside one's units: not even its existence is told."""
    if not here().covers(unit_id):
        abort(404)


def limited(query: Select[Any], column: ColumnElement[Any]) -> Select[Any]:
    """Narrow a list to the rows of one's units."""
    scope = here().units
    return query if scope is None else query.where(column.in_(scope))
