"""An initiative that came on paper or by phone: entered by an officer, with how consent was given."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.console import access
from bot.console.desk import desk
from bot.console.forms import tidy
from bot.console.initiative_desk import initiative_desk
from bot.console.unit_tree import choices
from bot.errors import BotError
from bot.files.sniffing import Refused, check
from bot.files.storing import fresh_key
from bot.store import audit, units
from bot.store import files as file_store

screen = Blueprint("initiatives_entry", __name__)
CHANNELS = ("paper", "phone")
USES = ("used", "tried", "untried")
LONGEST = 4000
OLDEST = 100


@screen.route("/initiatives/add", methods=["GET", "POST"])
def add() -> str | AnyResponse | tuple[str, int]:
    if request.method == "GET":
        return _page()
    at, form = initiative_desk(), request.form
    try:
        fields = _fields(at)
        readers = "unit" if access.here().units is not None or form.get("readers") == "unit" else "province"
        unit_id = form.get("unit", type=talk.number) or None
        if unit_id is not None or access.here().units is not None:
            access.check_unit(unit_id)
        within, review = at.form.round_on(desk().today), at.review
        number = desk().database.write(
            lambda connection: review.enter(
                connection,
                fields,
                channel=form.get("channel", "") if form.get("channel") in CHANNELS else "paper",
                consent_note=tidy(form.get("consent"))[:300],
                readers=readers,
                within=within.name if within else "",
                unit_id=unit_id,
            )
        )
    except BotError as error:
        return _page(error.code), 422
    return redirect(url_for("console.initiatives.show", number=number, done="initiative_entered"))


def _fields(at: Any) -> dict[str, Any]:
    """The answers as typed. Raises BotError initiative.field_missing, initiative.too_young or form.not_a_date."""
    given = request.form
    said = {item.key: tidy(given.get(item.key))[:LONGEST] for item in at.form.field if item.kind != "use"}
    fields: dict[str, Any] = {key: value for key, value in said.items() if value}
    use = given.get("use_state", "")
    since = given.get("since", "")
    if use not in USES or any(not fields.get(item.key) for item in at.form.field if item.needed and item.kind != "use"):
        raise BotError("initiative.field_missing")
    born = given.get("born", type=talk.number)
    this_year = desk().today.year
    if born is None or not this_year - OLDEST < born <= this_year:
        raise BotError("initiative.field_missing")
    if this_year - born < 16 and not given.get("guardian"):
        raise BotError("initiative.too_young")
    try:
        day = date.fromisoformat(since) if since and use != "untried" else None
    except ValueError:
        raise BotError("form.not_a_date") from None
    if day is not None and day > desk().today:
        raise BotError("form.not_a_date")
    dated = {"since": day.isoformat(), "since_precision": "day"} if day else {"since": "", "since_precision": ""}
    return {**fields, "born": born, "use": tidy(given.get("use")) or use, "use_state": use, **dated}


def _page(fault: str = "") -> str:
    with desk().database.read() as connection:
        known = units.everything(connection)
    mine = {number: one for number, one in known.items() if access.here().covers(number)}
    return render_template(
        "console/initiatives/add.html", form=initiative_desk().form, unit_choices=choices(mine), given=request.form,
        fault=fault, scoped=access.here().units is not None,
    )  # fmt: skip


@screen.post("/initiatives/<int:number>/files")
def attach(number: int) -> AnyResponse:
    """A scan or photo of what came on paper. Raises BotError with the reason when it is not taken."""
    sent = request.files.get("file")
    content = sent.read() if sent else b""
    at, now = initiative_desk(), desk().clock()
    with desk().database.read() as connection:
        at.seen(connection, number)
    try:
        kind = check(content)
    except Refused as refusal:
        raise BotError(f"files.refused_{refusal.code}") from None
    key = fresh_key()
    at.files.put(key, content)
    name = (sent.filename or "")[:200] if sent else ""

    def op(connection: Connection) -> None:
        one = at.seen(connection, number)
        made = file_store.add_stored(
            connection, now, initiative_id=one.id, kind=kind.partition("/")[0], name=name, type=kind,
            size=len(content), sha256=hashlib.sha256(content).hexdigest(), key=key,
        )  # fmt: skip
        audit.record(connection, now, at.who.staff.id, "file.added", "file", made)

    desk().database.write(op)
    return redirect(url_for("console.initiatives.show", number=number, done="initiative_file"))
