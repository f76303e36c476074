"""What is known of the people an announcement goes to: their name and own initiative, where they handed one in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, extract, select

from bot.announcements.drafting import INITIATIVE, NAME
from bot.store.events import event_registrations
from bot.store.initiatives import initiatives
from bot.talk import Texts

#: States in which somebody may be written to, with their word in content/texts/announcement.toml.
STATES = ("writing", "received", "in_review", "needs_more", "advised", "filed", "recognised")
CHUNK = 500


def values(connection: Connection, people: Sequence[int], texts: Texts) -> dict[int, dict[str, str]]:
    """Person to merge field to value, from each one's newest initiative; only to themselves is it ever told."""
    found: dict[int, dict[str, str]] = {}
    for start in range(0, len(people), CHUNK):
        query = (
            select(initiatives.c.person_id, initiatives.c.author, initiatives.c.title, initiatives.c.state)
            .where(initiatives.c.person_id.in_(people[start : start + CHUNK]), initiatives.c.state.in_(STATES))
            .order_by(initiatives.c.id)
        )
        for row in connection.execute(query):
            state = texts(f"announcement.state_{row.state}")
            told = {NAME: row.author, INITIATIVE: f"“{row.title}”, {state}" if row.title else state}
            found[row.person_id] = {name: value for name, value in told.items() if value}
    return found


def among(states: Sequence[str]) -> Any:
    """A query of the people whose own initiative is in one of these states."""
    return select(initiatives.c.person_id).where(
        initiatives.c.person_id.is_not(None), initiatives.c.state.in_(states), initiatives.c.confirmed
    )


def registered(event_ids: Sequence[int]) -> Any:
    """A query of the people who registered for one of these events."""
    return select(event_registrations.c.person_id).where(
        event_registrations.c.event_id.in_(event_ids), event_registrations.c.cancelled_at.is_(None)
    )


def state_words(texts: Texts) -> dict[str, str]:
    return {state: texts(f"announcement.state_{state}") for state in STATES}


def recognised(connection: Connection, year: int) -> list[Mapping[str, Any]]:
    """The bot's own initiatives that workplaces recognised in a year, as rows for the list of the honoured."""
    query = select(initiatives).where(
        initiatives.c.state == "recognised", extract("year", initiatives.c.recognition_date) == year
    )
    return [
        {
            "name": row["author"],
            "unit": row["unit_said"],
            "what": row["title"],
            "decision": f"{row['recognition_number']}, {row['recognition_date']:%d/%m/%Y}",
            "consent": bool(row["name_ok"]),
            "person_id": row["person_id"],
        }
        for row in connection.execute(query).mappings()
        if row["author"]
    ]
