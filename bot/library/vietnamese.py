"""Vietnamese for matching only: what people type, brought to one form. What they wrote is never changed.

A message and its twin without tone marks come out the same: everything is folded first.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

LEXICON = Path(__file__).resolve().parents[2] / "content" / "lexicon"

_MARKS = re.compile(r"[\u0300-\u036f]+")  # what Vietnamese letters carry once spread out
_TOKEN = re.compile(r"[^\W_]+|[^\w\s]", re.UNICODE)
_STRETCHED = re.compile(r"(\D)\1{2,}")
_TELEX_TONE = re.compile(r"^([a-z]*?(?:aa|aw|ee|oo|ow|uw|dd|[aeiouy])[a-z]*)([sfrxj])$")
_TELEX_INNER_TONE = re.compile(r"(?<=[aeiouyw])[fj](?=[a-z])")  # no Vietnamese syllable holds f or j
_TELEX_PAIRS = (("dd", "d"), ("aa", "a"), ("aw", "a"), ("ee", "e"), ("oo", "o"), ("ow", "o"), ("uw", "u"))


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a message: `plain` folded, `marks` what folding took away (a short form carries none)."""

    plain: str
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ShortForms:
    one: dict[str, tuple[str, ...]]  # "ko" to its one reading, in words
    several: dict[str, tuple[str, ...]]  # "sk" to the words of all its readings


@cache
def short_forms(folder: Path = LEXICON) -> ShortForms:
    """content/lexicon/short_forms.toml, read once."""
    raw = tomllib.loads((folder / "short_forms.toml").read_text(encoding="utf-8"))
    return ShortForms(
        {form: tuple(reading.split()) for form, reading in raw["one"].items()},
        {form: tuple(" ".join(readings).split()) for form, readings in raw["several"].items()},
    )


@cache
def topic_phrases(folder: Path = LEXICON) -> dict[str, tuple[set[int], dict[tuple[str, ...], set[str]]]]:
    """The phrases of content/lexicon/topics.toml by their first word: how long they are, and their topics."""
    found: dict[str, tuple[set[int], dict[tuple[str, ...], set[str]]]] = defaultdict(lambda: (set(), defaultdict(set)))
    for topic, phrases in tomllib.loads((folder / "topics.toml").read_text(encoding="utf-8")).items():
        for phrase in phrases.split(","):
            said = tuple(words(phrase))
            lengths, named = found[said[0]]
            lengths.add(len(said))
            named[said].add(topic)
    return {word: (lengths, dict(named)) for word, (lengths, named) in found.items()}


def topics(normalised: str) -> set[str]:
    """The topics whose words stand in the line."""
    said = tuple(normalised.split())
    known = topic_phrases()
    found: set[str] = set()
    for at, word in enumerate(said):
        if word in known:
            lengths, named = known[word]
            for length in lengths:
                found |= named.get(said[at : at + length], set())
    return found


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Lower case without tone marks, with đ as d: "Đoàn" and "doan" become one."""
    return _MARKS.sub("", unicodedata.normalize("NFD", text.lower())).replace("đ", "d")


def marked_words(text: str) -> list[Word]:
    """The words and signs of a message, folded, with short forms spelled out and raw Telex keys undone."""
    found: list[Word] = []
    for token in _TOKEN.findall(nfc(text).lower()):
        plain = _plain(fold(token), bool(found) and found[-1].plain.isdigit())
        marks = _marks(token) if len(plain) == 1 else frozenset()
        found.extend(Word(word, marks) for word in plain)
    return found


def words(text: str) -> list[str]:
    found: list[str] = []
    for token in _TOKEN.findall(fold(text)):
        found.extend(_plain(token, bool(found) and found[-1].isdigit()))
    return found


@lru_cache(maxsize=1 << 15)
def _plain(folded: str, after_number: bool) -> tuple[str, ...]:
    """A folded token as matching sees it: a short form in words, else without stretched letters and Telex keys."""
    shrunk = _STRETCHED.sub(r"\1", folded)
    spelled = None if len(shrunk) == 1 and after_number else short_forms().one.get(shrunk)
    return spelled or ((_untelex(shrunk),) if shrunk else ())


def normalise(text: str) -> str:
    """One line of folded words, the same for a message and its twin without marks."""
    return " ".join(words(text))


def with_readings(normalised: str) -> str:
    """The line with every reading of an ambiguous short form beside the form itself: "sk" adds sáng kiến, sức khỏe."""
    several = short_forms().several
    return " ".join(" ".join((word, *several.get(word, ()))) for word in normalised.split())


def _marks(token: str) -> frozenset[str]:
    spread = unicodedata.normalize("NFD", token)
    return frozenset(letter for letter in spread if unicodedata.combining(letter) or letter == "đ")


def _untelex(word: str) -> str:
    """Undo Telex typed with the input method off: "nghij" to "nghi", "nafo" to "nao", "dduwowcj" to "duoc"."""
    word = _TELEX_INNER_TONE.sub("", word)
    marked = any(pair in word for pair, _ in _TELEX_PAIRS)
    tone = _TELEX_TONE.match(word)
    if not marked and not (tone and len(word) > 2):
        return word
    if tone:
        word = tone.group(1)
    for pair, letter in _TELEX_PAIRS:
        word = word.replace(pair, letter)
    return word
