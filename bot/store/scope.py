"""Whom an officer may see: the people of their units, as a condition that stays quick for few people and for many."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from bot.store.schema import accounts, persons

#: So many are named one by one; more are picked out while a list is read in its order.
FEW = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """`condition` is on `persons`; `few` their numbers, when they are few."""

    condition: ColumnElement[bool]
    few: tuple[int, ...] | None


def of(connection: Connection, units: Collection[int] | None) -> Scope | None:
    """The people of these units; None when every unit is theirs.

    Who named no unit belongs to that of the account they write to.
    """
    if units is None:
        return None
    theirs = list(connection.scalars(select(accounts.c.id).where(accounts.c.unit_id.in_(units))))
    nowhere = and_(persons.c.unit_id.is_(None), persons.c.account_id.in_(theirs))
    indexed = persons.c.unit_id.in_(units)
    asked = select(persons.c.id).where(or_(indexed, nowhere) if theirs else indexed)
    few = tuple(connection.scalars(asked.limit(FEW + 1)))
    if len(few) <= FEW:
        return Scope(persons.c.id.in_(few), few)
    # not the bare column: its index would fetch them all and sort them, where the newest fifty are wanted
    read = func.coalesce(persons.c.unit_id, 0).in_(units)
    return Scope(or_(read, nowhere) if theirs else read, None)
