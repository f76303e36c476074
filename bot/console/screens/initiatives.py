"""Initiatives: the list with filters and saved views, and one with everything an officer does with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.console import access
from bot.console.desk import desk
from bot.console.forms import tidy
from bot.console.initiative_desk import initiative_desk, theirs, words
from bot.console.unit_tree import choices
from bot.errors import BotError
from bot.files import showing
from bot.files.sniffing import ENDINGS, PICTURES
from bot.initiatives import scoring, states
from bot.initiatives.reading import last_day
from bot.initiatives.review import LONGEST, PERMITS, Review
from bot.initiatives.states import By, State
from bot.store import audit, staff, units
from bot.store import files as file_store
from bot.store import initiative_lists as lists
from bot.store import initiatives as store
from bot.store.files import FileState
from bot.store.initiative_lists import Wanted
from bot.store.initiatives import Initiative
from bot.store.staff import Role, Staff

screen = Blueprint("initiatives", __name__)
PAGE = 50
FILTERS = ("q", "state", "idea", "unit", "assigned", "round", "subject", "since", "until", "order")


# ---- the list ----


def wanted_of(connection: Connection, given: Any) -> Wanted:
    """The filters of an address. A unit stands for itself and all below it."""
    unit = given.get("unit", type=talk.number)
    picked = given.getlist("state")
    return Wanted(
        words=given.get("q", "").strip()[:200],
        states=tuple(state for state in picked if state in {one.value for one in State}),
        idea={"yes": True, "no": False}.get(given.get("idea", "")),
        unit_ids=units.below(connection, {unit}) if unit else None,
        assigned_id=given.get("assigned", type=talk.number),
        round=given.get("round", ""),
        subject=given.get("subject", ""),
        since=_midnight(given.get("since", "")),
        until=_midnight(given.get("until", ""), after=1),
        order=given.get("order", "newest"),
    )


def _midnight(text: str, *, after: int = 0) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day + timedelta(days=after), time(), desk().zone).astimezone(UTC)


@screen.get("/initiatives")
def index() -> str:
    at, page = initiative_desk(), request.args.get("page", type=talk.number) or 1
    with desk().database.read() as connection:
        wanted = wanted_of(connection, request.args)
        total = lists.count(connection, wanted, theirs())
        lines = lists.listed(connection, wanted, theirs(), limit=PAGE, offset=(page - 1) * PAGE)
        known = units.everything(connection)
        mine = {number: one for number, one in known.items() if access.here().covers(number)}
        return render_template(
            "console/initiatives/index.html",
            lines=lines, total=total, page=page, pages=-(-total // PAGE), units=known, unit_choices=choices(mine),
            people=_people(connection), states=at.states(), wanted=wanted, filters=_filters(),
            rounds=lists.values_of(connection, "round", theirs()),
            subjects=lists.values_of(connection, "subject", theirs()),
            files=file_store.counts(connection, [line.id for line in lines]),
            saved=lists.views(connection, access.here().staff.id), words=words(), orders=list(lists.ORDERS),
        )  # fmt: skip


def _filters(**more: object) -> str:
    """The address of the present list, for pages, views and exports."""
    kept = [(name, value) for name in FILTERS for value in request.args.getlist(name) if value]
    return urlencode([*kept, *more.items()])


def _people(connection: Connection) -> dict[int, Staff]:
    return {one.id: one for one in staff.everyone(connection)}


@screen.post("/initiatives/views")
def view() -> AnyResponse:
    name, address = tidy(request.form.get("name"))[:60], request.form.get("query", "")[:1000]
    if not name:
        raise BotError("initiative.view_unnamed")
    by = access.here().staff.id
    desk().database.write(lambda connection: lists.save_view(connection, by, name, address))
    return redirect(f"{url_for('console.initiatives.index')}?{address}")


@screen.post("/initiatives/views/<int:view_id>/drop")
def drop_view(view_id: int) -> AnyResponse:
    by = access.here().staff.id
    desk().database.write(lambda connection: lists.drop_view(connection, by, view_id))
    return redirect(url_for("console.initiatives.index"))


# ---- one ----


@screen.get("/initiatives/<int:number>")
def show(number: int) -> str:
    return _page(number)


def _page(number: int, fault: str = "") -> str:
    at, here = initiative_desk(), access.here()
    with desk().database.read() as connection:
        one = at.seen(connection, number)
        known = units.everything(connection)
        people = _people(connection)
        mine = {unit_id: unit for unit_id, unit in known.items() if here.covers(unit_id)}
        page = render_template(
            "console/initiatives/show.html",
            one=one, form=at.form, states=at.states(), units=known, unit_choices=choices(mine), people=people,
            history=store.history(connection, number), files=file_store.of_initiative(connection, number),
            similar=lists.resembling(connection, number, theirs()), last_day=last_day(one.since, one.since_precision),
            onward=[state.value for state in states.onward(State(one.state), By.STAFF, idea=one.idea)],
            needs={state.value: sorted(move.needs) for (_, state), move in states.MOVES.items()},
            possible=_possible(connection, one), scores=scoring.shown(connection, at.form, number, here.staff.id),
            pictures=PICTURES, words=words(), permits=list(PERMITS), fault=fault, longest=LONGEST,
            said=_said(one, at.form.field),
        )  # fmt: skip
    _note(at.review, "initiative.opened", "initiative", number)
    return page


def _note(review: Review, act: str, subject: str, number: int) -> None:
    """Who looked at what is written down too."""
    desk().database.write(
        lambda connection: audit.record(connection, review.now, review.staff_id, act, subject, number)
    )


def _said(one: Initiative, items: Any) -> list[tuple[str, str]]:
    """Label and answer, in the order of the form; answers to fields that are no longer in it come last."""
    known = [(item.label, str(one.fields[item.key])) for item in items if one.fields.get(item.key)]
    keys = {item.key for item in items} | {
        "place_id", "born", "use_state", "since", "since_precision", "grown",
    }  # fmt: skip
    return known + [(key, str(value)) for key, value in one.fields.items() if key not in keys and value]


def _possible(connection: Connection, one: Initiative) -> list[Staff]:
    """Who may be given it: whoever may read and work on it."""
    found = []
    for person in staff.everyone(connection):
        may = access.of(connection, person)
        reads = may.units is None or (one.readers == "unit" and one.unit_id in may.units)
        if not person.disabled_at and person.role is not Role.READER and reads:
            found.append(person)
    return found


def _act(number: int, work: Any, done: str) -> str | AnyResponse | tuple[str, int]:
    """One officer's act in one transaction; a fault is shown on the page with what was typed nowhere lost."""
    at = initiative_desk()
    review = at.review

    def op(connection: Connection) -> None:
        work(review, connection, at.seen(connection, number))

    try:
        desk().database.write(op)
    except BotError as error:
        return _page(number, error.code), 422
    return redirect(url_for("console.initiatives.show", number=number, done=done))


@screen.post("/initiatives/<int:number>/move")
def move(number: int) -> str | AnyResponse | tuple[str, int]:
    target = request.form.get("state", "")
    if target not in {state.value for state in State}:
        abort(400)
    try:
        day = date.fromisoformat(request.form.get("day", "")) if request.form.get("day") else None
    except ValueError:
        return _page(number, "form.not_a_date"), 422
    reason, paper = tidy(request.form.get("reason")), tidy(request.form.get("number"))[:80]
    if len(reason) > LONGEST:
        return _page(number, "initiative.too_long"), 422
    return _act(
        number,
        lambda review, connection, one: review.move(
            connection, one, State(target), reason=reason, number=paper, day=day
        ),
        "initiative_moved",
    )


@screen.post("/initiatives/<int:number>/ask")
def ask(number: int) -> str | AnyResponse | tuple[str, int]:
    question = tidy(request.form.get("question"))
    if not question or len(question) > LONGEST:
        return _page(number, "initiative.reason_needed" if not question else "initiative.too_long"), 422
    return _act(number, lambda review, connection, one: review.ask(connection, one, question), "initiative_asked")


@screen.post("/initiatives/<int:number>/note")
def note(number: int) -> str | AnyResponse | tuple[str, int]:
    said = tidy(request.form.get("note"))[:2000]
    if not said:
        return _page(number, "initiative.reason_needed"), 422
    return _act(number, lambda review, connection, one: review.note(connection, one, said), "initiative_noted")


@screen.post("/initiatives/<int:number>/assign")
def assign(number: int) -> str | AnyResponse | tuple[str, int]:
    to = request.form.get("to", type=talk.number) or None

    def work(review: Any, connection: Connection, one: Initiative) -> None:
        if to is not None and to not in {person.id for person in _possible(connection, one)}:
            raise BotError("initiative.no_such_officer")
        review.assign(connection, one, to)

    return _act(number, work, "initiative_assigned")


@screen.post("/initiatives/<int:number>/place")
def place(number: int) -> str | AnyResponse | tuple[str, int]:
    unit_id = request.form.get("unit", type=talk.number) or None
    if unit_id is not None:
        access.check_unit(unit_id)
    return _act(number, lambda review, connection, one: review.place(connection, one, unit_id), "initiative_placed")


@screen.post("/initiatives/<int:number>/permission")
def permission(number: int) -> str | AnyResponse | tuple[str, int]:
    purpose, how = request.form.get("purpose", ""), tidy(request.form.get("how"))[:200]
    given = request.form.get("given", "")

    def work(review: Any, connection: Connection, one: Initiative) -> None:
        if given in {"yes", "no"}:
            if not how:
                raise BotError("initiative.consent_needed")
            review.note_permission(connection, one, purpose, given == "yes", how)
        else:
            review.ask_permission(connection, one, purpose)

    return _act(number, work, "initiative_permission")


@screen.post("/initiatives/<int:number>/called/<int:event_id>")
def called(number: int, event_id: int) -> str | AnyResponse | tuple[str, int]:
    def work(review: Any, connection: Connection, one: Initiative) -> None:
        if event_id not in {event.id for event in store.history(connection, one.id)}:
            raise BotError("initiative.changed_meanwhile")
        review.called(connection, event_id)

    if request.form.get("from") == "today":
        _act(number, work, "initiative_called")
        return redirect(url_for("console.today.show", done="initiative_called"))
    return _act(number, work, "initiative_called")


@screen.post("/initiatives/<int:number>/score")
def score(number: int) -> str | AnyResponse | tuple[str, int]:
    at, remark = initiative_desk(), tidy(request.form.get("remark"))[:2000]
    given = [request.form.get(f"score{place}", type=talk.number) for place in range(len(at.form.criteria))]
    return _act(
        number,
        lambda review, connection, one: scoring.give(connection, at.form, one, review, given, remark),
        "initiative_scored",
    )


# ---- files ----


@screen.get("/initiatives/<int:number>/files/<int:file_id>/<any(preview,thumb,sound,original):shape>")
def file(number: int, file_id: int, shape: str) -> Response:
    """Pictures drawn anew, sounds made playable; the original only as a download, and every look is written down."""
    at = initiative_desk()
    with desk().database.read() as connection:
        one, found = at.seen(connection, number), file_store.get(connection, file_id)
    if found is None or found.initiative_id != one.id or found.state != FileState.STORED:
        abort(404)
    content = at.files.get(found.key)
    if shape != "thumb":
        _note(at.review, f"file.{shape}", "file", file_id)
    if shape == "original":
        name = f"{one.code}-{found.id}.{ENDINGS.get(found.type, 'bin')}"
        return _bytes(content, "application/octet-stream", f'attachment; filename="{name}"')
    if shape == "sound":
        plays = found.type in showing.PLAYED
        return _bytes(content if plays else showing.sound(content), found.type if plays else "audio/wav")
    widest = showing.THUMB if shape == "thumb" else showing.WIDEST
    return _bytes(showing.picture(content, found.type, widest=widest), "image/jpeg")


def _bytes(content: bytes, kind: str, disposition: str = "inline") -> Response:
    """Whatever it is, it may run nothing and reach nothing."""
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = disposition
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@screen.post("/initiatives/<int:number>/files/<int:file_id>/transcript")
def transcript(number: int, file_id: int) -> str | AnyResponse | tuple[str, int]:
    said = tidy(request.form.get("transcript"))[:4000]

    def work(review: Any, connection: Connection, one: Initiative) -> None:
        found = file_store.get(connection, file_id)
        if found is None or found.initiative_id != one.id:
            raise BotError("initiative.unknown")
        file_store.set_transcript(connection, file_id, said)
        audit.record(connection, review.now, review.staff_id, "file.transcribed", "file", file_id)

    return _act(number, work, "initiative_noted")
