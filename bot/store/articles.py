"""One article to all followers of an account, as part of an announcement: one act, begun once, and what became of it.

Its people are those of announcement_people whose reason is ARTICLE: no message of their own is made for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Table, Text, and_, func, or_, select, update

from bot.store import accounts
from bot.store.announcements import State as Announced
from bot.store.announcements import announcements
from bot.store.schema import Id, Moment, metadata
from bot.store.schema import accounts as account_table
from bot.store.sql import insert_or_ignore

ARTICLE = "article"
WAITING, SENDING, SENT, FAILED, UNSURE, CANCELLED = "waiting", "sending", "sent", "failed", "unsure", "cancelled"
OPEN = (WAITING, SENDING)
#: Well over one call's time-outs: what was begun so long ago and not noted down may have gone out or not.
LEASE = timedelta(seconds=60)

announcement_articles = Table(
    "announcement_articles",
    metadata,
    Column("announcement_id", Id, ForeignKey("announcements.id"), primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("article", Text, nullable=False),  # the platform's id of the article
    Column("state", Text, nullable=False, server_default=WAITING),
    Column("code", Text, nullable=False, server_default=""),
    Column("since", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("leased_at", Moment),
    Column("begun_at", Moment),  # set just before the request leaves
    Column("sent_at", Moment),
    Column("message_id", Text, nullable=False, server_default=""),
)


@dataclass(frozen=True, slots=True)
class Article:
    announcement_id: int
    account_id: int
    article: str
    state: str
    code: str
    since: datetime
    due_at: datetime
    sent_at: datetime | None

    @property
    def key(self) -> tuple[int, int]:
        return self.announcement_id, self.account_id


_table = announcement_articles.c
_COLUMNS = [_table[name] for name in Article.__dataclass_fields__]


def add(connection: Connection, number: int, articles: Mapping[int, str], now: datetime) -> None:
    """Note what is to be sent: account to article. Again changes nothing."""
    for account_id, article in articles.items():
        row = {"announcement_id": number, "account_id": account_id, "article": article, "since": now, "due_at": now}
        made = insert_or_ignore(connection, announcement_articles, conflict=("announcement_id", "account_id"))
        connection.execute(made.values(row))


def of(connection: Connection, number: int) -> list[Article]:
    query = select(*_COLUMNS).where(_table.announcement_id == number).order_by(_table.account_id)
    return [Article(*row) for row in connection.execute(query)]


def due(connection: Connection, now: datetime) -> list[Article]:
    """What may go now: of announcements that run and whose own messages are all made, over accounts that send."""
    query = (
        select(*_COLUMNS)
        .join(announcements, announcements.c.id == _table.announcement_id)
        .join(account_table, account_table.c.id == _table.account_id)
        .where(
            _table.state == WAITING,
            _table.due_at <= now,
            announcements.c.state == Announced.RUNNING.value,
            announcements.c.fanned_out,
            account_table.c.state == accounts.ACTIVE,
        )
    )
    return [Article(*row) for row in connection.execute(query)]


def lease(connection: Connection, key: tuple[int, int], now: datetime) -> bool:
    """Take it up; False when somebody else did."""
    return _move(connection, key, (WAITING,), state=SENDING, leased_at=now, begun_at=None)


def begin(connection: Connection, key: tuple[int, int], now: datetime) -> bool:
    """Note that the request is about to leave; False when it is no longer ours, or the announcement was stopped."""
    running = select(announcements.c.id).where(announcements.c.state == Announced.RUNNING.value)
    mine = and_(_table.begun_at.is_(None), _table.announcement_id.in_(running))
    return _move(connection, key, (SENDING,), mine, begun_at=now)


def end(connection: Connection, key: tuple[int, int], state: str, **values: Any) -> bool:
    """Write down what became of an attempt: SENT, FAILED or UNSURE; WAITING to try again."""
    return _move(connection, key, (SENDING,), state=state, leased_at=None, **values)


def _old(now: datetime) -> Any:
    return and_(_table.state == SENDING, _table.leased_at <= now - LEASE)


def stuck(connection: Connection, now: datetime) -> bool:
    """Whether an attempt's process died: a cheap look before anything is written."""
    return connection.execute(select(_table.state).where(_old(now)).limit(1)).first() is not None


def expire(connection: Connection, now: datetime) -> int:
    """Attempts whose process died: not begun ones wait again, begun ones are in doubt."""
    old = _old(now)
    freed = update(announcement_articles).where(old, _table.begun_at.is_(None)).values(state=WAITING, leased_at=None)
    doubtful = update(announcement_articles).where(old, _table.begun_at.is_not(None))
    back: int = connection.execute(freed).rowcount
    return back + connection.execute(doubtful.values(state=UNSURE, code="unsure.lease", leased_at=None)).rowcount


def call_off(connection: Connection, number: int) -> int:
    """Cancel what has not begun."""
    which = and_(_table.announcement_id == number, _table.state == WAITING)
    return connection.execute(update(announcement_articles).where(which).values(state=CANCELLED)).rowcount


def settle(connection: Connection, key: tuple[int, int], *, arrived: bool, now: datetime) -> bool:
    """An officer looked at the account's page: it is there, or it is not."""
    values = {"state": SENT, "sent_at": now, "code": ""} if arrived else {"state": FAILED, "code": "settled"}
    return _move(connection, key, (UNSURE,), **values)


def sent_since(connection: Connection, account_id: int, since: datetime) -> int:
    """How many an account has sent, those counted that may have gone out."""
    gone = or_(_table.sent_at > since, and_(_table.state.in_((SENDING, UNSURE)), _table.due_at > since))
    return connection.scalar(select(func.count()).where(_table.account_id == account_id, gone)) or 0


def lately(connection: Connection, since: datetime) -> tuple[int, ...]:
    """Announcements whose article went out since then."""
    return tuple(connection.scalars(select(_table.announcement_id).where(_table.sent_at > since).distinct()))


def _move(connection: Connection, key: tuple[int, int], leaves: Iterable[str], *conditions: Any, **values: Any) -> bool:
    which = and_(_table.announcement_id == key[0], _table.account_id == key[1], _table.state.in_(tuple(leaves)))
    return connection.execute(update(announcement_articles).where(which, *conditions).values(**values)).rowcount == 1
