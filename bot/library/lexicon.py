"""The signs of content/lexicon: words that decide by themselves, read from data that officers edit."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import BotError
from bot.library.vietnamese import Word, marked_words
from bot.talk import Kind

GAP = "…"
WIDEST_GAP = 4  # words that "…" may stand for

_File = TypeVar("_File", bound=BaseModel)
Phrase: TypeAlias = tuple[Word | None, ...]  # None = a gap


class SignalEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind | None = None
    subject: str = ""
    alone: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class SignalFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    particles: str
    signal: tuple[SignalEntry, ...]


class Ask(BaseModel):
    """What no clause holds, and the answer that says so for each answer found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    words: tuple[str, ...]
    instead: dict[str, str]


class AskFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    ask: tuple[Ask, ...]


class FollowUp(BaseModel):
    """Where words like these lead after one of these answers; "*" in `to` stands for every other one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: tuple[str, ...]
    after: tuple[str, ...]
    to: dict[str, str]


class FollowUpFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    opening: tuple[str, ...]
    rule: tuple[FollowUp, ...]


class DocumentFile(BaseModel):
    """Kinds of document by their names, each with the numbers of ours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: dict[str, tuple[str, ...]]
    units: tuple[str, ...]  # words that make a number a quantity and no document's: "3 tháng"


@dataclass(frozen=True, slots=True)
class Found:
    """The signs of one message; `kind` and `subject` of the first sign that decides."""

    signals: frozenset[str] = frozenset()
    kind: Kind | None = None
    subject: str = ""


class Phrases:
    """A set of phrases, looked for in a message by their first word."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_first: dict[str, list[Phrase]] = defaultdict(list)
        for text in texts:
            phrase = _phrase(text)
            first = phrase[0]
            if first is None:
                raise BotError("content.faulty", phrase=text)  # nothing to look it up by
            self._by_first[first.plain].append(phrase)
        self.firsts = frozenset(self._by_first)

    def within(self, words: Sequence[Word]) -> bool:
        return any(
            _matches(phrase, words, at) is not None
            for at, word in enumerate(words)
            for phrase in self._by_first.get(word.plain, ())
        )

    def whole(self, words: Sequence[Word]) -> bool:
        return bool(words) and any(
            _matches(phrase, words, 0) == len(words) for phrase in self._by_first.get(words[0].plain, ())
        )


class Signals:
    """The signs of one file. Read-only after the start."""

    def __init__(self, file: SignalFile) -> None:
        self._particles = {word.plain for word in marked_words(file.particles)}
        self._entries = [
            (entry, Phrases(entry.alone), Phrases(entry.within), Phrases(entry.unless)) for entry in file.signal
        ]
        #: Which of them to look at: only a few begin with a word of the message.
        self._by_first: dict[str, set[int]] = defaultdict(set)
        for number, (_, alone, within, _unless) in enumerate(self._entries):
            for first in alone.firsts | within.firsts:
                self._by_first[first].add(number)

    def find(self, words: Sequence[Word]) -> list[SignalEntry]:
        """Those of a message, in the order of the file."""
        bare = self.without_particles(words)
        near: set[int] = set().union(*(self._by_first.get(word.plain, ()) for word in words))
        return [
            entry
            for entry, alone, within, unless in (self._entries[number] for number in sorted(near))
            if (alone.whole(words) or alone.whole(bare) or within.within(words)) and not unless.within(words)
        ]

    def without_particles(self, words: Sequence[Word]) -> list[Word]:
        """The message's words without greetings at both ends; all of them when nothing else is there."""
        kept = [word for word in words if word.plain[0].isalnum()]
        first, last = 0, len(kept)
        while first < last and kept[first].plain in self._particles:
            first += 1
        while last > first and kept[last - 1].plain in self._particles:
            last -= 1
        return kept[first:last] or kept


class Lexicon:
    """Read-only after the start."""

    def __init__(self, signals: SignalFile, asks: AskFile, follow_ups: FollowUpFile, documents: DocumentFile) -> None:
        self._signals = Signals(signals)
        self._asks = [(ask, Phrases(ask.words)) for ask in asks.ask]
        self._opening = Phrases(follow_ups.opening)
        self._follow_ups = [(rule, Phrases(rule.words)) for rule in follow_ups.rule]
        self._ours = {
            " ".join(word.plain for word in marked_words(kind)): set(ours) for kind, ours in documents.kinds.items()
        }
        kinds = "|".join(sorted(map(re.escape, self._ours), key=len, reverse=True))
        units = "|".join(word.plain for unit in documents.units for word in marked_words(unit))
        self._document = re.compile(rf"\b({kinds})(?: so)? (\d+)\b(?! (?:{units}))")

    @classmethod
    def open(cls, folder: Path) -> Lexicon:
        """Reads the files of content/lexicon. Raises BotError("content.faulty") for one that is not of its shape."""
        return cls(
            _read(folder / "signals.toml", SignalFile),
            _read(folder / "asks.toml", AskFile),
            _read(folder / "follow_ups.toml", FollowUpFile),
            _read(folder / "documents.toml", DocumentFile),
        )

    def find(self, text: str) -> Found:
        found = self._signals.find(marked_words(text))
        decisive = next((entry for entry in found if entry.kind is not None), None)
        return Found(
            frozenset(entry.name for entry in found),
            decisive.kind if decisive else None,
            decisive.subject if decisive else "",
        )

    def foreign_document(self, plain: str) -> bool:
        """Does the folded message name documents by number, and none of ours?"""
        named = self._document.findall(plain)
        return bool(named) and not any(number in self._ours[kind] for kind, number in named)

    def instead(self, answer: str, text: str) -> str:
        """The answer to give in place of this one, when the text asks for what no clause holds; "" when it does not."""
        words = marked_words(text)
        return next(
            (ask.instead[answer] for ask, said in self._asks if answer in ask.instead and said.within(words)), ""
        )

    def leans(self, text: str, most: int) -> bool:
        """Is this a short message that leans on what came before it?"""
        words = self._signals.without_particles(marked_words(text))
        return len(words) <= most or (len(words) <= 2 * most and self._opening.within(words[:2]))

    def follow_up(self, before: str, text: str) -> str:
        """The answer such a message asks for after the answer `before`; "" when no rule fits."""
        words = marked_words(text)
        for rule, said in self._follow_ups:
            if any(fnmatchcase(before, pattern) for pattern in rule.after) and said.within(words):
                return rule.to.get(before) or rule.to.get("*", "")
        return ""

    def answers_named(self) -> set[str]:
        """Every answer the lexicon leads to, so that a check can see that it exists."""
        led = {answer for ask, _ in self._asks for pair in ask.instead.items() for answer in pair}
        return led | {answer for rule, _ in self._follow_ups for answer in rule.to.values()}


def _read(path: Path, shape: type[_File]) -> _File:
    try:
        return shape.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise BotError("content.faulty", file=path.name) from error


def _phrase(text: str) -> Phrase:
    found: list[Word | None] = []
    for piece in unicodedata.normalize("NFC", text).split():
        if piece == GAP:
            found.append(None)
        else:
            found.extend(marked_words(piece))
    return tuple(found)


def _matches(phrase: Phrase, words: Sequence[Word], at: int) -> int | None:
    """Where the phrase ends when it begins at this word; None when it does not stand there."""
    if not phrase:
        return at
    head, rest = phrase[0], phrase[1:]
    if head is None:
        return next(
            (end for skip in range(WIDEST_GAP + 1) if (end := _matches(rest, words, at + skip)) is not None), None
        )
    if at < len(words) and head.plain == words[at].plain and words[at].marks <= head.marks:
        return _matches(rest, words, at + 1)
    return None
