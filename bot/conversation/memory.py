"""What the bot remembers of one person between two turns, as the JSON object that is stored.

Read forgivingly: an older version of the bot may have written it, and a person must never be stuck because of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.messages import Button
from bot.talk import NOTHING, Ask, Expects, Memory

#: A yes after a day answers something else: such a question is closed. A form stays open.
QUESTION_STAYS_OPEN = timedelta(days=1)

_OWN = frozenset({"ask", "under", "topics", "misses", "last", "met", "menu", "shown", "back"})


@dataclass(frozen=True, slots=True)
class Remembered:
    ask: Ask | None = None
    asked_at: str = ""  # ISO
    under: Ask | None = None  # a form's question that waits while another topic's short question is open
    topics: Mapping[str, Memory] = field(default_factory=dict)
    misses: int = 0  # in a row
    last: str = ""  # id of the answer shown last: what a follow-up question builds on
    met: bool = False  # was told that this is an automatic assistant
    menu: tuple[Button, ...] = ()  # the numbered choices really shown last; written by delivery
    shown: tuple[Button, ...] = ()  # the buttons of our last reply, for people who type their title
    back: str = ""  # the end of the pause (ISO) after which we said that the bot is back
    other: Memory = field(default_factory=lambda: NOTHING)  # what we do not know is kept

    @property
    def form(self) -> Ask | None:
        """The form's question, open or waiting."""
        return self.ask if self.ask is not None and self.ask.stays else self.under

    def topic(self, name: str) -> Memory:
        return self.topics.get(name, NOTHING)

    def dump(self) -> dict[str, object]:
        """The JSON object to store; what is empty is left out."""
        kept: dict[str, object] = dict(self.other)
        if self.ask is not None:
            kept["ask"] = {**_ask_fields(self.ask), "at": self.asked_at}
        if self.under is not None:
            kept["under"] = _ask_fields(self.under)
        if topics := {name: dict(memory) for name, memory in self.topics.items() if memory}:
            kept["topics"] = topics
        for name in ("misses", "last", "met", "back"):
            if value := getattr(self, name):
                kept[name] = value
        for name in ("menu", "shown"):
            if buttons := getattr(self, name):
                kept[name] = [[button.title, button.payload] for button in buttons if button.payload]
        return kept


def recall(stored: Mapping[str, object], now: datetime) -> Remembered:
    """Read what is stored. A question of the short kind that was asked too long ago is left out."""
    topics = stored.get("topics")
    ask, asked_at = _ask(stored.get("ask"))
    under, _ = _ask(stored.get("under"))
    if ask is not None and not ask.stays and _too_old(asked_at, now):
        ask, asked_at = under, ""
    if ask == under:
        under = None
    misses, last, back = stored.get("misses"), stored.get("last"), stored.get("back")
    return Remembered(
        ask=ask,
        asked_at=asked_at,
        under=under,
        topics={str(name): one for name, one in topics.items() if isinstance(one, dict)}
        if isinstance(topics, dict)
        else {},
        misses=misses if isinstance(misses, int) and not isinstance(misses, bool) else 0,
        last=last if isinstance(last, str) else "",
        met=stored.get("met") is True,
        menu=_buttons(stored.get("menu")),
        shown=_buttons(stored.get("shown")),
        back=back if isinstance(back, str) else "",
        other={name: value for name, value in stored.items() if name not in _OWN},
    )


def _ask_fields(ask: Ask) -> dict[str, object]:
    fields: dict[str, object] = {"topic": ask.topic, "name": ask.name, "expects": str(ask.expects)}
    if ask.facts:
        fields["facts"] = dict(ask.facts)
    if ask.stays:
        fields["stays"] = True
    return fields


def _ask(stored: object) -> tuple[Ask | None, str]:
    if not isinstance(stored, dict):
        return None, ""
    topic, name, expects = stored.get("topic"), stored.get("name"), stored.get("expects")
    if not isinstance(topic, str) or not isinstance(name, str) or expects not in set(Expects):
        return None, ""
    facts = stored.get("facts")
    ask = Ask(
        topic,
        name,
        Expects(expects),
        facts=facts if isinstance(facts, dict) else NOTHING,
        stays=stored.get("stays") is True,
    )
    return ask, str(stored.get("at", ""))


def _too_old(asked_at: str, now: datetime) -> bool:
    try:
        return now - datetime.fromisoformat(asked_at) > QUESTION_STAYS_OPEN
    except (ValueError, TypeError):
        return False


def _buttons(stored: object) -> tuple[Button, ...]:
    pairs = stored if isinstance(stored, list) else []
    return tuple(
        Button(str(pair[0]), payload=str(pair[1])) for pair in pairs if isinstance(pair, list) and len(pair) == 2
    )
