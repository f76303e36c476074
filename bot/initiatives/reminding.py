"""Reminders of what is unfinished: only while a free message may go, by day, and at most twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.sql import ColumnElement

from bot.clock import Clock
from bot.initiatives.form import Form
from bot.initiatives.news import News
from bot.initiatives.states import State
from bot.platforms.rules import Rules
from bot.states import Origin
from bot.store import initiatives as store
from bot.store.database import Database
from bot.store.initiatives import Initiative, initiatives
from bot.store.schema import accounts, persons

MOST = 2
AFTER = timedelta(hours=18)  # of silence: the author may be between two shifts
BETWEEN = timedelta(hours=20)
AT_ONCE = 200
#: So long before the window closes a reminder still goes.
MARGIN = timedelta(minutes=10)


class Reminding:
    def __init__(self, database: Database, news: News, form: Callable[[], Form], clock: Clock) -> None:
        self._database = database
        self._news = news
        self._form = form
        self._clock = clock

    def work(self) -> int:
        """Remind whom it is time to remind; how many. Also lets go of drafts that nobody touched for weeks."""
        now = self._clock()
        house = Rules.load().ours(now.date())
        self._database.write(lambda connection: self._drop_old(connection, now))
        if not house.open_at(now):
            return 0
        return self._database.write(lambda connection: self._remind(connection, now))

    def _remind(self, connection: Connection, now: datetime) -> int:
        due = (
            select(initiatives.c.id, accounts.c.platform, persons.c.wrote_at)
            .join(persons, persons.c.id == initiatives.c.person_id)
            .join(accounts, accounts.c.id == persons.c.account_id)
            .where(
                initiatives.c.state.in_((State.WRITING, State.RECEIVED)),
                initiatives.c.reminders < MOST,
                initiatives.c.touched_at < now - AFTER,
                _not_since(now - BETWEEN),
                persons.c.reachable,
                persons.c.leaving_at.is_(None),
                persons.c.staff_until.is_(None) | (persons.c.staff_until < now),
                persons.c.wrote_at > now - timedelta(days=3),
            )
            .order_by(initiatives.c.touched_at)
            .limit(AT_ONCE)
        )
        found = connection.execute(due).all()
        return sum(self._one(connection, row.id, row.platform, row.wrote_at, now) for row in found)

    def _one(self, connection: Connection, number: int, platform: str, wrote_at: datetime, now: datetime) -> int:
        closes = Rules.load().windows.closes(platform, Origin.NOTICE, wrote_at, now)
        one = store.get(connection, number)
        text, buttons = self._words(one) if one is not None else ("", ())
        if one is None or not text or now > closes - MARGIN:
            return 0
        sent = self._news.send(
            connection, one.person_id, text, now, buttons=buttons, subject=f"initiative:{one.id}:remind",
            useful_until=closes,
        )  # fmt: skip
        store.change(connection, one.id, now, reminders=one.reminders + 1, reminded_at=now)
        return 1 if sent is not None else 0

    def _words(self, one: Initiative) -> tuple[str, tuple[tuple[str, str], ...]]:
        texts = self._news.texts
        if one.state == State.WRITING:
            buttons = (("Viết tiếp", "initiative:resume"), ("Bỏ bản này", "initiative:drop"))
            return texts("initiative.remind_draft"), buttons
        missing = [item.key for item in self._form().field if not item.needed and not one.fields.get(item.key)]
        if not missing or one.code is None:
            return "", ()
        text = texts("initiative.remind_lacking", noun=one.code, most=len(missing))
        return text, (("Bổ sung", f"initiative:more:{one.code}"), ("Xem hồ sơ", f"initiative:show:{one.code}"))

    def _drop_old(self, connection: Connection, now: datetime) -> None:
        old = now - timedelta(days=self._form().draft_days)
        which = (initiatives.c.state == State.WRITING) & (initiatives.c.touched_at < old)
        for number in connection.scalars(select(initiatives.c.id).where(which).limit(AT_ONCE)).all():
            store.drop(connection, number)


def _not_since(moment: datetime) -> ColumnElement[bool]:
    return initiatives.c.reminded_at.is_(None) | (initiatives.c.reminded_at < moment)
