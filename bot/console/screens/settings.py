"""The settings: who the union is, its hours, contacts and duties. Every field keeps its versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response
from wtforms import BooleanField, Field, IntegerField
from wtforms.validators import NumberRange, StopValidation

from bot.console import access
from bot.console.desk import desk
from bot.console.forms import Form, line, paragraph
from bot.errors import BotError
from bot.library.organisation import DAYS, Organisation
from bot.store import options, staff

screen = Blueprint("settings", __name__)

ORGANISATION, CONSOLE = "organisation", "console"
_SPANS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


# ---- fields that are more than a line ----


def _spans(text: str) -> list[str]:
    """Hours as typed, "7:30-11:30, 13h30 – 17h", as the file keeps them. ValueError when they are none."""
    found = []
    for part in re.split(r"[,;]", text):
        plain = re.sub(r"\s", "", part).replace("–", "-").lower()
        plain = re.sub(r"(\d)h(?!\d)", r"\1:00", plain).replace("h", ":")
        if plain:
            span = "-".join(f"{clock:0>5}" for clock in plain.split("-"))
            if not _SPANS.fullmatch(span) or span[:5] >= span[6:]:
                raise ValueError(part)
            found.append(span)
    return sorted(found)


def _dates(text: str) -> list[str]:
    """One date a line, day first, as ISO. ValueError when it is none."""
    lines = [part.strip() for part in re.split(r"[\n,;]", text)]
    days = {datetime.strptime(part, "%d/%m/%Y").date() for part in lines if part}  # noqa: DTZ007 - a day has no zone
    return [day.isoformat() for day in sorted(days)]


def _as_spans(value: object) -> str:
    return ", ".join(value) if isinstance(value, list | tuple) else ""


def _as_dates(value: object) -> str:
    days = value if isinstance(value, list | tuple | frozenset) else ()
    return "\n".join(f"{date.fromisoformat(str(day)):%d/%m/%Y}" for day in sorted(map(str, days)))


class _Reads:
    """A validator: the text can be read, or its fault is told by this code."""

    def __init__(self, read: Callable[[str], object], code: str) -> None:
        self._read, self._code = read, code

    def __call__(self, _form: object, field: Any) -> None:
        try:
            self._read(field.data or "")
        except ValueError:
            raise StopValidation(self._code) from None


def _number(least: int, most: int) -> IntegerField:
    return IntegerField(validators=[NumberRange(least, most, message="settings.number_odd")])


def _hours() -> Field:
    made = line(80, needed=False)
    return _checked(made, _Reads(_spans, "settings.hours_odd"))


def _holidays() -> Field:
    return _checked(paragraph(2000), _Reads(_dates, "settings.holidays_odd"))


def _checked(made: Any, check: _Reads) -> Field:
    made.kwargs["validators"] = [*made.kwargs["validators"], check]
    found: Field = made
    return found


# ---- the sections ----


@dataclass(frozen=True, slots=True)
class Item:
    """One input. `key` is the stored option; `part` an entry of a table such as hours or contacts."""

    key: str
    make: Callable[[], Field]
    part: str = ""
    area: str = ORGANISATION
    read: Callable[[str], Any] | None = None
    show: Callable[[Any], str] | None = None

    @property
    def name(self) -> str:
        return f"{self.key}__{self.part}" if self.part else self.key


def _short() -> Field:
    return line(120, needed=False)


def _long() -> Field:
    return paragraph(600)


_FIXED: dict[str, tuple[Item, ...]] = {
    "identity": tuple(Item(key, _short) for key in ("name", "short_name", "signature", "phone", "address", "email")),
    "hours": (
        *(Item("hours", _hours, day, read=_spans, show=_as_spans) for day in DAYS),
        Item("holidays", _holidays, read=_dates, show=_as_dates),
        Item("staff_pause_minutes", lambda: _number(1, 1440)),
    ),
    "answers": (Item("ask_today", _long), Item("emergency", _long)),
    "voice": (Item("bot_word", lambda: line(20)), Item("member_word", lambda: line(20)), Item("science_day", _short)),
    "privacy": (
        Item("consent", lambda: paragraph(600)),
        Item("consent_version", lambda: line(20)),
        Item("data_contact", _long),
        Item("data_person", _short),
        Item("retention", lambda: _number(1, 3650), "messages"),
        Item("retention", lambda: _number(1, 60), "exports"),
        Item("retention", lambda: _number(365, 7300), "consents"),
    ),
    "console": (
        Item("second_factor_for_all", BooleanField, area=CONSOLE),
        Item("second_reader_for_answers", BooleanField, area=CONSOLE),
    ),
}


def items(section: str, organisation: Organisation) -> tuple[Item, ...]:
    """The inputs of a section; contacts have one for each matter that the file names."""
    fixed = _FIXED[section]
    if section == "answers":
        return fixed + tuple(Item("contacts", _long, subject) for subject in sorted(organisation.contacts))
    return fixed


@screen.get("/settings")
def index() -> str:
    organisation = desk().organisation()
    empty = {
        section: [item for item in items(section, organisation) if _value(item, organisation, {}) in {"", None}]
        for section in _FIXED
    }
    return render_template("console/settings/index.html", sections=list(_FIXED), empty=empty)


@screen.route("/settings/<name>", methods=["GET", "POST"])
def section(name: str) -> str | Response | tuple[str, int]:
    if name not in _FIXED:
        abort(404)
    at = desk()
    organisation = at.organisation()
    wanted = items(name, organisation)
    with at.database.read() as connection:
        console = options.overlay(connection, CONSOLE)
    values = {item.name: _value(item, organisation, console) for item in wanted}
    form = _form(wanted)(request.form, data=values)
    if request.method == "GET":
        return _page(name, wanted, form)
    if not form.validate():
        return _page(name, wanted, form, "form.faulty"), 422
    try:
        changed = _save(wanted, form, organisation, console)
    except BotError as error:
        return _page(name, wanted, form, error.code if error.code != "content.faulty" else "settings.refused"), 422
    return redirect(url_for("console.settings.section", name=name, done="saved" if changed else "unchanged"))


@screen.post("/settings/undo/<int:version_id>")
def undo(version_id: int) -> Response:
    at, by = desk(), access.here().staff.id
    _, key = at.database.write(
        lambda connection: options.bring_back(connection, at.clock(), by, version_id, (ORGANISATION, CONSOLE))
    )
    organisation = at.organisation()
    name = next((name for name in _FIXED if any(item.key == key for item in items(name, organisation))), None)
    to = url_for("console.settings.section", name=name, done="undone") if name else url_for("console.settings.index")
    return redirect(to)


def _form(wanted: tuple[Item, ...]) -> type[Form]:
    return type("SectionForm", (Form,), {item.name: item.make() for item in wanted})


def _value(item: Item, organisation: Organisation, console: Mapping[str, Any]) -> Any:
    if item.area == CONSOLE:
        return bool(console.get(item.key))
    value: Any = getattr(organisation, item.key)
    if item.part:
        value = value.get(item.part, "") if isinstance(value, Mapping) else getattr(value, item.part)
    return item.show(value) if item.show else value


def _save(wanted: tuple[Item, ...], form: Form, organisation: Organisation, console: Mapping[str, Any]) -> bool:
    """Store what changed, whole tables at a time; refuse what the bot could not load."""
    edits: dict[tuple[str, str], Any] = {}
    for item in wanted:
        given = form[item.name].data
        before = _value(item, organisation, console)
        after = item.read(given or "") if item.read else given
        if given == before or (item.show and item.show(after) == before):
            continue
        edits[item.area, item.key] = (
            {**_table(organisation, item.key), **edits.get((item.area, item.key), {}), item.part: after}
            if item.part
            else after
        )
    _consent_has_a_new_version(edits)
    organisation.overlaid({key: value for (area, key), value in edits.items() if area == ORGANISATION})
    at, by = desk(), access.here().staff.id

    def op(connection: Connection) -> None:
        for (area, key), value in edits.items():
            options.put(connection, at.clock(), by, area, key, value)

    if edits:
        at.database.write(op)
    return bool(edits)


def _table(organisation: Organisation, key: str) -> dict[str, Any]:
    """The table as JSON keeps it."""
    found: dict[str, Any] = organisation.model_dump(mode="json", include={key})[key]
    return found


def _consent_has_a_new_version(edits: Mapping[tuple[str, str], Any]) -> None:
    if (ORGANISATION, "consent") in edits and (ORGANISATION, "consent_version") not in edits:
        raise BotError("settings.consent_version_needed")


def _page(name: str, wanted: tuple[Item, ...], form: Form, fault: str = "") -> str:
    keys = list(dict.fromkeys((item.area, item.key) for item in wanted))
    with desk().database.read() as connection:
        versions = [(key, one) for area, key in keys for one in options.history(connection, area, key, limit=10)]
        people = {person.id: person.name for person in staff.everyone(connection)}
    versions.sort(key=lambda pair: -pair[1].id)
    newest = {key: max(one.id for k, one in versions if k == key) for key, _ in versions}
    return render_template(
        "console/settings/section.html",
        name=name, wanted=wanted, form=form, fault=fault, versions=versions[:30], newest=newest, people=people,
        in_words=_in_words,
    )  # fmt: skip


def _in_words(value: Any) -> str:
    """A stored value for the list of versions."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_in_words(part)}" for name, part in value.items() if part)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "có" if value else "không"
    return str(value)
