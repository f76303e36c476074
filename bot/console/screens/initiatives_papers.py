"""Papers of initiatives: one Word form at once; lists, forms, reports and rolls in the background."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from bot.console import access
from bot.console.desk import desk
from bot.console.initiative_desk import initiative_desk
from bot.console.screens.initiatives import wanted_of
from bot.files.sniffing import DOCX, XLSX
from bot.initiatives import exporting, word
from bot.store import audit, paper_jobs, units

screen = Blueprint("initiatives_papers", __name__)
TYPES = {"xlsx": XLSX, "docx": DOCX, "zip": "application/zip"}


@screen.get("/initiatives/papers")
def index() -> str:
    with desk().database.read() as connection:
        made = paper_jobs.of_staff(connection, access.here().staff.id)
    busy = any(job.state in {"queued", "working"} for job in made)
    return render_template("console/initiatives/papers.html", jobs=made, busy=busy)


@screen.post("/initiatives/papers")
def ask() -> AnyResponse:
    """What may be seen is settled now, by the one who asks."""
    kind = request.form.get("kind", "")
    if kind not in exporting.ENDINGS:
        abort(400)
    at, here, now = desk(), access.here(), desk().clock()
    with at.database.read() as connection:
        params = exporting.pack(wanted_of(connection, request.form), here.units)

    def op(connection: Connection) -> None:
        number = paper_jobs.ask(connection, here.staff.id, kind, params, now)
        audit.record(connection, now, here.staff.id, "papers.asked", "papers", number, kind=kind)

    at.database.write(op)
    return redirect(url_for("console.initiatives_papers.index"))


@screen.post("/initiatives/papers/<int:job_id>/again")
def again(job_id: int) -> AnyResponse:
    """The same once more after a failure, as far as the one who asks may see today."""
    at, here, now = desk(), access.here(), desk().clock()
    scope = sorted(here.units) if here.units is not None else None

    def op(connection: Connection) -> None:
        job = paper_jobs.get(connection, job_id)
        if job is None or job.staff_id != here.staff.id:
            abort(404)
        if paper_jobs.again(connection, job, {**job.params, "scope": scope}, now):
            audit.record(connection, now, here.staff.id, "papers.asked", "papers", job_id, kind=job.kind)

    at.database.write(op)
    return redirect(url_for("console.initiatives_papers.index"))


@screen.get("/initiatives/papers/<int:job_id>")
def get(job_id: int) -> Response:
    at, here = initiative_desk(), access.here()
    with desk().database.read() as connection:
        job = paper_jobs.get(connection, job_id)
    if job is None or job.staff_id != here.staff.id or job.state != "done":
        abort(404)
    content, now = at.files.get(job.key), desk().clock()
    desk().database.write(
        lambda connection: audit.record(
            connection, now, here.staff.id, "papers.fetched", "papers", job_id, kind=job.kind
        )
    )
    return _file(content, job.name)


@screen.get("/initiatives/<int:number>/form.docx")
def one(number: int) -> Response:
    at = initiative_desk()
    with desk().database.read() as connection:
        found = at.seen(connection, number)
        unit = units.get(connection, found.unit_id) if found.unit_id else None
        paper = exporting.template(connection)
    content = word.form_of(
        paper, found, at.form, unit=unit.name if unit else "", organisation=desk().organisation().name,
        today=desk().today,
    )  # fmt: skip
    by, now = access.here().staff.id, desk().clock()
    desk().database.write(
        lambda connection: audit.record(connection, now, by, "initiative.printed", "initiative", number)
    )
    return _file(content, f"{found.code}.docx")


def _file(content: bytes, name: str) -> Response:
    response = Response(content, mimetype=TYPES[name.rpartition(".")[2]])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
