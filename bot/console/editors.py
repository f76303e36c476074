"""How each kind of content is edited: its form, what is wrong with an edit, and how it looks in the chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from wtforms import BooleanField, FieldList, FormField, SelectField

from bot.console import words
from bot.console.forms import Form, Line, Paragraph, line, options, paragraph
from bot.library.organisation import Organisation
from bot.library.schema import MOST_WORDS
from bot.library.texts import FACTS, LONGEST_TEXT, LONGEST_TITLE, MOST_CHOICES, Texts, names

ANSWER = "answer:"


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as the member sees it."""

    text: str
    buttons: tuple[str, ...] = ()


class Editor(Protocol):
    def form(self, sent: Any, value: Any, /) -> Form: ...

    def value(self, form: Any, before: Any, today: date, /) -> Any:
        """What the form says, as it is stored."""
        ...

    def faults(self, form: Any) -> Sequence[tuple[str, str]]:
        """Codes of what is wrong, each with the word it speaks of."""
        ...

    def bubbles(self, value: Any, texts: Texts, key: str, /) -> list[Bubble]: ...


# ---- a text ----


class TextForm(Form):
    text = paragraph(2000, needed=True)


class TextEditor:
    def form(self, sent: Any, value: Any) -> TextForm:
        return TextForm(sent, data={"text": value})

    def value(self, form: TextForm, _before: Any, _today: date) -> str:
        return form.text.text

    def faults(self, form: TextForm) -> list[tuple[str, str]]:
        return _text_faults(form.text, LONGEST_TEXT, FACTS | Organisation().words.keys())

    def bubbles(self, value: str, texts: Texts, _key: str) -> list[Bubble]:
        return [Bubble(_filled(texts, value))]


# ---- a menu ----


class ChoiceForm(Form):
    title = line(LONGEST_TITLE, needed=False)
    action = SelectField(default="")
    url = line(300, needed=False)


class MenuForm(Form):
    choices = FieldList(FormField(ChoiceForm), max_entries=MOST_CHOICES)


class MenuEditor:
    """`actions`: what a button may do, each with its words."""

    def __init__(self, actions: Mapping[str, str]) -> None:
        self._actions = actions

    def form(self, sent: Any, value: Sequence[Mapping[str, str]]) -> MenuForm:
        rows = [{"title": "", "action": "", "url": "", **one} for one in value]
        rows += [{"title": "", "action": "", "url": ""}] * min(2, MOST_CHOICES - len(rows))
        form = MenuForm(sent, data={"choices": rows})
        for entry in form.choices:
            entry.form.action.choices = options([("", ""), *self._actions.items()])
        return form

    def value(self, form: MenuForm, _before: Any, _today: date) -> list[dict[str, str]]:
        found = []
        for entry in form.choices:
            title, action, url = (entry.form[name].data or "" for name in ("title", "action", "url"))
            if title or action or url:
                found.append({"title": title, **({"url": url} if url else {"action": action})})
        return found

    def faults(self, form: MenuForm) -> list[tuple[str, str]]:
        rows = self.value(form, None, date.min)
        found = [("text.menu_empty", "")] if not rows else []
        for row in rows:
            url, action = row.get("url", ""), row.get("action", "")
            if not row["title"]:
                found.append(("text.button_untitled", ""))
            if not url and not action:
                found.append(("text.button_leads_nowhere", row["title"]))
            if url and not url.startswith("https://"):
                found.append(("text.button_url", row["title"]))
        return found

    def bubbles(self, value: Sequence[Mapping[str, str]], _texts: Texts, _key: str) -> list[Bubble]:
        return [Bubble(words.say("preview.menu"), tuple(one["title"] for one in value))]


# ---- an answer ----


class AnswerForm(Form):
    title = line(20)
    question = line(70)
    short = paragraph(1200, needed=True)
    longer = paragraph(2000)
    old_bodies = BooleanField()
    valid_until = line(10, needed=False)


class AnswerEditor:
    """`sources`: the line under each answer, by its id."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def form(self, sent: Any, value: Mapping[str, Any]) -> AnswerForm:
        said = {"short": value["short"].strip(), "longer": value["longer"].strip(), "valid_until": day_text(value)}
        return AnswerForm(sent, data={**value, **said})

    def value(self, form: AnswerForm, before: Mapping[str, Any], today: date) -> dict[str, Any]:
        said = {
            "title": form.title.text,
            "question": form.question.text,
            "short": form.short.text,
            "longer": form.longer.text,
            "old_bodies": bool(form.old_bodies.data),
            "valid_until": iso_day(form.valid_until.text),
        }
        was = {name: value.strip() if isinstance(value, str) else value for name, value in before.items()}
        changed = any(was.get(name) != value for name, value in said.items())
        return {**before, **said, "reviewed": today.isoformat()} if changed else dict(before)

    def faults(self, form: AnswerForm) -> list[tuple[str, str]]:
        return answer_faults(form)

    def bubbles(self, value: Mapping[str, Any], texts: Texts, key: str) -> list[Bubble]:
        return answer_bubbles(value["short"].strip(), value["longer"].strip(), self._sources.get(key, ""), texts)


def answer_faults(form: Any) -> list[tuple[str, str]]:
    """Of the fields that every form of an answer has: short, longer and valid_until."""
    known = frozenset(Organisation().words)
    found = [*_text_faults(form.short, 1200, known), *_text_faults(form.longer, 2000, known, may_be_empty=True)]
    if len(form.short.text.split()) > MOST_WORDS:
        found.append(("text.too_many_words", str(len(form.short.text.split()))))
    try:
        iso_day(form.valid_until.text)
    except ValueError:
        found.append(("form.not_a_date", form.valid_until.text))
    return found


def answer_bubbles(short: str, longer: str, source: str, texts: Texts) -> list[Bubble]:
    first = Bubble(_filled(texts, short, source), (words.say("preview.more"),) if longer else ())
    return [first, *([Bubble(_filled(texts, longer, source))] if longer else [])]


# ---- a document ----


class DocumentForm(Form):
    number = line(60)
    label = line(120)
    title = line(400)
    issued = line(10, needed=False)
    in_force = SelectField(choices=options((one, "") for one in ("yes", "no", "unknown")))
    source = line(400)


class DocumentEditor:
    def form(self, sent: Any, value: Mapping[str, Any]) -> DocumentForm:
        return DocumentForm(sent, data={**value, "issued": day_text(value, "issued")})

    def value(self, form: DocumentForm, before: Mapping[str, Any], _today: date) -> dict[str, Any]:
        said = {name: form[name].data or "" for name in ("number", "label", "title", "in_force", "source")}
        return {**before, **said, "issued": iso_day(form.issued.text)}

    def faults(self, form: DocumentForm) -> list[tuple[str, str]]:
        try:
            iso_day(form.issued.text)
        except ValueError:
            return [("form.not_a_date", form.issued.text)]
        return []

    def bubbles(self, value: Mapping[str, Any], _texts: Texts, _key: str) -> list[Bubble]:
        return [Bubble(words.say("preview.source", label=value["label"]))]


def day_text(value: Mapping[str, Any], name: str = "valid_until") -> str:
    """A stored day as people write it."""
    day = value.get(name)
    return f"{date.fromisoformat(day):%d/%m/%Y}" if day else ""


def iso_day(text: str) -> str | None:
    """A day as people write it, as ISO; None for none. ValueError when it is no day."""
    day, month, year = text.split("/") if text else ("", "", "")
    return date(int(year), int(month), int(day)).isoformat() if text else None


def _text_faults(
    field: Paragraph | Line, most: int, known: frozenset[str] | set[str], *, may_be_empty: bool = False
) -> list[tuple[str, str]]:
    text = field.text
    if not text:
        return [] if may_be_empty else [("text.empty", "")]
    try:
        unknown = sorted(set(names(text)) - known)
    except ValueError:
        return [("text.braces", "")]
    found = [("text.unknown_name", name) for name in unknown]
    if len(text) > most:
        found.append(("text.too_long", str(most)))
    return found


def _filled(texts: Texts, *parts: str) -> str:
    """With values in place of the names, as a member would read it; examples where only the moment knows them."""
    examples = {fact: words.say(_example(fact)) for fact in FACTS}
    return "\n".join(texts.fill(part, **examples) for part in parts if part)


def _example(fact: str) -> str:
    code = f"preview.facts.{fact}"
    return code if words.known(code) else "preview.facts.other"
