"""How initiatives are taken in: rounds, the form's questions, rubric, columns of the list, Word template."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.console import access
from bot.console.desk import desk
from bot.console.forms import tidy
from bot.console.initiative_desk import initiative_desk
from bot.errors import BotError
from bot.files.sniffing import DOCX
from bot.initiatives import excel, exporting, word
from bot.initiatives.form import CORE, MOST_NEEDED, Form
from bot.store import options

screen = Blueprint("initiatives_settings", __name__)
AREA = "initiatives"
KINDS = ("text", "money", "people", "phone")


@screen.route("/initiatives/settings", methods=["GET", "POST"])
def show() -> str | AnyResponse | tuple[str, int]:
    if request.method == "GET":
        return _page()
    try:
        _save(_edits(request.form))
    except BotError as error:
        return _page(error.code if error.code != "content.faulty" else "settings.refused"), 422
    return redirect(url_for("console.initiatives_settings.show", done="saved"))


def _edits(given: Any) -> dict[str, Any]:
    """What the page holds, as the options keep it. Raises BotError initiative.rounds_odd."""
    return {
        "rounds": _rounds(given.get("rounds", "")),
        "closed": tidy(given.get("closed"))[:600],
        "consent": tidy(given.get("consent"))[:600],
        "consent_version": tidy(given.get("consent_version"))[:20],
        "messenger_personal": given.get("messenger_personal") == "yes",
        "reviewers": given.get("reviewers") == "yes",
        "criteria": _lines(given.get("criteria", "")),
        "trades": _lines(given.get("trades", "")),
        "columns": [name for name in given.getlist("columns") if name in _columns(initiative_desk().form)],
    }


def _lines(text: str) -> list[str]:
    return [line for part in tidy(text).splitlines() if (line := " ".join(part.split())[:80])][:20]


def _rounds(text: str) -> list[dict[str, str]]:
    """One round a line: "Đợt 1: 01/03/2027 - 31/05/2027"."""
    found = []
    for line in tidy(text).splitlines():
        if not line.strip():
            continue
        name, _, span = line.rpartition(":")
        first, _, last = span.replace("–", "-").partition("-")
        try:
            days = [_day(first), _day(last)]
        except ValueError:
            raise BotError("initiative.rounds_odd") from None
        if not name.strip() or days[1] < days[0]:
            raise BotError("initiative.rounds_odd")
        found.append({"name": name.strip()[:80], "opens": days[0].isoformat(), "closes": days[1].isoformat()})
    return found


def _day(text: str) -> date:
    return datetime.strptime(text.strip(), "%d/%m/%Y").date()  # noqa: DTZ007 - a day has no zone


def _save(edits: Mapping[str, Any]) -> None:
    at, by = desk(), access.here().staff.id
    before = initiative_desk().form
    changed = {key: value for key, value in edits.items() if value != before.model_dump(mode="json")[key]}
    if "consent" in changed and "consent_version" not in changed:
        raise BotError("settings.consent_version_needed")
    Form.open({**_overlay(), **changed}, at.content)

    def op(connection: Any) -> None:
        for key, value in changed.items():
            options.put(connection, at.clock(), by, AREA, key, value)

    at.database.write(op)


def _overlay() -> dict[str, Any]:
    with desk().database.read() as connection:
        edits = options.overlay(connection, AREA)
    edits.pop("template", None)
    return edits


def _columns(form: Form) -> dict[str, str]:
    """Every column there may be, by key."""
    extra = {item.key: item.label for item in form.field if item.kind not in {"use", "place", "author", "phone"}}
    return {**excel.COLUMNS, **{key: label for key, label in extra.items() if key not in excel.COLUMNS}}


def _page(fault: str = "") -> str:
    form = initiative_desk().form
    rounds = "\n".join(f"{one.name}: {one.opens:%d/%m/%Y} - {one.closes:%d/%m/%Y}" for one in form.rounds)
    columns = _columns(form)
    chosen = [name for name in (form.columns or excel.SHIPPED) if name in columns]
    ordered = [*chosen, *(name for name in columns if name not in chosen)]
    with desk().database.read() as connection:
        own, _ = options.current(connection, *exporting.TEMPLATE)
        versions = options.history(connection, *exporting.TEMPLATE, limit=5)
    return render_template(
        "console/initiatives/settings.html", form=form, rounds=rounds, columns=columns, ordered=ordered,
        chosen=chosen, fault=fault, given=request.form, own_template=bool(own), versions=versions, core=CORE,
    )  # fmt: skip


@screen.route("/initiatives/settings/fields/<key>", methods=["GET", "POST"])
def field(key: str) -> str | AnyResponse | tuple[str, int]:
    """One question of the form; "new" adds one."""
    form = initiative_desk().form
    items = [item.model_dump() for item in form.field]
    present = next((item for item in items if item["key"] == key), None)
    if present is None and key != "new":
        abort(404)
    if request.method == "GET":
        return render_template("console/initiatives/field.html", item=present, core=CORE, kinds=KINDS, fault="")
    try:
        _save_fields(_changed(items, present, request.form))
    except BotError as error:
        code = error.code if error.code != "content.faulty" else "initiative.field_odd"
        page = render_template(
            "console/initiatives/field.html", item=present, core=CORE, kinds=KINDS, fault=code, most=MOST_NEEDED
        )
        return page, 422
    return redirect(url_for("console.initiatives_settings.show", done="saved"))


def _changed(items: list[dict[str, Any]], present: dict[str, Any] | None, given: Any) -> list[dict[str, Any]]:
    """The fields after the officer's act: changed, moved, added or taken out."""
    act = given.get("act", "save")
    if present is None:
        used = {item["key"] for item in items}
        key = next(f"extra_{n}" for n in range(1, 100) if f"extra_{n}" not in used)
        return [*items, {"key": key, **_words(given), "kind": _kind(given), "needed": False}]
    at = items.index(present)
    if act == "remove" and present["key"] not in CORE:
        return [item for item in items if item is not present]
    if act in {"up", "down"}:
        to = at + (-1 if act == "up" else 1)
        if 0 <= to < len(items):
            items[at], items[to] = items[to], items[at]
        return items
    fixed = present["key"] in CORE
    items[at] = {
        **present,
        **_words(given),
        "kind": present["kind"] if fixed else _kind(given),
        "needed": present["needed"] if fixed else given.get("needed") == "yes",
    }
    return items


def _words(given: Any) -> dict[str, str]:
    label, ask = tidy(given.get("label")), tidy(given.get("ask"))
    if not label or not ask:
        raise BotError("form.needed")
    return {"label": label[:80], "ask": ask[:400]}


def _kind(given: Any) -> str:
    kind = given.get("kind", "text")
    return kind if kind in KINDS else "text"


def _save_fields(items: list[dict[str, Any]]) -> None:
    at, by = desk(), access.here().staff.id
    Form.open({**_overlay(), "field": items}, at.content)
    at.database.write(lambda connection: options.put(connection, at.clock(), by, AREA, "field", items))


# ---- the Word template ----


@screen.route("/initiatives/settings/template", methods=["GET", "POST"])
def template() -> Response | AnyResponse | tuple[str, int]:
    at, by = desk(), access.here().staff.id
    if request.method == "GET":
        with at.database.read() as connection:
            content = exporting.template(connection)
        response = Response(content, mimetype=DOCX)
        response.headers["Content-Disposition"] = 'attachment; filename="mau-don-sang-kien.docx"'
        return response
    sent = request.files.get("file")
    content = sent.read() if sent else b""
    try:
        word.check_template(content, initiative_desk().form)
    except BotError as error:
        return _page(error.code), 422
    packed = base64.b64encode(content).decode()
    at.database.write(lambda connection: options.put(connection, at.clock(), by, *exporting.TEMPLATE, packed))
    return redirect(url_for("console.initiatives_settings.show", done="saved"))


@screen.post("/initiatives/settings/template/reset")
def reset() -> AnyResponse:
    """Back to the shipped template."""
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: options.put(connection, at.clock(), by, *exporting.TEMPLATE, None))
    return redirect(url_for("console.initiatives_settings.show", done="saved"))
