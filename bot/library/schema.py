"""The shapes of the files in content/, so that a fault is told with its place and not met by a member."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

MOST_WORDS = 70  # of a short answer: what fits one look at a phone

Line = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\n]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(_Strict):
    number: Line
    label: Line
    title: Line
    issued: date | None = None
    in_force: Annotated[str, StringConstraints(pattern="^(yes|no|unknown)$")] = "unknown"
    source: Line


class Entry(_Strict):
    id: Line
    citations: tuple[Line, ...] = ()  # none only where no document speaks of it: `unsaid`
    document: str = ""  # when it cites another document than the file's own
    title: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    question: Annotated[str, StringConstraints(min_length=1, max_length=70)]
    short: str
    longer: str = ""
    old_bodies: bool = False
    unsaid: bool = False
    reviewed: date
    valid_until: date | None = None  # its last day; later the bot says that it may have changed


class KnowledgeFile(_Strict):
    document: Document
    answer: tuple[Entry, ...]
