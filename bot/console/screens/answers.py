"""Every answer: how often it was given, what members thought of it, and when it wants to be read again."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from bot.console import access, knowledge, plots, shipped
from bot.console.desk import desk
from bot.console.editors import Bubble, answer_bubbles
from bot.console.knowledge import Known
from bot.store import answering, marks, options, staff

screen = Blueprint("answers", __name__)
DAYS = 30  # of the list's figures
WEEKS = 12  # of one answer's
USES, UP, DOWN = "answer", "up", "down"


@screen.get("/answers")
def index() -> str:
    """The most used first; or those that want to be read again, or those with the most thumbs down."""
    order = request.args.get("order", "uses")
    at = desk()
    with at.database.read() as connection:
        known = knowledge.everything(connection, at)
        figures = _figures(connection, DAYS)
    rows = list(known.values())
    if order == "due":
        rows = [one for one in rows if one.due(at.today)]
    elif order == "own":
        rows = [one for one in rows if one.own]
    by = DOWN if order == "down" else USES
    rows.sort(key=lambda one: -figures[by, one.answer.id])
    return render_template(
        "console/questions/answers.html", rows=rows, figures=figures, order=order, days=DAYS, today=at.today,
        due=sum(one.due(at.today) for one in known.values()), uses=USES, up=UP, down=DOWN,
    )  # fmt: skip


def _figures(connection: Connection, days: int) -> Counter[tuple[str, str]]:
    """Use and thumbs of the last days, by what and by the answer's id."""
    since = desk().today - timedelta(days=days - 1)
    found: Counter[tuple[str, str]] = Counter()
    for (_, name), n in marks.figures(connection, since.isoformat()).items():
        what, _, answer = name.partition(".")
        if what in {USES, UP, DOWN}:
            found[what, answer] += n
    return found


@screen.get("/answers/<path:key>")
def show(key: str) -> str:
    at = desk()
    with at.database.read() as connection:
        known = knowledge.everything(connection, at).get(key)
        versions = options.history(connection, answering.ANSWERS, key)
        if known is None and not versions:
            abort(404)
        page: dict[str, Any] = {
            "lines": options.current(connection, answering.EXAMPLES, key)[0] or [],
            "people": {person.id: person.name for person in staff.everyone(connection)},
            "published": answering.published(connection, 10, key),
            "plots": _plots(connection, key) if known else [],
            "bubbles": _bubbles(connection, known) if known else [],
        }
    clauses = knowledge.documents(at).clauses() if known else {}
    verbatim = [clauses[cited] for cited in known.answer.citations if cited in clauses] if known else []
    return render_template(
        "console/questions/answer.html",
        key=key,
        known=known,
        versions=versions,
        clauses=verbatim,
        today=at.today,
        **page,
    )


def _bubbles(connection: Connection, known: Known) -> list[Bubble]:
    texts = shipped.spoken(connection, desk().organisation(), desk().content, {}, "")
    return answer_bubbles(known.answer.short, known.answer.longer, known.answer.source, texts)


def _plots(connection: Connection, key: str) -> list[tuple[str, Any]]:
    """Use and thumbs, a bar a week: the sum in words and the plot of each."""
    first = desk().today - timedelta(days=desk().today.weekday(), weeks=WEEKS - 1)
    found = marks.figures(connection, first.isoformat())
    weeks = [first + timedelta(weeks=number) for number in range(WEEKS)]
    plotted = []
    for what, title in ((USES, "lượt trả lời"), (UP, "lần đúng ý"), (DOWN, "lần chưa đúng")):
        sums: Counter[str] = Counter()
        for (day, name), n in found.items():
            if name == f"{what}.{key}":
                sums[max(week.isoformat() for week in weeks if week.isoformat() <= day)] += n
        values = [(f"{week:%d/%m}" if at % 3 == 0 else "", sums[week.isoformat()]) for at, week in enumerate(weeks)]
        plotted.append((f"{sums.total()} {title}", plots.bars(title, values)))
    return plotted


@screen.post("/answers/reviewed/<path:key>")
def reviewed(key: str) -> AnyResponse:
    """Read again, and it still holds."""
    at, by, known = desk(), access.here().staff.id, _known(key)
    entry = None if known.own else known.entry
    at.database.write(
        lambda connection: answering.reviewed(connection, at.clock(), by, key, at.today.isoformat(), entry)
    )
    return redirect(url_for("console.answers.show", key=key, done="answer_reviewed"))


@screen.post("/answers/gone/<path:key>")
def take_down(key: str) -> AnyResponse:
    at, by = desk(), access.here().staff.id
    if not _known(key).own:
        abort(404)
    at.database.write(lambda connection: answering.take_down(connection, at.clock(), by, key))
    return redirect(url_for("console.answers.show", key=key, done="answer_taken_down"))


@screen.post("/answers/back/<int:version_id>")
def bring_back(version_id: int) -> AnyResponse:
    at, by = desk(), access.here().staff.id
    _, key = at.database.write(
        lambda connection: options.bring_back(connection, at.clock(), by, version_id, (answering.ANSWERS,))
    )
    return redirect(url_for("console.answers.show", key=key, done="undone"))


def _known(key: str) -> Known:
    with desk().database.read() as connection:
        known = knowledge.everything(connection, desk()).get(key)
    if known is None:
        abort(404)
    return known
