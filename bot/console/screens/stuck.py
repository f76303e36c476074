"""Messages that wait for an officer's word: parked ones, and sends that may or may not have arrived."""

from __future__ import annotations

import json

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.console import access, thread
from bot.console.desk import desk
from bot.console.screens.conversation import mine, surroundings
from bot.platforms.text import shown
from bot.store import conversations
from bot.store.conversations import FATES


def listed() -> str:
    with desk().database.read() as connection:
        found = conversations.stuck(connection, access.people_of(connection))
        around = surroundings(connection)
    rows = [(one, *_stuck_words(one)) for one in found]
    return render_template("console/conversations/stuck.html", rows=rows, **around)


def _stuck_words(one: conversations.Stuck) -> tuple[str, tuple[str, ...], str]:
    if one.kind == "unsure":
        return shown(json.loads(one.body))[0], (), ""
    account = desk().directory.account(one.account_id)
    return thread.words_of(desk().directory.platform(account), one.body) if account else ("", (), "")


def settle() -> AnyResponse:
    kind, row_id = request.form.get("kind", ""), request.form.get("row", type=talk.number)
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
        mine(person_id)
    won = at.database.write(lambda connection: conversations.settle(connection, at.clock(), by, kind, row_id, fate))
    done = "settled" if won else "settled_before"
    if request.form.get("back") == "thread" and person_id is not None:
        return redirect(url_for("console.conversations.show", person_id=person_id, done=done))
    return redirect(url_for("console.conversations.stuck", done=done))
