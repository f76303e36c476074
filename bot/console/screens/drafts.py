"""A draft of an answer: writing it, trying it on the question tests, the second reader, publishing, undoing."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, SelectMultipleField, widgets

from bot import trial
from bot.console import access, knowledge, personal, shipped, telling
from bot.console.desk import desk
from bot.console.editors import answer_bubbles, answer_faults, day_text, iso_day
from bot.console.forms import Form, line, options, paragraph
from bot.errors import BotError
from bot.library.load import Edits
from bot.store import answering, staff
from bot.store import options as option_store
from bot.store.answering import Draft

screen = Blueprint("drafts", __name__)
MOST_LINES = 100
LONGEST_LINE = 300
SECOND_READER = "second_reader_for_answers"  # of the console's settings


class DraftForm(Form):
    title = line(20)
    question = line(70)
    short = paragraph(1200, needed=True)
    longer = paragraph(2000)
    cited = SelectMultipleField(
        widget=widgets.ListWidget(prefix_label=False), option_widget=widgets.CheckboxInput(), validate_choice=True
    )
    unsaid = BooleanField()
    valid_until = line(10, needed=False)
    lines = paragraph(MOST_LINES * LONGEST_LINE)
    tell = BooleanField()


class LinesForm(Form):
    lines = paragraph(MOST_LINES * LONGEST_LINE, needed=True)
    tell = BooleanField()


@screen.post("/drafts/new")
def new() -> AnyResponse:
    """An empty draft, or one of an answer of our own to be changed, or of messages for any answer."""
    at, by, answer = desk(), access.here().staff.id, request.form.get("answer", "")
    with at.database.read() as connection:
        known = knowledge.everything(connection, at)
        lines = option_store.current(connection, answering.EXAMPLES, answer)[0] or ()
    if answer and answer not in known:
        abort(422)
    own = known[answer].entry if answer and known[answer].own else None
    draft = Draft(answer, {} if not answer else own, tuple(lines) if own else ())
    made = at.database.write(lambda connection: answering.save(connection, at.clock(), by, draft))
    return redirect(url_for("console.drafts.edit", number=made))


@screen.route("/drafts/<int:number>", methods=["GET", "POST"])
def edit(number: int) -> str | AnyResponse | tuple[str, int]:
    draft = _draft(number)
    form = _form(draft)
    if request.method == "GET":
        return _page(draft, form)
    faults = [("form.faulty", "")] if not form.validate() else _faults(draft, form)
    if faults:
        return _page(draft, form, faults), 422
    at, by = desk(), access.here().staff.id
    changed = _changed(draft, form)
    at.database.write(lambda connection: answering.save(connection, at.clock(), by, changed))
    return redirect(url_for("console.drafts.edit", number=number, done="draft_saved"))


def _draft(number: int) -> Draft:
    with desk().database.read() as connection:
        draft = answering.get(connection, number)
    if draft is None:
        abort(404)
    return draft


def _form(draft: Draft) -> DraftForm | LinesForm:
    said = {"lines": "\n".join(draft.lines), "tell": draft.tell}
    if draft.entry is None:
        return LinesForm(request.form, data=said)
    entry = draft.entry
    cited = {"cited": list(entry.get("citations", ())), "valid_until": day_text(entry)}
    form = DraftForm(request.form, data={**entry, **said, **cited})
    known = dict(knowledge.clauses(desk()))
    gone = {cited: cited for cited in entry.get("citations", ()) if cited not in known}  # a clause no longer there
    form.cited.choices = options([*known.items(), *gone.items()])
    return form


def _lines(form: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kept for one in form.lines.text.splitlines() if (kept := " ".join(one.split()))))


def _faults(draft: Draft, form: Any) -> list[tuple[str, str]]:
    lines = _lines(form)
    found = [("answer.line_personal", one) for one in lines if personal.found(one)]
    found += [("answer.line_long", one[:40]) for one in lines if len(one) > LONGEST_LINE]
    if len(lines) > MOST_LINES:
        found.append(("answer.many_lines", str(MOST_LINES)))
    if draft.entry is None:
        return found
    found += answer_faults(form)
    if not lines:
        found.append(("answer.no_lines", ""))
    if not form.cited.data and not form.unsaid.data:
        found.append(("answer.cites_nothing", ""))
    with desk().database.read() as connection:
        others = knowledge.answers(connection, desk())
    if any(one.title == form.title.text for one in others.values() if one.id != draft.answer):
        found.append(("answer.title_taken", form.title.text))
    return found


def _changed(draft: Draft, form: Any) -> Draft:
    kept = replace(draft, lines=_lines(form), tell=bool(form.tell.data))
    if draft.entry is None:
        return kept
    answer = draft.answer or _new_id(form.title.text)
    entry = {
        "id": answer,
        "title": form.title.text,
        "question": form.question.text,
        "short": form.short.text,
        "longer": form.longer.text,
        "citations": form.cited.data,
        "unsaid": bool(form.unsaid.data),
        "reviewed": desk().today.isoformat(),
        "valid_until": iso_day(form.valid_until.text),
    }
    return replace(kept, answer=answer, entry=entry)


def _new_id(title: str) -> str:
    with desk().database.read() as connection:
        taken = {*knowledge.answers(connection, desk()), *option_store.overlay(connection, answering.ANSWERS)}
        taken |= {draft.answer for draft in answering.open_ones(connection)}
    return knowledge.fresh_id(title, taken)


def _page(draft: Draft, form: Any, faults: list[tuple[str, str]] | None = None) -> str:
    at = desk()
    with at.database.read() as connection:
        known = knowledge.answers(connection, at)
        asked = answering.some(connection, draft.misses)
        people = {person.id: person.name for person in staff.everyone(connection)}
        second = bool(option_store.current(connection, "console", SECOND_READER)[0])
        texts = shipped.spoken(connection, at.organisation(), at.content, {}, "")
        now = knowledge.edits(connection, at)
    shown = _with(now, draft) if draft.entry else now
    answer = knowledge.built(shown, at).get(draft.answer)
    bubbles = answer_bubbles(answer.short, answer.longer, answer.source, texts) if answer else []
    return render_template(
        "console/questions/draft.html", draft=draft, form=form, faults=faults or [], asked=asked, people=people,
        second=second, subject=known.get(draft.answer), bubbles=bubbles,
        trial=trial.from_json(draft.trial) if draft.trial else None,
        mine=draft.made_by == access.here().staff.id, open=draft.state.value in answering.OPEN,
    )  # fmt: skip


def _with(now: Edits, draft: Draft) -> Edits:
    """The edits as they would be with this draft published."""
    lines = list(draft.lines) if draft.entry is not None else [*now.examples.get(draft.answer, ()), *draft.lines]
    answers = {**now.answers, **({draft.answer: draft.entry} if draft.entry else {})}
    return replace(now, answers=answers, examples={**now.examples, draft.answer: lines})


# ---- the way of a draft ----


@screen.post("/drafts/<int:number>/trial")
def try_out(number: int) -> AnyResponse:
    """See what it would change, in a few seconds, before anybody can publish it."""
    draft, at = _draft(number), desk()
    if not draft.answer or draft.state.value not in answering.OPEN:
        raise BotError("answer.not_open" if draft.answer else "answer.unwritten")
    with at.database.read() as connection:
        now = knowledge.edits(connection, at)
    found = trial.run(trial.Asked(now, _with(now, draft), draft.answer, draft.lines), at.content)
    at.database.write(lambda connection: answering.tried(connection, draft, asdict(found)))
    return redirect(url_for("console.drafts.edit", number=number, _anchor="trial"))


@screen.post("/drafts/<int:number>/submit")
def submit(number: int) -> AnyResponse:
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: answering.submit(connection, at.clock(), by, number))
    return redirect(url_for("console.drafts.edit", number=number, done="draft_submitted"))


@screen.post("/drafts/<int:number>/drop")
def drop(number: int) -> AnyResponse:
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: answering.drop(connection, at.clock(), by, number))
    return redirect(url_for("console.questions.index", done="draft_dropped"))


@screen.post("/drafts/<int:number>/publish")
def publish(number: int) -> AnyResponse:
    at, by = desk(), access.here().staff.id

    def op(connection: Connection) -> None:
        second = bool(option_store.current(connection, "console", SECOND_READER)[0])
        draft = answering.publish(connection, at.clock(), by, number, second_reader=second)
        if draft.tell:
            telling.tell(connection, at, draft)

    at.database.write(op)
    return redirect(url_for("console.drafts.edit", number=number, done="answer_published"))


@screen.post("/drafts/<int:number>/undo")
def undo(number: int) -> AnyResponse:
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: answering.undo(connection, at.clock(), by, number))
    return redirect(url_for("console.drafts.edit", number=number, done="answer_undone"))
