"""The yearly campaigns: what is planned, this year's words for the chat, the honoured and their cards."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, SelectField

from bot import talk
from bot.announcements import honouring, people
from bot.announcements.announcing import Announcing
from bot.announcements.campaigns import Campaigns
from bot.console import access, sheet
from bot.console.desk import desk
from bot.console.forms import Form, line, options, paragraph
from bot.errors import BotError
from bot.store import announcements as store
from bot.store import audit, honoured
from bot.store import options as option_store
from bot.workbook import book

screen = Blueprint("campaigns", __name__)
AREA = "campaigns"
SUNDAYS = {"same": "vẫn gửi đúng ngày", "before": "gửi hôm trước", "after": "gửi hôm sau"}
HEADINGS = ("Họ và tên", "Đơn vị", "Sáng kiến", "Quyết định", "Đồng ý nêu tên")
YES = {"có", "co", "x", "đồng ý", "dong y", "yes", "1"}


class PlannedForm(Form):
    title = line(120)
    body = paragraph(1500, needed=True)
    day = line(2)
    month = line(2)
    at = line(5)
    sunday = SelectField(choices=options(SUNDAYS.items()))
    on = BooleanField()


class SaysForm(Form):
    name = line(120)
    says = paragraph(600)


def announcing() -> Announcing:
    found: Announcing = current_app.extensions["announcing"]
    return found


def campaigns() -> Campaigns:
    """As the officers last saved them."""
    at = desk()
    with at.database.read() as connection:
        return Campaigns.open(option_store.overlay(connection, AREA), at.content / "campaigns")


@screen.get("/campaigns")
def index() -> str:
    at, found = desk(), campaigns()
    year = at.today.year
    moments, drafts = {}, {}
    with at.database.read() as connection:
        for key, planned in found.planned().items():
            soon = next(moment for of in (year, year + 1) if (moment := planned.moment(of)) > at.clock())
            moments[key] = soon
            drafts[key] = store.of_slot(connection, key, str(soon.year))
        number = len(honoured.of_year(connection, year))
    return render_template(
        "console/campaigns/index.html", found=found.all, moments=moments, drafts=drafts, year=year, people=number
    )


@screen.route("/campaigns/<key>/says", methods=["GET", "POST"])
def says(key: str) -> str | AnyResponse | tuple[str, int]:
    """What the bot answers to "what is on this year"; it is this year's only."""
    found = campaigns().all.get(key)
    if found is None:
        abort(404)
    year = desk().today.year
    form = SaysForm(request.form or None, name=found.name, says=found.says if found.year == year else "")
    if request.method == "GET" or not form.validate():
        page = render_template("console/campaigns/says.html", form=form, one=found, year=year)
        return page if request.method == "GET" else (page, 422)
    return _kept(key, {"name": form.name.text, "says": form.says.text, "year": year})


@screen.route("/campaigns/<key>/<message>", methods=["GET", "POST"])
def planned(key: str, message: str) -> str | AnyResponse | tuple[str, int]:
    name = f"{key}.{message}"
    one = campaigns().planned().get(name)
    if one is None:
        abort(404)
    shown = {"day": str(one.day), "month": str(one.month), "at": f"{one.at:%H:%M}"}
    form = PlannedForm(
        request.form or None, data={"title": one.title, "body": one.body, "sunday": one.sunday, "on": one.on, **shown}
    )
    if request.method == "GET":
        return render_template("console/campaigns/planned.html", form=form, one=one)
    if not form.validate():
        return render_template("console/campaigns/planned.html", form=form, one=one, fault="form.faulty"), 422
    try:
        return _kept(name, _changed(form))
    except BotError as error:
        return render_template("console/campaigns/planned.html", form=form, one=one, fault=error.code), 422


def _changed(form: PlannedForm) -> dict[str, Any]:
    try:
        return {
            "title": form.title.text, "body": form.body.text, "day": int(form.day.text),
            "month": int(form.month.text), "at": f"{form.at.text}:00", "sunday": form.sunday.data,
            "on": bool(form.on.data),
        }  # fmt: skip
    except ValueError:
        raise BotError("announcement.bad_time") from None


def _kept(key: str, value: dict[str, Any]) -> AnyResponse:
    at, by = desk(), access.here().staff.id
    with at.database.read() as connection:
        edits = option_store.overlay(connection, AREA)
    try:
        Campaigns.open({**edits, key: value}, at.content / "campaigns")  # nothing faulty is ever kept
    except BotError:
        raise BotError("announcement.bad_time") from None
    at.database.write(lambda connection: option_store.put(connection, at.clock(), by, AREA, key, value))
    return redirect(url_for("console.campaigns.index", done="saved"))


# ---- the honoured ----


@screen.route("/campaigns/honoured", methods=["GET", "POST"])
def honours() -> str | AnyResponse | tuple[str, int]:
    at, by = desk(), access.here().staff.id
    year = request.values.get("year", type=talk.number) or at.today.year
    fault = ""
    if request.method == "POST":
        try:
            rows = _given(year)
            at.database.write(lambda connection: _load(connection, year, rows, by, at.clock()))
            return redirect(url_for("console.campaigns.honours", year=year, done="honoured_loaded"))
        except BotError as error:
            fault = error.code
    with at.database.read() as connection:
        named = honoured.of_year(connection, year)
    page = render_template("console/campaigns/honours.html", people=named, year=year, fault=fault, headings=HEADINGS)
    return (page, 422) if fault else page


def _given(year: int) -> list[dict[str, Any]]:
    """From the bot's own initiatives, a list, or one by one."""
    if request.form.get("own"):
        with desk().database.read() as connection:
            return [dict(row) for row in people.recognised(connection, year)]
    return _sheet_rows() if request.files.get("file") else [_row(request.form)]


def _load(connection: Connection, year: int, rows: list[dict[str, Any]], by: int, now: datetime) -> None:
    added = honoured.load(connection, year, rows, by, now)
    audit.record(connection, now, by, "honoured.loaded", "honoured", None, rows=added, year=year)


def _sheet_rows() -> list[dict[str, Any]]:
    content = request.files["file"].read()
    if not content:
        raise BotError("sheet.missing")
    return [_row(row) for _, row in sheet.read(content, HEADINGS)]


def _row(given: Any) -> dict[str, Any]:
    name, unit, what, decision = (" ".join(given.get(heading, "").split())[:160] for heading in HEADINGS[:4])
    if not name:
        raise BotError("account.name_missing")
    if not decision:
        raise BotError("honoured.decision_missing")
    consent = given.get(HEADINGS[4], "").strip().casefold() in YES
    return {"name": name, "unit": unit, "what": what, "decision": decision, "consent": consent}


@screen.post("/campaigns/honoured/<int:number>/remove")
def remove(number: int) -> AnyResponse:
    at, by = desk(), access.here().staff.id

    def op(connection: Connection) -> None:
        honoured.remove(connection, number)
        audit.record(connection, at.clock(), by, "honoured.removed", "honoured", number)

    at.database.write(op)
    return redirect(url_for("console.campaigns.honours", year=request.form.get("year")))


@screen.post("/campaigns/honoured/send")
def send_cards() -> AnyResponse:
    """To those the bot knows in the chat; who may approve may send them."""
    year = request.form.get("year", type=talk.number) or desk().today.year
    honouring.send_cards(announcing(), year, access.here().staff.id)
    return redirect(url_for("console.campaigns.honours", year=year, done="cards_sent"))


@screen.get("/campaigns/honoured/template.xlsx")
def template() -> Response:
    row = ("Nguyễn Văn A", "Công ty Hoa Mai", "Gá kẹp hai đầu", "12/QĐ-CĐ, 10/05/2027", "có")
    return _file(book("Tôn vinh", HEADINGS, [row], (24, 28, 40, 26, 16)), sheet.TYPE, "mau-ton-vinh.xlsx")


@screen.get("/campaigns/honoured/<int:number>/card.png")
def card(number: int) -> Response:
    with desk().database.read() as connection:
        person = honoured.get(connection, number)
    if person is None:
        abort(404)
    return _file(_drawn(person), "image/png", f"chuc-mung-{number}.png")


@screen.get("/campaigns/honoured/cards.zip")
def all_cards() -> Response:
    year = request.args.get("year", type=talk.number) or desk().today.year
    with desk().database.read() as connection:
        named = honoured.of_year(connection, year)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for person in named:
            packed.writestr(f"chuc-mung-{person.id}.png", _drawn(person))
    return _file(out.getvalue(), "application/zip", f"thiep-chuc-mung-{year}.zip")


def _drawn(person: honoured.Honoured) -> bytes:
    return honouring.card(announcing(), person)


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
