"""Step 3 of 5: decides which topic answers a turn and what it is told. Next: handlers/<topic>.py.

Pure: the same events, standing and time give the same outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.clock import zone
from bot.conversation import choosing, hearing
from bot.conversation.handover import Voice, voice
from bot.conversation.hearing import Heard
from bot.conversation.memory import Remembered, recall
from bot.conversation.reading import Library, Reader
from bot.conversation.routing import route
from bot.conversation.signs import Signs
from bot.library.organisation import Organisation
from bot.messages import Button, Inbound
from bot.talk import (
    NOTHING,
    CallOff,
    Citation,
    Clause,
    Consent,
    Effect,
    ForgetMe,
    HandOver,
    Kind,
    Missed,
    Person,
    Reading,
    Reply,
    Resumes,
    Say,
    TakeBack,
    Texts,
    Topic,
    Turn,
)

CHANNELS = {"zalo": "Zalo", "messenger": "Messenger"}
CHANNEL = "ứng dụng nhắn tin"  # in the terminal, where there is no platform
UNREAD = Reading(Kind.SMALLTALK, 0.0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the person before the turn."""

    person: Person = field(default_factory=Person)
    memory: Mapping[str, object] = field(default_factory=lambda: NOTHING)  # as stored; {} for a newcomer
    staff_until: datetime | None = None  # the bot is silent until then: staff speak, or the person was handed over
    platform: str = ""  # "zalo" | "messenger": only for the channel's name in words
    facts: Mapping[str, Any] = field(default_factory=lambda: NOTHING)  # what other parts know of the person; see Turn


@dataclass(frozen=True, slots=True)
class Outcome:
    says: tuple[Say, ...]
    effects: tuple[Effect, ...]
    memory: dict[str, object]  # replaces what is stored
    held_may_follow: bool
    topic: str  # "" when silent
    kind: Kind | None
    answer: str  # id of the knowledge answer shown, or ""
    reading: Reading | None


_SILENT = Outcome((), (), {}, held_may_follow=False, topic="", kind=None, answer="", reading=None)


class Engine:
    """Holds the topics and what they may be told. Read-only: safe for any number of threads."""

    def __init__(
        self,
        topics: Sequence[Topic],
        library: Library,
        texts: Texts,
        organisation: Organisation,
        clauses: Mapping[Citation, Clause] | None = None,
    ) -> None:
        self.library = library
        self.clauses = clauses or {}
        self.texts = texts
        self.organisation = organisation
        self._topics = tuple(topics)
        self._reader = Reader(library, Signs.open())

    def answer(self, heard: Sequence[Inbound], standing: Standing, now: datetime) -> Outcome:
        """What one turn comes to. `heard`: its events, oldest first; `now`: aware UTC."""
        said = hearing.listen(heard)
        remembered = recall(standing.memory, now)
        if said.erased:
            return replace(_SILENT, effects=(ForgetMe(),), memory={}, topic="privacy", kind=Kind.PRIVACY)
        if said.nothing:
            return replace(_SILENT, effects=_stop_effects() if said.stopped else (), memory=remembered.dump())
        said = choosing.pick(said, remembered)
        reading = self._reader.read(said.texts, remembered) if said.text and said.payload is None else None
        turn = self._turn(said, reading, standing, remembered, now)
        speaker = voice(standing.staff_until, now, remembered.back)
        if speaker is Voice.STAFF and not _calls_back(turn):
            memory = _closed(remembered).dump()
            return replace(_SILENT, effects=_effects_in_silence(turn), memory=memory, reading=reading)
        topic, reply = self._reply(said, turn, remembered)
        reply = self._framed(reply, turn, remembered, speaker)
        if speaker is not Voice.BOT and standing.staff_until is not None:
            remembered = replace(remembered, back=standing.staff_until.isoformat())
        return _outcome(topic, reply, reading, remembered, now)

    def merges(self, first: Inbound, following: Inbound) -> bool:
        """Whether `following`, already waiting, may be taken into the turn that `first` began.

        Words and attachments only: a button, a bare number, STOP and other commands are turns by themselves.
        """
        return not (hearing.alone(first) or hearing.alone(following)) and not any(
            self._reader.commands(event.text) for event in (first, following)
        )

    def _reply(self, said: Heard, turn: Turn, remembered: Remembered) -> tuple[str, Reply]:
        if choosing.missed(said, remembered):
            most = len(remembered.menu)
            text = self.texts("menu.out_of_range" if most > 1 else "menu.out_of_range_one", most=most)
            return "menu", Reply(says=(Say(text, remembered.menu),), ask=remembered.ask, kind=Kind.MENU)
        topic, reply = route(self._topics, turn, remembered) or ("", Reply())
        return topic, self._form_goes_on(topic, reply, turn, remembered)

    def _form_goes_on(self, answering: str, reply: Reply, turn: Turn, remembered: Remembered) -> Reply:
        """Behind an answer in the middle of a form: its open question once more."""
        ask = remembered.form
        if ask is None or ask.topic == answering or reply.ask is not None or not reply.says:
            return reply
        form = next((topic for topic in self._topics if topic.name == ask.topic), None)
        if not isinstance(form, Resumes) or not _held_may_follow(reply):
            return reply
        said = form.again(replace(turn, asked=ask, memory=remembered.topic(ask.topic)))
        return reply if said is None else reply.and_say(said)

    def _turn(
        self, said: Heard, reading: Reading | None, standing: Standing, remembered: Remembered, now: datetime
    ) -> Turn:
        local = now.astimezone(zone())
        return Turn(
            text=said.text if said.payload is None else "",
            reading=reading or UNREAD,
            texts=self.texts,
            person=replace(standing.person, first_contact=not remembered.met, misses=remembered.misses),
            now=local,
            plain=self._reader.plain(said.text),
            choice="" if said.payload is None else hearing.action(said.payload),
            started=said.started,
            attachments=said.attachments,
            answers=self.library.answers,
            clauses=self.clauses,
            hours=self.organisation.hours_in_words,
            open_now=self.organisation.is_open(local),
            opens=self.organisation.opens_in_words(local),
            channel=CHANNELS.get(standing.platform, CHANNEL),
            facts=standing.facts,
        )

    def _framed(self, reply: Reply, turn: Turn, remembered: Remembered, speaker: Voice) -> Reply:
        """What the engine itself adds: files nobody looked at, that the bot is back, who speaks (the first time)."""
        if turn.text and turn.attached and not reply.took_attachments:
            reply = _closed_by(self.texts("attachments.beside", noun=turn.attached), reply)
        if speaker is not Voice.BOT:
            reply = _led_by(self.texts("menu.back"), reply)
            reply = replace(reply, effects=(TakeBack(), *reply.effects))
        if remembered.met:
            return reply
        urgent = any(isinstance(effect, HandOver) and effect.urgent for effect in reply.effects)
        return (_closed_by if urgent else _led_by)(self.texts("menu.disclosure"), reply)


def _outcome(topic: str, reply: Reply, reading: Reading | None, remembered: Remembered, now: datetime) -> Outcome:
    kind = reply.kind or (reading.kind if reading else None)
    forgets = any(isinstance(effect, ForgetMe) for effect in reply.effects)
    after = Remembered() if forgets else _after(topic, reply, kind, remembered, now)
    return Outcome(
        says=reply.says,
        effects=reply.effects,
        memory=after.dump(),
        held_may_follow=_held_may_follow(reply) and after.ask is None,
        topic=topic,
        kind=kind,
        answer=reply.answer,
        reading=reading,
    )


def _calls_back(turn: Turn) -> bool:
    return turn.choice == "menu" or turn.has("menu")


def _effects_in_silence(turn: Turn) -> tuple[Effect, ...]:
    """What must happen although the bot says nothing.

    "dung" alone may be a "đúng" to the officer: only words that can be nothing but a stop count.
    """
    if turn.has("danger"):
        return (HandOver("danger", urgent=True),)
    if turn.choice == "unsubscribe" or (turn.has("stop") and not turn.has("yes")):
        return _stop_effects()
    return ()


def _stop_effects() -> tuple[Effect, ...]:
    return (Consent("announcements", given=False, words=""), CallOff())


def _closed(remembered: Remembered) -> Remembered:
    """While staff speak, a yes is for them: our short question is closed, a form stays."""
    return replace(remembered, ask=remembered.form, under=None)


def _led_by(line: str, reply: Reply) -> Reply:
    if not reply.says:
        return reply
    first, *rest = reply.says
    return replace(reply, says=(replace(first, text=f"{line}\n{first.text}"), *rest))


def _closed_by(line: str, reply: Reply) -> Reply:
    if not reply.says:
        return reply
    *rest, last = reply.says
    return replace(reply, says=(*rest, replace(last, text=f"{last.text}\n{line}")))


def _held_may_follow(reply: Reply) -> bool:
    """Never after a danger sign, a hand-over, a stop or a deletion; nor, as the caller sees to, inside a form."""
    loud = any(isinstance(effect, HandOver | CallOff | ForgetMe) for effect in reply.effects)
    return reply.held_may_follow and not loud


def _after(topic: str, reply: Reply, kind: Kind | None, remembered: Remembered, now: datetime) -> Remembered:
    ask, asked_at, under = reply.ask, now.isoformat(), None
    form = remembered.form if remembered.form is not None and remembered.form.topic != topic else None
    if ask is None and form is not None:
        ask, asked_at = form, remembered.asked_at
    elif ask == remembered.ask:
        asked_at = remembered.asked_at or asked_at
    if ask is not None and form is not None and ask != form:
        under = form
    topics = dict(remembered.topics)
    if reply.memory is not None:
        topics[topic] = reply.memory
    missed = any(isinstance(effect, Missed) for effect in reply.effects)
    return replace(
        remembered,
        ask=ask,
        asked_at=asked_at,
        under=under,
        topics=topics,
        misses=remembered.misses + 1 if missed else 0,
        last=reply.answer or (remembered.last if kind is Kind.SMALLTALK else ""),
        met=remembered.met or bool(reply.says),
        shown=_buttons(reply),
    )


def _buttons(reply: Reply) -> tuple[Button, ...]:
    return tuple(button for say in reply.says for button in say.buttons if button.payload)
