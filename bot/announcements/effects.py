"""What members' answers, registrations and links do to the store, inside the turn's one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection

from bot.announcements.campaigns import Campaigns
from bot.clock import zone
from bot.library.texts import Texts
from bot.store import announcements, audience, events, linking, surveys
from bot.store.events import Offer
from bot.store.persons import Person
from bot.store.vault import Vault
from bot.talk import (
    AnswerSurvey,
    Campaign,
    CancelRegistration,
    Event,
    Follow,
    MakeLinkCode,
    Register,
    Say,
    Unlink,
    UseLinkCode,
)

LONGEST_WORDS = 1000


class Cause(Protocol):
    """Whose turn it is."""

    @property
    def person_id(self) -> int: ...
    @property
    def now(self) -> datetime: ...


Apply: TypeAlias = Callable[[Connection, Any, Any], Say | None]


class ChatEffects:
    """The functions for announcements' effects, to be registered with delivery's."""

    def __init__(self, vault: Vault, texts: Callable[[], Texts]) -> None:
        self._vault = vault
        self._texts = texts

    def table(self) -> Mapping[type, Apply]:
        return {
            AnswerSurvey: self._survey,
            Follow: self._follow,
            Register: self._register,
            CancelRegistration: self._cancel,
            MakeLinkCode: self._code,
            UseLinkCode: self._link,
            Unlink: self._unlink,
        }

    def _from_texts(self, key: str, **facts: object) -> Say:
        return Say(self._texts()(key, **facts))

    def _survey(self, connection: Connection, cause: Cause, effect: AnswerSurvey) -> Say:
        one = announcements.get(connection, effect.announcement)
        if one is None or one.started_at is None or (one.useful_until and one.useful_until < cause.now):
            return self._from_texts("announcement.over")
        if not audience.was_sent(connection, one.id, cause.person_id):  # a payload can be typed by anybody
            return self._from_texts("announcement.not_asked")
        if effect.choice is None and one.question.get("free") and effect.words.strip():
            return self._words(connection, cause, effect)
        if effect.choice is None or not 0 <= effect.choice < len(one.question.get("choices", ())):
            return self._from_texts("announcement.over")
        voter = self._vault.hashes("survey", str(one.id), str(cause.person_id))[0]
        surveys.vote(connection, one.id, voter, effect.choice)
        return self._from_texts("announcement.thanks")

    def _words(self, connection: Connection, cause: Cause, effect: AnswerSurvey) -> Say:
        number, said = effect.announcement, effect.words.strip()[:LONGEST_WORDS]
        writer = self._vault.hashes("survey words", str(number), str(cause.person_id))[0]
        if not surveys.say(connection, number, writer, said, cause.now):
            return self._from_texts("announcement.written_enough")
        return self._from_texts("announcement.written")

    def _follow(self, connection: Connection, cause: Cause, effect: Follow) -> None:
        if effect.on:
            audience.subscribe(connection, cause.person_id, effect.topic, cause.now)
        else:
            audience.unsubscribe(connection, cause.person_id, effect.topic)

    def _register(self, connection: Connection, cause: Cause, effect: Register) -> Say:
        refused = events.register(connection, effect.event, cause.person_id, effect.name, cause.now)
        event = events.get(connection, effect.event)
        title, when = (event.title, when_in_words(event.starts_at)) if event else ("", "")
        return self._from_texts(f"events.{refused or 'registered'}", event=title, when=when)

    def _cancel(self, connection: Connection, cause: Cause, effect: CancelRegistration) -> Say:
        done = events.cancel(connection, effect.event, cause.person_id, cause.now)
        return self._from_texts("events.cancelled") if done else self._from_texts("events.not_registered")

    def _code(self, connection: Connection, cause: Cause, _effect: MakeLinkCode) -> Say:
        return self._from_texts(
            "linking.code", code=linking.member_code(connection, self._vault, cause.person_id, cause.now)
        )

    def _link(self, connection: Connection, cause: Cause, effect: UseLinkCode) -> Say:
        done = linking.use(connection, self._vault, effect.code, cause.person_id, cause.now)
        return self._from_texts(f"linking.{done or 'wrong'}")

    def _unlink(self, connection: Connection, cause: Cause, _effect: Unlink) -> Say:
        done = linking.undo(connection, cause.person_id)
        return self._from_texts("linking.undone") if done else self._from_texts("linking.none")


def facts(
    connection: Connection, person: Person | None, campaigns: Campaigns, fill: Callable[[str], str], now: datetime
) -> dict[str, Any]:
    """What the topics are told: this year's campaigns and the open events."""
    year = now.astimezone(zone()).year
    followed = audience.topics_of(connection, person.id) if person and person.has_topics else frozenset()
    return {
        "campaigns": tuple(
            Campaign(one.key, fill(one.name), one.asked, one.says if one.year == year else "", one.key in followed)
            for one in campaigns.all.values()
        ),
        "events": tuple(_event(offer, now) for offer in events.offers(connection, person.id if person else None, now)),
    }


def _event(offer: Offer, now: datetime) -> Event:
    event = offer.event
    return Event(
        id=event.id,
        title=event.title,
        says=event.says,
        place=event.place,
        when=when_in_words(event.starts_at),
        closes=when_in_words(event.closes_at),
        left=None if event.places is None else max(0, event.places - offer.taken),
        registered=offer.registered,
        closed=event.closes_at <= now,
    )


def when_in_words(at: datetime) -> str:
    return f"{at.astimezone(zone()):%H:%M %d/%m/%Y}"
