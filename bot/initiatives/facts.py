"""What the topic of initiatives is told of whoever writes: the form, their own, codes they name, places, stories."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from sqlalchemy import Connection

from bot.clock import Clock, zone
from bot.initiatives import codes
from bot.initiatives.form import Form
from bot.initiatives.reading import last_day, places
from bot.messages import Inbound
from bot.store import initiatives as store
from bot.store import stories, units
from bot.store.accounts import Account
from bot.store.initiatives import Initiative
from bot.store.units import Unit
from bot.talk import Initiatives, Mine, Story

#: Units and stories change seldom: they are read again so often.
KEPT_S = 30.0
PIN_DIGITS = 4


class Someone(Protocol):
    """A person as the store knows them; only this matters here."""

    @property
    def id(self) -> int: ...

    @property
    def has_initiatives(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Shared:
    at: float = float("-inf")
    units: Mapping[int, Unit] = field(default_factory=dict)
    stories: tuple[Story, ...] = ()


class Facts:
    """Asked at every turn. No query for most people, two for somebody with initiatives."""

    def __init__(
        self, form: Callable[[], Form], closed: Callable[[], str], clock: Clock, *, elsewhere: str = ""
    ) -> None:
        self._form = form
        self._closed = closed  # the shipped sentence for "no round is open"
        self._clock = clock
        self._elsewhere = elsewhere
        self._shared = _Shared()
        self._lock = threading.Lock()

    def __call__(
        self, connection: Connection, account: Account, person: Someone | None, heard: Sequence[Inbound]
    ) -> Mapping[str, Any]:
        shared = self._read_shared(connection)
        today = self._clock().astimezone(zone()).date()
        form = self._form()
        own = store.all_of(connection, person.id) if person is not None and person.has_initiatives else []
        asked, wrong = codes.read("\n".join(one.text for one in heard), bare=True)
        known = Initiatives(
            form=form.fields,
            consent=form.consent,
            consent_version=form.consent_version,
            closed="" if form.is_open(today) else form.closed or self._closed(),
            personal=form.messenger_personal or account.platform != "messenger",
            elsewhere=self._elsewhere,
            mine=self._mine(connection, form, own),
            wrong_code=wrong,
            states=self._states(connection, asked, own),
            places=lambda said: places(shared.units, said, today),
            stories=shared.stories,
            fresh=_fresh(connection) if any(one.code is None for one in own) else "",
            pin=str(secrets.randbelow(10**PIN_DIGITS)).zfill(PIN_DIGITS),
        )
        return {"initiatives": known}

    def changed(self) -> None:
        """Read units and stories again at the next turn."""
        self._shared = _Shared()

    def _read_shared(self, connection: Connection) -> _Shared:
        shared = self._shared
        if time.monotonic() - shared.at < KEPT_S:
            return shared
        with self._lock:
            if time.monotonic() - self._shared.at >= KEPT_S:
                self._shared = _Shared(
                    time.monotonic(), units.everything(connection), tuple(stories.published(connection))
                )
            return self._shared

    @staticmethod
    def _mine(connection: Connection, form: Form, own: Sequence[Initiative]) -> tuple[Mine, ...]:
        handed_in = [one for one in own if one.code is not None]
        questions = store.open_questions(connection, [one.id for one in handed_in])
        return tuple(_seen(one, form, questions.get(one.id, "")) for one in handed_in)

    @staticmethod
    def _states(connection: Connection, asked: Sequence[str], own: Sequence[Initiative]) -> dict[str, str]:
        others = [code for code in asked if code not in {one.code for one in own}]
        return {code: state for code, (state, _) in store.states_of(connection, others).items()}


def _seen(one: Initiative, form: Form, question: str) -> Mine:
    return Mine(
        code=one.code or "",
        title=one.title,
        state=one.state,
        idea=one.idea,
        question=question,
        missing=tuple(item.key for item in form.field if not item.needed and not one.fields.get(item.key)),
        reason=one.reason,
        readers=one.readers,
        last_day=last_day(one.since, one.since_precision),
        fields=one.fields,
        phone=one.phone,
    )


def _fresh(connection: Connection) -> str:
    """A code that nobody has; a longer one when so many are taken that chance finds none."""
    for length in (codes.DIGITS, codes.DIGITS + 1, codes.DIGITS + 2):
        for _ in range(8):
            code = codes.fresh(length)
            if not store.states_of(connection, [code]):
                return code
    raise RuntimeError("no code is free")


def bare(form: Form, today: date) -> Initiatives:
    """For a conversation without a database, such as the one in the terminal."""
    return Initiatives(
        form=form.fields,
        consent=form.consent,
        consent_version=form.consent_version,
        closed="" if form.is_open(today) else form.closed,
        fresh=codes.written("12345" + codes.check_digit("12345")),
        pin="0000",
    )
