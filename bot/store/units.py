"""The union bodies: a tree, the other names they are or were known by, when they exist and who answers for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.errors import BotError
from bot.library.vietnamese import fold, nfc
from bot.store import audit
from bot.store.schema import accounts, unit_aliases, units


class UnitKind(StrEnum):
    PROVINCE = "province"
    COMMUNE = "commune"
    PARK = "park"  # industrial park or economic zone
    SECTOR = "sector"
    GRASSROOTS = "grassroots"


@dataclass(frozen=True, slots=True)
class Unit:
    """`id` is 0 for one not yet stored."""

    id: int = 0
    name: str = ""
    parent_id: int | None = None
    kind: str = ""
    code: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None  # the last day
    successor_id: int | None = None
    in_charge_id: int | None = None
    contact: str = ""
    aliases: tuple[str, ...] = field(default=())

    def exists(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_until is None or on <= self.valid_until
        )


@dataclass(slots=True, eq=False)
class Draft:
    """A unit as a list describes it: one above it or after it may be new in the same list."""

    unit: Unit
    parent: Draft | None = None
    successor: Draft | None = None


_COLUMNS = (
    units.c.id,
    units.c.name,
    units.c.parent_id,
    units.c.kind,
    units.c.code,
    units.c.valid_from,
    units.c.valid_until,
    units.c.successor_id,
    units.c.in_charge_id,
    units.c.contact,
)


def everything(connection: Connection) -> dict[int, Unit]:
    """All units by id; a few hundred, thousands at most."""
    names: dict[int, list[str]] = {}
    for unit_id, name in connection.execute(
        select(unit_aliases.c.unit_id, unit_aliases.c.name).order_by(unit_aliases.c.id)
    ):
        names.setdefault(unit_id, []).append(name)
    rows = connection.execute(select(*_COLUMNS).order_by(units.c.folded, units.c.id))
    return {row.id: _unit(row, names.get(row.id, ())) for row in rows}


def get(connection: Connection, unit_id: int) -> Unit | None:
    row = connection.execute(select(*_COLUMNS).where(units.c.id == unit_id)).one_or_none()
    if row is None:
        return None
    names = connection.scalars(
        select(unit_aliases.c.name).where(unit_aliases.c.unit_id == unit_id).order_by(unit_aliases.c.id)
    )
    return _unit(row, names.all())


def below(connection: Connection, unit_ids: Collection[int]) -> frozenset[int]:
    """These units and all under them."""
    if not unit_ids:
        return frozenset()
    tree = select(units.c.id).where(units.c.id.in_(unit_ids)).cte("below", recursive=True)
    tree = tree.union(select(units.c.id).join(tree, units.c.parent_id == tree.c.id))
    return frozenset(connection.scalars(select(tree.c.id)))


def find(connection: Connection, said: str, on: date) -> list[Unit]:
    """The units a person may mean by what they wrote, as they stand on that day; none, one or several."""
    return meant(everything(connection), said, on)


def meant(known: Mapping[int, Unit], said: str, on: date) -> list[Unit]:
    """As `find`, among units already read.

    Exact names first, with or without tone marks, then names that hold all the words. A unit that is over stands
    for its successor.
    """
    wanted = fold(nfc(said)).split()
    if not wanted:
        return []
    spoken = [(unit, fold(name).split()) for unit in known.values() for name in (unit.name, *unit.aliases)]
    found = [unit for unit, words in spoken if words == wanted]
    found = found or [unit for unit, words in spoken if _holds(words, wanted)]
    today = (successor(known, unit, on) for unit in found)
    return list({unit.id: unit for unit in today if unit is not None}.values())


def successor(known: Mapping[int, Unit], unit: Unit, on: date) -> Unit | None:
    """The unit itself while it exists, else whoever follows it, else the nearest one above that exists; or None."""
    passed: set[int] = set()
    while not unit.exists(on):
        passed.add(unit.id)
        following = next((one for one in (unit.successor_id, unit.parent_id) if one and one not in passed), None)
        if following is None or following not in known:
            return None
        unit = known[following]
    return unit


def save(connection: Connection, now: datetime, by: int | None, unit: Unit) -> int:
    """Add or change one unit with its aliases; returns its id.

    Raises BotError unit.circle when it would stand under itself, unit.code_taken, unit.unknown.
    """
    _check(connection, unit)
    unit_id = _write(connection, now, unit)
    audit.record(connection, now, by, "unit.changed" if unit.id else "unit.added", "unit", unit_id)
    return unit_id


def load(connection: Connection, now: datetime, by: int | None, drafts: Sequence[Draft]) -> tuple[int, int]:
    """Write a checked list in one transaction; returns how many were added and how many changed."""
    fresh = [draft for draft in drafts if not draft.unit.id]
    for draft in drafts:
        if draft.unit.id:  # first without what may point at a later one
            _write(connection, now, replace(draft.unit, parent_id=None, successor_id=None))
    if fresh:
        made = insert(units).returning(units.c.id, sort_by_parameter_order=True)
        rows = [
            {**_values(replace(draft.unit, parent_id=None, successor_id=None)), "created_at": now} for draft in fresh
        ]
        for draft, unit_id in zip(fresh, connection.scalars(made, rows).all(), strict=True):
            draft.unit = replace(draft.unit, id=unit_id)
        _add_aliases(connection, {draft.unit.id: draft.unit.aliases for draft in fresh})
    for draft in drafts:
        links = {
            "parent_id": draft.parent.unit.id if draft.parent else draft.unit.parent_id,
            "successor_id": draft.successor.unit.id if draft.successor else draft.unit.successor_id,
        }
        if any(links.values()):
            connection.execute(update(units).where(units.c.id == draft.unit.id).values(links))
    audit.record(connection, now, by, "units.loaded", "units", None, added=len(fresh), changed=len(drafts) - len(fresh))
    return len(fresh), len(drafts) - len(fresh)


def bot_links(connection: Connection, unit: Unit, known: Mapping[int, Unit]) -> dict[str, str]:
    """Addresses that open the chat: platform to link, of the account that serves this unit or the nearest above."""
    rows = connection.execute(
        select(accounts.c.platform, accounts.c.external_id, accounts.c.unit_id)
        .where(accounts.c.state != "removed")
        .order_by(accounts.c.id)
    ).all()
    line = [*_upward(known, unit), None]
    made: dict[str, str] = {}
    for platform, shape in (("zalo", "https://zalo.me/{account}"), ("messenger", "https://m.me/{account}?ref=u{unit}")):
        serving = {row.unit_id: row.external_id for row in reversed(rows) if row.platform == platform}
        account = next((serving[one] for one in line if one in serving), None)
        if account is not None:
            made[platform] = shape.format(account=account, unit=unit.id)
    return made


def _unit(row: Any, names: Iterable[str]) -> Unit:
    return Unit(**row._mapping, aliases=tuple(names))  # noqa: SLF001 - SQLAlchemy's public name for it


def _upward(known: Mapping[int, Unit], unit: Unit) -> Iterable[int]:
    passed: list[int] = []
    at: Unit | None = unit
    while at is not None and at.id not in passed:
        passed.append(at.id)
        at = known.get(at.parent_id) if at.parent_id else None
    return passed


def _holds(words: list[str], wanted: list[str]) -> bool:
    """All wanted words, side by side, inside the name: "tan ninh" in "cong doan phuong tan ninh"."""
    return any(words[start : start + len(wanted)] == wanted for start in range(len(words) - len(wanted) + 1))


def _values(unit: Unit) -> dict[str, Any]:
    values = {column.name: getattr(unit, column.name) for column in _COLUMNS if column is not units.c.id}
    return values | {"name": nfc(unit.name), "folded": fold(nfc(unit.name)), "code": unit.code or None}


def _write(connection: Connection, now: datetime, unit: Unit) -> int:
    unit_id = unit.id
    if not unit_id:
        made = insert(units).values({**_values(unit), "created_at": now})
        unit_id = connection.execute(made.returning(units.c.id)).scalar_one()
    elif connection.execute(update(units).where(units.c.id == unit_id).values(_values(unit))).rowcount == 0:
        raise BotError("unit.unknown")
    connection.execute(delete(unit_aliases).where(unit_aliases.c.unit_id == unit_id))
    _add_aliases(connection, {unit_id: unit.aliases})
    return unit_id


def _check(connection: Connection, unit: Unit) -> None:
    if unit.id and unit.parent_id and unit.parent_id in below(connection, {unit.id}):
        raise BotError("unit.circle")
    if unit.id and unit.successor_id == unit.id:
        raise BotError("unit.successor_itself")
    if unit.code:
        taken = select(units.c.id).where(units.c.code == unit.code, units.c.id != unit.id)
        if connection.scalar(taken) is not None:
            raise BotError("unit.code_taken")


def _add_aliases(connection: Connection, names: Mapping[int, Iterable[str]]) -> None:
    rows = {
        (unit_id, fold(nfc(name))): {"unit_id": unit_id, "name": nfc(name), "folded": fold(nfc(name))}
        for unit_id, spoken in names.items()
        for name in spoken
        if name.strip()
    }
    if rows:
        connection.execute(insert(unit_aliases), list(rows.values()))
