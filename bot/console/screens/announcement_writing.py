"""Writing an announcement: the plain path first, the rest under "Nâng cao"."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from PIL import Image, UnidentifiedImageError
from sqlalchemy import Connection
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response
from wtforms import BooleanField

from bot import talk
from bot.announcements import drafting, people, routes
from bot.console import access, sheet
from bot.console.desk import desk
from bot.console.forms import Form, boxes, line, options, paragraph
from bot.console.screens.announcements import announcing, one_of
from bot.console.screens.campaigns import campaigns
from bot.console.unit_tree import choices
from bot.errors import BotError
from bot.store import accounts, audit, units
from bot.store import announcements as store
from bot.store import events as event_store
from bot.store.announcements import Announcement, State
from bot.store.audience import BROADCAST

screen = Blueprint("writing", __name__)
MOST_PICTURE = 1_000_000  # bytes: what Zalo takes
PEOPLE = "Mã người"
EDITABLE = (State.DRAFT, State.SUBMITTED, State.APPROVED, State.LAPSED)
PLATFORMS = {"zalo": "Zalo", "messenger": "Messenger"}


class WriteForm(Form):
    title = line(120)
    body = paragraph(1500, needed=True)
    buttons = paragraph(1000)
    choices = paragraph(400)
    free = BooleanField()
    everybody = BooleanField()
    units = boxes()
    unclear = BooleanField()
    day = line(10, needed=False)
    at = line(5, needed=False)
    useful_day = line(10, needed=False)
    useful_at = line(5, needed=False)
    important = BooleanField()
    allow_cost = BooleanField()
    on_feed = BooleanField()
    trial = line(6, needed=False)
    rate = line(6, needed=False)


@screen.route("/announcements/new", methods=["GET", "POST"])
def new() -> str | Response | tuple[str, int]:
    return _write(None)


@screen.route("/announcements/<int:number>/edit", methods=["GET", "POST"])
def edit(number: int) -> str | Response | tuple[str, int]:
    one = one_of(number)
    if one.state not in EDITABLE:
        abort(409)
    return _write(one)


@screen.post("/announcements/<int:number>/copy")
def copy(number: int) -> Response:
    """A template of one that went before: text and choices, no time and no approval."""
    one, at, by = one_of(number), desk(), access.here().staff.id
    kept = ("title", "body", "buttons", "question", "unit_id", "audience", "trial", "rate", "on_feed", "picture_id")

    def op(connection: Connection) -> int:
        made = store.add(connection, at.clock(), by, **{name: getattr(one, name) for name in kept})
        audit.record(connection, at.clock(), by, "announcement.written", "announcement", made, of=number)
        return made

    return redirect(url_for("console.writing.edit", number=at.database.write(op)))


@screen.post("/announcements/<int:number>/discard")
def discard(number: int) -> Response:
    one_of(number)
    at, by = desk(), access.here().staff.id

    def op(connection: Connection) -> None:
        if not store.discard(connection, number):
            raise BotError("announcement.changed")
        audit.record(connection, at.clock(), by, "announcement.discarded", "announcement", number)

    at.database.write(op)
    return redirect(url_for("console.announcements.index", done="announcement_discarded"))


def _write(one: Announcement | None) -> str | Response | tuple[str, int]:
    form = WriteForm(request.form or None, data=_filled(one))
    form.units.choices = _unit_choices()
    if request.method == "GET":
        return _page(form, one)
    try:
        if not form.validate():
            raise BotError("form.faulty")  # noqa: TRY301 - one way to say no
        values = _values(form, one)
        _check(one, values)
        number = _save(one, values)
    except BotError as error:
        return _page(form, one, error.code, str(error.facts.get("what", ""))), 422
    return redirect(url_for("console.announcements.show", number=number, done="announcement_saved"))


def _page(form: WriteForm, one: Announcement | None, fault: str = "", what: str = "") -> str:
    return render_template(
        "console/announcements/write.html",
        form=form,
        one=one,
        fault=fault,
        what=what,
        fields=drafting.FIELDS.values(),
        platforms=PLATFORMS,
        topics={key: _plain(made.name) for key, made in campaigns().all.items()},
        initiative_states=people.state_words(announcing().words().texts),
        chosen=one.audience if one else {},
        events=_events(),
        offered=_offered(),
        picked={made.key for made in routes.chosen(one).templates.values()} if one else set(),
        articles=routes.chosen(one).articles if one else {},
        paid=routes.chosen(one).paid if one else {},
        scoped=access.here().units is not None,
    )


def _events() -> dict[int, str]:
    """What somebody may have registered for: what is to come, and what was lately."""
    at = desk()
    with at.database.read() as connection:
        found = event_store.listed(connection, at.clock() - timedelta(days=30))
    return {event.id: event.title for event, _ in found if access.here().covers(event.unit_id)}


def _offered() -> dict[str, Any]:
    """Templates by key and accounts for articles, as far as they are switched on."""
    service, on = announcing(), desk().today
    known = routes.gallery(service)
    with desk().database.read() as connection:
        by_number = {account.id: account for account in accounts.all_accounts(connection)}
    posts = known.usable(service.rules.way("zalo", BROADCAST, on))
    return {
        "templates": {
            key: (made, by_number[made.account_id].name or by_number[made.account_id].external_id)
            for key, made in known.templates.items()
            if made.account_id in by_number and known.usable(service.rules.way(made.platform, made.way, on))
        },
        "paid": {n: by_number[n].name or by_number[n].external_id for n in known.campaigns if n in by_number},
        "articles": {
            n: one.name or one.external_id for n, one in by_number.items() if posts and one.platform == "zalo"
        },
    }


def _routes() -> dict[str, Any]:
    """What was picked of it. Raises BotError announcement.template_twice."""
    offered = _offered()
    picked = [offered["templates"][key][0] for key in request.form.getlist("template") if key in offered["templates"]]
    if len({made.account_id for made in picked}) < len(picked):
        raise BotError("announcement.template_twice")
    posted = {n: article for n in offered["articles"] if (article := request.form.get(f"article_{n}", "").strip()[:80])}
    campaigns = routes.gallery(announcing()).campaigns
    paid = {n: campaigns[n] for n in request.form.getlist("paid", type=talk.number) if n and n in offered["paid"]}
    return routes.as_json(routes.Routed({made.account_id: made for made in picked}, posted, paid))


def _plain(name: str) -> str:
    return announcing().words().texts.fill(name)


def _filled(one: Announcement | None) -> Mapping[str, Any]:
    """What the form shows at first: a new one goes to everybody one may reach, with a small group first."""
    ours = announcing().rules.ours(desk().today)
    if one is None:
        return {"trial": str(ours.trial_people), "everybody": access.here().units is None}
    send, until = _split(one.send_at), _split(one.useful_until)
    chosen = one.audience.get("units", ())
    return {
        "title": one.title,
        "body": one.body,
        "buttons": "\n".join(f"{title} | {to}" for title, to in one.buttons),
        "choices": "\n".join(one.question.get("choices", ())),
        "free": bool(one.question.get("free")),
        "everybody": not chosen,
        "units": list(chosen),
        "unclear": bool(one.audience.get("unclear")),
        "day": send[0], "at": send[1], "useful_day": until[0], "useful_at": until[1],
        "important": one.important,
        "allow_cost": one.allow_cost,
        "on_feed": one.on_feed,
        "trial": str(one.trial),
        "rate": f"{one.rate:g}" if one.rate else "",
    }  # fmt: skip


def _split(at: datetime | None) -> tuple[str, str]:
    return (f"{desk().local(at):%Y-%m-%d}", f"{desk().local(at):%H:%M}") if at else ("", "")


def _unit_choices() -> Any:
    with desk().database.read() as connection:
        known = units.everything(connection)
    return options(choices({unit_id: unit for unit_id, unit in known.items() if access.here().covers(unit_id)}))


def _values(form: WriteForm, one: Announcement | None) -> dict[str, Any]:
    picture = _picture(one)
    answers = [" ".join(line.split()) for line in form.choices.text.splitlines() if line.strip()]
    question = {"choices": answers, "free": bool(form.free.data)} if answers or form.free.data else {}
    return {
        "title": form.title.text,
        "body": form.body.text,
        "buttons": drafting.lines_of_buttons(form.buttons.text),
        "question": question,
        "picture_id": picture,
        "unit_id": _owner(form),
        "audience": _audience(form, one),
        "routes": _routes(),
        "send_at": _moment(form.day.text, form.at.text),
        "useful_until": _moment(form.useful_day.text, form.useful_at.text),
        "important": bool(form.important.data),
        "allow_cost": bool(form.allow_cost.data),
        "on_feed": bool(form.on_feed.data),
        "trial": _number(form.trial.text),
        "rate": float(_number(form.rate.text)),
    }


def _owner(form: WriteForm) -> int | None:
    """Whose it is: the first unit of an officer who has units of their own; the province's otherwise."""
    scope = access.here().units
    if scope is None:
        return None
    chosen = [unit for unit in form.units.data or () if unit in scope]
    return chosen[0] if chosen else None


def _audience(form: WriteForm, one: Announcement | None) -> dict[str, Any]:
    before = one.audience if one else {}
    chosen = [] if form.everybody.data else list(form.units.data or ())
    if not chosen and not (form.everybody.data and access.here().units is None):
        raise BotError("announcement.units_needed")
    found: dict[str, Any] = {
        "units": chosen,
        "unclear": bool(chosen and form.unclear.data),
        "platforms": [name for name in request.form.getlist("platforms") if name in PLATFORMS],
        "topics": [name for name in request.form.getlist("topics") if name in campaigns().all],
        "initiative_states": [name for name in request.form.getlist("initiative_states") if name in people.STATES],
        "events": [n for n in request.form.getlist("events", type=talk.number) if n in _events()],
        "include": _people("include", before),
        "exclude": _people("exclude", before),
    }
    return {name: value for name, value in found.items() if value}


def _people(name: str, before: Mapping[str, Any]) -> Sequence[int]:
    """The numbers of a list from Excel; without a new file, those of before unless they were cleared."""
    sent = request.files.get(name)
    if sent is None or not sent.filename:
        kept: Sequence[int] = () if request.form.get(f"clear_{name}") else before.get(name, ())
        return kept
    rows = sheet.read(sent.read(), (PEOPLE,))
    found: set[int] = set()
    for at, row in rows:
        person = talk.number(row[PEOPLE])
        if person is None:
            raise BotError("announcement.bad_list", what=str(at))
        found.add(person)
    return sorted(found)


def _moment(day: str, at: str) -> datetime | None:
    if not day and not at:
        return None
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(at or "11:15"), desk().zone)
    except ValueError:
        raise BotError("announcement.bad_time") from None


def _number(text: str) -> int:
    found = talk.number(text or "0")
    if found is None:
        raise BotError("announcement.bad_number")
    return found


def _picture(one: Announcement | None) -> int | None:
    sent = request.files.get("picture")
    if sent is None or not sent.filename:
        return None if one is None or request.form.get("no_picture") else one.picture_id
    return keep_picture(sent)


def keep_picture(sent: FileStorage) -> int:
    """Read an uploaded picture for what it is, and keep it written anew: no metadata, no surprises."""
    content = sent.read(MOST_PICTURE + 1)
    if len(content) > MOST_PICTURE:
        raise BotError("announcement.picture_large")
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            kind = "image/png" if picture.format == "PNG" else "image/jpeg"
            out = io.BytesIO()
            if picture.width * picture.height > 20_000_000:
                raise BotError("announcement.picture_large")
            picture.save(out, format=picture.format)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, SyntaxError):
        raise BotError("announcement.picture_unreadable") from None
    at, digest = desk(), hashlib.sha256(content).hexdigest()
    return at.database.write(
        lambda connection: store.add_picture(
            connection, secrets.token_urlsafe(24), kind, out.getvalue(), digest, at.clock()
        )
    )


def _check(one: Announcement | None, values: Mapping[str, Any]) -> None:
    """What would keep it from ever being sent is said at once."""
    now = desk().clock()
    if values["send_at"] is not None and values["send_at"] < now - timedelta(minutes=1):
        raise BotError("announcement.late")
    if values["send_at"] is not None and not announcing().rules.ours(desk().today).open_at(values["send_at"]):
        raise BotError("announcement.quiet")
    for scope in [access.here().units]:
        if scope is not None and not set(values["audience"].get("units", ())) <= scope:
            abort(404)
    if one is not None:
        access.check_unit(one.unit_id)


def _save(one: Announcement | None, values: Mapping[str, Any]) -> int:
    at, by = desk(), access.here().staff.id
    edition = request.form.get("edition", type=talk.number) or 0

    def op(connection: Connection) -> int:
        now = at.clock()
        number = one.id if one else store.add(connection, now, by, **values)
        if one is not None and not store.edit(connection, now, by, number, edition, **values):
            raise BotError("announcement.changed")
        act = "announcement.changed_by_staff" if one else "announcement.written"
        audit.record(connection, now, by, act, "announcement", number, edition=edition)
        return number

    return at.database.write(op)
