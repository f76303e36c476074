"""Which unit a person means by the workplace they wrote: set when only one can be meant, else left to officers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.clock import zone
from bot.store import audit, units
from bot.store.schema import persons
from bot.store.units import Unit

BATCH = 2000


def meant(connection: Connection, said: str, now: datetime) -> int | None:
    """The one unit of today that these words mean; None for none or several."""
    found = units.find(connection, said, now.astimezone(zone()).date()) if said.strip() else []
    return found[0].id if len(found) == 1 else None


def settle(connection: Connection, now: datetime) -> int:
    """Look again where nothing was recognised, and move people on from units that are over; how many changed."""
    today = now.astimezone(zone()).date()
    known = units.everything(connection)
    over = {unit.id: units.successor(known, unit, today) for unit in known.values() if not unit.exists(today)}
    changed = _move_on(connection, over)
    query = select(persons.c.unit_said).where(persons.c.unit_said != "", persons.c.unit_id.is_(None)).distinct()
    for said in connection.scalars(query.limit(BATCH)).all():
        unit_id = meant(connection, said, now)
        if unit_id is not None:
            which = (persons.c.unit_said == said) & persons.c.unit_id.is_(None)
            changed += connection.execute(update(persons).where(which).values(unit_id=unit_id)).rowcount
    return changed


def _move_on(connection: Connection, over: Mapping[int, Unit | None]) -> int:
    moved = 0
    for unit_id, following in over.items():
        if following is not None and following.id != unit_id:
            at_it = update(persons).where(persons.c.unit_id == unit_id).values(unit_id=following.id)
            moved += connection.execute(at_it).rowcount
    return moved


def correct(connection: Connection, now: datetime, by: int, person_id: int, unit_id: int | None) -> None:
    """An officer says which unit it is; the words follow, so that every later reading comes to the same."""
    known = units.get(connection, unit_id) if unit_id is not None else None
    said = known.name if known else ""
    changed = update(persons).where(persons.c.id == person_id)
    connection.execute(changed.values(unit_id=known.id if known else None, unit_said=said, unit_asked=True))
    audit.record(connection, now, by, "person.unit_corrected", "person", person_id, unit=unit_id)
