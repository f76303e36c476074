"""Which topic has the turn: a danger sign first, then the topic whose question is open, then all in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.conversation.memory import Remembered
from bot.talk import Ask, Reply, Topic, Turn


def route(topics: Sequence[Topic], turn: Turn, remembered: Remembered) -> tuple[str, Reply] | None:
    """Ask the topics in their order of precedence. Each sees only its own memory and its own open question.

    `turn` comes without either.
    """
    questions = [ask for ask in (remembered.ask, remembered.form) if ask is not None]
    for topic in _in_order(topics, questions):
        asked = next((ask for ask in questions if ask.topic == topic.name), None)
        memory = remembered.topic(topic.name)
        reply = topic.answer(replace(turn, asked=asked, memory=memory) if asked or memory else turn)
        if reply is not None:
            return topic.name, reply
    return None


def _in_order(topics: Sequence[Topic], questions: Sequence[Ask]) -> Iterator[Topic]:
    names = list(dict.fromkeys(ask.topic for ask in questions))
    asking = [topic for name in names for topic in topics if topic.name == name]
    yield from (topic for topic in topics if topic.outranks)
    yield from (topic for topic in asking if not topic.outranks)
    yield from (topic for topic in topics if not topic.outranks and topic not in asking)
