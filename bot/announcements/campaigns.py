"""The union's yearly campaigns, from content/campaigns, with the officers' edits over them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.clock import zone
from bot.errors import BotError
from bot.library.load import CONTENT

SUNDAY = 6


class Planned(BaseModel):
    """One yearly announcement: "18/5, 11:15, and on a Sunday the day before"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[a-z_]+$")
    name: str
    title: str = Field(min_length=1, max_length=120)
    body: str = Field(min_length=1, max_length=1500)
    buttons: tuple[tuple[str, str], ...] = ()
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)
    at: time
    sunday: Literal["same", "before", "after"] = "same"
    initiative_states: tuple[str, ...] = ()
    important: bool = False
    on: bool = True

    def moment(self, year: int) -> datetime:
        """When it goes out that year, by the union's clock. ValueError for a day the month does not have."""
        day = date(year, self.month, self.day)
        if day.weekday() == SUNDAY:
            day += timedelta(days={"same": 0, "before": -1, "after": 1}[self.sunday])
        return datetime.combine(day, self.at, zone())


class Campaign(BaseModel):
    """`says` answers "what is on this year", for `year` only: nothing of an older year is ever told as news."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[a-z_]+$")
    name: str
    asked: tuple[str, ...] = ()  # words by which members mean it, folded
    says: str = Field("", max_length=600)
    year: int = 0
    messages: tuple[Planned, ...] = ()


@dataclass(frozen=True, slots=True)
class Campaigns:
    all: Mapping[str, Campaign]

    @classmethod
    def open(cls, edits: Mapping[str, Any] | None = None, folder: Path = CONTENT / "campaigns") -> Campaigns:
        """`edits`: key of a campaign, or "campaign.message", to changed fields. Raises BotError content.faulty."""
        found: dict[str, Campaign] = {}
        for path in sorted(folder.glob("*.toml")):
            try:
                found[path.stem] = _campaign(path, edits or {})
            except (ValueError, KeyError) as error:
                raise BotError("content.faulty", first=f"campaigns/{path.name}: {_reason(error)}", faults=1) from None
        return cls(found)

    def planned(self) -> Mapping[str, Planned]:
        """Key such as "science_day.greeting" to what is planned."""
        return {f"{one.key}.{message.key}": message for one in self.all.values() for message in one.messages}


def _campaign(path: Path, edits: Mapping[str, Any]) -> Campaign:
    shipped = tomllib.loads(path.read_text(encoding="utf-8"))
    messages = [{**message, **edits.get(f"{path.stem}.{message['key']}", {})} for message in shipped.pop("message", [])]
    made = Campaign.model_validate({"key": path.stem, **shipped, **edits.get(path.stem, {}), "messages": messages})
    for message in made.messages:
        message.moment(2027)  # a day that no year has is found now, not in May
    return made


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        one = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
    return str(error)
