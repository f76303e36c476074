"""Reports that the province asks of units: the document that asks, who must answer by when, and what they sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Connection, Date, ForeignKey, Index, Table, Text, func, insert, select, true, update

from bot.store.schema import Id, Moment, metadata
from bot.store.sql import insert_or_ignore

report_requests = Table(
    "report_requests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("title", Text, nullable=False),
    Column("document", Text, nullable=False),  # number and date of the document that asks
    Column("file_id", Id),  # of files
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),  # the last day
    Column("due_on", Date, nullable=False),
    Column("questions", Text, nullable=False),  # JSON: what the bot cannot know
    Column("staff_id", Id),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment),
)

unit_reports = Table(
    "unit_reports",
    metadata,
    Column("request_id", Id, ForeignKey("report_requests.id", ondelete="CASCADE"), primary_key=True),
    Column("unit_id", Id, ForeignKey("units.id"), primary_key=True),
    Column("figures", Text, nullable=False, server_default="{}"),  # JSON: as sent, so that later changes do not matter
    Column("answers", Text, nullable=False, server_default="{}"),  # JSON: question number -> words
    Column("staff_id", Id),
    Column("sent_at", Moment),
)
Index("ix_unit_reports_unit", unit_reports.c.unit_id, unit_reports.c.sent_at)


@dataclass(frozen=True, slots=True)
class Request:
    id: int
    title: str
    document: str
    file_id: int | None
    since: date
    until: date
    due_on: date
    questions: tuple[str, ...]
    staff_id: int | None
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reply:
    request_id: int
    unit_id: int
    figures: Mapping[str, Any]
    answers: Mapping[str, str]
    staff_id: int | None
    sent_at: datetime | None


_REQUEST = [report_requests.c[name] for name in Request.__dataclass_fields__]
_REPLY = [unit_reports.c[name] for name in Reply.__dataclass_fields__]


def ask(connection: Connection, now: datetime, unit_ids: Collection[int], **values: Any) -> int:
    row = {**values, "questions": json.dumps(values["questions"], ensure_ascii=False), "created_at": now}
    made = insert(report_requests).values(**row).returning(report_requests.c.id)
    number = int(connection.execute(made).scalar_one())
    add_units(connection, number, unit_ids)
    return number


def add_units(connection: Connection, request_id: int, unit_ids: Collection[int]) -> None:
    rows = [{"request_id": request_id, "unit_id": unit_id} for unit_id in sorted(unit_ids)]
    if rows:
        statement = insert_or_ignore(connection, unit_reports, conflict=("request_id", "unit_id"))
        connection.execute(statement.values(rows))


def get(connection: Connection, request_id: int) -> Request | None:
    row = connection.execute(select(*_REQUEST).where(report_requests.c.id == request_id)).one_or_none()
    return _request(row) if row is not None else None


def everything(connection: Connection, unit_ids: Collection[int] | None) -> list[tuple[Request, int, int]]:
    """Requests that concern these units (None: all), newest first, with how many were asked and how many sent."""
    theirs = true() if unit_ids is None else unit_reports.c.unit_id.in_(list(unit_ids))
    counted = (
        select(
            unit_reports.c.request_id,
            func.count().label("asked"),
            func.count(unit_reports.c.sent_at).label("sent"),
        )
        .where(theirs)
        .group_by(unit_reports.c.request_id)
        .subquery()
    )
    of_it = counted.c.request_id == report_requests.c.id
    query = select(*_REQUEST, counted.c.asked, counted.c.sent).join(counted, of_it)
    rows = connection.execute(query.order_by(report_requests.c.id.desc()).limit(200))
    return [(_request(row), row.asked, row.sent) for row in rows]


def replies(connection: Connection, request_id: int) -> list[Reply]:
    query = select(*_REPLY).where(unit_reports.c.request_id == request_id).order_by(unit_reports.c.unit_id)
    return [_reply(row) for row in connection.execute(query)]


def send(
    connection: Connection,
    request_id: int,
    unit_id: int,
    staff_id: int,
    now: datetime,
    figures: Mapping[str, Any],
    answers: Mapping[str, str],
) -> bool:
    """What a unit sends; sending again replaces it. False when the unit was not asked."""
    which = (unit_reports.c.request_id == request_id) & (unit_reports.c.unit_id == unit_id)
    values = {
        "figures": json.dumps(figures, ensure_ascii=False),
        "answers": json.dumps(answers, ensure_ascii=False),
        "staff_id": staff_id,
        "sent_at": now,
    }
    return connection.execute(update(unit_reports).where(which).values(**values)).rowcount == 1


def _request(row: Any) -> Request:
    values = {name: row._mapping[name] for name in Request.__dataclass_fields__}  # noqa: SLF001 - public name for it
    return Request(**{**values, "questions": tuple(json.loads(values["questions"]))})


def _reply(row: Any) -> Reply:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Reply(**{**values, "figures": json.loads(values["figures"]), "answers": json.loads(values["answers"])})
