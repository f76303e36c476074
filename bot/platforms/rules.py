"""The platforms' rules and the union's own, read from content/rules: each row dated, with its source.

A row holds from its `valid_from` until its `valid_until`; of several the newest that has come holds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from bot.clock import zone
from bot.states import Origin

#: A window that Meta grants an app after a review, for words that a person typed.
HUMAN_AGENT = "human_agent"
FOLDER = Path(__file__).resolve().parents[2] / "content" / "rules"


class Dated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    valid_from: date
    valid_until: date | None = None  # the last day
    source: str = Field(min_length=1)

    def holds(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)


R = TypeVar("R", bound=Dated)


class Window(Dated):
    """One row of windows.toml: how long after a person's last act such a message may go."""

    platform: str
    origins: tuple[Origin, ...]
    hours: int = Field(gt=0)
    margin_minutes: int = Field(ge=0)
    grant: str = ""  # what the platform must have granted the account, and a person must have typed the message


class RouteRule(Dated):
    """One row of routes.toml: a permitted way to reach somebody with an announcement, or one that has ended.

    `needs`: what must be there first: "window", "billed_window", "consent", "template", "own_matter", "opt_in",
    "campaign", "follower". `setting`: the officers' switch; "" = always on. `cost_vnd`: for one message; 0 = free.
    `within_days`: how long ago somebody may have written; without it they must only have written once.
    """

    platform: str
    route: str
    order: int
    needs: tuple[str, ...]
    setting: str = ""
    cost_vnd: int = Field(0, ge=0)
    hours: tuple[time, time] | None = None  # when the platform takes it
    within_days: int | None = Field(None, gt=0)

    @property
    def reach(self) -> timedelta | None:
        return timedelta(days=self.within_days) if self.within_days else None

    def permits(self, wrote_at: datetime | None, now: datetime) -> bool:
        """Whether it may reach somebody who last acted at `wrote_at`."""
        return wrote_at is not None and (self.reach is None or now - wrote_at < self.reach)

    def takes(self, now: datetime) -> bool:
        """Whether the platform takes it at this hour."""
        return self.hours is None or self.hours[0] <= now.astimezone(zone()).time() < self.hours[1]


class Quota(Dated):
    """One row of quotas.toml: `most` messages in `per` ("second", "day", "month")."""

    platform: str
    what: str
    most: int = Field(gt=0)
    per: str
    each_person: bool = False  # times the people the account may write to


class House(Dated):
    """One row of announcing.toml: our own floor for announcements."""

    opens: time
    closes: time
    a_week: int = Field(gt=0)  # announcements for one person, unless the officer says that this one matters more
    a_day: int = Field(gt=0)  # never more
    grace_minutes: int = Field(gt=0)  # a start later than this waits for a person
    large_change_percent: int = Field(gt=0, le=100)
    large_change_people: int = Field(ge=0)
    trial_people: int = Field(gt=0)
    trial_failures_percent: int = Field(ge=0, le=100)
    draft_days_before: int = Field(gt=0)
    remind_days_before: tuple[int, ...]
    useful_days: int = Field(gt=0)

    def open_at(self, now: datetime) -> bool:
        """Whether an announcement may leave at this moment, by the union's clock."""
        return self.opens <= now.astimezone(zone()).time() < self.closes

    def next_opening(self, now: datetime) -> datetime:
        """The same moment when open, else when the night is over."""
        local = now.astimezone(zone())
        if self.open_at(now):
            return now
        day = local.date() if local.time() < self.opens else local.date() + timedelta(days=1)
        return datetime.combine(day, self.opens, zone())


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows in force, by date."""

    rows: Sequence[Window]

    @classmethod
    def load(cls, path: Path = FOLDER / "windows.toml") -> Windows:
        return cls(_rows(path, "window", Window))

    def length(self, platform: str, origin: Origin, on: date, *, grant: str = "") -> timedelta:
        """How long the window is; nothing at all where no rule is in force."""
        ours = [row for row in self.rows if row.platform == platform and origin in row.origins and row.grant == grant]
        rule = in_force(ours, on)
        return timedelta(hours=rule.hours, minutes=-rule.margin_minutes) if rule else timedelta()

    def open(self, platform: str, origin: Origin, wrote_at: datetime | None, now: datetime, *, grant: str = "") -> bool:
        """Whether such a message may go to somebody who last acted at `wrote_at`."""
        return wrote_at is not None and now - wrote_at < self.length(platform, origin, now.date(), grant=grant)

    def closes(self, platform: str, origin: Origin, wrote_at: datetime, now: datetime, *, grant: str = "") -> datetime:
        return wrote_at + self.length(platform, origin, now.date(), grant=grant)


@dataclass(frozen=True, slots=True)
class Rules:
    """All of content/rules."""

    windows: Windows
    routes: tuple[RouteRule, ...]
    quotas: tuple[Quota, ...]
    house: tuple[House, ...]

    @classmethod
    @cache
    def load(cls, folder: Path = FOLDER) -> Rules:
        """Raises ValueError (pydantic's) for a faulty file: such a state never ships."""
        return cls(
            Windows.load(folder / "windows.toml"),
            tuple(_rows(folder / "routes.toml", "route", RouteRule)),
            tuple(_rows(folder / "quotas.toml", "quota", Quota)),
            tuple(_rows(folder / "announcing.toml", "announcing", House)),
        )

    def ours(self, on: date) -> House:
        rule = in_force(self.house, on)
        if rule is None:
            raise ValueError(f"content/rules/announcing.toml holds nothing for {on}")
        return rule

    def ways(self, platform: str, on: date) -> list[RouteRule]:
        """The ways of a platform in force, the best first."""
        names = {row.route for row in self.routes if row.platform == platform}
        found = [
            in_force([row for row in self.routes if row.platform == platform and row.route == name], on)
            for name in names
        ]
        return sorted((rule for rule in found if rule is not None), key=lambda rule: rule.order)

    def way(self, platform: str, route: str, on: date) -> RouteRule | None:
        """One way of a platform, where it is in force."""
        return next((rule for rule in self.ways(platform, on) if rule.route == route), None)

    def quotas_of(self, platform: str, on: date) -> list[Quota]:
        names = {row.what for row in self.quotas if row.platform == platform}
        found = [
            in_force([row for row in self.quotas if row.platform == platform and row.what == name], on)
            for name in sorted(names)
        ]
        return [quota for quota in found if quota is not None]


def in_force(rows: Sequence[R], on: date) -> R | None:
    """The newest row that has come; None where it has ended or none has come yet."""
    come = [row for row in rows if row.valid_from <= on]
    newest = max(come, key=lambda row: row.valid_from, default=None)
    return newest if newest is not None and newest.holds(on) else None


def _rows(path: Path, name: str, shape: type[R]) -> list[R]:
    return [shape.model_validate(row) for row in tomllib.loads(path.read_text(encoding="utf-8"))[name]]
