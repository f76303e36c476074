"""What the bot could not answer, alike questions together; from here one answer for all of them begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.console import access, knowledge, personal
from bot.console.desk import desk
from bot.library import likeness, load
from bot.store import answering, staff
from bot.store.answering import Draft, Miss

screen = Blueprint("questions", __name__)
MOST_QUESTIONS = 400  # the newest ones
MOST_GROUPS = 20
MOST_LINES = 60
BACKGROUND = 16  # every so many-th shipped example tells what everybody writes


@dataclass(frozen=True, slots=True)
class Group:
    """Questions alike. `texts`: each wording once, newest first; `nearest`: ids of answers, commonest first."""

    misses: tuple[Miss, ...]
    texts: tuple[str, ...]
    nearest: tuple[str, ...]

    @property
    def ids(self) -> str:
        return ",".join(str(one.id) for one in self.misses)

    @property
    def people(self) -> int:
        return len({one.person_id for one in self.misses})

    @property
    def newest(self) -> datetime:
        return max(one.at for one in self.misses)


@screen.get("/questions")
def index() -> str:
    """The commonest first, or the newest."""
    order = request.args.get("order", "common")
    with desk().database.read() as connection:
        found = answering.waiting(connection, MOST_QUESTIONS)
        answers = knowledge.answers(connection, desk())
        open_drafts = answering.open_ones(connection)
        recent = answering.published(connection, 5)
        people = {person.id: person.name for person in staff.everyone(connection)}
    taken = {number for draft in open_drafts for number in draft.misses}
    groups = grouped([one for one in found if one.id not in taken])
    groups.sort(key=lambda group: group.newest, reverse=True)
    if order != "new":
        groups.sort(key=lambda group: group.people, reverse=True)
    return render_template(
        "console/questions/index.html", groups=groups[:MOST_GROUPS], more=max(0, len(groups) - MOST_GROUPS),
        order=order, answers=answers, drafts=open_drafts, recent=recent, people=people,
    )  # fmt: skip


def grouped(found: Sequence[Miss]) -> list[Group]:
    places = _alike(tuple(one.text for one in found), desk().content)
    return [_group([found[at] for at in group]) for group in places]


@lru_cache(maxsize=1)
def _alike(texts: tuple[str, ...], folder: Path) -> list[list[int]]:
    """Asked for again at every look at the same questions."""
    return likeness.groups(texts, _background(folder))


@cache
def _background(folder: Path) -> tuple[str, ...]:
    return tuple(example.text for example in load.load(folder).examples[::BACKGROUND])


def _group(misses: Sequence[Miss]) -> Group:
    likely = Counter(answer for one in misses for answer in one.nearest)
    texts = dict.fromkeys(" ".join(one.text.split()) for one in misses)
    return Group(tuple(misses), tuple(texts), tuple(answer for answer, _ in likely.most_common(2)))


@screen.post("/questions/dismiss")
def dismiss() -> AnyResponse:
    """They need no answer."""
    at, by, ids = desk(), access.here().staff.id, _chosen()
    at.database.write(lambda connection: answering.settle(connection, at.clock(), by, ids))
    return redirect(url_for("console.questions.index", done="misses_settled"))


@screen.post("/questions/start")
def start() -> AnyResponse:
    """A draft from these questions: for an answer there is, or a new one."""
    at, by, ids = desk(), access.here().staff.id, _chosen()
    answer = request.form.get("answer_other" if "attach" in request.form else "answer", "")
    with at.database.read() as connection:
        asked = answering.some(connection, ids)
        known = knowledge.answers(connection, at)
    if answer and answer not in known:
        abort(422)
    texts = dict.fromkeys(" ".join(one.text.split()) for one in asked)
    lines = tuple(text for text in texts if not personal.found(text))[:MOST_LINES]
    draft = Draft(answer, None if answer else {}, lines, tuple(one.id for one in asked))
    made = at.database.write(lambda connection: answering.save(connection, at.clock(), by, draft))
    return redirect(url_for("console.drafts.edit", number=made))


def _chosen() -> list[int]:
    """The numbers of the questions: those ticked, of a group's."""
    said = ",".join(request.form.getlist("miss")) or request.form.get("misses", "")
    ids = [number for one in said.split(",") if (number := talk.number(one)) is not None]
    if not ids or len(ids) > MOST_QUESTIONS:
        abort(422)
    return ids
