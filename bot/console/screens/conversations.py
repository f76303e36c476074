"""Conversations: who waits, finding words, reading, answering as a person, and what is stuck."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from bot.console import access, thread
from bot.console.access import May
from bot.console.desk import desk
from bot.console.forms import tidy
from bot.console.unit_tree import choices
from bot.errors import BotError
from bot.messages import Outbound
from bot.platforms.rules import HUMAN_AGENT, Windows
from bot.platforms.text import shown
from bot.states import Origin
from bot.store import accounts, audit, conversations, options, outbox, said, scope, staff, units
from bot.store.accounts import Account
from bot.store.conversations import FATES, Line
from bot.store.outbox import Draft
from bot.store.staff import Staff

screen = Blueprint("conversations", __name__)
PAGE = 40
MOST_TEXT = 2000
MOST_NOTE = 1000
MOST_CANNED = 40
#: The same words again so soon are a double click.
TWICE = timedelta(seconds=10)
TABS = ("waiting", "mine", "all")
_windows = cache(Windows.load)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, with what the person wrote last or the words that were found."""

    line: Line
    words: str
    attachments: tuple[str, ...] = ()
    kind: str = ""
    at: datetime | None = None


# ---- the list ----


@screen.get("/conversations")
def index() -> str:
    tab = request.args.get("tab", "waiting")
    tab = tab if tab in TABS else "waiting"
    wanted = request.args.get("q", "").strip()[:200]
    with desk().database.read() as connection:
        rows, more = _found(connection, wanted) if said.wanted(wanted) else _listed(connection, tab)
        stuck = conversations.stuck_count(connection, access.people_of(connection))
        shown_ = _surroundings(connection)
    return render_template(
        "console/conversations/index.html", tab=tab, tabs=TABS, rows=rows, more=more, stuck=stuck, q=wanted, **shown_
    )


def _surroundings(connection: Connection) -> dict[str, Any]:
    """Accounts, units and colleagues by number, for names."""
    known = units.everything(connection)
    mine = {number: unit for number, unit in known.items() if access.here().covers(number)}
    return {
        "accounts": {one.id: one for one in accounts.all_accounts(connection)},
        "units": known,
        "unit_choices": choices(mine),
        "people": {one.id: one for one in staff.everyone(connection)},
        "now": desk().clock(),
    }


def _listed(connection: Connection, tab: str) -> tuple[list[Row], dict[str, Any] | None]:
    account = request.args.get("account", type=int)
    unit = request.args.get("unit", type=int)
    below = units.below(connection, {unit}) if unit and access.here().covers(unit) else None
    narrowed: dict[str, Any] = {
        "theirs": access.people_of(connection),
        "account_id": account,
        "within": scope.of(connection, below),
    }
    if tab != "all":
        return _open_ones(connection, tab, narrowed)
    lines = conversations.recent(connection, before=_before(), limit=PAGE + 1, **narrowed)
    last = lines[PAGE - 1] if len(lines) > PAGE else None
    more = {"tab": "all", "account": account, "unit": unit, "before": _cursor(last)} if last else None
    return _rows(connection, lines[:PAGE]), more


def _open_ones(connection: Connection, tab: str, narrowed: dict[str, Any]) -> tuple[list[Row], dict[str, Any] | None]:
    mine = access.here().staff.id if tab == "mine" else None
    start = max(0, request.args.get("start", 0, type=int))
    lines = conversations.waiting(connection, assigned_id=mine, start=start, limit=PAGE + 1, **narrowed)
    more = {**request.args.to_dict(), "start": start + PAGE} if len(lines) > PAGE else None
    return _rows(connection, lines[:PAGE]), more


def _cursor(line: Line) -> str:
    return f"{line.wrote_at.isoformat() if line.wrote_at else ''}~{line.person_id}"


def _before() -> tuple[datetime, int] | None:
    at, _, number = request.args.get("before", "").partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, int(number)) if moment.tzinfo else None
    except ValueError:
        return None


def _rows(connection: Connection, lines: Sequence[Line]) -> list[Row]:
    bodies = conversations.newest_bodies(connection, lines)
    return [_row(line, bodies.get(line.person_id)) for line in lines]


def _row(line: Line, body: str | None, at: datetime | None = None) -> Row:
    account = desk().directory.account(line.account_id)
    if body is None or account is None:
        return Row(line, "", at=at)
    words, attachments, kind = thread.words_of(desk().directory.platform(account), body)
    return Row(line, words, attachments, kind, at)


def _found(connection: Connection, wanted: str) -> tuple[list[Row], dict[str, Any] | None]:
    """The newest message of each person that holds the words."""
    hits = said.find(
        connection,
        wanted,
        below=request.args.get("below", type=int),
        theirs=access.people_of(connection),
        limit=PAGE + 1,
    )
    more = {"q": wanted, "below": hits[PAGE - 1].id} if len(hits) > PAGE else None
    newest = {hit.person_id: hit for hit in reversed(hits[:PAGE])}
    lines = conversations.some(connection, newest)
    bodies = conversations.bodies(
        connection, [one.inbox_id for one in newest.values() if one.inbox_id],
        [one.outbox_id for one in newest.values() if one.outbox_id],
    )  # fmt: skip
    rows = []
    for hit in sorted(newest.values(), key=lambda one: -one.id):
        line = lines.get(hit.person_id)
        if line is None:
            continue
        if hit.inbox_id:
            rows.append(_row(line, bodies.get(("in", hit.inbox_id)), hit.at))
        else:
            rows.append(Row(line, _sent_words(bodies.get(("out", hit.outbox_id or 0))), at=hit.at))
    return rows, more


def _sent_words(body: str | None) -> str:
    return shown(json.loads(body))[0] if body else ""


# ---- one conversation ----


@screen.get("/conversations/<int:person_id>")
def show(person_id: int) -> str:
    return _page(_mine(person_id))


def _mine(person_id: int) -> Line:
    """The conversation, when it is one of theirs; 404 otherwise."""
    with desk().database.read() as connection:
        line = conversations.line(connection, person_id)
    if line is None:
        abort(404)
    access.check_unit(line.unit_id)
    return line


def _account(line: Line) -> Account:
    account = desk().directory.account(line.account_id)
    if account is None:
        raise BotError("talk.account_gone")
    return account


def _page(line: Line, fault: str = "", text: str = "") -> str:
    with desk().database.read() as connection:
        lively = _lively(connection, line, _moment("before"))
        canned = options.current(connection, "console", "canned")[0] or []
        around = _surroundings(connection)
    chosen = request.args.get("canned", type=int)
    if not text and chosen is not None and 0 <= chosen < len(canned):
        text = canned[chosen]["text"]
    return render_template(
        "console/conversations/show.html", **lively, **around, canned=canned, text=text, fault=fault,
        colleagues=_colleagues(around["people"].values(), line), most=MOST_TEXT,
    )  # fmt: skip


def _lively(connection: Connection, line: Line, before: datetime | None = None) -> dict[str, Any]:
    """What changes while the page is open."""
    account = desk().directory.account(line.account_id)
    found: list[thread.Entry] = []
    more: datetime | None = None
    if account is not None:
        found, more = thread.entries(connection, line, desk().directory.platform(account), before)
    version = hashlib.sha256(repr((found, line)).encode()).hexdigest()[:16]
    return {
        "line": line, "account": account, "entries": found, "more": more, "older": before is not None,
        "window": _window(line, account), "version": version,
    }  # fmt: skip


@screen.get("/conversations/<int:person_id>/live")
def live(person_id: int) -> str | Response:
    """The lines alone, when they are others than the page has: asked for every few seconds."""
    line = _mine(person_id)
    with desk().database.read() as connection:
        lively = _lively(connection, line)
        if request.args.get("version") == lively["version"]:
            return Response(status=204)
        people = {one.id: one for one in staff.everyone(connection)}
    return render_template("console/conversations/live.html", **lively, people=people, now=desk().clock())


def _window(line: Line, account: Account | None) -> dict[str, Any]:
    """Whether a message may go now, until when, and by which permission."""
    if account is None or line.wrote_at is None:
        return {"code": "closed", "until": None}
    now, rules = desk().clock(), _windows()
    if not line.reachable:
        return {"code": "unreachable", "until": None}
    for code, grant in (("open", ""), ("late", HUMAN_AGENT if account.human_agent else None)):
        if grant is not None and rules.open(account.platform, Origin.STAFF, line.wrote_at, now, grant=grant):
            until = rules.closes(account.platform, Origin.STAFF, line.wrote_at, now, grant=grant)
            return {"code": code, "until": until}
    return {"code": "closed", "until": None}


def _moment(name: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _colleagues(people: Any, line: Line) -> list[Staff]:
    """Who may be given this conversation: whoever may answer and sees this person."""
    with desk().database.read() as connection:
        found = [(one, access.of(connection, one)) for one in people if not one.disabled_at]
    return [one for one, theirs in found if May.ANSWER in theirs.may and theirs.covers(line.unit_id)]


@screen.post("/conversations/<int:person_id>/reply")
def reply(person_id: int) -> str | AnyResponse | tuple[str, int]:
    """Queue what an officer typed; delivery keeps window, order and pacing as for every message."""
    line = _mine(person_id)
    account, at, by = _account(line), desk(), access.here().staff.id
    text = tidy(request.form.get("text"))
    if not text or len(text) > MOST_TEXT:
        return _page(line, "talk.empty" if not text else "talk.too_long", text), 422
    parts = at.directory.platform(account).parts(Outbound(text, human=True), buttons=account.buttons)
    now, pause = at.clock(), timedelta(minutes=at.organisation().staff_pause_minutes)
    drafts = [Draft(account.id, person_id, Origin.STAFF, part.body, human=True, menu=part.menu) for part in parts]

    def op(connection: Connection) -> None:
        if _twice(connection, person_id, [dict(part.body) for part in parts], now):
            return
        numbers = outbox.add(connection, drafts, now)
        said.note(connection, person_id, text, now, outbox_id=numbers[0])
        conversations.answered(connection, now, by, person_id, pause=pause)
        audit.record(connection, now, by, "conversation.replied", "person", person_id, message=numbers[0])

    at.database.write(op)
    return redirect(url_for("console.conversations.show", person_id=person_id, _anchor="write"))


def _twice(connection: Connection, person_id: int, bodies: list[dict[str, Any]], now: datetime) -> bool:
    recent = conversations.sent(connection, person_id, None, len(bodies))
    before = [
        shown(json.loads(row["body"]))
        for row in reversed(recent)
        if row["origin"] == Origin.STAFF and row["created_at"] > now - TWICE
    ]
    return before == [shown(body) for body in bodies]


@screen.post("/conversations/<int:person_id>/assign")
def assign(person_id: int) -> AnyResponse | tuple[str, int] | str:
    line = _mine(person_id)
    to = request.form.get("to", type=int)
    with desk().database.read() as connection:
        people = staff.everyone(connection)
    if to is not None and to not in {one.id for one in _colleagues(people, line)}:
        return _page(line, "talk.not_theirs"), 422
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: conversations.assign(connection, at.clock(), by, person_id, to))
    return redirect(url_for("console.conversations.show", person_id=person_id, done="assigned"))


@screen.post("/conversations/<int:person_id>/note")
def note(person_id: int) -> AnyResponse | tuple[str, int] | str:
    line = _mine(person_id)
    words = tidy(request.form.get("note"))
    if not words or len(words) > MOST_NOTE:
        return _page(line, "talk.note_faulty"), 422
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: conversations.add_note(connection, at.clock(), by, person_id, words))
    return redirect(url_for("console.conversations.show", person_id=person_id, done="noted"))


@screen.post("/conversations/<int:person_id>/back")
def back(person_id: int) -> AnyResponse:
    """The bot answers again."""
    _mine(person_id)
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: conversations.hand_back(connection, at.clock(), by, person_id))
    return redirect(url_for("console.conversations.show", person_id=person_id, done="handed_back"))


# ---- what is stuck ----


@screen.get("/conversations/stuck")
def stuck() -> str:
    with desk().database.read() as connection:
        found = conversations.stuck(connection, access.people_of(connection))
        around = _surroundings(connection)
    rows = [(one, *_stuck_words(one)) for one in found]
    return render_template("console/conversations/stuck.html", rows=rows, **around)


def _stuck_words(one: conversations.Stuck) -> tuple[str, tuple[str, ...], str]:
    if one.kind == "unsure":
        return shown(json.loads(one.body))[0], (), ""
    account = desk().directory.account(one.account_id)
    return thread.words_of(desk().directory.platform(account), one.body) if account else ("", (), "")


@screen.post("/conversations/settle")
def settle() -> AnyResponse:
    kind, row_id = request.form.get("kind", ""), request.form.get("row", type=int)
    fate = request.form.get("fate", "")
    allowed = {"parked": {"again", "leave"}, "unsure": set(FATES)}.get(kind, set())
    if row_id is None or fate not in allowed:
        abort(422)
    at, by = desk(), access.here().staff.id
    with at.database.read() as connection:
        person_id = conversations.owner_of(connection, kind, row_id)
    if person_id is None and access.here().units is not None:
        abort(404)
    if person_id is not None:
        _mine(person_id)
    won = at.database.write(lambda connection: conversations.settle(connection, at.clock(), by, kind, row_id, fate))
    done = "settled" if won else "settled_before"
    if request.form.get("back") == "thread" and person_id is not None:
        return redirect(url_for("console.conversations.show", person_id=person_id, done=done))
    return redirect(url_for("console.conversations.stuck", done=done))


# ---- canned texts ----


@screen.route("/conversations/canned", methods=["GET", "POST"])
def canned() -> str | AnyResponse | tuple[str, int]:
    """Texts that officers send often; all of them in one list, saved together."""
    with desk().database.read() as connection:
        known, version = options.current(connection, "console", "canned")
    if request.method == "GET":
        return render_template("console/conversations/canned.html", texts=known or [], version=version)
    titles, texts = request.form.getlist("title"), request.form.getlist("text")
    given = [{"title": tidy(a), "text": tidy(b)} for a, b in zip(titles, texts, strict=False)]
    kept = [one for one in given if one["title"] or one["text"]]
    fault = _canned_fault(kept)
    if fault:
        return render_template("console/conversations/canned.html", texts=kept, version=version, fault=fault), 422
    at, by, seen = desk(), access.here().staff.id, request.form.get("version", type=int)
    at.database.write(lambda connection: options.put(connection, at.clock(), by, "console", "canned", kept, over=seen))
    return redirect(url_for("console.conversations.canned", done="canned_saved"))


def _canned_fault(texts: Sequence[Mapping[str, str]]) -> str:
    if len(texts) > MOST_CANNED or any(len(one["title"]) > 60 or len(one["text"]) > MOST_TEXT for one in texts):
        return "talk.canned_too_long"
    return "" if all(one["title"] and one["text"] for one in texts) else "talk.canned_half"
