"""What became of an announcement's every member: counted from the rows, each in exactly one bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from math import ceil
from typing import Any

from sqlalchemy import Connection, and_, func, literal, select, text

from bot.states import OutboxEvent, OutboxState
from bot.store import articles
from bot.store import outbox as sending
from bot.store.articles import ARTICLE, Article
from bot.store.audience import announcement_people
from bot.store.schema import outbox, persons
from bot.store.sql import locked

#: State of a message to the bucket that staff see; a cancelled one says by its code who called it off.
BUCKETS: Mapping[str, str] = {
    OutboxState.QUEUED: "going",
    OutboxState.WAITING: "going",
    OutboxState.SENDING: "going",
    OutboxState.SENT: "sent",
    OutboxState.DELIVERED: "delivered",
    OutboxState.READ: "read",
    OutboxState.FAILED: "failed",
    OutboxState.UNSURE: "unsure",
    OutboxState.HELD: "held",
    OutboxState.EXPIRED: "expired",
}
OPEN = ("queued", "waiting", "sending")


def states(connection: Connection, number: int) -> dict[str, int]:
    """State to messages: one look at an index, for the progress bar."""
    query = select(outbox.c.state, func.count()).where(outbox.c.announcement_id == number).group_by(outbox.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def rows(connection: Connection, number: int) -> list[tuple[str, str, int]]:
    """(bucket, reason, people) of the frozen audience; the forgotten ones are the caller's to count."""
    found: dict[tuple[str, str], int] = {}
    made = select(outbox.c.state, outbox.c.code, func.count()).where(outbox.c.announcement_id == number)
    for state, code, people in connection.execute(made.group_by(outbox.c.state, outbox.c.code)):
        key = _bucket(state, code)
        found[key] = found.get(key, 0) + people
    posted = _articles(connection, number)
    for reason, account_id, people in connection.execute(_without(number)):
        key = _no_message(reason, posted.get(account_id))
        found[key] = found.get(key, 0) + people
    return [(bucket, reason, people) for (bucket, reason), people in sorted(found.items())]


def _without(number: int) -> Any:
    """Those of the audience for whom no message was made, by reason and account."""
    has = (
        select(outbox.c.id)
        .where(outbox.c.announcement_id == number, outbox.c.person_id == announcement_people.c.person_id)
        .exists()
    )
    by = (announcement_people.c.reason, announcement_people.c.account_id)
    query = select(*by, func.count()).where(announcement_people.c.announcement_id == number)
    return query.where(~has).group_by(*by)


def _articles(connection: Connection, number: int) -> dict[int, Article]:
    return {one.account_id: one for one in articles.of(connection, number)}


def _bucket(state: str, code: str) -> tuple[str, str]:
    if state == OutboxState.CANCELLED:
        return ("opted_out", "") if code == "opted_out" else ("stopped", code)
    bucket = BUCKETS[state]
    return bucket, code if bucket in {"failed", "unsure"} else ""


#: State of an article to the bucket of all who follow.
_POSTED = {
    articles.WAITING: "going", articles.SENDING: "going", articles.SENT: "sent", articles.FAILED: "failed",
    articles.UNSURE: "unsure", articles.CANCELLED: "stopped",
}  # fmt: skip


def _no_message(reason: str, article: Article | None) -> tuple[str, str]:
    if reason == ARTICLE:
        return (_POSTED[article.state], article.code or ARTICLE) if article else ("not_begun", "")
    if reason == "opted_out":
        return "opted_out", ""
    return ("not_reachable", reason) if reason else ("not_begun", "")


def counted(connection: Connection, number: int) -> int:
    """How many of the frozen audience are still in the tables; the others asked to be forgotten."""
    query = select(func.count()).where(announcement_people.c.announcement_id == number)
    return connection.scalar(query) or 0


def over_time(connection: Connection, number: int, steps: int = 60) -> list[tuple[datetime, int]]:
    """(moment, sent so far), in equal steps between the first and the last message."""
    span = select(func.min(outbox.c.sent_at), func.max(outbox.c.sent_at)).where(outbox.c.announcement_id == number)
    first, last = connection.execute(span).one()
    if first is None:
        return []
    length = max((last - first).total_seconds(), 1.0)
    sent = [0] * (steps + 1)
    query = select(outbox.c.sent_at).where(outbox.c.announcement_id == number, outbox.c.sent_at.is_not(None))
    for (at,) in connection.execute(query).yield_per(5000):
        sent[ceil((at - first).total_seconds() / length * steps)] += 1
    return [(first + timedelta(seconds=length * step / steps), so_far) for step, so_far in enumerate(accumulate(sent))]


def sent_since(connection: Connection, number: int, since: datetime) -> int:
    """How many left lately: by the index of what ended lately, not by the announcement's hundreds of thousands."""
    mine = outbox.c.announcement_id + literal(0) == number
    query = select(func.count()).where(outbox.c.finished_at > since, outbox.c.sent_at > since, mine)
    return connection.scalar(query) or 0


def everyone(connection: Connection, number: int) -> Iterator[tuple[int, str, str, datetime | None]]:
    """(person, bucket, reason, when) of the whole audience, for the export."""
    joined = and_(outbox.c.announcement_id == number, outbox.c.person_id == announcement_people.c.person_id)
    query = (
        select(
            announcement_people.c.person_id,
            announcement_people.c.account_id,
            announcement_people.c.reason,
            outbox.c.state,
            outbox.c.code,
            func.coalesce(outbox.c.read_at, outbox.c.delivered_at, outbox.c.sent_at).label("at"),
        )
        .outerjoin(outbox, joined)
        .where(announcement_people.c.announcement_id == number)
        .order_by(announcement_people.c.person_id)
    )
    posted = _articles(connection, number)
    for row in connection.execute(query).yield_per(2000):
        article = posted.get(row.account_id) if row.reason == ARTICLE else None
        bucket, reason = _bucket(row.state, row.code) if row.state else _no_message(row.reason, article)
        yield row.person_id, bucket, reason, row.at or (article.sent_at if article else None)


def unsure(connection: Connection, number: int, limit: int = 200) -> list[tuple[int, int, str, datetime | None]]:
    """(message, person, workplace, when it began) of those nobody knows about."""
    query = (
        select(outbox.c.id, outbox.c.person_id, persons.c.unit_said, outbox.c.begun_at)
        .join(persons, persons.c.id == outbox.c.person_id)
        .where(outbox.c.announcement_id == number, outbox.c.state == OutboxState.UNSURE.value)
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def settle(connection: Connection, number: int, message_ids: list[int] | None, *, again: bool, now: datetime) -> int:
    """Staff decide on unsure messages (all of them for None): send again, or take them for not arrived."""
    which = outbox.c.announcement_id == number
    if message_ids is not None:
        which = and_(which, outbox.c.id.in_(message_ids))
    event = OutboxEvent.RESEND if again else OutboxEvent.SETTLED_FAILED
    values = {"due_at": now} if again else {"code": "settled"}
    return sending.move(connection, event, which, now, **values)


def call_off(connection: Connection, number: int, now: datetime, most: int = 5000) -> int:
    """Cancel some of what has not gone yet."""
    some = (
        select(outbox.c.id)
        .where(outbox.c.announcement_id == number, text("outbox.state IN ('queued', 'waiting', 'held')"))
        .limit(most)
    )
    ids = list(connection.scalars(locked(connection, some, skip=True)))
    return sending.move(connection, OutboxEvent.CALLED_OFF, outbox.c.id.in_(ids), now, code="stopped") if ids else 0


def expire(connection: Connection, number: int, now: datetime) -> int:
    return sending.expire(connection, outbox.c.announcement_id == number, now)


def last_sent(connection: Connection, number: int) -> datetime | None:
    found: datetime | None = connection.scalar(
        select(func.max(outbox.c.sent_at)).where(outbox.c.announcement_id == number)
    )
    return found
