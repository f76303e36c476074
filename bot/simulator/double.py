"""What both doubles share: a call may meet a fault, is answered, is written down; what people do becomes webhooks."""

from __future__ import annotations

import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import requests
from flask import Response, request

from bot.simulator.accounts import Keyring, SimulatedAccount
from bot.simulator.acts import Act
from bot.simulator.answers import HTML, JSON, Answer, Refused, cut
from bot.simulator.deliveries import Deliveries, Webhook
from bot.simulator.faults import Faults, Kind, Rule
from bot.simulator.journal import Call, Journal, Side
from bot.simulator.knobs import Knobs
from bot.simulator.people import Bubble, People, Person
from bot.simulator.underscores import ON_THE_WIRE

K = TypeVar("K", bound=Knobs)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the two doubles of one simulator share."""

    journal: Journal
    faults: Faults
    deliveries: Deliveries
    keyring: Keyring
    chance: random.Random
    now: Callable[[], float]  # epoch seconds
    over: threading.Event  # set at the stop: nobody waits any longer
    holds: threading.BoundedSemaphore  # how many calls may be kept waiting by a fault at a time
    own_url: str


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook before it is signed."""

    user: str
    name: str
    mid: str
    body: bytes
    after: Callable[[int], None] | None = None


class Double(ABC, Generic[K]):
    """One platform: its API on one side, its people on the other."""

    name: ClassVar[str]
    webhook_path: ClassVar[str]
    counts_repeats: ClassVar[bool] = False

    def __init__(self, tools: Tools, knobs: K) -> None:
        self.tools = tools
        self.people = People()
        self.knobs = knobs
        self._fresh = knobs
        self.subscribed = True  # the platform stops sending when a webhook was never taken

    # -- what a platform must say itself

    @property
    @abstractmethod
    def account(self) -> SimulatedAccount: ...

    @abstractmethod
    def failure(self, code: int, subcode: int | None = None, *, status: int | None = None) -> Answer:
        """Give the platform's own error."""

    @abstractmethod
    def throttled(self) -> Answer: ...

    @abstractmethod
    def dead_token(self) -> Answer: ...

    @abstractmethod
    def signed(self, body: bytes, *, forged: bool = False) -> dict[str, str]:
        """Give the headers that go with a webhook's body."""

    @abstractmethod
    def echo(self, person: Person, mid: str, message: Mapping[str, object]) -> Event | None: ...

    @abstractmethod
    def delivered(self, person: Person, mids: list[str]) -> Event | None: ...

    @abstractmethod
    def seen(self, person: Person, mids: list[str]) -> Event | None: ...

    @abstractmethod
    def act(self, person: Person, act: Act) -> str:
        """Let a person do something. Gives the message id of what they did, or "". Raises ValueError."""

    def do(self, person_id: str, act: Act) -> str:
        """Let the person with this id do something, whoever they are. Gives a message id or ""; raises ValueError."""
        person = self.people.meet(person_id)
        match act.act:
            case "block" | "unblock":
                person.blocked = act.act == "block"
            case "wait":
                person.last_at = None if person.last_at is None else person.last_at - act.hours * 3600
            case _:
                return self.act(person, act)
        self.tools.journal.changed()
        return ""

    @abstractmethod
    def phone(self) -> dict[str, object]:
        """Give what the platform itself shows on a phone."""

    @abstractmethod
    def console_calls(self) -> list[requests.Request]:
        """Give the calls that the platform's console makes to check a webhook's address."""

    # -- calls

    def serve(self, what: str, decide: Callable[[], Answer]) -> Response:
        """Answer the current request: `what` is send, action, token or other."""
        at, began = self.tools.now(), time.perf_counter()
        sent = request.get_data()
        if self.knobs.latency_ms:
            self.tools.over.wait(self.knobs.latency_ms / 1000)
        rule = self.tools.faults.for_call(self.name, what)
        answer = self._decided(decide) if rule is None else self._broken(rule, decide)
        ms = round((time.perf_counter() - began) * 1000, 2)
        self.tools.journal.count(f"{self.name}.call.{what}")
        headers = {ON_THE_WIRE.get(name, name): value for name, value in request.headers.items()}
        ask = Side(f"{request.method} {request.full_path.rstrip('?')}", headers, sent)
        if answer is None:
            told, status = Side("—", {}, b""), 0
        else:
            told, status = Side(f"HTTP {answer.status}", answer.headers, answer.raw()), answer.status
        title = "/".join(step for step in request.path.split("/")[-2:] if not step.isdigit())
        self.tools.journal.exchange(self.name, "call", title, at, ms, status, ask, told)
        if answer is None:
            return cut()
        return Response(told.body, status, answer.headers, content_type=answer.headers.get("Content-Type", JSON))

    def _decided(self, decide: Callable[[], Answer]) -> Answer:
        try:
            return decide()
        except Refused as refused:
            return refused.answer

    def _broken(self, rule: Rule, decide: Callable[[], Answer]) -> Answer | None:
        """Answer wrongly, as the rule says; None: not at all."""
        self.tools.journal.count(f"{self.name}.fault.{rule.kind}")
        if rule.kind in {Kind.SLOW, Kind.NEVER}:
            answer = self._decided(decide) if rule.arrives or rule.kind is Kind.SLOW else None
            self._hold(rule.pause)
            return answer if rule.kind is Kind.SLOW else None
        if rule.arrives:
            self._decided(decide)
        return self._wrong(rule)

    def _wrong(self, rule: Rule) -> Answer | None:
        match rule.kind:
            case Kind.CUT:
                return None
            case Kind.UNREADABLE:
                return Answer(HTML, 200, {"Content-Type": "text/html"})
            case Kind.DEAD_TOKEN:
                return self.dead_token()
            case Kind.THROTTLED:
                return self.throttled() if rule.body else Answer(b"", 429, {"Retry-After": "2"})
            case Kind.SERVER_ERROR:
                status = rule.status or 500
                return self.failure(*self.server_error, status=status) if rule.body else Answer(b"", status)
            case _:
                code, subcode = (rule.code, rule.subcode) if rule.code is not None else self.server_error
                return self.failure(code, subcode, status=rule.status or 200)

    #: The platform's vaguest error: code and subcode.
    server_error: ClassVar[tuple[int, int | None]]

    def _hold(self, seconds: float) -> None:
        """Keep a call waiting, unless too many wait already: the server's threads are also the bot's."""
        if self.tools.holds.acquire(blocking=False):
            try:
                self.tools.over.wait(seconds)
            finally:
                self.tools.holds.release()

    # -- what the bot sends

    def accept(self, person: Person, bubble: Bubble, message: Mapping[str, object], tag: str = "") -> None:
        """Put a message on a person's phone, and tell the bot what became of it."""
        call = Call(self.name, person.id, bubble.mid, bubble.text, bubble.at, tag)
        self.tools.journal.accepted(call)
        person.typing_until = 0
        if self._happens(self.knobs.echo):
            self.post(self.echo(person, bubble.mid, message))
        if self._happens(self.knobs.delivered):
            bubble.state = "delivered"
            self.post(self.delivered(person, [bubble.mid]))
        if person.watched:
            person.show(bubble)
            person.unseen.append(bubble.mid)
        elif self._happens(self.knobs.read):
            self.post(self.seen(person, [bubble.mid]))

    def look(self, person: Person) -> None:
        """Let a person look at their phone: what lay there is read now."""
        with self.people.lock:
            mids, person.unseen = person.unseen, []
        if not mids:
            return
        for mid in mids:
            if bubble := person.bubble(mid):
                bubble.state = "seen"
        self.post(self.seen(person, mids))
        self.tools.journal.changed()

    def _happens(self, share: float) -> bool:
        return share >= 1 or (share > 0 and self.tools.chance.random() < share)

    # -- what people do

    def post(self, event: Event | None) -> None:
        """Sign an event and send it on its way, with whatever fault is due."""
        if event is None or not self.subscribed:
            return
        rule = self.tools.faults.for_webhook(self.name)
        if rule is None:
            self.tools.deliveries.put(self._webhook(event))
            return
        self.tools.journal.count(f"{self.name}.fault.{rule.kind}")
        match rule.kind:
            case Kind.LATE:
                self.tools.deliveries.put(self._webhook(event), late_s=rule.pause)
            case Kind.REORDERED:
                self.tools.deliveries.put_behind(self._webhook(event), rule.pause)
            case Kind.FORGED:
                self.tools.deliveries.put(self._webhook(event, forged=True))
                self.tools.deliveries.put(self._webhook(event))
            case _:
                self.tools.deliveries.put(self._webhook(event))
                self.tools.deliveries.put(self._webhook(event))

    def _webhook(self, event: Event, *, forged: bool = False) -> Webhook:
        return Webhook(
            platform=self.name,
            user=event.user,
            event=event.name,
            mid=event.mid,
            path=self.webhook_path,
            body=event.body,
            headers=self.signed(event.body, forged=forged),
            deadline_s=self.knobs.deadline_s,
            repeats=() if forged else self.knobs.repeats,
            counts_repeats=self.counts_repeats,
            after=None if forged else event.after,
            on_loss=None if forged else self._lost,
        )

    def _lost(self) -> None:
        """A webhook was never taken: the platform stops sending, until a person or a call subscribes again."""
        self.subscribed = False
        self.tools.journal.count(f"{self.name}.unsubscribed")
        self.tools.journal.changed()

    def wrote(self, person: Person, bubble: Bubble) -> Callable[[int], None]:
        """Show what a person did on their phone; gives what notes whether the bot took it."""
        bubble.state = "sending"
        person.show(bubble)
        self.tools.journal.changed()

        def after(status: int) -> None:
            bubble.state = "sent" if status == 200 else "failed"
            self.tools.journal.changed()

        return after

    def reset(self) -> None:
        self.people.clear()
        self.knobs = self._fresh
        self.subscribed = True
