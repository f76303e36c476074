"""The union bodies: tree, one unit, loading a list from Excel, the poster with QR codes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import DateField, SelectField
from wtforms.validators import Optional

from bot.console import access, second_factor, sheet, unit_sheet
from bot.console.access import May
from bot.console.desk import desk
from bot.console.forms import Form, line, options, paragraph
from bot.console.unit_tree import choices, in_order
from bot.errors import BotError
from bot.library.vietnamese import fold
from bot.store import audit, staff
from bot.store import units as store
from bot.store.staff import Role, Staff
from bot.store.units import Unit, UnitKind

screen = Blueprint("units", __name__)
NOBODY = 0


class UnitForm(Form):
    name = line(200)
    code = line(40, needed=False)
    kind = SelectField(choices=options([("", ""), *((kind.value, "") for kind in UnitKind)]), default="")
    parent = SelectField(coerce=int, default=NOBODY)
    aliases = paragraph(2000)
    valid_from = DateField(validators=[Optional()])
    valid_until = DateField(validators=[Optional()])
    successor = SelectField(coerce=int, default=NOBODY)
    in_charge = SelectField(coerce=int, default=NOBODY)
    contact = line(200, needed=False)


@screen.get("/units")
def index() -> str:
    wanted = fold(request.args.get("q", "").strip())
    known = _mine()
    rows = in_order(known)
    if wanted:
        rows = [(0, unit) for _, unit in rows if any(wanted in fold(name) for name in (unit.name, *unit.aliases))]
    with desk().database.read() as connection:
        people = {person.id: person for person in staff.everyone(connection)}
    return render_template("console/units/index.html", rows=rows, people=people, today=desk().today, total=len(known))


@screen.route("/units/add", methods=["GET", "POST"])
def add() -> str | AnyResponse | tuple[str, int]:
    return _edit(Unit())


@screen.route("/units/<int:unit_id>", methods=["GET", "POST"])
def show(unit_id: int) -> str | AnyResponse | tuple[str, int]:
    access.check_unit(unit_id)
    with desk().database.read() as connection:
        unit = store.get(connection, unit_id)
    if unit is None:
        abort(404)
    return _edit(unit)


def _edit(unit: Unit) -> str | AnyResponse | tuple[str, int]:
    form = _form(unit)
    if request.method == "GET":
        return _page(unit, form)
    fault = _fault(unit, form)
    if not fault:
        at, by = desk(), access.here().staff.id
        changed = _from(form, unit)
        try:
            at.database.write(lambda connection: store.save(connection, at.clock(), by, changed))
        except BotError as error:
            fault = error.code
    if fault:
        return _page(unit, form, fault), 422
    return redirect(url_for("console.units.index", done="unit_saved"))


def _page(unit: Unit, form: UnitForm, fault: str = "") -> str:
    return render_template("console/units/show.html", unit=unit, form=form, fault=fault)


def _form(unit: Unit) -> UnitForm:
    form = UnitForm(
        request.form,
        data={
            "name": unit.name,
            "code": unit.code or "",
            "kind": unit.kind,
            "parent": unit.parent_id or NOBODY,
            "aliases": "\n".join(unit.aliases),
            "valid_from": unit.valid_from,
            "valid_until": unit.valid_until,
            "successor": unit.successor_id or NOBODY,
            "in_charge": unit.in_charge_id or NOBODY,
            "contact": unit.contact,
        },
    )
    known = _mine()
    form.parent.choices = options(_parents(unit, known))
    others = {unit_id: one for unit_id, one in known.items() if unit_id != unit.id}
    form.successor.choices = options(_with_present([(NOBODY, ""), *choices(others)], unit.successor_id))
    people = [(NOBODY, ""), *((one.id, one.name) for one in _possible(unit))]
    form.in_charge.choices = options(_with_present(people, unit.in_charge_id))
    return form


def _parents(unit: Unit, known: Mapping[int, Unit]) -> list[tuple[int, str]]:
    """Where the unit may hang: inside one's own units; the top one of a unit officer stays where it is."""
    if unit.id and not access.here().covers(unit.parent_id):
        return [(unit.parent_id or NOBODY, "")]
    with desk().database.read() as connection:
        under_it = store.below(connection, {unit.id}) if unit.id else frozenset()
    found = choices({unit_id: one for unit_id, one in known.items() if unit_id not in under_it})
    return [(NOBODY, ""), *found] if access.here().units is None else found


def _with_present(pairs: list[tuple[int, str]], present: int | None) -> list[tuple[int, str]]:
    """What is set already may stay, even where one could not choose it oneself."""
    if present and all(value != present for value, _ in pairs):
        return [*pairs, (present, "…")]
    return pairs


def _possible(unit: Unit) -> list[Staff]:
    """Who may answer for it: everybody who can see it, but readers."""
    with desk().database.read() as connection:
        people = [one for one in staff.everyone(connection) if not one.disabled_at and one.role is not Role.READER]
        place = unit.id or unit.parent_id
        return [one for one in people if place is None or access.of(connection, one).covers(place)]


def _fault(unit: Unit, form: UnitForm) -> str:
    if not form.validate():
        return "form.faulty"
    since, until = form.valid_from.data, form.valid_until.data
    if since and until and until < since:
        return "unit.dates_reversed"
    if not unit.id and not form.parent.data and access.here().units is not None:
        return "unit.parent_needed"
    return ""


def _from(form: UnitForm, unit: Unit) -> Unit:
    return replace(
        unit,
        name=form.name.text,
        code=form.code.text or None,
        kind=form.kind.data or "",
        parent_id=form.parent.data or None,
        aliases=tuple(name for part in form.aliases.text.splitlines() if (name := " ".join(part.split()))),
        valid_from=form.valid_from.data,
        valid_until=form.valid_until.data,
        successor_id=form.successor.data or None,
        in_charge_id=form.in_charge.data or None,
        contact=form.contact.text,
    )


def _mine() -> dict[int, Unit]:
    """The units of one's scope."""
    with desk().database.read() as connection:
        known = store.everything(connection)
    return {unit_id: unit for unit_id, unit in known.items() if access.here().covers(unit_id)}


# ---- Excel ----


@screen.get("/units/template.xlsx")
def template() -> Response:
    return _file(unit_sheet.template(), "mau-don-vi.xlsx")


@screen.get("/units/units.xlsx")
def export() -> Response:
    at, by = desk(), access.here().staff.id
    with at.database.read() as connection:
        people = {person.id: person for person in staff.everyone(connection)}
    known = _mine()
    at.database.write(
        lambda connection: audit.record(connection, at.clock(), by, "units.exported", "units", None, rows=len(known))
    )
    return _file(unit_sheet.exported(known, people), "don-vi.xlsx")


def _file(content: bytes, name: str) -> Response:
    return Response(content, mimetype=sheet.TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@screen.route("/units/load", methods=["GET", "POST"])
def load() -> str | AnyResponse | tuple[str, int]:
    """First the file, then the look at its rows, then the word to write. Nothing is written before that word."""
    if request.method == "GET":
        return render_template("console/units/load.html")
    try:
        rows = _kept_rows() if "rows" in request.form else _uploaded()
    except BotError as error:
        return render_template("console/units/load.html", fault=error.code, missing=error.facts.get("missing", "")), 422
    with desk().database.read() as connection:
        checked = unit_sheet.check(rows, store.everything(connection), staff.everyone(connection))
    good = [row for row in checked if not row.faults]
    chosen = request.form.get("write")
    if good and (chosen == "good" or (chosen == "all" and len(good) == len(checked))):
        return _write(good)
    return render_template(
        "console/units/check.html", rows=checked, good=len(good), kept=json.dumps(rows, ensure_ascii=False)
    )


def _write(good: list[unit_sheet.Row]) -> str | AnyResponse | tuple[str, int]:
    at, by = desk(), access.here().staff.id
    drafts = [row.draft for row in good]
    at.database.write(lambda connection: store.load(connection, at.clock(), by, drafts))
    return redirect(url_for("console.units.index", done="units_loaded"))


def _uploaded() -> unit_sheet.Rows:
    sent = request.files.get("file")
    content = sent.read() if sent else b""
    if not content:
        raise BotError("sheet.missing")
    return sheet.read(content, unit_sheet.HEADINGS)


def _kept_rows() -> unit_sheet.Rows:
    """The rows that the page before carried along; checked again as if they had just been loaded."""
    try:
        rows = json.loads(request.form["rows"])
        return [(int(number), _texts(cells)) for number, cells in rows]
    except (ValueError, TypeError, AttributeError):
        raise BotError("sheet.unreadable") from None


def _texts(cells: Mapping[str, object]) -> dict[str, str]:
    known: Iterable[str] = unit_sheet.HEADINGS
    return {heading: str(cells.get(heading, "")) for heading in known}


# ---- the poster ----


@screen.get("/units/<int:unit_id>/poster")
def poster(unit_id: int) -> str:
    access.check_unit(unit_id)
    with desk().database.read() as connection:
        known = store.everything(connection)
        unit = known.get(unit_id)
        if unit is None:
            abort(404)
        links = store.bot_links(connection, unit, known)
    codes = {platform: (link, second_factor.qr(link)) for platform, link in links.items()}
    return render_template(
        "console/units/poster.html", unit=unit, codes=codes, may_connect=access.may(May.CHANGE_SETTINGS)
    )
