"""From what the bot could not answer to a published answer: the questions, and the officers' drafts, with a way back.

A draft is either a whole new answer, or messages more for an answer there is. Publishing writes it over the shipped
content (`bot.store.options`, areas "answers" and "examples") and settles the questions it came from; undoing puts both
back as they were.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Row, Table, Text, func, insert, select, update

from bot.errors import BotError
from bot.store import audit, options
from bot.store.schema import Id, Moment, metadata, misses
from bot.store.sql import locked

ANSWERS, EXAMPLES = AREAS = ("answers", "examples")

drafts = Table(
    "answer_drafts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("state", Text, nullable=False),
    Column("answer", Text, nullable=False),  # the id of the answer it makes or adds to
    Column("entry", Text),  # JSON, of bot.library.schema.Entry; NULL: only messages more
    Column("lines", Text, nullable=False),  # JSON: the messages
    Column("misses", Text, nullable=False),  # JSON: numbers of the questions it came from
    Column("tell", Boolean, nullable=False),
    Column("made_by", Id, nullable=False),  # who wrote it last
    Column("changed_at", Moment, nullable=False),
    Column("trial", Text),  # JSON: what the question tests said of just these words
    Column("published_by", Id),
    Column("published_at", Moment),
    Column("before", Text),  # JSON: what publishing replaced
)
Index("ix_answer_drafts_state", drafts.c.state, drafts.c.changed_at)


class DraftState(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"  # for the second reader
    PUBLISHED = "published"
    DROPPED = "dropped"


OPEN = (DraftState.DRAFT.value, DraftState.WAITING.value)


@dataclass(frozen=True, slots=True)
class Miss:
    """A question without its answer. `nearest`: ids of answers, likeliest first."""

    id: int
    person_id: int
    text: str
    nearest: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    answer: str
    entry: Mapping[str, Any] | None = None
    lines: tuple[str, ...] = ()
    misses: tuple[int, ...] = ()
    tell: bool = False
    id: int = 0
    state: DraftState = DraftState.DRAFT
    made_by: int = 0
    changed_at: datetime | None = None
    trial: Mapping[str, Any] | None = None
    published_by: int | None = None
    published_at: datetime | None = None
    before: Mapping[str, Any] | None = None


# ---- questions without an answer ----


def waiting(connection: Connection, limit: int) -> list[Miss]:
    """The newest ones that nobody has settled."""
    query = select(misses).where(misses.c.settled_at.is_(None)).order_by(misses.c.id.desc()).limit(limit)
    return [_miss(row) for row in connection.execute(query)]


def count_waiting(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(misses).where(misses.c.settled_at.is_(None))) or 0


def some(connection: Connection, ids: Collection[int]) -> list[Miss]:
    query = select(misses).where(misses.c.id.in_(ids)).order_by(misses.c.id.desc())
    return [_miss(row) for row in connection.execute(query)]


def _miss(row: Row[Any]) -> Miss:
    return Miss(row.id, row.person_id, row.text, tuple(json.loads(row.nearest)), row.at)


def settle(connection: Connection, now: datetime, by: int, ids: Sequence[int]) -> None:
    """They need no answer."""
    _settle(connection, ids, now)
    audit.record(connection, now, by, "misses.settled", "misses", None, rows=len(ids))


def _settle(connection: Connection, ids: Collection[int], at: datetime | None) -> None:
    connection.execute(update(misses).where(misses.c.id.in_(ids)).values(settled_at=at))


# ---- drafts ----


def get(connection: Connection, draft_id: int) -> Draft | None:
    row = connection.execute(select(drafts).where(drafts.c.id == draft_id)).one_or_none()
    return _draft(row) if row else None


def open_ones(connection: Connection) -> list[Draft]:
    query = select(drafts).where(drafts.c.state.in_(OPEN)).order_by(drafts.c.changed_at.desc())
    return [_draft(row) for row in connection.execute(query)]


def published(connection: Connection, limit: int, answer: str = "") -> list[Draft]:
    """The newest ones first; of one answer or of all."""
    query = select(drafts).where(drafts.c.state == DraftState.PUBLISHED.value)
    query = query.where(drafts.c.answer == answer) if answer else query
    query = query.order_by(drafts.c.published_at.desc(), drafts.c.id.desc()).limit(limit)
    return [_draft(row) for row in connection.execute(query)]


def _draft(row: Row[Any]) -> Draft:
    return Draft(
        id=row.id,
        state=DraftState(row.state),
        answer=row.answer,
        entry=_read(row.entry),
        lines=tuple(json.loads(row.lines)),
        misses=tuple(json.loads(row.misses)),
        tell=row.tell,
        made_by=row.made_by,
        changed_at=row.changed_at,
        trial=_read(row.trial),
        published_by=row.published_by,
        published_at=row.published_at,
        before=_read(row.before),
    )


def _read(value: str | None) -> Any:
    return None if value is None else json.loads(value)


def _write(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def save(connection: Connection, now: datetime, by: int, draft: Draft) -> int:
    """Keep a new draft, or an open one as it now reads; its number. What was tried of it no longer counts.

    Raises BotError answer.not_open.
    """
    values = {
        "state": DraftState.DRAFT.value, "answer": draft.answer, "entry": _write(draft.entry),
        "lines": _write(draft.lines), "misses": _write(draft.misses), "tell": draft.tell, "made_by": by,
        "changed_at": now, "trial": None,
    }  # fmt: skip
    if not draft.id:
        made: int = connection.execute(insert(drafts).values(values).returning(drafts.c.id)).scalar_one()
    else:
        _move(connection, draft.id, OPEN, values)
        made = draft.id
    audit.record(connection, now, by, "answer.drafted", "answer_draft", made)
    return made


def tried(connection: Connection, draft: Draft, trial: Mapping[str, Any]) -> None:
    """Keep what the question tests said, unless the draft was changed while they ran."""
    same = (drafts.c.id == draft.id) & (drafts.c.changed_at == draft.changed_at)
    connection.execute(update(drafts).where(same).values(trial=_write(trial)))


def submit(connection: Connection, now: datetime, by: int, draft_id: int) -> None:
    """Ask for the second reader. Raises BotError answer.not_open."""
    _move(connection, draft_id, (DraftState.DRAFT.value,), {"state": DraftState.WAITING.value})
    audit.record(connection, now, by, "answer.submitted", "answer_draft", draft_id)


def drop(connection: Connection, now: datetime, by: int, draft_id: int) -> None:
    """Raises BotError answer.not_open."""
    _move(connection, draft_id, OPEN, {"state": DraftState.DROPPED.value})
    audit.record(connection, now, by, "answer.dropped", "answer_draft", draft_id)


def _move(connection: Connection, draft_id: int, out_of: Collection[str], values: Mapping[str, Any]) -> None:
    moved = update(drafts).where(drafts.c.id == draft_id, drafts.c.state.in_(out_of)).values(**values)
    if connection.execute(moved).rowcount == 0:
        raise BotError("answer.not_open")


def publish(connection: Connection, now: datetime, by: int, draft_id: int, *, second_reader: bool) -> Draft:
    """The bot says it from its next load on. Raises BotError answer.not_open, .untried, .second_reader_needed."""
    row = connection.execute(locked(connection, select(drafts).where(drafts.c.id == draft_id))).one_or_none()
    draft = _draft(row) if row else None
    if draft is None or draft.state.value not in OPEN:
        raise BotError("answer.not_open")
    if draft.trial is None:
        raise BotError("answer.untried")
    if second_reader and (draft.state is not DraftState.WAITING or draft.made_by == by):
        raise BotError("answer.second_reader_needed")
    entry, _ = options.current(connection, ANSWERS, draft.answer)
    lines, _ = options.current(connection, EXAMPLES, draft.answer)
    before = {"entry": entry, "lines": lines}
    if draft.entry is not None:
        options.put(connection, now, by, ANSWERS, draft.answer, dict(draft.entry))
        kept = list(draft.lines)
    else:
        kept = list(dict.fromkeys([*(lines or []), *draft.lines]))
    options.put(connection, now, by, EXAMPLES, draft.answer, kept or None)
    _settle(connection, draft.misses, now)
    values = {
        "state": DraftState.PUBLISHED.value, "published_by": by, "published_at": now, "before": _write(before),
    }  # fmt: skip
    _move(connection, draft_id, OPEN, values)
    audit.record(connection, now, by, "answer.published", "answer_draft", draft_id)
    return draft


def undo(connection: Connection, now: datetime, by: int, draft_id: int) -> None:
    """Everything as it was before it was published; the draft is open again.

    Raises BotError answer.not_published, and answer.changed_since where a later edit would be lost with it.
    """
    draft = get(connection, draft_id)
    if draft is None or draft.state is not DraftState.PUBLISHED or draft.before is None:
        raise BotError("answer.not_published")
    newest = published(connection, 1, draft.answer)
    entry, _ = options.current(connection, ANSWERS, draft.answer)
    if newest[0].id != draft.id or (draft.entry is not None and entry != draft.entry):
        raise BotError("answer.changed_since")
    if draft.entry is not None:
        options.put(connection, now, by, ANSWERS, draft.answer, draft.before["entry"])
    options.put(connection, now, by, EXAMPLES, draft.answer, draft.before["lines"])
    _settle(connection, draft.misses, None)
    values = {"state": DraftState.DRAFT.value, "published_by": None, "published_at": None, "before": None}
    _move(connection, draft_id, (DraftState.PUBLISHED.value,), values)
    audit.record(connection, now, by, "answer.undone", "answer_draft", draft_id)


def reviewed(
    connection: Connection, now: datetime, by: int, answer: str, today: str, shipped: Mapping[str, Any] | None
) -> None:
    """An officer read it again and it still holds. `shipped`: the entry of content/ with its edits, None for their own.

    Raises BotError answer.unknown.
    """
    area = ANSWERS if shipped is None else "knowledge"
    entry = options.current(connection, ANSWERS, answer)[0] if shipped is None else shipped
    if entry is None:
        raise BotError("answer.unknown")
    late = entry.get("valid_until") and entry["valid_until"] < today
    kept = {**entry, "reviewed": today, **({"valid_until": None} if late else {})}
    options.put(connection, now, by, area, answer, kept)
    audit.record(connection, now, by, "answer.reviewed", "answers")


def take_down(connection: Connection, now: datetime, by: int, answer: str) -> None:
    """The bot gives their own answer no longer; its versions and its messages stay. Raises BotError answer.unknown."""
    if options.current(connection, ANSWERS, answer)[0] is None:
        raise BotError("answer.unknown")
    options.put(connection, now, by, ANSWERS, answer, None)
    audit.record(connection, now, by, "answer.taken_down", "answers")


def asking(connection: Connection, draft: Draft) -> set[int]:
    """Numbers of the people whose questions a draft came from."""
    return {one.person_id for one in some(connection, draft.misses)}
