"""The list of units in Excel: what each row means, and what is wrong with it, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Generic, TypeVar

from bot.console import words
from bot.console.unit_tree import in_order
from bot.library.vietnamese import fold
from bot.store.staff import Staff
from bot.store.units import Draft, Unit, UnitKind
from bot.workbook import Cell, book

CODE, NAME, PARENT, KIND = "Mã", "Tên đơn vị", "Đơn vị cấp trên (mã hoặc tên)", "Loại"
ALIASES, SINCE, UNTIL = "Tên cũ, tên khác (cách nhau bằng dấu ;)", "Có từ ngày", "Đến hết ngày"
SUCCESSOR, IN_CHARGE, CONTACT = "Chuyển việc cho (mã hoặc tên)", "Người phụ trách (tên đăng nhập)", "Liên hệ khác"
HEADINGS = (CODE, NAME, PARENT, KIND, ALIASES, SINCE, UNTIL, SUCCESSOR, IN_CHARGE, CONTACT)
WIDTHS = (12, 46, 34, 26, 46, 14, 14, 34, 26, 34)
LONGEST = {CODE: 40, NAME: 200, CONTACT: 200, ALIASES: 2000}

T = TypeVar("T")
Rows = Sequence[tuple[int, Mapping[str, str]]]


@dataclass(slots=True)
class Row:
    """One line of the file: what it becomes, and the codes of its faults with the words they speak of."""

    number: int
    cells: Mapping[str, str]
    draft: Draft
    faults: list[tuple[str, str]] = field(default_factory=list)

    @property
    def new(self) -> bool:
        return self.draft.unit.id == 0

    def refuse(self, code: str, what: str = "") -> None:
        self.faults.append((f"units.row.{code}", what))


def check(rows: Rows, known: Mapping[int, Unit], people: Iterable[Staff]) -> list[Row]:
    """Read every row against the file itself and what is stored. A row without faults can be written."""
    stored = _index(known.values())
    found = [_read(number, cells, stored) for number, cells in rows]
    _no_twins(found)
    logins = {person.login: person.id for person in people if not person.disabled_at}
    changed = {row.draft.unit.id for row in found}
    in_file = _Index((row, row.cells[CODE], row.cells[NAME]) for row in found)
    stored = _index(unit for unit in known.values() if unit.id not in changed)
    for row in found:
        _refer(row, in_file, stored)
        login = row.cells[IN_CHARGE].lower()
        if login and login not in logins:
            row.refuse("person_unknown", login)
        elif login:
            row.draft.unit = replace(row.draft.unit, in_charge_id=logins[login])
    _no_circles(found, known)
    _nothing_under_a_refused_one(found)
    return found


def template() -> bytes:
    """An empty list with two example rows to write over."""
    park, grassroots = (words.say(f"units.kinds.{kind}") for kind in (UnitKind.PARK, UnitKind.GRASSROOTS))
    examples = (
        ("KCN01", "Công đoàn khu công nghiệp A", "", park, "", "01/07/2025", "", "", "", ""),
        ("", "Công đoàn Công ty B", "KCN01", grassroots, "CĐ Cty B; B Việt Nam", "", "", "", "", ""),
    )
    return book("Đơn vị", HEADINGS, examples, WIDTHS)


def exported(known: Mapping[int, Unit], people: Mapping[int, Staff]) -> bytes:
    """The list as the template has it, so that it can be changed and loaded again."""
    return book("Đơn vị", HEADINGS, [_cells(unit, known, people) for _, unit in in_order(known)], WIDTHS)


def _cells(unit: Unit, known: Mapping[int, Unit], people: Mapping[int, Staff]) -> list[Cell]:
    def named(unit_id: int | None) -> str:
        other = known.get(unit_id) if unit_id else None
        return (other.code or other.name) if other else ""

    person = people.get(unit.in_charge_id) if unit.in_charge_id else None
    return [
        unit.code or "",
        unit.name,
        named(unit.parent_id),
        words.say(f"units.kinds.{unit.kind}") if unit.kind else "",
        "; ".join(unit.aliases),
        unit.valid_from,
        unit.valid_until,
        named(unit.successor_id),
        person.login if person else "",
        unit.contact,
    ]


def _read(number: int, cells: Mapping[str, str], stored: _Index[Unit]) -> Row:
    """What the row says by itself. A unit of the same code, or else of the same name, is changed by it."""
    cells = {heading: cells.get(heading, "") for heading in HEADINGS}
    before = _same(cells, stored)
    row = Row(number, cells, Draft(before or Unit()))
    if not cells[NAME]:
        row.refuse("name_missing")
    for heading, most in LONGEST.items():
        if len(cells[heading]) > most:
            row.refuse("too_long", heading)
    since, until = _day(row, SINCE), _day(row, UNTIL)
    if since and until and until < since:
        row.refuse("dates_reversed")
    row.draft.unit = replace(
        row.draft.unit,
        name=cells[NAME],
        code=cells[CODE] or row.draft.unit.code,
        kind=_kind(row),
        valid_from=since,
        valid_until=until,
        contact=cells[CONTACT],
        in_charge_id=None,
        aliases=tuple(name for part in cells[ALIASES].split(";") if (name := part.strip())),
    )
    return row


def _same(cells: Mapping[str, str], stored: _Index[Unit]) -> Unit | None:
    found = stored.coded(cells[CODE]) if cells[CODE] else stored.named(cells[NAME])
    return found[0] if len(found) == 1 else None


def _kind(row: Row) -> str:
    said = fold(row.cells[KIND])
    if not said:
        return ""
    names = {fold(words.say(f"units.kinds.{kind}")): kind.value for kind in UnitKind}
    if said not in names:
        row.refuse("kind_unknown", row.cells[KIND][:60])
    return names.get(said, "")


def _day(row: Row, heading: str) -> date | None:
    said = row.cells[heading]
    for shape in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(said, shape).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    if said:
        row.refuse("date_odd", said[:30])
    return None


def _no_twins(rows: list[Row]) -> None:
    """Two rows for one unit: nobody could say which of them counts."""
    codes = Counter(row.cells[CODE] for row in rows if row.cells[CODE])
    bare = Counter(fold(row.cells[NAME]) for row in rows if not row.cells[CODE] and row.cells[NAME])
    stored = Counter(row.draft.unit.id for row in rows if row.draft.unit.id)
    for row in rows:
        if codes[row.cells[CODE]] > 1:
            row.refuse("code_twice", row.cells[CODE][:40])
        elif stored[row.draft.unit.id] > 1 or (not row.cells[CODE] and bare[fold(row.cells[NAME])] > 1):
            row.refuse("name_twice")


def _refer(row: Row, in_file: _Index[Row], stored: _Index[Unit]) -> None:
    """Find the unit above and the successor: in the file first, then among those stored."""
    row.draft.parent, parent_id = _target(row, PARENT, "parent", in_file, stored)
    row.draft.successor, successor_id = _target(row, SUCCESSOR, "successor", in_file, stored)
    row.draft.unit = replace(row.draft.unit, parent_id=parent_id, successor_id=successor_id)


def _target(
    row: Row, heading: str, what: str, in_file: _Index[Row], stored: _Index[Unit]
) -> tuple[Draft | None, int | None]:
    said = row.cells[heading]
    if not said:
        return None, None
    rows = in_file.named(said)
    if len(rows) == 1 and rows[0] is not row:
        return rows[0].draft, None
    found = [] if rows else stored.named(said)
    if len(found) == 1:
        return None, found[0].id
    row.refuse(
        f"{what}_itself" if rows == [row] else f"{what}_unclear" if rows or found else f"{what}_unknown", said[:60]
    )
    return None, None


class _Index(Generic[T]):
    """Things by their code and by their name without tone marks."""

    def __init__(self, things: Iterable[tuple[T, str, str]]) -> None:
        self._codes: dict[str, list[T]] = {}
        self._names: dict[str, list[T]] = {}
        for thing, code, name in things:
            if code:
                self._codes.setdefault(code, []).append(thing)
            if name:
                self._names.setdefault(fold(name), []).append(thing)

    def coded(self, code: str) -> list[T]:
        return self._codes.get(code, [])

    def named(self, said: str) -> list[T]:
        return self._codes.get(said) or self._names.get(fold(said), [])


def _index(units: Iterable[Unit]) -> _Index[Unit]:
    return _Index((unit, unit.code or "", unit.name) for unit in units)


def _no_circles(rows: list[Row], known: Mapping[int, Unit]) -> None:
    """Walk up from each row, through the file where it speaks and through what is stored where it does not."""
    by_id = {row.draft.unit.id: row.draft for row in rows if row.draft.unit.id}
    for row in rows:
        passed: list[object] = []
        at: Draft | Unit | None = row.draft
        while at is not None and at not in passed:
            passed.append(at)
            at = _above(at, by_id, known)
        if at is row.draft:
            row.refuse("circle")


def _above(at: Draft | Unit, by_id: Mapping[int, Draft], known: Mapping[int, Unit]) -> Draft | Unit | None:
    if isinstance(at, Draft) and at.parent is not None:
        return at.parent
    parent_id = at.unit.parent_id if isinstance(at, Draft) else at.parent_id
    return by_id.get(parent_id) or known.get(parent_id) if parent_id else None


def _nothing_under_a_refused_one(rows: list[Row]) -> None:
    """A row that leans on a refused row cannot be written either; and so on down."""
    owners = {id(row.draft): row for row in rows}
    changed = True
    while changed:
        changed = False
        for row in rows:
            leans_on = [owners[id(one)] for one in (row.draft.parent, row.draft.successor) if one is not None]
            refused = next((one for one in leans_on if one.faults), None)
            if refused is not None and not row.faults:
                row.refuse("leans_on", str(refused.number))
                changed = True
