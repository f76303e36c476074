"""What people ask of their personal data, with due dates: acknowledged at once, answered, carried out.

The rows outlive the person: they prove what was asked and done. So they hold a number, never a name; what an officer
needs to reach somebody who wrote a letter is erased when the request is closed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Column, Connection, Index, Table, Text, insert, select, update

from bot.clock import zone
from bot.store import audit
from bot.store.schema import Id, Moment, metadata, persons
from bot.store.sql import index_over_some

#: Decree 356/2025: answered within two working days; carried out well within the ten days it allows at least.
ANSWER_WITHIN = 2
FINISH_WITHIN = timedelta(days=10)


class Kind(StrEnum):
    SEE = "see"  # a copy of what is kept
    CORRECT = "correct"
    DELETE = "delete"
    WITHDRAW = "withdraw"  # a consent
    OBJECT = "object"  # to a use
    OTHER = "other"


class Channel(StrEnum):
    CHAT = "chat"
    LETTER = "letter"
    PHONE = "phone"
    VISIT = "visit"


class Outcome(StrEnum):
    DONE = "done"
    PARTLY = "partly"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by who asked


data_requests = Table(
    "data_requests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id),  # a number only; the person may be gone
    Column("unit_id", Id),  # whose matter it is; NULL: the province's
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("answer_by", Moment, nullable=False),
    Column("finish_by", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("closed_at", Moment),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("contact", Text, nullable=False, server_default=""),  # erased when closed
    Column("staff_id", Id),
)
index_over_some(
    "ix_data_requests_open",
    data_requests.c.answer_by,
    where="closed_at IS NULL",
)
Index("ix_data_requests_person", data_requests.c.person_id)
Index("ix_data_requests_received", data_requests.c.received_at)


@dataclass(frozen=True, slots=True)
class DataRequest:
    id: int
    person_id: int | None
    unit_id: int | None
    kind: str
    channel: str
    received_at: datetime
    answer_by: datetime
    finish_by: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    outcome: str
    contact: str
    staff_id: int | None

    def due(self) -> datetime | None:
        """What comes next has to be done by then; None when all is."""
        if self.closed_at is not None:
            return None
        return self.answer_by if self.answered_at is None else self.finish_by

    def late(self, now: datetime) -> bool:
        due = self.due()
        return due is not None and due < now


_COLUMNS = [data_requests.c[name] for name in DataRequest.__dataclass_fields__]


def working_days_after(at: datetime, days: int) -> datetime:
    """The same time of day so many working days later: Saturday and Sunday do not count."""
    local = at.astimezone(zone())
    while days:
        local += timedelta(days=1)
        days -= local.weekday() < 5
    return local.astimezone(UTC)


def add(
    connection: Connection,
    now: datetime,
    by: int | None,
    *,
    kind: Kind,
    channel: Channel,
    received_at: datetime,
    answer_by: datetime,
    finish_by: datetime,
    person_id: int | None = None,
    contact: str = "",
) -> int:
    unit = connection.scalar(select(persons.c.unit_id).where(persons.c.id == person_id)) if person_id else None
    row = {
        "person_id": person_id, "unit_id": unit, "kind": kind, "channel": channel, "received_at": received_at,
        "answer_by": answer_by, "finish_by": finish_by, "contact": contact, "staff_id": by,
    }  # fmt: skip
    number: int = connection.execute(insert(data_requests).values(row).returning(data_requests.c.id)).scalar_one()
    audit.record(connection, now, by, "data_request.received", "data_request", number, kind=kind, person=person_id)
    return number


def asked_in_chat(connection: Connection, now: datetime, person_id: int) -> None:
    """Somebody told the bot that something is to be put right; one open request of a kind is enough."""
    same = (data_requests.c.person_id == person_id) & (data_requests.c.kind == Kind.CORRECT)
    if connection.scalar(select(data_requests.c.id).where(same, data_requests.c.closed_at.is_(None)).limit(1)):
        return
    add(
        connection, now, None, kind=Kind.CORRECT, channel=Channel.CHAT, received_at=now,
        answer_by=working_days_after(now, ANSWER_WITHIN), finish_by=now + FINISH_WITHIN, person_id=person_id,
    )  # fmt: skip


def done_at_once(connection: Connection, now: datetime, kind: Kind, person_id: int) -> None:
    """Asked in the chat and carried out by the bot in the same breath."""
    row = {
        "person_id": person_id, "kind": kind, "channel": Channel.CHAT, "received_at": now, "answer_by": now,
        "finish_by": now, "answered_at": now, "closed_at": now, "outcome": Outcome.DONE,
    }  # fmt: skip
    connection.execute(insert(data_requests).values(row))


def open_ones(connection: Connection, *, limit: int = 200) -> list[DataRequest]:
    """What is not closed, the next due first."""
    query = select(*_COLUMNS).where(data_requests.c.closed_at.is_(None)).limit(limit)
    found = [DataRequest(*row) for row in connection.execute(query.order_by(data_requests.c.answer_by))]
    return sorted(found, key=lambda one: one.due() or one.received_at)


def closed_ones(connection: Connection, *, below: int | None = None, limit: int = 50) -> list[DataRequest]:
    """The newest first, with ids smaller than `below`."""
    query = select(*_COLUMNS).where(data_requests.c.closed_at.is_not(None))
    if below is not None:
        query = query.where(data_requests.c.id < below)
    return [DataRequest(*row) for row in connection.execute(query.order_by(data_requests.c.id.desc()).limit(limit))]


def of_person(connection: Connection, person_id: int) -> list[DataRequest]:
    query = select(*_COLUMNS).where(data_requests.c.person_id == person_id).order_by(data_requests.c.id.desc())
    return [DataRequest(*row) for row in connection.execute(query)]


def get(connection: Connection, number: int) -> DataRequest | None:
    row = connection.execute(select(*_COLUMNS).where(data_requests.c.id == number)).first()
    return DataRequest(*row) if row else None


def answered(connection: Connection, now: datetime, by: int, number: int) -> bool:
    """The person was told what will be done."""
    which = (data_requests.c.id == number) & data_requests.c.answered_at.is_(None) & data_requests.c.closed_at.is_(None)
    won = connection.execute(update(data_requests).where(which).values(answered_at=now, staff_id=by)).rowcount == 1
    if won:
        audit.record(connection, now, by, "data_request.answered", "data_request", number)
    return won


def close(connection: Connection, now: datetime, by: int, number: int, outcome: Outcome) -> bool:
    which = (data_requests.c.id == number) & data_requests.c.closed_at.is_(None)
    answered_at = select(data_requests.c.answered_at).where(data_requests.c.id == number)
    first = connection.scalar(answered_at) or now
    values = {"closed_at": now, "answered_at": first, "outcome": outcome, "contact": "", "staff_id": by}
    won = connection.execute(update(data_requests).where(which).values(values)).rowcount == 1
    if won:
        audit.record(connection, now, by, "data_request.closed", "data_request", number, outcome=outcome)
    return won


def close_all_of(connection: Connection, now: datetime, by: int, person_id: int, kinds: Collection[Kind]) -> None:
    """What was just done for a person closes what they had asked for."""
    which = (
        (data_requests.c.person_id == person_id)
        & data_requests.c.closed_at.is_(None)
        & data_requests.c.kind.in_([kind.value for kind in kinds])
    )
    for number in connection.scalars(select(data_requests.c.id).where(which)).all():
        close(connection, now, by, number, Outcome.DONE)
