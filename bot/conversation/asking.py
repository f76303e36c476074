"""One message answered in a fresh conversation, as the command `ask` prints it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot import clock
from bot.conversation.engine import Engine, Outcome, Standing
from bot.messages import Inbound, InboundKind
from bot.talk import Answered, Kind

PLAN = "487/KH-LĐLĐ"
#: Met before: the sentence on who speaks belongs to a first contact, not to an answer.
STANDING = Standing(memory={"met": True})


def answered(engine: Engine, text: str, now: datetime | None = None) -> dict[str, Any]:
    """`{"text", "kind", "answer", "citations", "buttons", "confidence"}`; of two readings the likelier one."""
    at = now or clock.now()
    first = engine.answer([Inbound(InboundKind.TEXT, None, at.astimezone(UTC), text=text)], STANDING, at)
    outcome = _likelier(engine, first, at)
    reading = first.reading
    return {
        "text": text,
        "kind": str(first.kind if first.kind is not None else Kind.SMALLTALK),
        "answer": "\n\n".join(say.text for say in outcome.says),
        "citations": _citations(engine, outcome),
        "buttons": [button.title for say in outcome.says for button in say.buttons],
        "confidence": round(reading.confidence, 3) if reading else 0.0,
    }


def _likelier(engine: Engine, outcome: Outcome, at: datetime) -> Outcome:
    """Where the bot would ask which was meant, take its first offer."""
    if outcome.topic != "unsure":
        return outcome
    offered = outcome.says[-1].buttons[0]
    press = Inbound(InboundKind.CHOICE, None, at.astimezone(UTC), payload=offered.payload)
    return engine.answer([press], STANDING, at)


def _citations(engine: Engine, outcome: Outcome) -> list[dict[str, str]]:
    """The clauses of what was shown: of the likeliest answer first, and those of the Plan before other documents."""
    best = outcome.reading.best if outcome.reading else None
    shown = [effect.answer for effect in outcome.effects if isinstance(effect, Answered)]
    shown.sort(key=lambda answer: best is None or answer != best.answer.id)
    cited = {citation: None for answer in shown for citation in engine.library.answers[answer].citations}
    ordered = sorted(cited, key=lambda citation: citation.document != PLAN)
    return [{"document": citation.document, "section": citation.section} for citation in ordered]
