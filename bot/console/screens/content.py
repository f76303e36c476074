"""What the bot says: texts, menus, answers and the documents they cite, each with preview, versions and a way back."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.console import access, content_files, knowledge, shipped, words
from bot.console.desk import desk
from bot.console.editors import AnswerEditor, Bubble, DocumentEditor, Editor, MenuEditor, TextEditor
from bot.console.forms import Form
from bot.console.shipped import AREAS, DOCUMENTS, KNOWLEDGE, MENUS, TEXTS
from bot.errors import BotError
from bot.library import shelf
from bot.library.vietnamese import fold
from bot.store import audit, options, staff

screen = Blueprint("content", __name__)


@screen.get("/content")
def index() -> str:
    area = request.args.get("area", KNOWLEDGE)
    if area not in AREAS:
        abort(404)
    wanted = fold(request.args.get("q", "").strip())
    at = desk()
    with at.database.read() as connection:
        values = shipped.now(connection, area, at.content)
        changed = set(options.overlay(connection, area))
    rows = [(key, *_row(area, key, value), key in changed) for key, value in values.items()]
    rows = [row for row in rows if wanted in fold(" ".join(map(str, row[1:4])))]
    return render_template("console/content/index.html", area=area, areas=AREAS, rows=rows)


def _row(area: str, key: str, value: Any) -> tuple[str, str, str]:
    """What a list shows of one thing: where it belongs, its name, its beginning."""
    if area == TEXTS:
        group = f"content.groups.{key.partition('.')[0]}"
        return words.say(group if words.known(group) else "content.groups.other"), value[:90], value
    if area == MENUS:
        return "", ", ".join(one["title"] for one in value), " ".join(one["title"] for one in value)
    if area == KNOWLEDGE:
        return value["title"], value["question"], value["short"] + value["longer"]
    return value["number"], value["label"], value["title"]


@screen.route("/content/<area>/<path:key>", methods=["GET", "POST"])
def thing(area: str, key: str) -> str | AnyResponse | tuple[str, int]:
    before = _value(area, key)
    editor = _editor(area)
    form = editor.form(request.form, before)
    if request.method == "GET":
        return _page(area, key, form, editor)
    faults = [("form.faulty", "")] if not form.validate() else list(editor.faults(form))
    status = 422
    if not faults:
        try:
            return _save(area, key, editor.value(form, before, desk().today))
        except BotError as error:
            faults, status = [(error.code, "")], 409
    return _page(area, key, form, editor, faults), status


def _save(area: str, key: str, value: Any) -> AnyResponse:
    """What equals the shipped value is stored as none: a new release may then change it."""
    at, by = desk(), access.here().staff.id
    kept = None if value == shipped.of(area, at.content)[key] else value
    seen = request.form.get("version", type=talk.number)

    def op(connection: Connection) -> bool:
        _, before = options.current(connection, area, key)
        return options.put(connection, at.clock(), by, area, key, kept, over=seen) != before

    done = "saved" if at.database.write(op) else "unchanged"
    return redirect(url_for("console.content.thing", area=area, key=key, done=done))


@screen.post("/content/preview/<area>/<path:key>")
def preview(area: str, key: str) -> str | tuple[str, int]:
    """The bubbles alone, for the page that is being written on."""
    before = _value(area, key)
    editor = _editor(area)
    form = editor.form(request.form, before)
    faults = list(editor.faults(form))
    bubbles = [] if faults else _bubbles(area, key, editor, editor.value(form, before, desk().today))
    return render_template("console/content/bubbles.html", bubbles=bubbles, preview_faults=faults)


@screen.post("/content/undo/<int:version_id>")
def undo(version_id: int) -> AnyResponse:
    at, by = desk(), access.here().staff.id
    area, key = at.database.write(lambda connection: options.bring_back(connection, at.clock(), by, version_id, AREAS))
    return redirect(url_for("console.content.thing", area=area, key=key, done="undone"))


@screen.post("/content/reset/<area>/<path:key>")
def reset(area: str, key: str) -> AnyResponse:
    """Back to what was shipped; the edits stay among the versions."""
    _value(area, key)
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: options.put(connection, at.clock(), by, area, key, None))
    return redirect(url_for("console.content.thing", area=area, key=key, done="undone"))


@screen.get("/content/content.zip")
def export() -> Response:
    """The files of content/ with every edit in them: what a new installation starts from."""
    at, by = desk(), access.here().staff.id
    packed = io.BytesIO()
    with at.database.read() as connection, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content_files.written(connection, at.content).items():
            archive.writestr(f"content/{name}", text)
        for versions in shelf.versions(at.settings.documents_dir).values():
            for path in (path for one in versions for path in (one.file, one.original) if path.is_file()):
                archive.write(path, f"content/documents/{path.parent.name}/{path.name}")
    at.database.write(lambda connection: audit.record(connection, at.clock(), by, "content.exported", "content"))
    return Response(
        packed.getvalue(),
        mimetype="application/zip",
        headers={"Content-Disposition": 'attachment; filename="content.zip"'},
    )


def _value(area: str, key: str) -> Any:
    if area not in AREAS:
        abort(404)
    with desk().database.read() as connection:
        values = shipped.now(connection, area, desk().content)
    if key not in values:
        abort(404)
    return values[key]


def _editor(area: str) -> Editor:
    at = desk()
    if area == TEXTS:
        return TextEditor()
    if area == DOCUMENTS:
        return DocumentEditor()
    with at.database.read() as connection:
        answers = knowledge.answers(connection, at)
    if area == KNOWLEDGE:
        return AnswerEditor({key: answer.source for key, answer in answers.items()})
    return MenuEditor(_actions() | {f"answer:{key}": answer.question for key, answer in answers.items()})


def _actions() -> dict[str, str]:
    """What the shipped menus lead to, named by the buttons that lead there; answers apart."""
    found = {
        choice["action"]: choice["title"]
        for menu in shipped.of(MENUS, desk().content).values()
        for choice in menu
        if choice.get("action", "answer:").partition(":")[0] != "answer"
    }
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _bubbles(area: str, key: str, editor: Editor, value: Any) -> list[Bubble]:
    at = desk()
    with at.database.read() as connection:
        texts = shipped.spoken(connection, at.organisation(), at.content, {key: value}, area)
    return editor.bubbles(value, texts, key)


def _page(area: str, key: str, form: Form, editor: Editor, faults: list[tuple[str, str]] | None = None) -> str:
    at = desk()
    with at.database.read() as connection:
        value = shipped.now(connection, area, at.content)[key]
        _, version = options.current(connection, area, key)
        versions = options.history(connection, area, key)
        people = {person.id: person.name for person in staff.everyone(connection)}
    return render_template(
        "console/content/thing.html",
        area=area, key=key, form=form, faults=faults or [], version=version, versions=versions, people=people,
        group=_row(area, key, value)[0], name=_row(area, key, value)[1], original=shipped.of(area, at.content)[key],
        bubbles=_bubbles(area, key, editor, value), is_shipped=all(one.value is None for one in versions[:1]),
        summary=_summary, rests_on=_rests_on(key) if area == KNOWLEDGE else "",
    )  # fmt: skip


def _rests_on(key: str) -> str:
    """The clauses an answer rests on, as members see them named."""
    at = desk()
    with at.database.read() as connection:
        answer = knowledge.answers(connection, at)[key]
    clauses = knowledge.documents(at).clauses()
    named = [clauses[one].source for one in answer.citations if one in clauses] or [answer.source]
    return "; ".join(one.removeprefix("(").removesuffix(")") for one in named)


def _summary(area: str, value: Any) -> str:
    """One version in the list of versions."""
    if area == TEXTS:
        return str(value)
    if area == MENUS:
        return ", ".join(one["title"] for one in value)
    return str(value["short"] if area == KNOWLEDGE else f"{value['number']}: {value['label']}")
