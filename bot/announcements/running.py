"""An announcement on its way: started, tried on a small group, made into messages step by step, paused, stopped, ended.

`work` is called every second by the clock. Every step is a conditional change, so two clocks do nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot import logs
from bot.announcements import bodies, drafting, preflight, routes
from bot.announcements.announcing import Announcing
from bot.announcements.approval import need
from bot.announcements.drafting import Message
from bot.announcements.routes import Routed
from bot.clock import zone
from bot.errors import BotError
from bot.platforms.rules import House
from bot.store import announcements, articles, audience, audit, closing, marks
from bot.store.announcements import Announcement, State
from bot.store.announcements import announcements as table
from bot.store.audience import AT_ONCE, Batch, Ways

STEP = 3000  # people made into messages in one transaction: webhooks wait for no more than that
BUDGET_S = 8.0  # one call of `work` makes messages no longer


@dataclass(frozen=True, slots=True)
class Progress:
    """Where it stands. `per_second` is measured over the last ten seconds."""

    state: State
    states: Mapping[str, int]
    people: int
    made: int  # of the audience, how many the fan-out has passed
    per_second: float
    ends_at: datetime | None

    @property
    def sent(self) -> int:
        return sum(self.states.get(name, 0) for name in ("sent", "delivered", "read"))

    @property
    def flying(self) -> int:
        return self.states.get("sending", 0)

    @property
    def waiting(self) -> int:
        return sum(self.states.get(name, 0) for name in ("queued", "waiting"))


# ---- what staff do ----


def start(announcing: Announcing, number: int, *, by: int | None = None, sure: bool = False) -> bool:
    """Let an approved announcement go; False when somebody else did, or when it now asks a person.

    Raises BotError announcement.quiet outside the hours, announcement.changed when it is no longer what was approved.
    """
    now = announcing.clock()
    if not _ours(announcing, now).open_at(now):
        raise BotError("announcement.quiet")
    with announcing.database.read() as connection:
        one = need(connection, number)
        if one.state not in {State.APPROVED, State.ASKING}:
            return False
        token = announcements.picture_token(connection, one.picture_id)
    ways = preflight.ways(announcing, one, now)
    with announcing.database.read() as connection:
        open_ways = audience.frozen_ways(connection, number, ways)
    if drafting.digest(one, token) != one.digest:
        raise BotError("announcement.changed")
    at_once = sum(open_ways.get(way, 0) for way in AT_ONCE)
    if not sure and preflight.changed_much(announcing, one.seen, at_once, now):
        ask(announcing, one, "announcement.counts_changed", now)
        return False

    posted = routes.routed(announcing, one, now).articles

    def op(connection: Connection) -> bool:
        if not announcements.once(connection, f"start:{number}", str(one.edition), now):
            return False
        if not announcements.move(
            connection, "start", number, table.c.edition == one.edition, started_at=now, state_code="",
            useful_until=preflight.useful_until(one, now, _ours(announcing, now)),
        ):  # fmt: skip
            return False
        articles.add(connection, number, posted, now)
        marks.end_alarm(connection, f"announcement:{number}:asks", now)
        audit.record(connection, now, by, "announcement.started", "announcement", number, at_once=at_once)
        return True

    return announcing.database.write(op)


def ask(announcing: Announcing, one: Announcement, code: str, now: datetime) -> None:
    """Stop before the start, and tell the officers."""

    def op(connection: Connection) -> None:
        if announcements.move(connection, "ask", one.id, state_code=code):
            marks.raise_alarm(connection, f"announcement:{one.id}:asks", code, now, announcement=one.id)

    announcing.database.write(op)


def pause(announcing: Announcing, number: int, by: int) -> Progress:
    """Nothing is taken up any more once this comes back; what is in flight ends within seconds."""
    return _act(announcing, "pause", number, by)


def resume(announcing: Announcing, number: int, by: int) -> Progress:
    return _act(announcing, "resume", number, by)


def stop(announcing: Announcing, number: int, by: int) -> Progress:
    """For good: what has not gone is called off, step by step."""
    return _act(announcing, "stop", number, by)


def _act(announcing: Announcing, act: str, number: int, by: int | None) -> Progress:
    now = announcing.clock()

    def op(connection: Connection) -> None:
        values: dict[str, Any] = {"state_code": ""}
        if act == "resume":
            values["tried"] = True  # whoever resumes after a bad trial has looked at it
        if not announcements.move(connection, act, number, **values):
            raise BotError("announcement.changed")
        for why in ("trial", "asks"):
            marks.end_alarm(connection, f"announcement:{number}:{why}", now)
        done = {"pause": "paused", "resume": "resumed", "stop": "stopped"}[act]
        audit.record(connection, now, by, f"announcement.{done}", "announcement", number)

    announcing.database.write(op, urgent=True)
    return progress(announcing, number)


def progress(announcing: Announcing, number: int) -> Progress:
    now = announcing.clock()
    with announcing.database.read() as connection:
        one = need(connection, number)
        states = closing.states(connection, number)
        recent = closing.sent_since(connection, number, now - timedelta(seconds=10)) if one.started_at else 0
    span = max(1.0, min(10.0, (now - (one.started_at or now)).total_seconds()))
    rate = recent / span
    left = states.get("queued", 0) + states.get("waiting", 0) + states.get("sending", 0)
    ends = None
    if one.state is State.RUNNING and rate and left:
        ends = preflight.after_nights(now, timedelta(seconds=left / rate), _ours(announcing, now))
    return Progress(one.state, states, one.people, one.people if one.fanned_out else sum(states.values()), rate, ends)


def claimable(announcing: Announcing, connection: Connection) -> list[tuple[int, int]]:
    """(account, announcement) that delivery may take from now: nothing at night, nothing of a paused one."""
    now = announcing.clock()
    return announcements.running(connection, now) if _ours(announcing, now).open_at(now) else []


# ---- what the clock does ----


def work(announcing: Announcing) -> None:
    """One round over everything that is on its way."""
    with announcing.database.read() as connection:
        going = announcements.listed(connection, states=[State.RUNNING, State.SENT, State.STOPPED], limit=200)
    for one in going:
        try:
            _ROUNDS[one.state](announcing, one)
        except BotError as error:  # one that is faulty must not stop the others
            logs.warn("announcement.failed", announcement=one.id, code=error.code)


def _run(announcing: Announcing, one: Announcement) -> None:
    now = announcing.clock()
    if not _ours(announcing, now).open_at(now):
        return
    ends = time.monotonic() + BUDGET_S
    while not one.fanned_out and time.monotonic() < ends:
        if one.trial and not one.tried and not _trial_may_grow(announcing, one):
            return
        following = _step(announcing, one)
        if following is None:
            return
        one = following
    if one.fanned_out:
        _end(announcing, one)


def _trial_may_grow(announcing: Announcing, one: Announcement) -> bool:
    """Make messages until the small group is full; then wait for what becomes of it, and judge."""
    now = announcing.clock()
    with announcing.database.read() as connection:
        states = closing.states(connection, one.id)
    settled = {name: states.get(name, 0) for name in ("sent", "delivered", "read", "failed", "unsure")}
    group = sum(settled.values()) + sum(states.get(name, 0) for name in closing.OPEN)
    if group < one.trial:
        return True
    if any(states.get(name) for name in closing.OPEN):
        return False
    bad = settled["failed"] + settled["unsure"]
    if bad * 100 <= sum(settled.values()) * _ours(announcing, now).trial_failures_percent:
        announcing.database.write(lambda connection: announcements.change(connection, one.id, tried=True))
        return True

    def op(connection: Connection) -> None:
        if announcements.move(connection, "pause", one.id, state_code="announcement.trial_failed"):
            cause = f"announcement:{one.id}:trial"
            marks.raise_alarm(connection, cause, "announcement.trial_failed", now, announcement=one.id, failed=bad)
            audit.record(connection, now, None, "announcement.paused", "announcement", one.id, failed=bad)

    announcing.database.write(op)
    return False


def _step(announcing: Announcing, one: Announcement) -> Announcement | None:
    """Make the messages of the next people, in one transaction with the checkpoint; None when somebody else did."""
    now = announcing.clock()
    open_ways, routed = preflight.ways(announcing, one, now), routes.routed(announcing, one, now)
    size = min(STEP, one.trial) if one.trial and not one.tried else STEP
    with announcing.database.read() as connection:
        message = drafting.pictured(announcing, connection, one)
    written = bodies.for_all(announcing, message, routed)

    def op(connection: Connection) -> Announcement | None:
        mine = (table.c.checkpoint == one.checkpoint, table.c.state == State.RUNNING.value)
        if not announcements.change(connection, one.id, *mine, checkpoint=one.checkpoint):
            return None  # another clock is ahead, or it was paused meanwhile
        batch = _fan_out(announcing, connection, one, message, size, open_ways, written, routed)
        announcements.change(connection, one.id, checkpoint=batch.last, fanned_out=batch.people < size)
        return need(connection, one.id)

    return announcing.database.write(op)


def _fan_out(
    announcing: Announcing, connection: Connection, one: Announcement, message: Message, size: int,
    open_ways: Ways, for_all: Mapping[int, Mapping[str, str]], routed: Routed,
) -> Batch:  # fmt: skip
    if not (message.merges or routed.merges):
        return audience.fan_out(connection, one.id, one.checkpoint, size, open_ways, for_all, one.useful_until)

    def written(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
        return bodies.for_each(announcing, connection, message, rows, routed)

    return audience.fan_out_each(connection, one.id, one.checkpoint, size, open_ways, written, one.useful_until)


def _end(announcing: Announcing, one: Announcement) -> None:
    """All have gone that could go at once."""
    now = announcing.clock()

    def op(connection: Connection) -> None:
        states = closing.states(connection, one.id)
        if any(states.get(name) for name in closing.OPEN):
            closing.expire(connection, one.id, now)
            return
        if any(post.state in articles.OPEN for post in articles.of(connection, one.id)):
            return
        if announcements.move(connection, "finish", one.id, finished_at=now):
            audit.record(connection, now, None, "announcement.finished", "announcement", one.id)

    announcing.database.write(op)


def _after(announcing: Announcing, one: Announcement) -> None:
    """Held ones follow as people write, until it is too late to be useful."""
    now = announcing.clock()

    def op(connection: Connection) -> None:
        closing.expire(connection, one.id, now)
        states = closing.states(connection, one.id)
        if not any(states.get(name) for name in (*closing.OPEN, "held")):
            announcements.move(connection, "close", one.id)

    announcing.database.write(op)


def _call_off(announcing: Announcing, one: Announcement) -> None:
    now = announcing.clock()
    announcing.database.write(lambda connection: articles.call_off(connection, one.id))
    while announcing.database.write(lambda connection: closing.call_off(connection, one.id, now)):
        pass

    def op(connection: Connection) -> None:
        states = closing.states(connection, one.id)
        posting = any(post.state == articles.SENDING for post in articles.of(connection, one.id))
        if not posting and not any(states.get(name) for name in (*closing.OPEN, "held")):
            announcements.move(connection, "close", one.id, state_code="stopped", finished_at=now)

    announcing.database.write(op)


def _ours(announcing: Announcing, now: datetime) -> House:
    return announcing.rules.ours(now.astimezone(zone()).date())


_ROUNDS = {State.RUNNING: _run, State.SENT: _after, State.STOPPED: _call_off}
