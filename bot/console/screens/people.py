"""Members as the law sees them: what is kept, what they agreed to, export, correction, forgetting."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection, func, select
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.console import access, telling
from bot.console.desk import desk
from bot.console.unit_tree import choices
from bot.store import (
    accounts,
    audit,
    conversations,
    data_requests,
    erasure,
    exports,
    marks,
    outbox,
    persons,
    scope,
    units,
    workplaces,
)
from bot.store.conversations import Line
from bot.store.data_requests import Kind
from bot.store.persons import Person
from bot.store.schema import inbox
from bot.store.schema import outbox as outgoing
from bot.store.schema import persons as people

screen = Blueprint("people", __name__)
PAGE = 50


@screen.get("/people")
def index() -> str | AnyResponse:
    wanted = request.args.get("q", "").strip()
    if wanted:
        found = _by_number(wanted)
        if found is not None:
            return redirect(url_for("console.people.show", person_id=found))
    unit, account = request.args.get("unit", type=talk.number), request.args.get("account", type=talk.number)
    unclear = request.args.get("unclear") == "1"
    with desk().database.read() as connection:
        known = units.everything(connection)
        mine = {number: one for number, one in known.items() if access.here().covers(number)}
        below = units.below(connection, {unit}) if unit in mine else None
        lines = conversations.recent(
            connection, theirs=access.people_of(connection), account_id=account, within=scope.of(connection, below),
            before=_before(), unclear=unclear, limit=PAGE + 1,
        )  # fmt: skip
        said = _said(connection, [line.person_id for line in lines])
        every = {one.id: one for one in accounts.all_accounts(connection)}
    last = lines[PAGE - 1] if len(lines) > PAGE else None
    more = (
        {"unit": unit, "account": account, "unclear": int(unclear) or None, "before": _cursor(last)} if last else None
    )
    return render_template(
        "console/people/index.html", lines=lines[:PAGE], units=known, unit_choices=choices(mine), accounts=every,
        said=said, more=more, q=wanted, unclear=unclear,
    )  # fmt: skip


def _said(connection: Connection, numbers: list[int]) -> dict[int, tuple[str, bool]]:
    """What each wrote as their workplace, and whether they get announcements."""
    query = select(people.c.id, people.c.unit_said, people.c.subscribed).where(people.c.id.in_(numbers))
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


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


def _by_number(wanted: str) -> int | None:
    """Our number, or the platform's own id."""
    number = talk.number(wanted) or 0
    query = select(people.c.id).where((people.c.id == number) | (people.c.user_id == wanted)).limit(1)
    with desk().database.read() as connection:
        theirs = access.people_of(connection)
        return connection.scalar(query if theirs is None else query.where(theirs.condition))


def _mine(person_id: int) -> tuple[Person, Line]:
    """The person, when they are of one's units; 404 otherwise."""
    with desk().database.read() as connection:
        person, line = persons.get(connection, person_id), conversations.line(connection, person_id)
    if person is None or line is None:
        abort(404)
    access.check_unit(line.unit_id)
    return person, line


@screen.get("/people/<int:person_id>")
def show(person_id: int) -> str:
    return _page(person_id)


def _page(person_id: int, fault: str = "") -> str:
    person, line = _mine(person_id)
    with desk().database.read() as connection:
        known = units.everything(connection)
        mine = {number: one for number, one in known.items() if access.here().covers(number)}
        facts: dict[str, Any] = {
            "consents": persons.consents_of(connection, person_id),
            "requests": data_requests.of_person(connection, person_id),
            "notes": len(conversations.notes_of(connection, person_id)),
            "received": _count(connection, inbox, person),
            "sent": connection.scalar(select(func.count()).where(outgoing.c.person_id == person_id)) or 0,
            "purged": marks.get(connection, "purge"),
        }
    return render_template(
        "console/people/show.html", person=person, line=line, units=known, unit_choices=choices(mine), fault=fault,
        account=desk().directory.account(person.account_id), now=desk().clock(),
        retention=desk().organisation().retention, **facts,
    )  # fmt: skip


def _count(connection: Connection, table: Any, person: Person) -> int:
    theirs = (table.c.account_id == person.account_id) & (table.c.user_id == person.user_id) & (table.c.lane == "talk")
    return connection.scalar(select(func.count()).where(theirs)) or 0


@screen.post("/people/<int:person_id>/correct")
def correct(person_id: int) -> AnyResponse | tuple[str, int]:
    """Say which unit is meant; inside one's own units only."""
    _mine(person_id)
    unit_id = request.form.get("unit", type=talk.number) or None
    if not access.here().covers(unit_id):
        return _page(person_id, "people.unit_not_yours"), 422
    at, by = desk(), access.here().staff.id
    with at.database.read() as connection:
        if unit_id is not None and units.get(connection, unit_id) is None:
            return _page(person_id, "unit.unknown"), 422
    at.database.write(lambda connection: workplaces.correct(connection, at.clock(), by, person_id, unit_id))
    return redirect(url_for("console.people.show", person_id=person_id, done="person_corrected"))


@screen.post("/people/<int:person_id>/export")
def export(person_id: int) -> Response:
    """Everything kept, as one file to hand to the person."""
    _mine(person_id)
    at, by = desk(), access.here().staff.id

    def op(connection: Connection) -> dict[str, Any]:
        audit.record(connection, at.clock(), by, "person.exported", "person", person_id)
        return exports.gather(connection, person_id)

    data = json.dumps(at.database.write(op), ensure_ascii=False, indent=2)
    name = f"du-lieu-nguoi-{person_id}.json"
    return Response(
        data, mimetype="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@screen.post("/people/<int:person_id>/forget")
def forget(person_id: int) -> AnyResponse | tuple[str, int]:
    """Erase everything of the person, once the officer has said that they mean it."""
    _mine(person_id)
    if request.form.get("sure") != "yes":
        return _page(person_id, "people.not_sure"), 422
    at, by = desk(), access.here().staff.id

    def op(connection: Connection) -> None:
        person = persons.get(connection, person_id)
        if person is None or person.leaving_at:  # a second click: the goodbye is on its way already
            return
        goodbye = telling.goodbye(connection, at, person)
        erasure.forget(connection, at.vault, person_id, at.clock())
        outbox.add(connection, goodbye, at.clock())
        audit.record(connection, at.clock(), by, "person.forgotten", "person", person_id)
        data_requests.close_all_of(connection, at.clock(), by, person_id, [Kind.DELETE, Kind.WITHDRAW, Kind.OBJECT])

    at.database.write(op)
    return redirect(url_for("console.people.index", done="person_forgotten"))
