"""The words of content/texts and content/menus.toml, filled in; officers' edits lie over the files.

A text may hold {names}. A line with a name that has no value is left out whole, so that nothing empty and no label
without its value is ever printed. The key of a text is its file and its name: person.toml, `asked` -> "person.asked".
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.errors import BotError
from bot.library.load import CONTENT
from bot.library.organisation import Organisation
from bot.messages import PAYLOAD_PREFIX
from bot.talk import Button

LONGEST_TEXT = 640  # Messenger's limit for a text with buttons under it
LONGEST_TITLE = 20  # of a button, likewise
MOST_CHOICES = 10

#: What topics hand over besides the organisation's words.
FACTS = frozenset(
    {
        "campaign", "channel", "closes", "code", "event", "left", "messages", "most", "noun",
        "opens", "place", "since", "title", "unit", "until", "url", "when",
    }
)  # fmt: skip


class Choice(BaseModel):
    """One entry of a menu. Exactly one of `action` (comes back to us) and `url`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    action: str = ""
    url: str = ""

    def button(self) -> Button:
        return (
            Button(self.title, payload=PAYLOAD_PREFIX + self.action)
            if self.action
            else Button(self.title, url=self.url)
        )


_MENUS = TypeAdapter(dict[str, tuple[Choice, ...]])


class Texts:
    """All texts and menus, read once. `bot.talk.Texts` is what a topic sees of it."""

    def __init__(
        self, texts: Mapping[str, str], menus: Mapping[str, Sequence[Choice]], organisation: Organisation
    ) -> None:
        self._texts = {key: text.strip() for key, text in texts.items()}
        if organisation.consent:
            self._texts["subscription.consent"] = organisation.consent
        self._menus = {key: tuple(choice.button() for choice in choices) for key, choices in menus.items()}
        self._words = organisation.words
        self._without_values = lru_cache(maxsize=512)(lambda text: self._filled(text, {}))  # the same few at every turn

    @classmethod
    def open(
        cls,
        organisation: Organisation,
        folder: Path = CONTENT,
        texts: Mapping[str, str] | None = None,
        menus: Mapping[str, object] | None = None,
    ) -> Texts:
        """Read the files, with officers' edited `texts` and `menus` over them. Raises BotError("content.faulty")."""
        try:
            shipped = {key: text for _, key, text in _read(folder)}
            shown = _MENUS.validate_python({**_table(folder / "menus.toml"), **(menus or {})})
        except ValueError as error:  # bad TOML and bad shapes alike
            raise BotError("content.faulty", first=f"texts: {_reason(error)}", faults=1) from None
        return cls({**shipped, **(texts or {})}, shown, organisation)

    def __call__(self, key: str, /, **facts: object) -> str:
        return self.fill(self._texts[key], **facts)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def choices(self, key: str) -> tuple[Button, ...]:
        return self._menus[key]

    def fill(self, text: str, /, **facts: object) -> str:
        """Put values in. KeyError for a name that nobody gave: silence would hide a slip."""
        return self._filled(text, facts) if facts else self._without_values(text)

    def _filled(self, text: str, facts: Mapping[str, object]) -> str:
        values = {**self._words, **{name: str(value) for name, value in facts.items()}}
        lines = [line.format_map(values) for line, needed in _lines(text) if all(values[name] for name in needed)]
        return unicodedata.normalize("NFC", re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())


@lru_cache(maxsize=512)  # the same few texts at every turn
def _lines(text: str) -> list[tuple[str, list[str]]]:
    """Its lines, each with the {names} in it."""
    return [(line, names(line)) for line in text.split("\n")]


def names(text: str) -> list[str]:
    """The {names} in a text. ValueError when its braces do not pair."""
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def faults(folder: Path = CONTENT, answers: Iterable[str] | None = None) -> list[str]:
    """Every fault of the texts, the menus and the organisation's file, a line each: `file:line: what is wrong`.

    `answers`: the ids of all answers, to check that menus lead to one; None leaves that out.
    """
    found: list[str] = []
    try:
        Organisation.open(folder)
    except (BotError, OSError) as error:
        found.append(str(error.facts["first"] if isinstance(error, BotError) else error))
    try:
        for path, key, text in _read(folder):
            place = f"texts/{path.name}:{_line(path, key.partition('.')[2])}"
            found += [f"{place}: {what}" for what in text_faults(text)]
    except ValueError as error:
        found.append(f"texts: {error}")
    return found + [f"menus.toml: {what}" for what in _menu_faults(folder, None if answers is None else set(answers))]


def text_faults(text: str) -> Iterator[str]:
    """What is wrong with one text; the console asks this before it keeps an edit."""
    if not unicodedata.is_normalized("NFC", text):
        yield "not in Unicode NFC"
    if not text.strip():
        yield "empty"
    if len(text) > LONGEST_TEXT:
        yield f"{len(text)} characters, at most {LONGEST_TEXT}"
    try:
        unknown = sorted(set(names(text)) - FACTS - Organisation().words.keys())
    except ValueError as error:
        yield f"braces: {error}"
        return
    yield from (f"no such name: {{{name}}}" for name in unknown)


def _menu_faults(folder: Path, answers: set[str] | None) -> Iterator[str]:
    try:
        menus = _MENUS.validate_python(_table(folder / "menus.toml"))
    except (ValueError, OSError) as error:
        yield _reason(error)
        return
    for key, choices in menus.items():
        if len(choices) > MOST_CHOICES:
            yield f"{key}: {len(choices)} choices, at most {MOST_CHOICES}"
        for choice in choices:
            if len(choice.title) > LONGEST_TITLE:
                yield f"{key}: {choice.title}: {len(choice.title)} characters, at most {LONGEST_TITLE}"
            if not unicodedata.is_normalized("NFC", choice.title):
                yield f"{key}: {choice.title}: not in Unicode NFC"
            if bool(choice.action) == bool(choice.url):
                yield f"{key}: {choice.title}: needs either an action or a url"
            name, _, answer = choice.action.partition(":")
            if name == "answer" and answers is not None and answer not in answers:
                yield f"{key}: {choice.title}: no such answer: {answer}"


def _read(folder: Path) -> Iterator[tuple[Path, str, str]]:
    for path in sorted((folder / "texts").glob("*.toml")):
        for name, text in _table(path).items():
            if not isinstance(text, str):
                raise ValueError(f"{path.name}: {name}: must be a text")  # noqa: TRY004 - a fault of the file
            yield path, f"{path.stem}.{name}", text


def _table(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _line(path: Path, name: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((at for at, line in enumerate(lines, 1) if re.match(rf"{re.escape(name)}\s*=", line)), 0)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        one = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
    return str(error)
