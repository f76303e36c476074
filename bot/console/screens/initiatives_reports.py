"""Reports asked of units: the document, the due date, figures filled in beforehand, one merged paper."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse
from wtforms import DateField
from wtforms.validators import InputRequired

from bot.console import access
from bot.console.access import Access, May
from bot.console.desk import desk
from bot.console.forms import Form, boxes, line, options, paragraph, tidy
from bot.console.initiative_desk import initiative_desk
from bot.console.unit_tree import choices
from bot.errors import BotError
from bot.files.sniffing import DOCX, ENDINGS, XLSX, Refused, check
from bot.files.storing import fresh_key
from bot.initiatives import asked
from bot.store import audit, unit_reports, units
from bot.store import files as file_store
from bot.store.initiative_lists import Wanted, within
from bot.store.unit_reports import Request

screen = Blueprint("initiatives_reports", __name__)
MOST_QUESTIONS = 10
#: Figures are counted on the page for so many units; for more the page names only who has sent.
FILLED_AT_ONCE = 12


class RequestForm(Form):
    title = line(120)
    document = line(120)
    since = DateField(validators=[InputRequired("form.needed")])
    until = DateField(validators=[InputRequired("form.needed")])
    due_on = DateField(validators=[InputRequired("form.needed")])
    questions = paragraph(2000)
    units = boxes()


@screen.get("/reports")
def index() -> str:
    with desk().database.read() as connection:
        rows = unit_reports.everything(connection, access.here().units)
    return render_template("console/initiatives/reports.html", rows=rows, today=desk().today)


@screen.route("/reports/add", methods=["GET", "POST"])
def add() -> str | AnyResponse | tuple[str, int]:
    form = RequestForm(request.form)
    with desk().database.read() as connection:
        form.units.choices = options(choices(units.everything(connection)))
    if request.method == "GET":
        return render_template("console/initiatives/report_add.html", form=form)
    fault = "" if form.validate() and form.units.data else "form.faulty"
    if not fault and form.until.data and form.since.data and form.until.data < form.since.data:
        fault = "unit.dates_reversed"
    if fault:
        return render_template("console/initiatives/report_add.html", form=form, fault=fault), 422
    try:
        number = _ask(form)
    except BotError as error:
        return render_template("console/initiatives/report_add.html", form=form, fault=error.code), 422
    return redirect(url_for("console.initiatives_reports.show", number=number, done="report_asked"))


def _ask(form: RequestForm) -> int:
    at, by, now = initiative_desk(), access.here().staff.id, desk().clock()
    sent = request.files.get("file")
    content = sent.read() if sent else b""
    stored = None
    if content:
        try:
            stored = (check(content), fresh_key())
        except Refused as refusal:
            raise BotError(f"files.refused_{refusal.code}") from None
        at.files.put(stored[1], content)
    lines = [" ".join(text.split())[:200] for text in form.questions.text.splitlines()]
    questions = [text for text in lines if text][:MOST_QUESTIONS]

    def op(connection: Connection) -> int:
        file_id = None
        if stored is not None:
            file_id = file_store.add_stored(
                connection, now, kind="file", name=(sent.filename or "")[:200] if sent else "",
                type=stored[0], key=stored[1], size=len(content), sha256=hashlib.sha256(content).hexdigest(),
            )  # fmt: skip
        number = unit_reports.ask(
            connection, now, form.units.data or [], title=form.title.text, document=form.document.text,
            file_id=file_id, since=form.since.data, until=form.until.data, due_on=form.due_on.data,
            questions=questions, staff_id=by,
        )  # fmt: skip
        audit.record(connection, now, by, "report.asked", "report", number)
        return number

    return desk().database.write(op)


def _request(connection: Connection, number: int, who: Access | None = None) -> Request:
    """The request, when it concerns somebody of this request; 404 otherwise."""
    found = unit_reports.get(connection, number)
    if found is None:
        abort(404)
    covers = (who or access.here()).covers
    if not any(covers(reply.unit_id) for reply in unit_reports.replies(connection, number)):
        abort(404)
    return found


@screen.get("/reports/<int:number>")
def show(number: int) -> str:
    return _page(number)


def _page(number: int, fault: str = "") -> str:
    with desk().database.read() as connection:
        found = _request(connection, number)
        replies = [one for one in unit_reports.replies(connection, number) if access.here().covers(one.unit_id)]
        known = units.everything(connection)
        here, zone = access.here(), desk().zone
        few = replies if len(replies) <= FILLED_AT_ONCE else []
        mine = [(one, _figures(connection, found, one.unit_id, here, zone)) for one in few]
    return render_template(
        "console/initiatives/report.html", request_=found, replies=replies, units=known, mine=mine, fault=fault,
        today=desk().today, given=request.form, may_ask=access.may(May.ASK_REPORTS), figure_words=asked.WORDS,
    )  # fmt: skip


def _figures(connection: Connection, found: Request, unit_id: int, who: Access, zone: tzinfo) -> dict[str, int | None]:
    """What the bot knows of a unit and all below it; each counts only what its readers may see."""
    wanted = Wanted(
        unit_ids=units.below(connection, {unit_id}),
        since=_start(found.since, zone),
        until=_start(found.until, zone, after=1),
    )
    return asdict(asked.figures(connection, wanted, within(who.units)))


def _start(day: date, zone: tzinfo, *, after: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=after), time(), zone).astimezone(UTC)


@screen.post("/reports/<int:number>/<int:unit_id>")
def send(number: int, unit_id: int) -> str | AnyResponse | tuple[str, int]:
    """A unit's figures as they are now, and what only it knows."""
    access.check_unit(unit_id)
    here, zone, now = access.here(), desk().zone, desk().clock()
    given = {str(at): tidy(request.form.get(f"answer{at}"))[:2000] for at in range(MOST_QUESTIONS)}

    def op(connection: Connection) -> None:
        found = _request(connection, number, here)
        answers = {str(at): given[str(at)] for at in range(len(found.questions))}
        figures = _figures(connection, found, unit_id, here, zone)
        if not unit_reports.send(connection, number, unit_id, here.staff.id, now, figures, answers):
            raise BotError("report.not_asked")
        audit.record(connection, now, here.staff.id, "report.sent", "report", number, unit=unit_id)

    try:
        desk().database.write(op)
    except BotError as error:
        return _page(number, error.code), 422
    return redirect(url_for("console.initiatives_reports.show", number=number, done="report_sent"))


@screen.get("/reports/<int:number>/document")
def document(number: int) -> Response:
    with desk().database.read() as connection:
        found = _request(connection, number)
        stored = file_store.get(connection, found.file_id) if found.file_id else None
    if stored is None:
        abort(404)
    content = initiative_desk().files.get(stored.key)
    return _file(content, stored.type, f"van-ban-{number}.{ENDINGS.get(stored.type, 'bin')}")


@screen.get("/reports/<int:number>/merged.<any(xlsx,docx):kind>")
def merged(number: int, kind: str) -> Response:
    """All that was sent, one line a unit; who is missing is named."""
    with desk().database.read() as connection:
        found = _request(connection, number)
        replies = unit_reports.replies(connection, number)
        known = units.everything(connection)
    by, now = access.here().staff.id, desk().clock()
    desk().database.write(
        lambda connection: audit.record(connection, now, by, "report.merged", "report", number, kind=kind)
    )
    names = {unit_id: unit.name for unit_id, unit in known.items()}
    make: Any = asked.merged_excel if kind == "xlsx" else asked.merged_word
    content = make(found, replies, names, desk().organisation().name)
    return _file(content, XLSX if kind == "xlsx" else DOCX, f"bao-cao-{number}.{kind}")


def _file(content: bytes, kind: str, name: str) -> Response:
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
