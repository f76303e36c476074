"""The threads that carry messages: turns, receipts, the dispatcher and the senders, repair.

The database is the queue; these threads only look at it. A wake-up is a hint that may get lost: they look anyway.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from bot import logs
from bot.clock import Clock
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbox
from bot.delivery.receipts import Receipts
from bot.delivery.repair import Repair
from bot.delivery.tally import Tally
from bot.delivery.typing import Typing
from bot.states import Lane
from bot.store import announcements, inbox, marks, outbox
from bot.store.database import Database, DatabaseAway
from bot.store.inbox import Row
from bot.store.outbox import Claimed

#: Looks without a hint: in one process every hint arrives, and only what was put off must be found.
POLL_S, POLL_ALONE_S = 0.05, 0.25
GATHER_S = 0.03  # receipts are in no hurry: so many as come meanwhile share one transaction
HAND_OUT_S = 0.02  # senders that become free so soon after each other are handed rows together
TURNS_AHEAD = 8  # claimed for each turn thread, so that none waits for the claim
ROOM = 4  # a turn leases at most so many messages for sending
#: Slots that an announcement never takes: replies go first.
FOR_REPLIES = 4
HEARTBEAT_S = 5.0
SWEEP_S = 60.0
AWAY_S = 0.5  # a look at a database that does not answer

#: (account, announcement) of every announcement that is running now.
Running = Callable[[Connection], list[tuple[int, int]]]


class Worker:
    """All threads of one process. `stop` finishes what is in flight and takes nothing new."""

    def __init__(
        self,
        database: Database,
        parts: tuple[Inbox, Receipts, Outbox, Repair, Typing],
        clock: Clock,
        tally: Tally,
        *,
        owner: str,
        turn_threads: int,
        senders: int,
        running: Running = lambda _connection: [],
        a_day: int = 3,
    ) -> None:
        self._database = database
        self._inbox, self._receipts, self._outbox, self._repair, self._typing = parts
        self._clock = clock
        self._tally = tally
        self._owner = owner
        self._turn_threads = turn_threads
        self._senders = senders
        self._running = running
        self._a_day = a_day  # announcements for one person in 24 hours
        self._stopping, self._learnt = threading.Event(), threading.Event()
        self._talk, self._receipt, self._send = threading.Event(), threading.Event(), threading.Event()
        self._to_turn: queue.SimpleQueue[Row | None] = queue.SimpleQueue()
        self._to_send: queue.SimpleQueue[Claimed | None] = queue.SimpleQueue()
        self._turning = self._busy = 0
        self._more_waits = self._more_to_send = False
        self._busy_lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._turners: list[threading.Thread] = []
        self._sender_threads: list[threading.Thread] = []

    # ---- life ----

    def start(self) -> None:
        self._repair.after_start()
        self._beat()
        loops = [
            ("claims", self._claim_turns),
            ("receipts", self._apply_receipts),
            ("dispatcher", self._dispatch),
            ("repair", self._mend),
            ("typing", self._type),
        ]
        self._threads = [self._thread(name, loop) for name, loop in loops]
        self._turners = [self._thread(f"turns-{n}", self._answer) for n in range(self._turn_threads)]
        self._sender_threads = [self._thread(f"sender-{n}", self._carry) for n in range(self._senders)]

    def open(self) -> None:
        """The answers are learnt: claim turns. What is claimed before counts as tried when the process dies."""
        self._learnt.set()

    def stop(self, patience_s: float = 20.0) -> None:
        self._stopping.set()
        for event in (self._learnt, self._talk, self._receipt, self._send):
            event.set()
        until = time.monotonic() + patience_s
        _join(self._threads, until)
        # what was claimed is answered, and what was answered is sent
        for _ in self._turners:
            self._to_turn.put(None)
        _join(self._turners, until)
        for _ in self._sender_threads:
            self._to_send.put(None)
        _join(self._sender_threads, until)

    def wake(self, lane: Lane) -> None:
        """Something came in: look now, not at the next poll."""
        event = self._talk if lane is Lane.TALK else self._receipt
        if not event.is_set():  # then whoever looks has not begun to
            event.set()

    def room(self) -> int:
        """How many messages may be leased for the turn threads by who keeps them."""
        if self._more_waits or self._stopping.is_set() or not self._learnt.is_set():
            return 0
        return self._turn_room()

    def take(self, rows: Sequence[Row]) -> None:
        """Answer these: they are leased."""
        with self._busy_lock:
            self._turning += len(rows)
        for row in rows:
            self._to_turn.put(row)

    def wake_senders(self) -> None:
        self._send.set()

    @property
    def sending(self) -> int:
        """Messages on their way at this moment."""
        return self._busy

    def _thread(self, name: str, loop: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=loop, name=name, daemon=True)
        thread.start()
        return thread

    # ---- loops ----

    def _claim_turns(self) -> None:
        self._learnt.wait()
        self._loop(self._talk, self._take_turns, self._waits(Lane.TALK))

    def _take_turns(self) -> bool:
        """Lease waiting messages for the turn threads; True while there may be more."""
        room = self._turn_room()
        if room < 1:
            self._more_waits = True
            return False
        rows = self._inbox.claim(room)
        self._more_waits = len(rows) == room
        self.take(rows)
        return False

    def _turn_room(self) -> int:
        return self._turn_threads * TURNS_AHEAD - self._turning

    def _answer(self) -> None:
        while (row := self._to_turn.get()) is not None:
            room, rows = self._reserve(ROOM), []
            try:
                rows = self._inbox.handle(row, room=room)
            except DatabaseAway:
                logs.warn("database.away", row=row.id)  # the lease runs out, and repair gives it back
            except Exception:  # noqa: BLE001 - see _loop
                logs.failure("turn.failed", row=row.id)
            finally:
                self._hand_over(rows, room)
                if len(rows) >= room:  # there may be more than it could take along
                    self._send.set()
                with self._busy_lock:
                    self._turning -= 1
                if self._more_waits:
                    self._talk.set()

    def _apply_receipts(self) -> None:
        def work() -> bool:
            self._stopping.wait(GATHER_S)
            return self._receipts.work() > 0

        self._loop(self._receipt, work, self._waits(Lane.RECEIPT))

    def _dispatch(self) -> None:
        handed_out = float("-inf")

        def work() -> bool:
            nonlocal handed_out
            if self._stopping.wait(max(0.0, handed_out + HAND_OUT_S - time.monotonic())):
                return False
            self._send.clear()
            handed_out = time.monotonic()
            return self._hand_out()

        self._loop(self._send, work, lambda: True)

    def _waits(self, lane: Lane) -> Callable[[], bool]:
        """A look that writes nothing: polls must not load the one writer."""

        def look() -> bool:
            with self._database.read() as connection:
                return inbox.waits(connection, lane, self._clock())

        return look

    def _mend(self) -> None:
        swept = beaten = float("-inf")
        while not self._stopping.wait(1.0):
            now = time.monotonic()
            try:
                self._repair.work()
                if now - beaten > HEARTBEAT_S:
                    beaten = now
                    self._beat()
                if now - swept > SWEEP_S:
                    swept = now
                    self._repair.sweep()
            except DatabaseAway:
                logs.warn("database.away")
            except Exception:  # noqa: BLE001 - the next look may go better
                logs.failure("repair.failed")

    def _type(self) -> None:
        while not self._stopping.wait(0.5):
            try:
                self._typing.work(busy=self._busy >= self._senders)
            except DatabaseAway:
                continue
            except Exception:  # noqa: BLE001 - a mark is not worth a thread
                logs.failure("typing.failed")

    def _beat(self) -> None:
        now = self._clock()
        self._database.write(lambda connection: marks.put(connection, f"heartbeat:worker:{self._owner}", "", now))
        self._tally.flush(self._database, now)

    def _loop(self, event: threading.Event, work: Callable[[], bool], look: Callable[[], bool]) -> None:
        """Work while there is any; then wait for a hint, or look at the next poll."""
        hinted = True
        while not self._stopping.is_set():
            event.clear()
            try:
                if (hinted or look()) and work():
                    hinted = False  # is there more? The look says so for less than the work does
                    continue
            except DatabaseAway:
                logs.warn("database.away")
                self._stopping.wait(AWAY_S)
            except Exception:  # noqa: BLE001 - a thread that dies would stop everything behind it
                logs.failure("worker.failed", loop=threading.current_thread().name)
                self._stopping.wait(AWAY_S)
            # the dispatcher also waits for the allowance to refill
            hinted = event.wait(POLL_ALONE_S if self._database.on_sqlite and event is not self._send else POLL_S)

    # ---- sending ----

    def _hand_out(self) -> bool:
        """Lease as many rows as there are free senders, replies first, and hand them over."""
        self._more_to_send = True
        if self._busy >= self._senders:
            return False
        now = self._clock()
        with self._database.read() as connection:
            accounts = outbox.accounts_with_work(connection, now)
            running = self._running(connection)
        handed = sum(self._claim(account, None) for account in accounts)
        handed += sum(self._claim(account, announcement) for account, announcement in running)
        # some is due, even where it had to wait: for a free sender, for allowance, for the person's message before it
        self._more_to_send = bool(accounts or running)
        return handed > 0

    def _claim(self, account: int, announcement: int | None) -> int:
        limit = self._reserve(self._senders, spare=0 if announcement is None else FOR_REPLIES)
        rows: list[Claimed] = []
        now = self._clock()
        try:
            if limit:
                rows = self._database.write(
                    lambda connection: (
                        outbox.claim(connection, account, self._owner, now, limit)
                        if announcement is None
                        else announcements.claim(
                            connection, account, self._owner, now, limit, announcement, self._a_day
                        )
                    )
                )
        finally:
            self._hand_over(rows, limit)
        return len(rows)

    def _reserve(self, most: int, *, spare: int = 0) -> int:
        """Take free senders before rows are leased for them: a lease must never wait for somebody to carry it."""
        with self._busy_lock:
            free = max(0, min(most, self._senders - spare - self._busy))
            self._busy += free
        return free

    def _hand_over(self, rows: Sequence[Claimed], reserved: int) -> None:
        with self._busy_lock:
            self._busy += len(rows) - reserved
        for row in rows:
            self._to_send.put(row)

    def _carry(self) -> None:
        while (row := self._to_send.get()) is not None:
            try:
                self._outbox.attempt(row)
            except DatabaseAway:
                logs.warn("database.away", row=row.id)  # the lease runs out, and repair decides
            except Exception:  # noqa: BLE001 - see _loop
                logs.failure("sender.failed", row=row.id)
            finally:
                with self._busy_lock:
                    self._busy -= 1
                if self._more_to_send:  # else the next poll is soon enough: a turn leases its own replies
                    self._send.set()


def _join(threads: Sequence[threading.Thread], until: float) -> None:
    for thread in threads:
        thread.join(max(0.1, until - time.monotonic()))


#: How old a heartbeat may be before the worker counts as dead.
DEAD_AFTER = timedelta(seconds=HEARTBEAT_S * 4)
