"""A number or a title typed for a choice."""

from __future__ import annotations

from dataclasses import replace

from bot.conversation import hearing
from bot.conversation.hearing import Heard
from bot.conversation.memory import Remembered
from bot.talk import Expects


def pick(said: Heard, remembered: Remembered) -> Heard:
    """Take a number of the latest menu, or a title typed instead of pressed, for the press it stands for."""
    text = _only_text(said)
    number = hearing.number(text)
    if number is None:
        payload = hearing.titled(text, (*remembered.shown, *remembered.menu))
    elif _may_choose(remembered) and 1 <= number <= len(remembered.menu):
        payload = remembered.menu[number - 1].payload
    else:
        payload = None
    return replace(said, payload=payload, texts=()) if payload else said


def missed(said: Heard, remembered: Remembered) -> bool:
    """A bare number for which the latest menu has no line."""
    text = _only_text(said)
    return bool(remembered.menu) and _may_choose(remembered) and hearing.number(text) is not None


def _only_text(said: Heard) -> str:
    return said.texts[0] if said.payload is None and len(said.texts) == 1 else ""


def _may_choose(remembered: Remembered) -> bool:
    """Never where the open question waits for a number, or for free words that may be one."""
    return remembered.ask is None or remembered.ask.expects not in {Expects.NUMBER, Expects.TEXT}
