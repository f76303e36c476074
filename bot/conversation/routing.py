"""Which topic has the turn: a danger sign first, then the topic whose question is open, then all in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.conversation.memory import Remembered
from bot.talk import Ask, Reply, Topic, Turn


def route(topics: Sequence[Topic], turn: Turn, remembered: Remembered) -> tuple[str, Reply] | None:
    """Ask the topics in their order of precedence. Each sees only its own memory and its own open question."""
    for topic in _in_order(topics, remembered.ask):
        asked = remembered.ask if remembered.ask and remembered.ask.topic == topic.name else None
        reply = topic.answer(replace(turn, asked=asked, memory=remembered.topic(topic.name)))
        if reply is not None:
            return topic.name, reply
    return None


def _in_order(topics: Sequence[Topic], ask: Ask | None) -> Iterator[Topic]:
    asking = [topic for topic in topics if ask and topic.name == ask.topic]
    yield from (topic for topic in topics if topic.outranks)
    yield from (topic for topic in asking if not topic.outranks)
    yield from (topic for topic in topics if not topic.outranks and topic not in asking)
