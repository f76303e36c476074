"""A breach of personal data: the clock of 72 hours, who is touched, what was done, the minutes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import DateField, DateTimeLocalField, SelectField
from wtforms.validators import InputRequired, Optional

from bot import talk
from bot.console import access, sheet, words
from bot.console.desk import desk
from bot.console.forms import Form, line, options, paragraph
from bot.console.unit_tree import choices
from bot.store import accounts, audit, staff, units
from bot.store import incidents as store
from bot.store.incidents import STEPS, Incident
from bot.workbook import book

screen = Blueprint("incidents", __name__)
SHOWN = 100
HEADINGS = ("Số", "Kênh", "Mã của nền tảng", "Đơn vị", "Nơi làm việc đã ghi", "Nhắn lần cuối")


class IncidentForm(Form):
    title = line(160)
    discovered = DateTimeLocalField(format="%Y-%m-%dT%H:%M", validators=[InputRequired("form.needed")])
    happened = paragraph(4000)
    harm = paragraph(4000)
    measures = paragraph(4000)


class TouchedForm(Form):
    account = SelectField(coerce=int, default=0)
    unit = SelectField(coerce=int, default=0)
    since = DateField(validators=[Optional()])
    until = DateField(validators=[Optional()])
    people = paragraph(20_000)


@screen.get("/incidents")
def index() -> str:
    with desk().database.read() as connection:
        found = store.all_of_them(connection)
    return render_template("console/incidents/index.html", incidents=found, now=desk().clock())


@screen.route("/incidents/add", methods=["GET", "POST"])
def add() -> str | AnyResponse | tuple[str, int]:
    form = IncidentForm(request.form, data={"discovered": desk().local(desk().clock()).replace(tzinfo=None)})
    if request.method == "GET":
        return render_template("console/incidents/add.html", form=form)
    fault = _fault(form)
    if fault:
        return render_template("console/incidents/add.html", form=form, fault=fault), 422
    at, by, values = desk(), access.here().staff.id, _values(form)
    number = at.database.write(lambda connection: store.add(connection, at.clock(), by, **values))
    return redirect(url_for("console.incidents.show", number=number, done="incident_added"))


def _fault(form: IncidentForm) -> str:
    if not form.validate() or form.discovered.data is None:
        return "form.faulty"
    return "duty.discovered_later" if _discovered(form) > desk().clock() + timedelta(minutes=1) else ""


def _discovered(form: IncidentForm) -> datetime:
    given: datetime = form.discovered.data or desk().local(desk().clock())
    return given.replace(tzinfo=desk().zone)


def _values(form: IncidentForm) -> dict[str, Any]:
    return {
        "title": form.title.text,
        "discovered_at": _discovered(form),
        "happened": form.happened.text,
        "harm": form.harm.text,
        "measures": form.measures.text,
    }


@screen.route("/incidents/<int:number>", methods=["GET", "POST"])
def show(number: int) -> str | AnyResponse | tuple[str, int]:
    incident = _incident(number)
    form = _form(incident)
    if request.method == "GET":
        return _page(incident, form)
    fault = "duty.closed" if incident.closed_at else _fault(form)
    if fault:
        return _page(incident, form, fault), 422
    at, by, values = desk(), access.here().staff.id, _values(form)
    at.database.write(lambda connection: store.change(connection, at.clock(), by, number, **values))
    return redirect(url_for("console.incidents.show", number=number, done="incident_saved"))


def _incident(number: int) -> Incident:
    with desk().database.read() as connection:
        found = store.get(connection, number)
    if found is None:
        abort(404)
    return found


def _form(incident: Incident) -> IncidentForm:
    values = {name: getattr(incident, name) for name in ("title", "happened", "harm", "measures")}
    found = desk().local(incident.discovered_at).replace(tzinfo=None)
    return IncidentForm(request.form, data={**values, "discovered": found})


def _page(incident: Incident, form: IncidentForm, fault: str = "", touched: TouchedForm | None = None) -> str:
    with desk().database.read() as connection:
        people = store.people(connection, incident.id, limit=SHOWN)
    return render_template(
        "console/incidents/show.html", incident=incident, form=form, touched=touched or _touched(), people=people,
        fault=fault, now=desk().clock(), shown=SHOWN,
    )  # fmt: skip


def _touched() -> TouchedForm:
    form = TouchedForm(request.form if request.endpoint == "console.incidents.touch" else None)
    with desk().database.read() as connection:
        known = units.everything(connection)
        places = [(one.id, f"{words.say('talk.platforms.' + one.platform)} {one.name}".strip())
                  for one in accounts.all_accounts(connection)]  # fmt: skip
    form.account.choices = options([(0, "Mọi kênh"), *places])
    form.unit.choices = options([(0, "Mọi đơn vị"), *choices(known)])
    return form


@screen.post("/incidents/<int:number>/touch")
def touch(number: int) -> str | AnyResponse | tuple[str, int]:
    """Put people on the list; a list of numbers, or those of an account, a unit, a span of days."""
    incident, form = _incident(number), _touched()
    named = [found for one in form.people.text.replace(",", " ").split() if (found := talk.number(one)) is not None]
    chosen = form.account.data or form.unit.data or form.since.data or form.until.data or named
    if not form.validate() or not chosen or incident.closed_at:
        return _page(incident, _form(incident), "duty.nobody_chosen", form), 422
    at, by = desk(), access.here().staff.id
    with at.database.read() as connection:
        below = sorted(units.below(connection, {form.unit.data})) if form.unit.data else None
    wanted: dict[str, Any] = {
        "account_id": form.account.data or None,
        "unit_ids": below,
        "since": _at(form.since.data, time.min),
        "until": _at(form.until.data, time.max),
        "person_ids": named or None,
    }
    at.database.write(lambda connection: store.add_people(connection, at.clock(), by, number, **wanted), wait_s=60)
    return redirect(url_for("console.incidents.show", number=number, done="incident_listed", _anchor="touched"))


def _at(day: Any, clock: time) -> datetime | None:
    return datetime.combine(day, clock, desk().zone) if day else None


@screen.post("/incidents/<int:number>/step")
def step(number: int) -> AnyResponse:
    _incident(number)
    which = request.form.get("which", "")
    if which not in STEPS:
        abort(422)
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: store.step(connection, at.clock(), by, number, which))
    return redirect(url_for("console.incidents.show", number=number, done="incident_step"))


@screen.get("/incidents/<int:number>/people.xlsx")
def export(number: int) -> Response:
    _incident(number)
    at, by = desk(), access.here().staff.id
    with at.database.read() as connection:
        rows = store.people(connection, number)
    at.database.write(
        lambda connection: audit.record(
            connection, at.clock(), by, "incident.exported", "incident", number, rows=len(rows)
        )
    )
    cells = [
        (
            row["id"],
            f"{words.say('talk.platforms.' + row['platform'])} {row['account']}".strip(),
            row["user_id"],
            row["unit"] or "",
            row["unit_said"],
            f"{at.local(row['wrote_at']):%H:%M %d/%m/%Y}" if row["wrote_at"] else "",
        )
        for row in rows
    ]
    content = book("Người bị ảnh hưởng", HEADINGS, cells, (10, 24, 26, 36, 36, 20))
    name = f"su-co-{number}-nguoi-bi-anh-huong.xlsx"
    return Response(content, mimetype=sheet.TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@screen.get("/incidents/<int:number>/minutes")
def minutes(number: int) -> str:
    """To be printed and signed."""
    incident = _incident(number)
    with desk().database.read() as connection:
        people = {one.id: one for one in staff.everyone(connection)}
    return render_template("console/incidents/minutes.html", incident=incident, people=people, now=desk().clock())
