"""Thumbs under an answer: a figure without anybody's identity, and where it was down, the question for the officers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from bot.delivery.effects import Apply, Cause
from bot.messages import InboundKind
from bot.platforms.contract import Platform
from bot.store import persons
from bot.store.schema import inbox
from bot.talk import Rated


def rated(platforms: Mapping[str, Platform]) -> Apply:
    """`platforms` read the words of the turn that was answered; the inbox keeps them as long as the union wants."""

    def apply(connection: Connection, cause: Cause, effect: Rated) -> None:
        if effect.good:
            return
        words = _words(connection, cause, effect.asked_at, platforms[cause.account.platform])
        persons.add_miss(connection, cause.person_id, words or effect.question, (effect.answer,), cause.now)

    return apply


def _words(connection: Connection, cause: Cause, asked_at: str, platform: Platform) -> str:
    """What this person wrote in the turn of that moment; "" when it is kept no longer."""
    if not asked_at:
        return ""
    query = (
        select(inbox.c.body)
        .where(
            inbox.c.account_id == cause.account.id,
            inbox.c.user_id == cause.user_id,
            inbox.c.finished_at == datetime.fromisoformat(asked_at).astimezone(UTC),
        )
        .order_by(inbox.c.id)
    )
    heard = [platform.read(json.loads(body)) for (body,) in connection.execute(query)]
    return "\n".join(one.text for one in heard if one.kind is InboundKind.TEXT and one.text)
