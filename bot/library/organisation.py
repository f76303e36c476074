"""Who the union is: names, hours, contacts, periods. Every field may stay empty; nothing empty is ever printed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bot.errors import BotError
from bot.library.load import CONTENT

#: As the file names them, Monday first; and as people read them.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
#: Matters that are not ours: for each there is a line on whom to ask (`contacts`).
SUBJECTS = (
    "pay", "insurance", "contract", "dispute", "loan_fraud", "dues", "awards", "union_affairs", "other_documents",
)  # fmt: skip
LOOK_AHEAD = 30  # days: longer than any run of holidays


def _span(value: str) -> str:
    opens, dash, closes = value.partition("-")
    if not dash or not time.fromisoformat(opens) < time.fromisoformat(closes):
        raise ValueError('must look like "07:30-11:30"')
    return value


def _subjects(value: dict[str, str]) -> dict[str, str]:
    if unknown := set(value) - set(SUBJECTS):
        raise ValueError(f"no such subject: {', '.join(sorted(unknown))}; subjects are {', '.join(SUBJECTS)}")
    return value


def _days(value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    if unknown := set(value) - set(DAYS):
        raise ValueError(f"no such day: {', '.join(sorted(unknown))}; days are {', '.join(DAYS)}")
    return value


Span = Annotated[str, AfterValidator(_span)]
Text = Annotated[str, Field(max_length=600)]
Short = Annotated[str, Field(max_length=120)]


class Retention(BaseModel):
    """Days after which things are deleted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    messages: int = Field(default=365, ge=1, le=3650)
    exports: int = Field(default=7, ge=1, le=60)
    consents: int = Field(default=1095, ge=365, le=7300)  # proof of a yes or no: at least one year


class Organisation(BaseModel):
    """The file content/organisation.toml; officers' edits lie over it (`overlaid`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Short = ""
    short_name: Short = ""
    signature: Short = ""
    bot_word: Short = "em"
    member_word: Short = "anh/chị"
    hours: Annotated[dict[str, tuple[Span, ...]], AfterValidator(_days)] = Field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    phone: Short = ""
    address: Short = ""
    email: Short = ""
    emergency: Text = ""
    data_contact: Text = ""
    data_person: Short = ""
    zalo_verification: Short = ""  # the code by which Zalo proves that the domain is ours
    retention: Retention = Retention()
    staff_pause_minutes: int = Field(default=30, ge=1, le=1440)
    ask_today: Text = ""
    contacts: Annotated[dict[str, Text], AfterValidator(_subjects)] = Field(default_factory=dict)
    science_day: Short = ""
    consent: Text = ""
    consent_version: Short = "1"

    @classmethod
    def open(cls, folder: Path = CONTENT, edits: Mapping[str, object] | None = None) -> Organisation:
        """Read the file with the officers' edits over it. Raises BotError("content.faulty")."""
        path = folder / "organisation.toml"
        try:
            found = cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise BotError("content.faulty", first=f"{path.name}: {_first(error)}", faults=1) from None
        return found.overlaid(edits or {})

    def overlaid(self, edits: Mapping[str, object]) -> Organisation:
        """A copy with edits over it; a table (hours, contacts, retention) is edited entry by entry.

        Raises BotError("content.faulty") naming the field.
        """
        merged: dict[str, Any] = self.model_dump(exclude_unset=True)
        for name, value in edits.items():
            before = merged.get(name)
            merged[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, Mapping) else value
        try:
            return type(self).model_validate(merged)
        except ValidationError as error:
            raise BotError("content.faulty", first=f"organisation: {_first(error)}", faults=1) from None

    @cached_property
    def words(self) -> dict[str, str]:
        """The facts that every text may use. An empty one takes its line away."""
        title = self.name or "công đoàn"
        ask_today = self.ask_today or "công đoàn nơi {anh_chi} làm việc"
        contacts = {f"contact_{subject}": self.contacts.get(subject) or ask_today for subject in SUBJECTS}
        found = {
            "em": self.bot_word,
            "Em": _capital(self.bot_word),
            "anh_chi": self.member_word,
            "Anh_chi": _capital(self.member_word),
            "organisation": title,
            "Organisation": _capital(title),
            "organisation_short": self.short_name or title,
            "signature": self.signature,
            "phone": self.phone,
            "address": self.address,
            "email": self.email,
            "hours": self.hours_in_words,
            "data_contact": self.data_contact or self.email or self.phone,
            "data_person": self.data_person,
            "keep_days": str(self.retention.messages),
            "science_day": self.science_day or "ngày Khoa học và Công nghệ Việt Nam",
            "emergency": self.emergency,
            "consent_version": self.consent_version,
            "ask_today": ask_today,
            **contacts,
        }
        # the officers' own words may name the member too
        return {name: value.replace("{anh_chi}", self.member_word) for name, value in found.items()}

    @cached_property
    def hours_in_words(self) -> str:
        """As "thứ Hai đến thứ Sáu 07:30–11:30, 13:30–17:00; thứ Bảy 07:30–11:30"; "" when not set."""
        week = [self.hours.get(day, ()) for day in DAYS]
        runs = [(spans, [at for at, _ in days]) for spans, days in groupby(enumerate(week), key=lambda day: day[1])]
        return "; ".join(f"{_days_in_words(days)} {_spans_in_words(spans)}" for spans, days in runs if spans)

    def is_open(self, now: datetime) -> bool:
        """Staff are there. `now` in the union's zone."""
        clock = now.time()
        return any(opens <= clock < closes for opens, closes in self._spans(now.date()))

    def next_opening(self, now: datetime) -> datetime | None:
        """When staff are next there: `now` when they are; None when no hours are set."""
        if not any(self.hours.values()):
            return None
        if self.is_open(now):
            return now
        for ahead in range(LOOK_AHEAD):
            day = now.date() + timedelta(days=ahead)
            for opens, _ in self._spans(day):
                at = datetime.combine(day, opens, now.tzinfo)
                if at > now:
                    return at
        return None

    def working_days_after(self, at: datetime, days: int) -> datetime:
        """The same time of day so many days with office hours later. `at` in the union's zone; hours must be set."""
        for _ in range(LOOK_AHEAD * 2):
            if not days:
                break
            at += timedelta(days=1)
            days -= bool(list(self._spans(at.date())))
        return at

    def opens_in_words(self, now: datetime) -> str:
        """As "07:30 thứ Hai 24/11" or "13:30 hôm nay"; "" when not set."""
        at = self.next_opening(now)
        if at is None:
            return ""
        ahead = (at.date() - now.date()).days
        near = {0: "hôm nay", 1: f"ngày mai, {DAY_NAMES[at.weekday()]}"}
        return f"{at:%H:%M} {near.get(ahead, DAY_NAMES[at.weekday()])}{'' if not ahead else f' {at:%d/%m}'}"

    def _spans(self, day: date) -> Iterable[tuple[time, time]]:
        if day in self.holidays:
            return ()
        return sorted(_times(span) for span in self.hours.get(DAYS[day.weekday()], ()))


@lru_cache(maxsize=256)  # a few spans, asked for at every turn
def _times(span: str) -> tuple[time, time]:
    opens, _, closes = span.partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


def _days_in_words(days: list[int]) -> str:
    first, last = DAY_NAMES[days[0]], DAY_NAMES[days[-1]]
    if len(days) == 1:
        return first
    return f"{first} và {last}" if len(days) == 2 else f"{first} đến {last}"


def _spans_in_words(spans: Iterable[str]) -> str:
    return ", ".join(span.replace("-", "–") for span in sorted(spans))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        one = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
    return str(error)
