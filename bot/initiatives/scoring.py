"""The optional rubric: two reviewers score by themselves, and see each other's scores only when both are in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from bot.errors import BotError
from bot.initiatives.form import Form
from bot.initiatives.review import Review
from bot.store import audit
from bot.store.initiatives import Initiative, initiative_scores
from bot.store.sql import upsert

REVIEWERS = 2
MOST = 10


@dataclass(frozen=True, slots=True)
class Score:
    staff_id: int
    points: tuple[int, ...]
    remark: str


@dataclass(frozen=True, slots=True)
class Scores:
    """What somebody may see: their own, how many are in, and all of them once both are."""

    on: bool
    criteria: tuple[str, ...]
    own: Score | None
    how_many: int
    all: tuple[Score, ...]

    @property
    def complete(self) -> bool:
        return self.how_many >= REVIEWERS


def shown(connection: Connection, form: Form, initiative_id: int, staff_id: int) -> Scores:
    query = select(initiative_scores).where(initiative_scores.c.initiative_id == initiative_id)
    rows = connection.execute(query.order_by(initiative_scores.c.at, initiative_scores.c.staff_id)).all()
    found = tuple(Score(row.staff_id, tuple(json.loads(row.scores)), row.remark) for row in rows)
    own = next((score for score in found if score.staff_id == staff_id), None)
    complete = len(found) >= REVIEWERS
    return Scores(form.reviewers, form.criteria, own, len(found), found if complete else ())


def give(
    connection: Connection, form: Form, one: Initiative, review: Review, points: Sequence[int | None], remark: str
) -> None:
    """One reviewer's scores; they may be changed until the second one's are in.

    Raises BotError scores.off, scores.odd, scores.closed.
    """
    if not form.reviewers:
        raise BotError("scores.off")
    if len(points) != len(form.criteria) or any(point is None or not 0 <= point <= MOST for point in points):
        raise BotError("scores.odd")
    before = shown(connection, form, one.id, review.staff_id)
    if before.complete:
        raise BotError("scores.closed")
    values = {"scores": json.dumps(list(points)), "remark": remark, "at": review.now}
    statement = upsert(
        connection,
        initiative_scores,
        conflict=("initiative_id", "staff_id"),
        change=lambda new: {name: new[name] for name in values},
    )
    connection.execute(statement.values(initiative_id=one.id, staff_id=review.staff_id, **values))
    audit.record(connection, review.now, review.staff_id, "initiative.scored", "initiative", one.id)
