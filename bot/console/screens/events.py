"""Courses and ceremonies: places, closing date, who registered, and the list to take along."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse
from wtforms import SelectField

from bot import talk
from bot.console import access, sheet
from bot.console.desk import desk
from bot.console.forms import Form, line, options, paragraph
from bot.console.unit_tree import choices
from bot.errors import BotError
from bot.store import audit, units
from bot.store import events as store
from bot.store.events import Event
from bot.workbook import book

screen = Blueprint("events", __name__)
STATES = {"draft": "Chưa mở", "open": "Mở đăng ký", "cancelled": "Đã hủy"}


class EventForm(Form):
    title = line(120)
    says = paragraph(400)
    place = line(160, needed=False)
    day = line(10)
    at = line(5)
    close_day = line(10)
    close_at = line(5, needed=False)
    places = line(5, needed=False)
    remind_hours = line(3, needed=False)
    unit = SelectField(coerce=int, validate_choice=False)
    state = SelectField(choices=options(STATES.items()))


@screen.get("/events")
def index() -> str:
    at = desk()
    with at.database.read() as connection:
        found = store.listed(connection, at.clock() - timedelta(days=60))
    mine = [(event, coming) for event, coming in found if access.here().covers(event.unit_id)]
    return render_template("console/events/index.html", found=mine, states=STATES, now=at.clock())


@screen.route("/events/new", methods=["GET", "POST"])
def new() -> str | AnyResponse | tuple[str, int]:
    return _write(None)


@screen.route("/events/<int:number>", methods=["GET", "POST"])
def show(number: int) -> str | AnyResponse | tuple[str, int]:
    return _write(_event(number))


@screen.get("/events/<int:number>/registered.xlsx")
def export(number: int) -> Response:
    event = _event(number)
    at, by = desk(), access.here().staff.id
    with at.database.read() as connection:
        rows = [
            (place, row.name, row.unit_said, f"{at.local(row.at):%H:%M %d/%m/%Y}")
            for place, row in enumerate(store.registered(connection, number), 1)
        ]
    content = book("Danh sách", ("TT", "Họ và tên", "Nơi làm việc", "Đăng ký lúc"), rows, (6, 30, 40, 20))
    at.database.write(
        lambda connection: audit.record(connection, at.clock(), by, "event.exported", "event", event.id, rows=len(rows))
    )
    name = f'attachment; filename="danh-sach-{number}.xlsx"'
    return Response(content, mimetype=sheet.TYPE, headers={"Content-Disposition": name})


def _event(number: int) -> Event:
    with desk().database.read() as connection:
        event = store.get(connection, number)
    if event is None:
        abort(404)
    access.check_unit(event.unit_id)
    return event


def _write(event: Event | None) -> str | AnyResponse | tuple[str, int]:
    form = EventForm(request.form or None, data=_filled(event))
    form.unit.choices = _unit_choices()
    fault = ""
    if request.method == "POST":
        try:
            return _save(event, form)
        except BotError as error:
            fault = error.code
    with desk().database.read() as connection:
        people = store.registered(connection, event.id) if event else []
    page = render_template("console/events/show.html", form=form, event=event, people=people, fault=fault)
    return (page, 422) if fault else page


def _filled(event: Event | None) -> dict[str, Any]:
    if event is None:
        return {"remind_hours": "24", "state": "draft", "unit": 0}
    starts, closes = desk().local(event.starts_at), desk().local(event.closes_at)
    return {
        "title": event.title, "says": event.says, "place": event.place,
        "day": f"{starts:%Y-%m-%d}", "at": f"{starts:%H:%M}",
        "close_day": f"{closes:%Y-%m-%d}", "close_at": f"{closes:%H:%M}",
        "places": str(event.places or ""), "remind_hours": str(event.remind_hours),
        "unit": event.unit_id or 0, "state": event.state,
    }  # fmt: skip


def _unit_choices() -> Any:
    with desk().database.read() as connection:
        known = units.everything(connection)
    mine = choices({unit_id: unit for unit_id, unit in known.items() if access.here().covers(unit_id)})
    return options([(0, ""), *mine] if access.here().units is None else mine)


def _save(event: Event | None, form: EventForm) -> AnyResponse:
    if not form.validate():
        raise BotError("form.faulty")
    starts = _moment(form.day.text, form.at.text)
    closes = _moment(form.close_day.text, form.close_at.text or "17:00")
    if closes > starts:
        raise BotError("event.closes_late")
    unit = form.unit.data or None
    access.check_unit(unit)
    values = {
        "title": form.title.text, "says": form.says.text, "place": form.place.text, "unit_id": unit,
        "starts_at": starts, "closes_at": closes, "places": _number(form.places.text) or None,
        "remind_hours": _number(form.remind_hours.text) or 24, "state": form.state.data,
    }  # fmt: skip
    at, by = desk(), access.here().staff.id

    def op(connection: Connection) -> int:
        now = at.clock()
        number = store.save(connection, now, by, event.id if event else 0, **values)
        audit.record(connection, now, by, "event.saved", "event", number, state=form.state.data)
        return number

    return redirect(url_for("console.events.show", number=at.database.write(op), done="event_saved"))


def _moment(day: str, at: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(at), desk().zone)
    except ValueError:
        raise BotError("announcement.bad_time") from None


def _number(text: str) -> int:
    found = talk.number(text or "0")
    if found is None:
        raise BotError("announcement.bad_number")
    return found
