"""Answers to an announcement's question: counted once for each voter, kept without names."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, Index, Integer, Table, Text, UniqueConstraint, func, insert, literal, select

from bot.clock import zone
from bot.store.schema import Id, metadata
from bot.store.sql import upsert

survey_votes = Table(
    "survey_votes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("announcement_id", Id, nullable=False),
    Column("voter", Text, nullable=False),  # keyed hash: a second answer replaces the first, and names nobody
    Column("choice", Integer, nullable=False),
    UniqueConstraint("announcement_id", "voter"),
)

survey_words = Table(  # free words: nothing ties them to a voter, not even the hour
    "survey_words",
    metadata,
    Column("id", Id, primary_key=True),
    Column("announcement_id", Id, nullable=False),
    Column("words", Text, nullable=False),
    Column("day", Text, nullable=False),
)
Index("ix_survey_words_announcement", survey_words.c.announcement_id, survey_words.c.id)

survey_writers = Table(  # how often somebody wrote, so that nobody floods the officers; nowhere which words
    "survey_writers",
    metadata,
    Column("announcement_id", Id, primary_key=True),
    Column("writer", Text, primary_key=True),  # keyed hash, another one than the voter's
    Column("times", Integer, nullable=False),
)

MOST_WORDS = 3  # of one person to one question


def vote(connection: Connection, announcement_id: int, voter: str, choice: int) -> None:
    made = upsert(
        connection, survey_votes, conflict=("announcement_id", "voter"), change=lambda new: {"choice": new.choice}
    )
    connection.execute(made.values(announcement_id=announcement_id, voter=voter, choice=choice))


def say(connection: Connection, announcement_id: int, writer: str, words: str, now: datetime) -> bool:
    """Keep somebody's words; False when they wrote MOST_WORDS times already."""
    made = upsert(
        connection, survey_writers, conflict=("announcement_id", "writer"),
        change=lambda _: {"times": survey_writers.c.times + 1}, where=survey_writers.c.times < MOST_WORDS,
    )  # fmt: skip
    once_more = made.values(announcement_id=announcement_id, writer=writer, times=1).returning(literal(1))
    if connection.execute(once_more).first() is None:
        return False
    day = now.astimezone(zone()).date().isoformat()
    connection.execute(insert(survey_words).values(announcement_id=announcement_id, words=words, day=day))
    return True


def votes(connection: Connection, announcement_id: int) -> dict[int, int]:
    query = select(survey_votes.c.choice, func.count()).where(survey_votes.c.announcement_id == announcement_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(survey_votes.c.choice))}


def words(connection: Connection, announcement_id: int, limit: int = 500) -> list[str]:
    """What people wrote, in no order that would tell who."""
    query = select(survey_words.c.words).where(survey_words.c.announcement_id == announcement_id)
    return sorted(connection.scalars(query.limit(limit)))
