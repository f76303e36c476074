"""All answers as the bot would give them now, shipped and officers' own, and when each wants to be read again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.console import shipped
from bot.console.desk import Desk
from bot.console.shipped import DOCUMENTS, KNOWLEDGE
from bot.library import shelf
from bot.library.documents import Document, Section
from bot.library.load import Edits, edited, source
from bot.library.shelf import Documents
from bot.library.vietnamese import fold
from bot.store.answering import ANSWERS, EXAMPLES
from bot.store.options import overlay
from bot.talk import Answer, Citation

#: An answer that nobody looked at for so long is read again; one with a last day, so long before it.
REVIEWED_EVERY = timedelta(days=365)
AHEAD = timedelta(days=14)
OWN = "them."  # begins the id of an answer that officers wrote


@dataclass(frozen=True, slots=True)
class Known:
    """One answer: its entry as it is stored, and what it comes to."""

    entry: Mapping[str, Any]
    answer: Answer
    own: bool

    @property
    def reviewed(self) -> date:
        return date.fromisoformat(str(self.entry["reviewed"]))

    def due(self, today: date) -> bool:
        """It wants to be read again."""
        until = self.answer.valid_until
        return today - self.reviewed >= REVIEWED_EVERY or (until is not None and until - today <= AHEAD)


def edits(connection: Connection, at: Desk) -> Edits:
    return Edits(
        overlay(connection, KNOWLEDGE),
        overlay(connection, DOCUMENTS),
        overlay(connection, ANSWERS),
        overlay(connection, EXAMPLES),
        documents(at).labels,
    )


def documents(at: Desk) -> Documents:
    return Documents.open(shelf.SHIPPED, at.settings.documents_dir)


def answers(connection: Connection, at: Desk) -> dict[str, Answer]:
    return built(edits(connection, at), at)


def built(now: Edits, at: Desk) -> dict[str, Answer]:
    """The answers that these edits come to, by id."""
    return edited(now.entries, now.documents, at.content, own=now.answers, labels=now.labels)


def everything(connection: Connection, at: Desk) -> dict[str, Known]:
    """Every answer by its id."""
    now = edits(connection, at)
    entries = {**shipped.now(connection, KNOWLEDGE, at.content), **now.answers}
    return {key: Known(entries[key], answer, own=key in now.answers) for key, answer in built(now, at).items()}


def due(connection: Connection, at: Desk) -> list[Known]:
    """The answers that want to be read again, those with the nearest last day first."""
    found = [known for known in everything(connection, at).values() if known.due(at.today)]
    return sorted(found, key=lambda known: (known.answer.valid_until or date.max, known.reviewed))


def clauses(at: Desk) -> list[tuple[str, str]]:
    """Every clause that an answer may rest on: as entries cite it, and its name with its first words."""
    return [
        (f"{number}: {section.id}", _named(document, section))
        for number, document in documents(at).by_number.items()
        for section in document.sections
    ]


def _named(document: Document, section: Section) -> str:
    name = source([Citation(document.number, section.id)], {document.number: document.label})
    return f"{name[1:-1]}: {' '.join(section.text.split())[:90]}"


def fresh_id(title: str, taken: Collection[str]) -> str:
    """The id of a new answer, made from its title."""
    stem = OWN + (re.sub(r"[^a-z0-9]+", "_", fold(title)).strip("_") or "cau")
    numbered = (f"{stem}_{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (stem, *numbered) if name not in taken)
