"""What the words of a turn are: the library's reading, with the signs that only a conversation can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from bot.conversation.memory import Remembered
from bot.conversation.signs import Signs
from bot.library.vietnamese import normalise
from bot.talk import Answer, Expects, Kind, Reading

#: A message with one of these is a turn by itself.
COMMANDS = frozenset({"stop", "menu"})
#: In merged messages a danger sign in any of them counts, however much is written around it.
LOUD = frozenset({"danger"})


class Library(Protocol):
    """What finds answers: `bot.library.search.Library`."""

    @property
    def answers(self) -> dict[str, Answer]: ...

    def read(self, text: str, *, before: str = "") -> Reading:
        """What a message is; `before`: id of the answer shown last, for follow-up questions."""
        ...


class Reader:
    """Reads messages. Read-only: safe for any number of threads."""

    def __init__(self, library: Library, signs: Signs) -> None:
        self._library = library
        self._signs = signs

    def read(self, texts: Sequence[str], remembered: Remembered) -> Reading:
        """Read the messages of one turn together, in the light of the question left open."""
        text = "\n".join(texts)
        reading = self._library.read(text, before=remembered.last)
        signals = reading.signals | self._signs.find(text)
        if len(texts) > 1:
            signals |= {sign for one in texts for sign in self._library.read(one).signals & LOUD}
        if remembered.form is not None:  # broken drills and bruised hands fill forms: only a phrase that says it counts
            signals -= reading.guessed
        return _either(replace(reading, signals=signals), remembered)

    def commands(self, text: str) -> bool:
        """Whether the message must be a turn by itself: STOP in any spelling, "menu"."""
        if not text.strip():
            return False
        reading = self._library.read(text)
        return reading.kind is Kind.UNSUBSCRIBE or not reading.signals.isdisjoint(COMMANDS)

    @staticmethod
    def plain(text: str) -> str:
        return normalise(text)


def _either(reading: Reading, remembered: Remembered) -> Reading:
    """Tell "đúng" from "dừng": after a question answered by yes or no, "dung" is "đúng"."""
    asked = remembered.ask is not None and remembered.ask.expects is Expects.YES_NO
    if asked and {"stop", "yes"} <= reading.signals:
        return replace(reading, kind=Kind.SMALLTALK, signals=reading.signals - {"stop"})
    weighed = reading.kind in {Kind.UNSUBSCRIBE, Kind.QUESTION, Kind.OUT_OF_SCOPE} and "stop" not in reading.signals
    if weighed and reading.signals & {"yes", "no"}:  # the whole message is a yes or no: nothing to look up
        return replace(reading, kind=Kind.SMALLTALK, unsure=False, parts=())
    return reading
