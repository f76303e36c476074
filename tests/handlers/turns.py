"""Turns made by hand, for what no transcript can bring about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.clock import VIETNAM
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.talk import Answer, Citation, Kind, Match, Person, Reading, Turn

TEXTS = Texts.open(Organisation.open())
ANSWERS = {
    name: Answer(
        id=name,
        citations=(Citation("487/KH-LĐLĐ", name),),
        title=f"Mục {name}",
        question="?",
        short=f"Trả lời {name}.",
        source=f"(Kế hoạch 487/KH-LĐLĐ, mục {name})",
    )
    for name in ("I", "II.1.1", "II.3.4", "III.1")
}


def reading(kind: Kind, *matches: tuple[str, float], **more: Any) -> Reading:
    found = tuple(Match(ANSWERS[name], confidence) for name, confidence in matches)
    return replace(Reading(kind, 0.5, matches=found), **more)


def turn(text: str = "gì đó", /, **more: Any) -> Turn:
    plain = Turn(
        text=text,
        reading=Reading(Kind.SMALLTALK, 0.5),
        texts=TEXTS,
        person=Person(),
        now=datetime(2026, 11, 24, 9, 0, tzinfo=VIETNAM),
        answers=ANSWERS,
    )
    return replace(plain, **more)
