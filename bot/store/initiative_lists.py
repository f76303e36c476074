"""Lists of initiatives: filters, search, figures, those that resemble one. Whoever asks hands in what they may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select
from sqlalchemy.sql import ColumnElement

from bot.library.vietnamese import fold, nfc
from bot.store.initiatives import initiatives, saved_views

#: Nobody but the author sees what is still being written.
HANDED_IN = initiatives.c.state != "writing"
ORDERS = {
    "newest": (initiatives.c.received_at.desc(), initiatives.c.id.desc()),
    "oldest": (initiatives.c.received_at, initiatives.c.id),
    "changed": (initiatives.c.changed_at.desc(), initiatives.c.id.desc()),
    "title": (initiatives.c.title, initiatives.c.id),
    "gain": (initiatives.c.gain.desc().nulls_last(), initiatives.c.id.desc()),
}
LIKENESS = 0.3
COMPARED = 3000
READ = 800  # so many letters of each: what a copy begins with, however long people write


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an officer looks for; empty fields do not narrow."""

    words: str = ""
    states: tuple[str, ...] = ()
    idea: bool | None = None
    unit_ids: frozenset[int] | None = None
    assigned_id: int | None = None
    round: str = ""
    since: datetime | None = None
    until: datetime | None = None  # exclusive
    subject: str = ""
    order: str = "newest"


@dataclass(frozen=True, slots=True)
class Line:
    id: int
    code: str
    title: str
    author: str
    state: str
    idea: bool
    unit_id: int | None
    unit_said: str
    subject: str
    gain: int | None
    since: date | None
    received_at: datetime | None
    changed_at: datetime
    assigned_id: int | None
    channel: str
    confirmed: bool
    round: str


_LINE = [initiatives.c[name] for name in Line.__dataclass_fields__]


def _narrowed(query: Select[Any], wanted: Wanted, theirs: ColumnElement[bool] | None) -> Select[Any]:
    query = query.where(HANDED_IN)
    if theirs is not None:
        query = query.where(theirs)
    for word in fold(nfc(wanted.words)).split()[:8]:
        query = query.where(
            initiatives.c.folded.contains(word, autoescape=True)
            | func.lower(initiatives.c.code).contains(word, autoescape=True)
        )
    exact = (("idea", wanted.idea), ("assigned_id", wanted.assigned_id))
    for name, value in exact:
        if value is not None:
            query = query.where(initiatives.c[name] == value)
    for name, text in (("round", wanted.round), ("subject", wanted.subject)):
        if text:
            query = query.where(initiatives.c[name] == text)
    if wanted.states:
        query = query.where(initiatives.c.state.in_(wanted.states))
    if wanted.unit_ids is not None:
        query = query.where(initiatives.c.unit_id.in_(wanted.unit_ids))
    if wanted.since is not None:
        query = query.where(initiatives.c.received_at >= wanted.since)
    return query if wanted.until is None else query.where(initiatives.c.received_at < wanted.until)


def listed(
    connection: Connection,
    wanted: Wanted,
    theirs: ColumnElement[bool] | None,
    *,
    limit: int = 50,
    offset: int = 0,
) -> list[Line]:
    query = _narrowed(select(*_LINE), wanted, theirs).order_by(*ORDERS.get(wanted.order, ORDERS["newest"]))
    return [Line(*row) for row in connection.execute(query.limit(limit).offset(offset))]


def count(connection: Connection, wanted: Wanted, theirs: ColumnElement[bool] | None) -> int:
    return connection.scalar(_narrowed(select(func.count()), wanted, theirs)) or 0


def numbers(connection: Connection, wanted: Wanted, theirs: ColumnElement[bool] | None) -> list[int]:
    """Ids in the list's order, for an export."""
    query = _narrowed(select(initiatives.c.id), wanted, theirs)
    return list(connection.scalars(query.order_by(*ORDERS.get(wanted.order, ORDERS["newest"]))))


def figures(
    connection: Connection, wanted: Wanted, theirs: ColumnElement[bool] | None, column: str
) -> list[tuple[Any, int, int | None, int]]:
    """By one column: its value, how many, the sum of the claimed gain (None where nobody claimed), how many claimed."""
    by = initiatives.c[column]
    query = _narrowed(
        select(by, func.count(), func.sum(initiatives.c.gain), func.count(initiatives.c.gain)), wanted, theirs
    )
    rows = connection.execute(query.group_by(by).order_by(func.count().desc(), by))
    return [(row[0], row[1], None if row[2] is None else int(row[2]), row[3]) for row in rows]


def by_month(connection: Connection, wanted: Wanted, theirs: ColumnElement[bool] | None, zone: Any) -> dict[str, int]:
    """How many came in each month, "2026-05", by the union's calendar."""
    query = _narrowed(select(initiatives.c.received_at), wanted, theirs).order_by(initiatives.c.received_at)
    found: dict[str, int] = {}
    for at in connection.scalars(query):
        if at is not None:
            month = f"{at.astimezone(zone):%Y-%m}"
            found[month] = found.get(month, 0) + 1
    return found


def values_of(connection: Connection, column: str, theirs: ColumnElement[bool] | None) -> list[str]:
    """What stands in a column, for a filter's choices."""
    query = _narrowed(select(initiatives.c[column]).distinct(), Wanted(), theirs)
    return [value for value in connection.scalars(query.order_by(initiatives.c[column]).limit(200)) if value]


def resembling(
    connection: Connection, initiative_id: int, theirs: ColumnElement[bool] | None, *, most: int = 5
) -> list[tuple[Line, float]]:
    """Others that say much the same, likest first: a copy, or an idea that exists already. Only what one may see."""
    beginning = func.substr(initiatives.c.folded, 1, READ)
    own = connection.scalar(select(beginning).where(initiatives.c.id == initiative_id)) or ""
    words = _words(own)
    if len(words) < 4:
        return []
    query = _narrowed(select(initiatives.c.id, beginning), Wanted(), theirs)
    query = query.where(initiatives.c.id != initiative_id).order_by(initiatives.c.id.desc()).limit(COMPARED)
    shares = [(number, _share(words, folded)) for number, folded in connection.execute(query)]
    best = sorted((pair for pair in shares if pair[1] >= LIKENESS), key=lambda pair: -pair[1])[:most]
    if not best:
        return []
    found = connection.execute(select(*_LINE).where(initiatives.c.id.in_([number for number, _ in best])))
    lines = {row.id: Line(*row) for row in found}
    return [(lines[number], share) for number, share in best if number in lines]


def _words(folded: str) -> frozenset[str]:
    return frozenset(word for word in folded.split() if len(word) > 2)


def _share(mine: frozenset[str], folded: str) -> float:
    """How much of the words of both is in both; 0 where it cannot reach LIKENESS, which most of thousands cannot."""
    shared = len(mine.intersection(folded.split()))
    if shared < LIKENESS * len(mine):
        return 0.0
    return shared / len(mine | _words(folded))


# ---- saved views ----


def views(connection: Connection, staff_id: int) -> Sequence[tuple[int, str, str]]:
    query = select(saved_views.c.id, saved_views.c.name, saved_views.c.query).where(saved_views.c.staff_id == staff_id)
    return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(saved_views.c.name))]


def save_view(connection: Connection, staff_id: int, name: str, address: str) -> None:
    """One name, one view: saving again replaces it."""
    connection.execute(delete(saved_views).where(saved_views.c.staff_id == staff_id, saved_views.c.name == name))
    connection.execute(insert(saved_views).values(staff_id=staff_id, name=name, query=address))


def drop_view(connection: Connection, staff_id: int, view_id: int) -> None:
    connection.execute(delete(saved_views).where(saved_views.c.staff_id == staff_id, saved_views.c.id == view_id))


def within(units: Collection[int] | None) -> ColumnElement[bool] | None:
    """What somebody of these units may see: those of their units whose authors let the union at the workplace read.

    None, everything, is for whoever works for the whole province.
    """
    if units is None:
        return None
    return initiatives.c.unit_id.in_(list(units)) & (initiatives.c.readers == "unit")
