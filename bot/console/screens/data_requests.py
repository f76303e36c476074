"""What people ask of their data, each with its next due date."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired

from bot import talk
from bot.console import access
from bot.console.desk import desk
from bot.console.forms import Form, line, options
from bot.store import data_requests as store
from bot.store import persons, staff
from bot.store.data_requests import ANSWER_WITHIN, FINISH_WITHIN, Channel, DataRequest, Kind, Outcome

screen = Blueprint("data_requests", __name__)


class RequestForm(Form):
    kind = SelectField(choices=options((kind.value, "") for kind in Kind))
    channel = SelectField(choices=options((one.value, "") for one in Channel), default=Channel.LETTER.value)
    received = DateField(validators=[InputRequired("form.needed")])
    person = line(20, needed=False)
    contact = line(200, needed=False)


@screen.get("/data-requests")
def index() -> str:
    with desk().database.read() as connection:
        open_ones = store.open_ones(connection)
        closed = store.closed_ones(connection, below=request.args.get("below", type=talk.number), limit=31)
        people = {one.id: one for one in staff.everyone(connection)}
    return render_template(
        "console/data_requests/index.html", open_ones=open_ones, closed=closed[:30], people=people,
        more=closed[29].id if len(closed) > 30 else None, now=desk().clock(),
    )  # fmt: skip


@screen.route("/data-requests/add", methods=["GET", "POST"])
def add() -> str | Response | tuple[str, int]:
    given = {"received": desk().today, "person": request.args.get("person", "")}
    form = RequestForm(request.form, data=given)
    if request.method == "GET":
        return render_template("console/data_requests/add.html", form=form)
    person, fault = _person(form)
    if not fault and (not form.validate() or form.received.data is None):
        fault = "form.faulty"
    received = _noon(form)
    if not fault and received > desk().clock() + timedelta(days=1):
        fault = "duty.received_later"
    if fault:
        return render_template("console/data_requests/add.html", form=form, fault=fault), 422
    at, by = desk(), access.here().staff.id
    answer_by = _answer_by(received)

    def op(connection: Connection) -> int:
        return store.add(
            connection, at.clock(), by, kind=Kind(form.kind.data), channel=Channel(form.channel.data),
            received_at=received, answer_by=answer_by, finish_by=received + FINISH_WITHIN,
            person_id=person, contact=form.contact.text,
        )  # fmt: skip

    number = at.database.write(op)
    return redirect(url_for("console.data_requests.show", number=number, done="request_added"))


def _person(form: RequestForm) -> tuple[int | None, str]:
    """The number written in the form, when there is such a person."""
    if not form.person.text:
        return None, "" if form.contact.text else "duty.whose"
    number = talk.number(form.person.text) or 0
    with desk().database.read() as connection:
        found = persons.get(connection, number)
    return (number, "") if found else (None, "duty.person_unknown")


def _noon(form: RequestForm) -> datetime:
    day = form.received.data or desk().today
    return datetime(day.year, day.month, day.day, 12, tzinfo=desk().zone)


def _answer_by(received: datetime) -> datetime:
    """Two of the office's own working days later; weekdays where no hours are set."""
    organisation = desk().organisation()
    if not organisation.hours:
        return store.working_days_after(received, ANSWER_WITHIN)
    return organisation.working_days_after(received.astimezone(desk().zone), ANSWER_WITHIN)


@screen.route("/data-requests/<int:number>", methods=["GET", "POST"])
def show(number: int) -> str | Response | tuple[str, int]:
    asked = _asked(number)
    if request.method == "GET":
        return _page(asked)
    at, by, act = desk(), access.here().staff.id, request.form.get("act", "")
    if act == "answered":
        at.database.write(lambda connection: store.answered(connection, at.clock(), by, number))
    elif act in set(Outcome):
        at.database.write(lambda connection: store.close(connection, at.clock(), by, number, Outcome(act)))
    else:
        return _page(asked, "form.not_a_choice"), 422
    return redirect(url_for("console.data_requests.show", number=number, done="request_moved"))


def _asked(number: int) -> DataRequest:
    with desk().database.read() as connection:
        found = store.get(connection, number)
    if found is None:
        abort(404)
    return found


def _page(asked: DataRequest, fault: str = "") -> str:
    with desk().database.read() as connection:
        known = persons.get(connection, asked.person_id) if asked.person_id else None
        people = {one.id: one for one in staff.everyone(connection)}
    return render_template(
        "console/data_requests/show.html", asked=asked, known=known, people=people, outcomes=list(Outcome), fault=fault,
        now=desk().clock(),
    )  # fmt: skip
