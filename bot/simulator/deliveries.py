"""Webhooks on their way to the bot: one person's in order, repeated as the platform repeats them, never blocking."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from bot import logs
from bot.simulator.journal import Journal, Posted, Side

MAX_WAITING = 200_000
SENDERS = 8

# its lines hold whole addresses
logging.getLogger("urllib3.connectionpool").addFilter(lambda _record: False)


@dataclass(slots=True)
class Webhook:
    """One POST to the bot, signed. `after` is told how each attempt ended: an HTTP status, 0 for no answer."""

    platform: str
    user: str
    event: str
    mid: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    deadline_s: float
    repeats: tuple[float, ...]  # pauses before each repeat, in seconds
    counts_repeats: bool = False  # a header num_retry tells the receiver
    after: Callable[[int], None] | None = None
    on_loss: Callable[[], None] | None = None
    due: float = 0.0
    attempt: int = 0

    @property
    def lane(self) -> str:
        return f"{self.platform}:{self.user}"


@dataclass(slots=True)
class _Aside:
    webhook: Webhook
    until: float


@dataclass(slots=True)
class _Shared:
    lock: threading.Lock = field(default_factory=threading.Lock)
    lanes: dict[str, deque[Webhook]] = field(default_factory=dict)
    aside: dict[str, _Aside] = field(default_factory=dict)
    waiting: int = 0


class Deliveries:
    """A queue for each person, and a few senders that take whichever person is next."""

    def __init__(self, bot_url: str, journal: Journal) -> None:
        self.bot_url = bot_url.rstrip("/")
        self._journal = journal
        self._shared = _Shared()
        self._ready: SimpleQueue[str | None] = SimpleQueue()
        self._alarms: list[tuple[float, int, str, bool]] = []  # due, serial, lane, whether for what stands aside
        self._alarm = threading.Condition()
        self._serial = count()
        self._threads: list[threading.Thread] = []
        self._running = False
        self._prepared: dict[str, requests.PreparedRequest] = {}

    def start(self) -> None:
        self._running = True
        jobs = [self._send_all] * SENDERS + [self._ring]
        self._threads = [threading.Thread(target=job, name="simulator-webhooks", daemon=True) for job in jobs]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let what is in flight finish; what still waits is lost, as with a platform that gives up."""
        self._running = False
        for _ in range(SENDERS):
            self._ready.put(None)
        with self._alarm:
            self._alarm.notify()
        for thread in self._threads:
            thread.join(timeout=10)
        self._threads = []

    @property
    def waiting(self) -> int:
        return self._shared.waiting

    def put(self, webhook: Webhook, *, late_s: float = 0.0) -> None:
        if late_s:
            webhook.due = time.monotonic() + late_s
        with self._shared.lock:
            if self._shared.waiting >= MAX_WAITING:
                self._journal.count(f"{webhook.platform}.webhook.dropped")
                return
            self._line_up(webhook)
            if (aside := self._shared.aside.pop(webhook.lane, None)) is not None:
                self._line_up(aside.webhook)

    def put_behind(self, webhook: Webhook, within_s: float) -> None:
        """Hold a webhook back until the person's next one has gone, or until the time is up."""
        until = time.monotonic() + within_s
        with self._shared.lock:
            earlier = self._shared.aside.get(webhook.lane)
            if earlier is not None:
                self._line_up(webhook)
                return
            self._shared.aside[webhook.lane] = _Aside(webhook, until)
        self._wake_at(until, webhook.lane, aside=True)

    def clear(self) -> None:
        with self._shared.lock:
            for lane in self._shared.lanes.values():
                while len(lane) > 1:  # the first may be in flight
                    lane.pop()
                    self._shared.waiting -= 1
            self._shared.aside.clear()

    def _line_up(self, webhook: Webhook) -> None:
        lane = self._shared.lanes.get(webhook.lane)
        self._shared.waiting += 1
        if lane is None:
            self._shared.lanes[webhook.lane] = deque([webhook])
            self._ready.put(webhook.lane)
        else:
            lane.append(webhook)

    def _wake_at(self, due: float, lane: str, *, aside: bool = False) -> None:
        with self._alarm:
            heapq.heappush(self._alarms, (due, next(self._serial), lane, aside))
            self._alarm.notify()

    def _ring(self) -> None:
        while self._running:
            with self._alarm:
                wait = self._alarms[0][0] - time.monotonic() if self._alarms else None
                if wait is None or wait > 0:
                    self._alarm.wait(wait)
                    continue
                _, _, lane, stood_aside = heapq.heappop(self._alarms)
            if stood_aside:
                self._nothing_followed(lane)
            else:
                self._ready.put(lane)

    def _nothing_followed(self, lane: str) -> None:
        with self._shared.lock:
            aside = self._shared.aside.get(lane)
            if aside is not None and aside.until <= time.monotonic():
                del self._shared.aside[lane]
                self._line_up(aside.webhook)

    def _send_all(self) -> None:
        door = HTTPAdapter(pool_connections=1, pool_maxsize=1)
        while (lane := self._ready.get()) is not None:
            try:
                self._serve(door, lane)
            except Exception:  # noqa: BLE001 - a sender must outlive whatever one webhook does
                logs.failure("simulator.webhook_failed")
        door.close()

    def _serve(self, door: HTTPAdapter, lane: str) -> None:
        with self._shared.lock:
            queue = self._shared.lanes.get(lane)
            if not queue:
                return
            webhook = queue[0]
            busy = webhook.due > time.monotonic()
        if busy:
            self._wake_at(webhook.due, lane)
            return
        if self._delivered(door, webhook) or not self._again(webhook):
            self._next(lane)
        else:
            self._wake_at(webhook.due, lane)

    def _next(self, lane: str) -> None:
        with self._shared.lock:
            queue = self._shared.lanes[lane]
            queue.popleft()
            self._shared.waiting -= 1
            if queue:
                self._ready.put(lane)
            else:
                del self._shared.lanes[lane]

    def _again(self, webhook: Webhook) -> bool:
        """Plan the next repeat; False when the platform has given up."""
        if webhook.attempt > len(webhook.repeats):
            self._journal.count(f"{webhook.platform}.webhook.lost")
            if webhook.on_loss:
                webhook.on_loss()
            return False
        webhook.due = time.monotonic() + webhook.repeats[webhook.attempt - 1]
        return True

    def _delivered(self, door: HTTPAdapter, webhook: Webhook) -> bool:
        headers = dict(webhook.headers)
        if webhook.counts_repeats and webhook.attempt:
            headers["num_retry"] = str(webhook.attempt)
        webhook.attempt += 1
        at, began = time.time(), time.perf_counter()
        status, answer = self._post(door, webhook, headers)
        ms = round((time.perf_counter() - began) * 1000, 2)
        event = Posted(
            webhook.platform, webhook.user, webhook.event, webhook.mid, at, ms, status, webhook.attempt
        )  # fmt: skip
        self._journal.posted(event)
        line = f"POST {self.bot_url}{webhook.path}"
        request = Side(line, headers, webhook.body)
        self._journal.exchange(webhook.platform, "webhook", webhook.event, at, ms, status, request, answer)
        if webhook.after:
            webhook.after(status)
        return status == 200

    def _post(self, door: HTTPAdapter, webhook: Webhook, headers: Mapping[str, str]) -> tuple[int, Side]:
        request = self._request(webhook, headers)
        try:
            answer = door.send(request, timeout=(1.0, webhook.deadline_s))
            return answer.status_code, Side(f"HTTP {answer.status_code}", answer.headers, answer.content)
        except requests.RequestException as error:
            return 0, Side(type(error).__name__, {}, b"")

    def _request(self, webhook: Webhook, headers: Mapping[str, str]) -> requests.PreparedRequest:
        """Prepare a POST. A session would read the address and merge its own settings anew for each: half the time."""
        request = self._prepared.get(webhook.path)
        if request is None:
            request = self._prepared[webhook.path] = requests.Request("POST", self.bot_url + webhook.path).prepare()
        request = request.copy()
        request.body = webhook.body
        request.headers = CaseInsensitiveDict({**headers, "Content-Length": str(len(webhook.body))})
        return request
