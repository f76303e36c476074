"""Stories of initiatives that their authors allowed to be told: short, with a picture, nothing confidential."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Table, Text, select, update

from bot.store.initiatives import initiatives
from bot.store.schema import Id, Moment, metadata
from bot.store.sql import upsert
from bot.talk import Story as Told

stories = Table(
    "initiative_stories",
    metadata,
    Column("initiative_id", Id, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("trade", Text, nullable=False),
    Column("picture_id", Id),  # of files
    Column("byline", Text, nullable=False, server_default=""),  # "" when the author's name is not to be shown
    Column("published_at", Moment),  # NULL: a draft, or taken back
    Column("changed_at", Moment, nullable=False),
)
Index("ix_initiative_stories_published", stories.c.published_at)
MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class Story:
    initiative_id: int
    title: str
    text: str
    trade: str
    picture_id: int | None
    byline: str
    published_at: datetime | None
    changed_at: datetime


_COLUMNS = [stories.c[name] for name in Story.__dataclass_fields__]
#: Told only while the author allows it, whatever stands in the row.
_ALLOWED = (initiatives.c.story_ok.is_(True), initiatives.c.state != "withdrawn", stories.c.published_at.is_not(None))


def get(connection: Connection, initiative_id: int) -> Story | None:
    row = connection.execute(select(*_COLUMNS).where(stories.c.initiative_id == initiative_id)).one_or_none()
    return Story(*row) if row is not None else None


def save(connection: Connection, initiative_id: int, now: datetime, **values: Any) -> None:
    row = {**values, "changed_at": now}

    def change(new: Any) -> dict[str, Any]:
        return {key: new[key] for key in row}

    statement = upsert(connection, stories, conflict=("initiative_id",), change=change)
    connection.execute(statement.values(initiative_id=initiative_id, **row))


def publish(connection: Connection, initiative_id: int, now: datetime | None) -> None:
    """Tell it from now on; None takes it back."""
    connection.execute(update(stories).where(stories.c.initiative_id == initiative_id).values(published_at=now))


def all_published(connection: Connection, *, limit: int = MOST_TOLD) -> list[Story]:
    """Newest first; the byline only where the author allows the name."""
    query = (
        select(*_COLUMNS, initiatives.c.name_ok)
        .join(initiatives, initiatives.c.id == stories.c.initiative_id)
        .where(*_ALLOWED)
        .order_by(stories.c.published_at.desc(), stories.c.initiative_id.desc())
        .limit(limit)
    )
    return [
        Story(row[0], row.title, row.text, row.trade, row.picture_id, row.byline if row.name_ok else "", *row[6:8])
        for row in connection.execute(query)
    ]


def published(connection: Connection) -> list[Told]:
    """As the chat tells them."""
    return [Told(one.initiative_id, one.trade, one.title, one.text, one.byline) for one in all_published(connection)]
