"""What passed between the bot and the doubles: counters, the last exchanges raw, and each accepted message."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple

KEPT_EXCHANGES = 200
KEPT_CALLS = 200_000
KEPT_WEBHOOKS = 50_000
CLIP = 16_384

_TOKEN = re.compile(
    r"""((?:access_token|appsecret_proof|input_token|refresh_token|secret_key)"?[=:]\s?"?)([^&\s"]{1,6})[^&\s"]*"""
)


class Call(NamedTuple):
    """One message that a double accepted. A message sent twice stands here twice."""

    platform: str
    user: str
    mid: str
    text: str
    time: float  # epoch seconds, when it was accepted
    tag: str = ""


class Posted(NamedTuple):
    """One attempt to deliver a webhook. `status` 0: no answer; `ms`: from sending to the answer."""

    platform: str
    user: str
    event: str
    mid: str
    time: float
    ms: float
    status: int
    attempt: int


class Side(NamedTuple):
    """One half of an exchange: its first line (or status), its headers and its body, raw."""

    line: str
    headers: Mapping[str, str]
    body: bytes

    def told(self) -> dict[str, object]:
        headers = {name: _masked(f"{name}: {value}")[len(name) + 2 :] for name, value in self.headers.items()}
        return {"line": _masked(self.line), "headers": headers, "body": _masked(_text(self.body))}


class Exchange(NamedTuple):
    """A request and its answer, as the page shows them beside each other."""

    id: int
    time: float
    platform: str
    way: str  # "webhook": the double called the bot; "call": the bot called the double
    title: str
    ms: float
    status: int  # 0: no answer came
    request: Side
    answer: Side

    def told(self) -> dict[str, object]:
        return {**self._asdict(), "request": self.request.told(), "answer": self.answer.told()}


class Journal:
    """Bounded everywhere: a double under load for a day keeps its size."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._exchanges: deque[Exchange] = deque(maxlen=KEPT_EXCHANGES)
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._posted: deque[Posted] = deque(maxlen=KEPT_WEBHOOKS)
        self._counts: Counter[str] = Counter()
        self._last = 0
        self.version = 0  # moves with every change, so that the page knows whether to look

    def changed(self) -> None:
        with self._lock:
            self.version += 1

    def count(self, name: str, by: int = 1) -> None:
        with self._lock:
            self._counts[name] += by

    def accepted(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)
            self._counts[f"{call.platform}.accepted"] += 1
            self.version += 1

    def posted(self, posted: Posted) -> None:
        with self._lock:
            self._posted.append(posted)
            self._counts[f"{posted.platform}.webhook.{posted.status}"] += 1

    def exchange(
        self, platform: str, way: str, title: str, at: float, ms: float, status: int, request: Side, answer: Side
    ) -> None:
        request, answer = (side._replace(body=side.body[: CLIP + 1]) for side in (request, answer))
        with self._lock:
            self._last += 1
            self.version += 1
            self._exchanges.append(Exchange(self._last, at, platform, way, title, ms, status, request, answer))

    def exchanges(self, since: int = 0) -> list[dict[str, object]]:
        with self._lock:
            found = [item for item in self._exchanges if item.id > since]
        return [item.told() for item in found]

    def calls(self, start: int = 0) -> list[dict[str, object]]:
        with self._lock:
            return [call._asdict() for call in islice(self._calls, start, None)]

    def webhooks(self) -> list[dict[str, object]]:
        with self._lock:
            return [posted._asdict() for posted in self._posted]

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self._counts.items()))

    def forget(self, *, calls: bool = False, webhooks: bool = False, rest: bool = False) -> None:
        with self._lock:
            if calls:
                self._calls.clear()
            if webhooks:
                self._posted.clear()
            if rest:
                self._exchanges.clear()
                self._counts.clear()
            self.version += 1


def _text(raw: bytes) -> str:
    text = raw[:CLIP].decode("utf-8", "replace")
    return text if len(raw) <= CLIP else f"{text}…"


def _masked(text: str) -> str:
    """Cut tokens short: the page is shown on shared screens."""
    return _TOKEN.sub(r"\1\2…", text)
