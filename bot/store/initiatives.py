"""Initiatives and what became of them: the record, its history, the calls that somebody must make.

Rows that point at a person go when the person is forgotten, and with an initiative go its history, scores and story.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    ForeignKey,
    Index,
    Integer,
    Select,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.sql import ColumnElement

from bot.library.vietnamese import fold, nfc
from bot.store import leaving
from bot.store.prepared import Prepared
from bot.store.schema import Id, Moment, metadata, outbox
from bot.store.sql import index_over_some, insert_or_ignore

initiatives = Table(
    "initiatives",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", Text, unique=True),  # NULL while it is being written
    Column("person_id", Id, ForeignKey("persons.id")),  # NULL: on paper or by phone, or nobody has claimed it yet
    Column("channel", Text, nullable=False, server_default="chat"),  # chat | helper | paper | phone
    Column("state", Text, nullable=False),
    Column("idea", Boolean, nullable=False, server_default=false()),  # not tried yet: no sáng kiến
    Column("title", Text, nullable=False, server_default=""),
    Column("author", Text, nullable=False, server_default=""),
    Column("born", Integer),
    Column("unit_id", Id, ForeignKey("units.id")),
    Column("unit_said", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False, server_default=""),
    Column("gain", BigInteger),  # đồng a year, as the author claims
    Column("since", Date),  # first use
    Column("since_precision", Text, nullable=False, server_default=""),  # day | month | year
    Column("fields", Text, nullable=False, server_default="{}"),  # JSON, all answers in the author's words
    Column("folded", Text, nullable=False, server_default=""),  # for searching
    Column("readers", Text, nullable=False, server_default="province"),  # province | unit
    Column("employer_ok", Boolean),  # NULL: never asked
    Column("name_ok", Boolean),  # to show the name
    Column("story_ok", Boolean),  # to show the story
    Column("news", Text, nullable=False, server_default="here"),  # here | phone
    Column("phone", Text, nullable=False, server_default=""),
    Column("confirmed", Boolean, nullable=False, server_default=true()),  # by the author; not yet when a helper wrote
    Column("pin", Text, nullable=False, server_default=""),  # keyed hash: by it the author claims what a helper wrote
    Column("pin_tries", Integer, nullable=False, server_default="0"),
    Column("consent_note", Text, nullable=False, server_default=""),  # how consent was given, on paper or by phone
    Column("assigned_id", Id),  # of staff
    Column("round", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),  # why it is unfit, in plain words
    Column("recognition_number", Text, nullable=False, server_default=""),
    Column("recognition_date", Date),
    Column("reminders", Integer, nullable=False, server_default="0"),
    Column("reminded_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("touched_at", Moment, nullable=False),  # the author's newest act
    Column("received_at", Moment),
    Column("changed_at", Moment, nullable=False),
)
index_over_some(
    "ix_initiatives_draft",  # one draft a person
    initiatives.c.person_id,
    unique=True,
    where="state = 'writing'",
)
Index("ix_initiatives_person", initiatives.c.person_id, initiatives.c.id)
Index("ix_initiatives_listed", initiatives.c.state, initiatives.c.received_at, initiatives.c.id)
Index("ix_initiatives_unit", initiatives.c.unit_id, initiatives.c.received_at)
Index("ix_initiatives_received", initiatives.c.received_at, initiatives.c.id)
Index("ix_initiatives_assigned", initiatives.c.assigned_id, initiatives.c.state)

initiative_helpers = Table(  # who handed in for somebody else
    "initiative_helpers",
    metadata,
    Column("initiative_id", Id, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), nullable=False),
)
Index("ix_initiative_helpers_person", initiative_helpers.c.person_id)

initiative_events = Table(  # the history
    "initiative_events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("initiative_id", Id, ForeignKey("initiatives.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),  # state | question | answer | added | note | assigned | permit | papers
    Column("by", Text, nullable=False),  # author | helper | staff | bot
    Column("staff_id", Id),
    Column("state_before", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    Column("outbox_id", Id),  # the message that tells the author
    Column("to_call", Boolean, nullable=False, server_default=false()),  # nobody can write to them: call
    Column("called_at", Moment),
    Column("called_by", Id),
)
Index("ix_initiative_events_initiative", initiative_events.c.initiative_id, initiative_events.c.id)
index_over_some(
    "ix_initiative_events_untold",
    initiative_events.c.at,
    where="called_at IS NULL AND (outbox_id IS NOT NULL OR to_call)",
)

initiative_scores = Table(
    "initiative_scores",
    metadata,
    Column("initiative_id", Id, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("staff_id", Id, primary_key=True),
    Column("scores", Text, nullable=False),  # JSON: criterion -> 0 to 10
    Column("remark", Text, nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
)

saved_views = Table(  # filters of the list that an officer comes back to
    "saved_views",
    metadata,
    Column("id", Id, primary_key=True),
    Column("staff_id", Id, nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    UniqueConstraint("staff_id", "name"),
)

leaving.HELD.append((initiatives, initiatives.c.assigned_id, true()))
_OPEN_QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Initiative:
    """One row, whole."""

    id: int
    code: str | None
    person_id: int | None
    channel: str
    state: str
    idea: bool
    title: str
    author: str
    born: int | None
    unit_id: int | None
    unit_said: str
    subject: str
    gain: int | None
    since: date | None
    since_precision: str
    fields: Mapping[str, Any]
    readers: str
    employer_ok: bool | None
    name_ok: bool | None
    story_ok: bool | None
    news: str
    phone: str
    confirmed: bool
    pin: str
    pin_tries: int
    consent_note: str
    assigned_id: int | None
    round: str
    reason: str
    recognition_number: str
    recognition_date: date | None
    reminders: int
    reminded_at: datetime | None
    created_at: datetime
    touched_at: datetime
    received_at: datetime | None
    changed_at: datetime


_COLUMNS = [initiatives.c[name] for name in Initiative.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    initiative_id: int
    at: datetime
    kind: str
    by: str
    staff_id: int | None
    state_before: str
    state: str
    text: str
    outbox_id: int | None
    to_call: bool
    called_at: datetime | None


_EVENT = [initiative_events.c[name] for name in Event.__dataclass_fields__]


# ---- one row ----


def get(connection: Connection, initiative_id: int) -> Initiative | None:
    return _one(connection, initiatives.c.id == initiative_id)


def by_code(connection: Connection, code: str) -> Initiative | None:
    return _one(connection, initiatives.c.code == code)


def draft_of(connection: Connection, person_id: int) -> Initiative | None:
    return _one(connection, and_(initiatives.c.person_id == person_id, initiatives.c.state == "writing"))


def all_of(connection: Connection, person_id: int, *, limit: int = 30) -> list[Initiative]:
    """A person's own, newest first, with the draft."""
    rows = _ALL_OF.rows(connection, of_person=person_id, most=limit)
    return [_initiative(dict(zip(Initiative.__dataclass_fields__, row, strict=True))) for row in rows]


_ALL_OF = Prepared(  # every turn asks
    lambda _: (
        select(*_COLUMNS)
        .where(initiatives.c.person_id == bindparam("of_person"))
        .order_by(initiatives.c.id.desc())
        .limit(bindparam("most", type_=Integer))
    )
)


def states_of(connection: Connection, codes: Collection[str]) -> dict[str, tuple[str, bool]]:
    """Code to state and whether it is an idea: all that anybody but the author learns."""
    if not codes:
        return {}
    query = select(initiatives.c.code, initiatives.c.state, initiatives.c.idea)
    return {row.code: (row.state, row.idea) for row in connection.execute(query.where(initiatives.c.code.in_(codes)))}


def add(connection: Connection, now: datetime, **values: Any) -> int:
    """A new row; its number."""
    row = {"created_at": now, "touched_at": now, "changed_at": now, **as_stored(values)}
    return int(connection.execute(insert(initiatives).values(**row).returning(initiatives.c.id)).scalar_one())


def change(connection: Connection, initiative_id: int, now: datetime, **values: Any) -> None:
    row = {"changed_at": now, **as_stored(values)}
    connection.execute(update(initiatives).where(initiatives.c.id == initiative_id).values(**row))


def drop(connection: Connection, initiative_id: int) -> None:
    connection.execute(delete(initiatives).where(initiatives.c.id == initiative_id))


def move(connection: Connection, initiative_id: int, before: str, after: str, now: datetime, **values: Any) -> bool:
    """One conditional UPDATE; False when somebody else moved it meanwhile."""
    which = and_(initiatives.c.id == initiative_id, initiatives.c.state == before)
    row = {"state": after, "changed_at": now, **as_stored(values)}
    return connection.execute(update(initiatives).where(which).values(**row)).rowcount == 1


def take_code(connection: Connection, initiative_id: int, code: str) -> bool:
    """Give it this code unless somebody has it."""
    taken = exists().where(initiatives.c.code == code).correlate(None)
    free = update(initiatives).where(initiatives.c.id == initiative_id, ~taken)
    return connection.execute(free.values(code=code)).rowcount == 1


def _one(connection: Connection, condition: ColumnElement[bool]) -> Initiative | None:
    row = connection.execute(select(*_COLUMNS).where(condition)).one_or_none()
    return _row(row) if row is not None else None


def _row(row: Any) -> Initiative:
    return _initiative(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


def _initiative(values: Mapping[str, Any]) -> Initiative:
    return Initiative(**{**values, "fields": json.loads(values["fields"])})


def as_stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the columns keep them: the answers as JSON."""
    made = dict(values)
    if isinstance(made.get("fields"), Mapping):
        made["fields"] = json.dumps(made["fields"], ensure_ascii=False, separators=(",", ":"))
    return made


def searchable(*texts: str | None) -> str:
    """Words folded for the search of the list."""
    return fold(nfc(" ".join(part for part in texts if part)))[:4000]


# ---- helpers ----


def set_helper(connection: Connection, initiative_id: int, person_id: int) -> None:
    statement = insert_or_ignore(connection, initiative_helpers, conflict=("initiative_id",))
    connection.execute(statement.values(initiative_id=initiative_id, person_id=person_id))


def helper_of(connection: Connection, initiative_id: int) -> int | None:
    query = select(initiative_helpers.c.person_id).where(initiative_helpers.c.initiative_id == initiative_id)
    return connection.scalar(query)


# ---- history ----


def record(
    connection: Connection,
    initiative_id: int,
    now: datetime,
    kind: str,
    by: str,
    *,
    staff_id: int | None = None,
    state_before: str = "",
    state: str = "",
    text: str = "",
    outbox_id: int | None = None,
    to_call: bool = False,
) -> int:
    row = {
        "initiative_id": initiative_id, "at": now, "kind": kind, "by": by, "staff_id": staff_id,
        "state_before": state_before, "state": state, "text": text, "outbox_id": outbox_id, "to_call": to_call,
    }  # fmt: skip
    made = insert(initiative_events).values(**row).returning(initiative_events.c.id)
    return int(connection.execute(made).scalar_one())


def told(connection: Connection, event_id: int, outbox_id: int | None, *, to_call: bool) -> None:
    """By which message the author hears of it, or that somebody must call."""
    which = update(initiative_events).where(initiative_events.c.id == event_id)
    connection.execute(which.values(outbox_id=outbox_id, to_call=to_call))


def history(connection: Connection, initiative_id: int) -> list[Event]:
    query = select(*_EVENT).where(initiative_events.c.initiative_id == initiative_id).order_by(initiative_events.c.id)
    return [Event(*row) for row in connection.execute(query)]


def open_questions(connection: Connection, initiative_ids: Sequence[int]) -> dict[int, str]:
    """The newest question of a reviewer for each, where no answer came behind it."""
    if not initiative_ids:
        return {}
    query = (
        select(initiative_events.c.initiative_id, initiative_events.c.kind, initiative_events.c.text)
        .where(
            initiative_events.c.initiative_id.in_(initiative_ids),
            initiative_events.c.kind.in_((_OPEN_QUESTION, "answer")),
        )
        .order_by(initiative_events.c.id)
    )
    newest = {row.initiative_id: row for row in connection.execute(query)}
    return {number: row.text for number, row in newest.items() if row.kind == _OPEN_QUESTION}


def untold(cutoff: datetime, *, limit: int = 100) -> Select[Any]:
    """The query for news that no message has carried: held since before `cutoff`, or to be told by phone."""
    held = exists().where(outbox.c.id == initiative_events.c.outbox_id, text("outbox.state IN ('held', 'failed')"))
    waiting = or_(initiative_events.c.to_call, and_(initiative_events.c.at < cutoff, held))
    columns = [*_EVENT, initiatives.c.code, initiatives.c.author, initiatives.c.phone, initiatives.c.unit_id]
    return (
        select(*columns)
        .join(initiatives, initiatives.c.id == initiative_events.c.initiative_id)
        .where(
            initiative_events.c.called_at.is_(None),
            or_(initiative_events.c.outbox_id.is_not(None), initiative_events.c.to_call),
            waiting,
        )
        .order_by(initiative_events.c.at)
        .limit(limit)
    )


def called(connection: Connection, event_id: int, staff_id: int, now: datetime) -> Event | None:
    """Somebody told the author by phone; the event, or None when another was quicker."""
    which = (initiative_events.c.id == event_id) & initiative_events.c.called_at.is_(None)
    done = update(initiative_events).where(which).values(called_at=now, called_by=staff_id)
    if connection.execute(done).rowcount != 1:
        return None
    row = connection.execute(select(*_EVENT).where(initiative_events.c.id == event_id)).one()
    return Event(*row)


def count_by_state(connection: Connection, which: ColumnElement[bool] | None = None) -> dict[str, int]:
    query = select(initiatives.c.state, func.count()).group_by(initiatives.c.state)
    return {row[0]: row[1] for row in connection.execute(query if which is None else query.where(which))}
