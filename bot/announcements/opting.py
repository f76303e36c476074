"""Asks a member who agreed to announcements for the platform's own agreement too, where a paid campaign needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from bot.announcements.effects import Apply
from bot.announcements.routes import Gallery
from bot.library.texts import Texts
from bot.platforms.contract import Advertiser
from bot.states import Origin
from bot.store import optins, outbox
from bot.store.outbox import Draft
from bot.talk import Consent, Say

PURPOSE = "announcements"
#: Behind the turn's own reply.
BEHIND = timedelta(milliseconds=1)


def after_consent(consent: Apply, platforms: Mapping[str, Advertiser], current: Callable[[], Texts]) -> Apply:
    """The consent's effect, and behind it the platform's request: once a week at most, only where it is set up."""

    def apply(connection: Connection, cause: Any, effect: Consent) -> Say | None:
        said = consent(connection, cause, effect)
        platform = platforms.get(cause.account.platform)
        if platform is None or effect.purpose != PURPOSE or not effect.given:
            return said
        if cause.account.id in Gallery.read(connection).campaigns and optins.ask(
            connection, cause.person_id, cause.now
        ):
            texts = current()
            part = platform.opt_in(texts("announcement.opt_in"))
            draft = Draft(cause.account.id, cause.person_id, Origin.NOTICE, part.body, subject="opt_in")
            outbox.add(connection, [draft], cause.now + BEHIND)
        return said

    return apply
