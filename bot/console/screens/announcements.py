"""Announcements: the list, one of them at every stage, and what staff do with it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.announcements import account, approval, drafting, honouring, preflight, preview, routes, running, testing
from bot.announcements.announcing import Announcing
from bot.announcements.drafting import Message
from bot.announcements.preflight import Preflight
from bot.console import access, second_factor, sheet, words
from bot.console.access import May
from bot.console.desk import desk
from bot.console.screens.announcement_plot import plot
from bot.console.screens.sign_in import may_try, second_factor_right, tries_right
from bot.errors import BotError
from bot.store import announcements as store
from bot.store import articles, audit, closing, linking, marks, surveys, units
from bot.store.announcements import Announcement, State
from bot.workbook import book

screen = Blueprint("announcements", __name__)
PAGE = 50
MAY_BE_READ = (State.RUNNING, State.PAUSED, State.STOPPED, State.SENT, State.CLOSED)


def announcing() -> Announcing:
    """What announcing works with, put there by create_app."""
    found: Announcing = current_app.extensions["announcing"]
    return found


def one_of(number: int) -> Announcement:
    """The announcement, or 404 where it is not of one's units."""
    with desk().database.read() as connection:
        one = store.get(connection, number)
    if one is None:
        abort(404)
    access.check_unit(one.unit_id)
    return one


@screen.get("/announcements")
def index() -> str:
    below = request.args.get("below", type=talk.number)
    with desk().database.read() as connection:
        found = store.listed(connection, below=below, limit=PAGE + 1)
    mine = [one for one in found if access.here().covers(one.unit_id)]
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return render_template("console/announcements/index.html", found=mine[:PAGE], more=more)


@screen.get("/announcements/<int:number>")
def show(number: int) -> str:
    return _page(one_of(number))


def _page(one: Announcement, fault: str = "", **more: object) -> str:
    service, at = announcing(), desk()
    message = Message.of(honouring.filled(service, one))
    started = one.state in MAY_BE_READ
    with at.database.read() as connection:
        known = units.everything(connection)
        testers = linking.testers_of(connection, access.here().staff.id)
        answered = surveys.votes(connection, one.id) if one.question else {}
        said = surveys.words(connection, one.id) if one.question.get("free") else []
        posted = articles.of(connection, one.id) if one.routes else []
        unsure = closing.unsure(connection, one.id) if started else []
        line = closing.over_time(connection, one.id) if one.finished_at else []
    return render_template(
        "console/announcements/show.html",
        one=one,
        looks=preview.looks(service, message, routes.chosen(one)),
        faults=[*drafting.faults(service, message, one.question), *routes.faults(service, one)],
        articles=posted,
        check=_check(one),
        own=access.here().staff.id in approval.authors(one),
        everybody=preflight.everybody(one),
        units=known,
        testers=testers,
        progress=running.progress(service, one.id) if started else None,
        closed=account.closing(service, one.id) if started else None,
        votes=answered,
        said=said,
        unsure=unsure,
        plot=plot(line),
        picture=_picture(one),
        fault=fault,
        **more,
    )


def _check(one: Announcement) -> Preflight | None:
    """The counts, where they still matter."""
    if one.state in {*MAY_BE_READ, State.LAPSED}:
        return None
    return preflight.check(announcing(), one)


def _picture(one: Announcement) -> str:
    with desk().database.read() as connection:
        token = store.picture_token(connection, one.picture_id)
    return url_for("feed.picture", token=token) if token and "feed.picture" in current_app.view_functions else ""


def _tried(one: Announcement, done: str, act: Callable[[], object]) -> str | AnyResponse | tuple[str, int]:
    """Do it and come back to the page; a refusal stands on the page in words."""
    try:
        act()
    except BotError as error:
        return _page(one_of(one.id), error.code), 409
    return redirect(url_for("console.announcements.show", number=one.id, done=done))


# ---- approval ----


@screen.post("/announcements/<int:number>/submit")
def submit(number: int) -> str | AnyResponse | tuple[str, int]:
    one = one_of(number)
    if preflight.everybody(one) and (refused := _code_refused()):
        return _page(one, refused), 422
    by = access.here().staff.id
    return _tried(one, "announcement_submitted", lambda: approval.submit(announcing(), number, by))


@screen.post("/announcements/<int:number>/invite")
def invite(number: int) -> str | AnyResponse | tuple[str, int]:
    """A link for a leader, shown once."""
    one = one_of(number)
    name = " ".join(request.form.get("name", "").split())[:80]
    if not name:
        return _page(one, "account.name_missing"), 422
    try:
        token = approval.invite(announcing(), number, name, access.here().staff.id)
    except BotError as error:
        return _page(one, error.code), 409
    base = desk().settings.bot_public_url or request.host_url.rstrip("/")
    link = base + url_for("console.approving.show", token=token)
    return render_template("console/announcements/link.html", one=one, name=name, link=link, qr=second_factor.qr(link))


@screen.post("/announcements/<int:number>/approve")
def approve(number: int) -> str | AnyResponse | tuple[str, int]:
    one = one_of(number)
    if preflight.everybody(one) and (refused := _code_refused()):
        return _page(one, refused), 422
    digest, by = request.form.get("digest", ""), access.here().staff.id
    return _tried(one, "announcement_approved", lambda: approval.approve(announcing(), number, digest, by))


@screen.post("/announcements/<int:number>/send-back")
def send_back(number: int) -> str | AnyResponse | tuple[str, int]:
    one = one_of(number)
    note = request.form.get("note", "").strip()[:600]
    by = access.here().staff.id
    return _tried(one, "announcement_sent_back", lambda: approval.send_back(announcing(), number, note, by=by))


def _code_refused() -> str:
    """Sending to everybody takes a fresh code from the phone; why it was refused, or nothing."""
    person = access.here().staff
    if not person.totp_on:
        return "announcement.no_phone"
    if not may_try(person.login):
        return "sign_in.locked"
    if not second_factor_right(person, request.form.get("code", "")):
        return "sign_in.wrong_code"
    tries_right(person.login, all_of_them=True)
    return ""


# ---- sending ----


@screen.post("/announcements/<int:number>/start")
def start(number: int) -> str | AnyResponse | tuple[str, int]:
    one = one_of(number)
    if preflight.everybody(one) and (refused := _code_refused()):
        return _page(one, refused), 422
    by, sure = access.here().staff.id, one.state is State.ASKING
    if sure and not access.may(May.APPROVE):
        abort(403)
    return _tried(one, "announcement_started", lambda: running.start(announcing(), number, by=by, sure=sure))


@screen.post("/announcements/<int:number>/pause")
def pause(number: int) -> str | AnyResponse | tuple[str, int]:
    by = access.here().staff.id
    return _tried(one_of(number), "announcement_paused", lambda: running.pause(announcing(), number, by))


@screen.post("/announcements/<int:number>/resume")
def resume(number: int) -> str | AnyResponse | tuple[str, int]:
    by = access.here().staff.id
    return _tried(one_of(number), "announcement_resumed", lambda: running.resume(announcing(), number, by))


@screen.post("/announcements/<int:number>/stop")
def stop(number: int) -> str | AnyResponse | tuple[str, int]:
    by = access.here().staff.id
    return _tried(one_of(number), "announcement_stopped", lambda: running.stop(announcing(), number, by))


@screen.get("/announcements/<int:number>/progress")
def progress(number: int) -> Response:
    one_of(number)
    found = running.progress(announcing(), number)
    return jsonify(
        state=found.state,
        sent=found.sent,
        flying=found.flying,
        waiting=found.waiting + max(0, found.people - found.made),
        held=found.states.get("held", 0),
        failed=found.states.get("failed", 0),
        unsure=found.states.get("unsure", 0),
        people=found.people,
        rate=round(found.per_second, 1),
        ends=f"{desk().local(found.ends_at):%H:%M %d/%m}" if found.ends_at else "",
    )


@screen.post("/announcements/<int:number>/settle")
def settle(number: int) -> str | AnyResponse | tuple[str, int]:
    """Staff decide on messages nobody knows about."""
    one_of(number)
    at, by = desk(), access.here().staff.id
    chosen, again = _numbers("message"), request.form.get("again") == "yes"

    def op(connection: Connection) -> None:
        now = at.clock()
        settled = closing.settle(connection, number, chosen, again=again, now=now)
        audit.record(connection, now, by, "announcement.settled", "announcement", number, messages=settled, again=again)

    at.database.write(op)
    return redirect(url_for("console.announcements.show", number=number, done="announcement_settled"))


@screen.post("/announcements/<int:number>/article")
def settle_article(number: int) -> str | AnyResponse | tuple[str, int]:
    """An officer looked whether an article is there that nobody knew about."""
    one_of(number)
    at, by = desk(), access.here().staff.id
    key, arrived = (number, request.form.get("account", type=talk.number) or 0), request.form.get("arrived") == "yes"

    def op(connection: Connection) -> None:
        now = at.clock()
        if articles.settle(connection, key, arrived=arrived, now=now):
            marks.end_alarm(connection, f"announcement:{number}:article", now)
            audit.record(connection, now, by, "announcement.article_settled", "announcement", number, arrived=arrived)

    at.database.write(op)
    return redirect(url_for("console.announcements.show", number=number, done="announcement_settled"))


@screen.get("/announcements/<int:number>/account.xlsx")
def export(number: int) -> Response:
    """The closing account: the sums, then everybody by number."""
    one_of(number)
    at, by = desk(), access.here().staff.id
    rows = [
        (
            person,
            words.say(f"announcement.buckets.{bucket}"),
            _why(reason),
            f"{at.local(when):%H:%M:%S %d/%m/%Y}" if when else "",
        )
        for person, bucket, reason, when in account.everyone(announcing(), number)
    ]
    content = book("Kết quả gửi", ("Mã người", "Kết quả", "Lý do", "Lúc"), rows, (12, 36, 40, 22))
    at.database.write(
        lambda connection: audit.record(
            connection, at.clock(), by, "announcement.exported", "announcement", number, rows=len(rows)
        )
    )
    name = f'attachment; filename="ket-qua-gui-{number}.xlsx"'
    return Response(content, mimetype=sheet.TYPE, headers={"Content-Disposition": name})


def _why(reason: str) -> str:
    code = f"announcement.reasons.{reason}"
    if not reason:
        return ""
    return words.say(code) if words.known(code) else words.say(reason)


def _numbers(name: str) -> list[int]:
    """The boxes that were ticked."""
    return [found for found in request.form.getlist(name, type=talk.number) if found is not None]


# ---- test sends ----


@screen.post("/announcements/<int:number>/test")
def test(number: int) -> str | AnyResponse | tuple[str, int]:
    one = one_of(number)
    people = _numbers("tester")
    by = access.here().staff.id
    return _tried(one, "announcement_tested", lambda: testing.send(announcing(), number, by, people))


@screen.route("/announcements/testers", methods=["GET", "POST"])
def testers() -> str | AnyResponse:
    """Who gets one's test sends: each writes a code to the bot once."""
    at, by = desk(), access.here().staff
    code = ""
    if request.method == "POST" and request.form.get("drop"):
        person = request.form.get("drop", type=talk.number) or 0
        at.database.write(lambda connection: linking.drop_tester(connection, by.id, person))
    elif request.method == "POST":
        name = " ".join(request.form.get("name", "").split())[:80] or by.name
        code = at.database.write(lambda connection: linking.tester_code(connection, at.vault, by.id, name, at.clock()))
    with at.database.read() as connection:
        known = linking.testers_of(connection, by.id)
    return render_template("console/announcements/testers.html", known=known, code=code)
