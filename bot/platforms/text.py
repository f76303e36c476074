"""Text as a platform counts it: NFC, lengths by a given measure, and splitting where a reader would pause."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

Measure = Callable[[str], int]

#: From the best place to cut to the worst: after a paragraph, a line, a sentence, a word.
_BORDERS = tuple(re.compile(pattern) for pattern in (r"\n\s*\n\s*", r"\n\s*", r"(?<=[.!?…;:])\s+", r"\s+"))
_JOINER = "\u200d"
_LONE_SURROGATE_OR_NUL = re.compile("[\ud800-\udfff\x00]")
_ESCAPE_OF_SUCH = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def nfc(text: str) -> str:
    """Composed form: a decomposed Vietnamese letter would count several times."""
    return unicodedata.normalize("NFC", text)


def read_json(body: bytes) -> Any:
    """Read JSON, without what it can say and a database cannot keep: half an emoji, and NUL.

    Raises ValueError or RecursionError.
    """
    value = json.loads(body)
    return _storable(value) if _may_hold_such(body) else value


def _may_hold_such(body: bytes) -> bool:
    """An escape for one, bytes that decode to one, or UTF-16 and UTF-32, where every other byte is NUL."""
    return b"\xed" in body or b"\x00" in body or (b"\\u" in body and _ESCAPE_OF_SUCH.search(body) is not None)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE_OR_NUL.sub("\ufffd", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value


def identity(value: object) -> str | None:
    """Read an id as text: they are opaque, and some come as numbers."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value) or None


def utf16_units(text: str) -> int:
    """Length in UTF-16 units: an emoji outside the basic plane counts two."""
    return len(text) + sum(1 for letter in text if ord(letter) > 0xFFFF)


def split_text(text: str, limit: int, measure: Measure = len) -> list[str]:
    """Cut into pieces of at most `limit` by `measure`, none empty, nothing but white space lost.

    A piece ends at the end of a paragraph, else a line, a sentence, a word; a longer word is cut between the
    characters a reader sees. One such character longer than the limit is a piece of its own.
    """
    rest = nfc(text).strip()
    pieces = []
    while rest and measure(rest) > limit:
        head, rest = _cut(rest, limit, measure)
        if head.strip():
            pieces.append(head.strip())
        rest = rest.lstrip()
    return [*pieces, rest] if rest else pieces


def _cut(text: str, limit: int, measure: Measure) -> tuple[str, str]:
    fits = _fitting(text, limit, measure)
    for border in _BORDERS:
        ends = [match for match in border.finditer(text, 0, fits + 1) if 0 < match.start() <= fits]
        if ends and ends[-1].start() * 3 > fits:  # a border in the first third would leave crumbs
            return text[: ends[-1].start()], text[ends[-1].end() :]
    at = _cluster_border(text, fits)
    return text[:at], text[at:]


def _fitting(text: str, limit: int, measure: Measure) -> int:
    """How many code points from the start measure at most `limit`."""
    low, high = 0, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= limit else (low, middle - 1)
    return low


def _cluster_border(text: str, at: int) -> int:
    """The last place at or before `at` that does not cut a letter from its marks or an emoji from its parts."""
    best = at
    while best > 0 and best < len(text) and _clings(text, best):
        best -= 1
    if best > 0:
        return best
    best = max(at, 1)
    while best < len(text) and _clings(text, best):
        best += 1
    return best


def _clings(text: str, at: int) -> bool:
    letter = text[at]
    return (
        unicodedata.category(letter) in {"Mn", "Mc", "Me"}
        or letter == _JOINER
        or text[at - 1] == _JOINER
        or 0x1F3FB <= ord(letter) <= 0x1F3FF
    )


def shown(part: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
    """What a person reads of one request's message, as both platforms shape it: the text, and the buttons' titles."""
    attachment = part.get("attachment")
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    template = payload if isinstance(payload, dict) else {}
    buttons = [*_list(part.get("quick_replies")), *_list(template.get("buttons"))]
    titles = tuple(str(one["title"]) for one in buttons if isinstance(one, dict) and one.get("title"))
    return str(part.get("text") or template.get("text") or ""), titles


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
