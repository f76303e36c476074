"""The official documents: load one with a look at its clauses first, its versions, what changed, the original."""

from __future__ import annotations

import difflib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.console import access, knowledge
from bot.console.desk import desk
from bot.console.forms import tidy
from bot.errors import BotError
from bot.library import documents, shelf
from bot.library.documents import Document
from bot.library.shelf import Change, Version
from bot.store import audit
from bot.talk import Answer

screen = Blueprint("documents", __name__)
WAITING = "waiting"  # the folder of files that were looked at and not yet kept
KEPT_S = 24 * 3600  # a file nobody kept goes after a day


@screen.get("/documents")
def index() -> str:
    return render_template("console/documents/index.html", shelf=_shelf())


def _shelf() -> dict[str, list[Version]]:
    return shelf.versions(shelf.SHIPPED, desk().settings.documents_dir)


# ---- loading ----


@screen.route("/documents/load", methods=["GET", "POST"])
def load() -> str | tuple[str, int]:
    """First the look at what was read; nothing is kept before the word to keep it."""
    if request.method == "GET":
        return render_template("console/documents/load.html")
    sent = request.files.get("file")
    data = sent.read(documents.MOST_BYTES + 1) if sent else b""
    name, number = _file_name((sent.filename if sent else "") or ""), tidy(request.form.get("number"))[:60]
    try:
        found = documents.read(data, name, number)
    except BotError as error:
        return render_template("console/documents/load.html", fault=error.code, number=number), 422
    _lay_aside(found, data)
    return _preview(found)


def _file_name(sent: str) -> str:
    """What the file was called, fit for a folder and a download."""
    plain = Path(sent.replace("\\", "/")).name
    return secure_filename(plain)[-80:] or "van-ban"


def _preview(found: Document) -> str:
    before = next((one.document for one in _shelf().get(shelf.slug(found.number), ()) if not one.withdrawn), None)
    change = shelf.compare(before, found, _answers().values())
    return render_template(
        "console/documents/preview.html", found=found, before=before, change=change, answers=_answers(),
        parts=dict(_parts(before, found, change)), known=before is not None and before.sha256 == found.sha256,
    )  # fmt: skip


def _answers() -> dict[str, Answer]:
    with desk().database.read() as connection:
        return knowledge.answers(connection, desk())


def _lay_aside(found: Document, data: bytes) -> None:
    folder = desk().settings.documents_dir / WAITING
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > KEPT_S:
            old.unlink(missing_ok=True)
    (folder / found.sha256).write_bytes(data)


@screen.post("/documents/keep")
def keep() -> AnyResponse:
    """Keep the file that was looked at as the next version. Raises BotError document.look_again."""
    at, by, sha = desk(), access.here().staff.id, request.form.get("sha256", "")
    aside = at.settings.documents_dir / WAITING / sha
    if len(sha) != 64 or not sha.isalnum() or not aside.is_file():
        raise BotError("document.look_again")
    data = aside.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha:
        raise BotError("document.look_again")
    name, number = _file_name(request.form.get("file", "")), tidy(request.form.get("number"))[:60]
    kept = shelf.store(documents.read(data, name, number), data, at.settings.documents_dir)
    aside.unlink(missing_ok=True)
    at.database.write(
        lambda connection: audit.record(connection, at.clock(), by, "document.kept", "documents", version=kept.version)
    )
    return redirect(url_for("console.documents.show", slug=shelf.slug(kept.number), done="document_kept"))


# ---- one document ----


@screen.get("/documents/<slug>")
def show(slug: str) -> str:
    """A version's clauses, with what it changed against the one before."""
    versions = _shelf().get(slug)
    if not versions:
        abort(404)
    in_use = next((one for one in versions if not one.withdrawn), versions[0])
    shown = _version(versions, talk.number(request.args.get("version")) or in_use.document.version)
    before = next(
        (one.document for one in versions if one.document.version < shown.document.version and not one.withdrawn), None
    )
    answers = _answers()
    change = shelf.compare(before, shown.document, answers.values())
    return render_template(
        "console/documents/show.html", slug=slug, versions=versions, shown=shown, in_use=in_use, before=before,
        change=change, answers=answers, parts=dict(_parts(before, shown.document, change)),
        resting=_resting(shown.document, answers),
    )  # fmt: skip


def _version(versions: list[Version], number: int) -> Version:
    found = next((one for one in versions if one.document.version == number), None)
    if found is None:
        abort(404)
    return found


def _resting(document: Document, answers: dict[str, Answer]) -> dict[str, list[Answer]]:
    """The answers on each clause."""
    return {
        section.id: [
            answer
            for answer in answers.values()
            if any(cited.document == document.number and cited.section == section.id for cited in answer.citations)
        ]
        for section in document.sections
    }


def _parts(before: Document | None, after: Document, change: Change) -> Iterator[tuple[str, Markup]]:
    """The changed clauses with the words that went and came marked."""
    for id_ in change.changed:
        old, new = (one.section(id_) if one else None for one in (before, after))
        if old and new:
            yield id_, _marked(old.text.split(), new.text.split())


def _marked(old: list[str], new: list[str]) -> Markup:
    pieces: list[Markup] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            pieces.append(escape(" ".join(new[c:d])))
            continue
        if b > a:
            pieces.append(Markup("<del>{}</del>").format(" ".join(old[a:b])))
        if d > c:
            pieces.append(Markup("<ins>{}</ins>").format(" ".join(new[c:d])))
    return Markup(" ").join(pieces)


@screen.get("/documents/<slug>/<int:number>/original")
def original(slug: str, number: int) -> Response:
    """The bytes as they came; never opened in the browser."""
    version = _version(_shelf().get(slug, []), number)
    if not version.original.is_file():
        abort(404)
    name = f"{slug}-{number}{version.original.suffix}"
    return Response(
        version.original.read_bytes(),
        mimetype="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@screen.post("/documents/<slug>/<int:number>/withdraw")
def withdraw(slug: str, number: int) -> AnyResponse:
    """Out of use, or back into it. A shipped version stays in use until a newer one comes."""
    at, by = desk(), access.here().staff.id
    version = _version(_shelf().get(slug, []), number)
    if version.shipped:
        raise BotError("document.shipped")
    shelf.set_withdrawn(version, withdrawn=not version.withdrawn)
    act = "document.returned" if version.withdrawn else "document.withdrawn"
    at.database.write(lambda connection: audit.record(connection, at.clock(), by, act, "documents", version=number))
    return redirect(url_for("console.documents.show", slug=slug, done="document_changed"))
