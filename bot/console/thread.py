"""One conversation as its lines: what came in, what went out and became of it, and colleagues' notes, by time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.messages import InboundKind
from bot.platforms.contract import Platform
from bot.platforms.text import shown
from bot.states import Lane, Origin, OutboxState
from bot.store import conversations
from bot.store.conversations import Line, Note

#: Looked at together: a person's messages with the three or four receipts that each of ours brings.
MOST_IN, MOST_OUT = 400, 120
_PLAIN = frozenset({InboundKind.TEXT, InboundKind.CHOICE, InboundKind.ATTACHMENT, InboundKind.ECHO})
_SENT = frozenset({OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `side`: "member", "bot", "staff", "elsewhere" (an officer in the platform's own inbox), "note"."""

    key: str
    side: str
    at: datetime
    text: str = ""
    kind: str = ""  # of an event without words: "start", "follow", …
    attachments: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    state: str = ""
    code: str = ""
    staff_id: int | None = None

    @property
    def in_doubt(self) -> bool:
        return self.state == OutboxState.UNSURE


def entries(
    connection: Connection, line: Line, platform: Platform, before: datetime | None
) -> tuple[list[Entry], datetime | None]:
    """The newest lines before a moment, the oldest first; and the moment to go on from, None at the beginning."""
    coming = conversations.received(connection, line.account_id, line.user_id, before, MOST_IN)
    going = conversations.sent(connection, line.person_id, before, MOST_OUT)
    found = [entry for row in coming if (entry := _coming(row, platform)) is not None]
    found += [_going(row) for row in going]
    cut = _cut(coming, going)
    if cut is not None:
        found = [entry for entry in found if entry.at >= cut]
    for note in conversations.notes_of(connection, line.person_id):
        if (cut is None or note.at >= cut) and (before is None or note.at < before):
            found.append(_note(note))
    return sorted(found, key=lambda entry: (entry.at, entry.key)), cut


def words_of(platform: Platform, body: str) -> tuple[str, tuple[str, ...], str]:
    """What one stored event says: its words, its attachments' kinds, its own kind."""
    read = platform.read(json.loads(body))
    kinds = tuple(one.kind for one in read.attachments)
    return read.text, kinds, "" if read.text or kinds else read.kind.value


def _cut(coming: list[dict[str, Any]], going: list[dict[str, Any]]) -> datetime | None:
    """Where one of the two stops being whole: older lines of the other would stand there alone."""
    ends = []
    if len(coming) == MOST_IN:
        ends.append(min(row["received_at"] for row in coming))
    if len(going) == MOST_OUT:
        ends.append(min(row["created_at"] for row in going))
    return max(ends) if ends else None


def _coming(row: dict[str, Any], platform: Platform) -> Entry | None:
    read = platform.read(json.loads(row["body"]))
    elsewhere = read.kind is InboundKind.ECHO and not read.own
    if row["lane"] != Lane.TALK and not elsewhere:
        return None
    return Entry(
        key=f"in{row['id']}",
        side="elsewhere" if elsewhere else "member",
        at=row["received_at"],
        text=read.text,
        kind="" if read.text or read.attachments or read.kind in _PLAIN else read.kind.value,
        attachments=tuple(one.kind for one in read.attachments),
        state=row["state"] if row["state"] == "parked" else "",
        code=row["code"] if row["state"] == "parked" else "",
    )


def _going(row: dict[str, Any]) -> Entry:
    text, buttons = shown(json.loads(row["body"]))
    side = "staff" if row["origin"] == Origin.STAFF else "bot"
    code = "" if row["state"] in _SENT else row["code"]
    return Entry(f"out{row['id']}", side, row["created_at"], text, buttons=buttons, state=row["state"], code=code)


def _note(note: Note) -> Entry:
    return Entry(f"note{note.id}", "note", note.at, note.text, staff_id=note.staff_id)
