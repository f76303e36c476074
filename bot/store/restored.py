"""After an old backup was read: nothing that may have gone out since then goes out again on a guess; staff decide.

The backup knows nothing of what the bot did after it. What it holds as still to be done was mostly done.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, or_, select, text, update

from bot.states import InboxState, OutboxEvent
from bot.store import announcements, articles, marks, outbox
from bot.store.announcements import State
from bot.store.announcements import announcements as announced
from bot.store.articles import announcement_articles
from bot.store.schema import inbox
from bot.store.schema import outbox as messages

#: A backup read so soon is a move to another machine: all of it goes on.
FRESH = timedelta(minutes=5)
ANNOUNCEMENT = "announcement.restored"
ARTICLE = "unsure.restored_article"
MESSAGE = "unsure.restored"
STALE = "stale"


class HeldBack(NamedTuple):
    """How many of each; `asking`: announcements whose hour came after the backup."""

    paused: int
    asking: int
    articles: int
    messages: int
    closed: int


def hold_back(connection: Connection, made_at: datetime, now: datetime) -> HeldBack | None:
    """Stop whatever the bot would do by itself; None when the backup, made at `made_at`, is fresh."""
    if now - made_at <= FRESH:
        return None
    running = select(announced.c.id).where(announced.c.state == State.RUNNING.value)
    due = [one.id for one in announcements.due(connection, now)]
    _warn(connection)
    return HeldBack(
        paused=_stop(connection, "pause", list(connection.scalars(running)), now),
        asking=_stop(connection, "ask", due, now),
        articles=_articles(connection),
        messages=_messages(connection, now),
        closed=_close(connection, now),
    )


def _stop(connection: Connection, act: str, numbers: list[int], now: datetime) -> int:
    for number in numbers:
        announcements.move(connection, act, number, state_code=ANNOUNCEMENT)
        marks.raise_alarm(connection, f"announcement:{number}:asks", ANNOUNCEMENT, now, announcement=number)
    return len(numbers)


def _warn(connection: Connection) -> None:
    """What waits for an officer may have been let go by one: whoever does it now is to know."""
    waits = or_(
        announced.c.state.in_((State.PAUSED.value, State.ASKING.value)),
        and_(announced.c.state == State.APPROVED.value, announced.c.send_at.is_(None)),
    )
    connection.execute(update(announced).where(waits).values(state_code=ANNOUNCEMENT))


def _articles(connection: Connection) -> int:
    waiting = update(announcement_articles).where(announcement_articles.c.state.in_(articles.OPEN))
    return connection.execute(waiting.values(state=articles.UNSURE, code=ARTICLE, leased_at=None)).rowcount


def _messages(connection: Connection, now: datetime) -> int:
    # one in doubt that blocks would be sent once more by itself
    by_itself = or_(text("outbox.state <> 'unsure'"), messages.c.blocks)
    return outbox.move(connection, OutboxEvent.RESTORED, by_itself, now, code=MESSAGE, blocks=False)


def _close(connection: Connection, now: datetime) -> int:
    waiting = update(inbox).where(text("inbox.state IN ('received', 'working')"))
    closed = {"state": InboxState.IGNORED.value, "code": STALE, "finished_at": now, "owner": None, "lease_until": None}
    return connection.execute(waiting.values(**closed)).rowcount
