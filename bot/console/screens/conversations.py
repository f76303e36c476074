"""Conversations: who waits, whose they are, and finding words; the addresses of all that is done with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import Connection

from bot import talk
from bot.console import access, thread
from bot.console.desk import desk
from bot.console.screens import canned, conversation, stuck
from bot.console.screens.conversation import surroundings
from bot.platforms.text import shown
from bot.store import conversations, said, scope, units
from bot.store.conversations import Line

screen = Blueprint("conversations", __name__)
PAGE = 40
TABS = ("waiting", "mine", "all")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, with what the person wrote last or the words that were found."""

    line: Line
    words: str
    attachments: tuple[str, ...] = ()
    kind: str = ""
    at: datetime | None = None


def index() -> str:
    tab = request.args.get("tab", "waiting")
    tab = tab if tab in TABS else "waiting"
    wanted = request.args.get("q", "").strip()[:200]
    with desk().database.read() as connection:
        rows, more = _found(connection, wanted) if said.wanted(wanted) else _listed(connection, tab)
        undecided = conversations.stuck_count(connection, access.people_of(connection))
        around = surroundings(connection)
    return render_template(
        "console/conversations/index.html",
        tab=tab,
        tabs=TABS,
        rows=rows,
        more=more,
        stuck=undecided,
        q=wanted,
        **around,
    )


def _listed(connection: Connection, tab: str) -> tuple[list[Row], dict[str, Any] | None]:
    account = request.args.get("account", type=talk.number)
    unit = request.args.get("unit", type=talk.number)
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
    start = request.args.get("start", type=talk.number) or 0
    lines = conversations.waiting(connection, assigned_id=mine, start=start, limit=PAGE + 1, **narrowed)
    more = {**request.args.to_dict(), "start": start + PAGE} if len(lines) > PAGE else None
    return _rows(connection, lines[:PAGE]), more


def _cursor(line: Line) -> str:
    return f"{line.wrote_at.isoformat() if line.wrote_at else ''}~{line.person_id}"


def _before() -> tuple[datetime, int] | None:
    at, _, person = request.args.get("before", "").partition("~")
    number = talk.number(person)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, number) if moment.tzinfo and number is not None else None


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
        below=request.args.get("below", type=talk.number),
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


_ONE = "/conversations/<int:person_id>"
for path, name, view, methods in (
    ("/conversations", "index", index, ("GET",)),
    (_ONE, "show", conversation.show, ("GET",)),
    (f"{_ONE}/live", "live", conversation.live, ("GET",)),
    (f"{_ONE}/reply", "reply", conversation.reply, ("POST",)),
    (f"{_ONE}/assign", "assign", conversation.assign, ("POST",)),
    (f"{_ONE}/note", "note", conversation.note, ("POST",)),
    (f"{_ONE}/back", "back", conversation.back, ("POST",)),
    ("/conversations/stuck", "stuck", stuck.listed, ("GET",)),
    ("/conversations/settle", "settle", stuck.settle, ("POST",)),
    ("/conversations/canned", "canned", canned.texts, ("GET", "POST")),
):
    screen.add_url_rule(path, name, view, methods=methods)
