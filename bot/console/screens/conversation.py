"""One conversation: reading it, answering as a person, giving it to a colleague or back to the bot."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import Response, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
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
from bot.store import accounts, audit, conversations, options, outbox, said, staff, units
from bot.store.accounts import Account
from bot.store.conversations import Line
from bot.store.outbox import Draft
from bot.store.staff import Staff

MOST_TEXT = 2000
MOST_NOTE = 1000
#: The same words again so soon are a double click.
TWICE = timedelta(seconds=10)
_windows = cache(Windows.load)


def surroundings(connection: Connection) -> dict[str, Any]:
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


def show(person_id: int) -> str:
    return _page(mine(person_id))


def mine(person_id: int) -> Line:
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
        around = surroundings(connection)
    chosen = request.args.get("canned", type=talk.number)
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


def live(person_id: int) -> str | Response:
    """The lines alone, when they are others than the page has: asked for every few seconds."""
    line = mine(person_id)
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


def reply(person_id: int) -> str | AnyResponse | tuple[str, int]:
    """Queue what an officer typed; delivery keeps window, order and pacing as for every message."""
    line = mine(person_id)
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


def assign(person_id: int) -> AnyResponse | tuple[str, int] | str:
    line = mine(person_id)
    to = request.form.get("to", type=talk.number)
    with desk().database.read() as connection:
        people = staff.everyone(connection)
    if to is not None and to not in {one.id for one in _colleagues(people, line)}:
        return _page(line, "talk.not_theirs"), 422
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: conversations.assign(connection, at.clock(), by, person_id, to))
    return redirect(url_for("console.conversations.show", person_id=person_id, done="assigned"))


def note(person_id: int) -> AnyResponse | tuple[str, int] | str:
    line = mine(person_id)
    words = tidy(request.form.get("note"))
    if not words or len(words) > MOST_NOTE:
        return _page(line, "talk.note_faulty"), 422
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: conversations.add_note(connection, at.clock(), by, person_id, words))
    return redirect(url_for("console.conversations.show", person_id=person_id, done="noted"))


def back(person_id: int) -> AnyResponse:
    """The bot answers again."""
    mine(person_id)
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: conversations.hand_back(connection, at.clock(), by, person_id))
    return redirect(url_for("console.conversations.show", person_id=person_id, done="handed_back"))
