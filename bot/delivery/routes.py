"""Which way may reach this person now: the platforms' windows, read from dated data."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.states import Origin

RULES = Path(__file__).resolve().parents[2] / "content" / "rules" / "windows.toml"


class Window(BaseModel):
    """One row of content/rules/windows.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    platform: str
    origins: tuple[Origin, ...]
    hours: int = Field(gt=0)
    margin_minutes: int = Field(ge=0)
    valid_from: date
    source: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Windows:
    """The rules in force, by date."""

    rows: Sequence[Window]

    @classmethod
    def load(cls, path: Path = RULES) -> Windows:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["window"]
        return cls(tuple(Window.model_validate(row) for row in rows))

    def length(self, platform: str, origin: Origin, on: date) -> timedelta:
        """How long the window is; nothing at all where no rule is in force."""
        rows = [row for row in self.rows if row.platform == platform and origin in row.origins and row.valid_from <= on]
        if not rows:
            return timedelta()
        rule = max(rows, key=lambda row: row.valid_from)
        return timedelta(hours=rule.hours, minutes=-rule.margin_minutes)

    def open(self, platform: str, origin: Origin, wrote_at: datetime | None, now: datetime) -> bool:
        """Whether such a message may go to somebody who last acted at `wrote_at`."""
        return wrote_at is not None and now - wrote_at < self.length(platform, origin, now.date())

    def closes(self, platform: str, origin: Origin, wrote_at: datetime, now: datetime) -> datetime:
        return wrote_at + self.length(platform, origin, now.date())
