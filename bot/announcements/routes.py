"""Ways beyond the ordinary window: what officers set up in the settings, and what one announcement chose of it.

A template is a text that the platform approved for one account; only its values are ours. An article is written in the
platform's own tool; we know its id. All of it is off until an officer switches it on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Connection

from bot.announcements import drafting
from bot.announcements.announcing import Announcing, Words
from bot.announcements.drafting import INITIATIVE, LONGEST, NAME, UNIT, Message
from bot.clock import zone
from bot.library.vietnamese import nfc
from bot.messages import Approved, Campaign
from bot.platforms.rules import RouteRule
from bot.store import articles, options
from bot.store.announcements import Announcement
from bot.store.audience import BROADCAST, MARKETING, TEMPLATE, UTILITY

AREA = "routes"
SWITCHES, ARTICLES = "switches", "articles_a_month"
MARKETING_ON, PAID = "messenger_marketing", "paid."
#: Platform to the way by which its templates go.
BY_TEMPLATE = {"messenger": UTILITY, "zalo": TEMPLATE}
#: What may stand in a template's place, besides words of the officer's own (a value that begins with "=").
TITLE, BODY = "tieu de", "noi dung"
VALUES = (NAME, UNIT, INITIATIVE, TITLE, BODY)
MOST_VALUE = 250
#: Places of an approved text: Messenger numbers them, Zalo names them.
PLACES = {"messenger": re.compile(r"\{\{(\d+)\}\}"), "zalo": re.compile(r"<([A-Za-z][A-Za-z0-9_]*)>")}
_ARTICLE = re.compile(r"[A-Za-z0-9_-]{4,64}")
Line = Annotated[str, Field(min_length=1, max_length=120)]


class Parameter(BaseModel):
    """One place of a template: what stands in it, and how many characters the platform allows there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    value: Annotated[str, Field(min_length=1, max_length=MOST_VALUE + 1)]
    most: Annotated[int, Field(ge=1, le=MOST_VALUE)] = 60

    @property
    def own_words(self) -> str | None:
        return self.value[1:] if self.value.startswith("=") else None

    @model_validator(mode="after")
    def _known(self) -> Parameter:
        words = self.own_words
        if words is None and self.value not in VALUES:
            raise ValueError("no such value")
        if words is not None and not 0 < len(words.strip()) <= self.most:
            raise ValueError("own words empty or too long")
        return self


class Template(BaseModel):
    """An approved template. Its places and `parameters` are the same, in the same order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Line
    account_id: int
    platform: Literal["messenger", "zalo"]
    name: Line  # Messenger: its name; Zalo: its id
    language: Annotated[str, Field(max_length=10)] = ""
    text: Annotated[str, Field(min_length=1, max_length=1500)]
    parameters: tuple[Parameter, ...] = ()
    cost_vnd: Annotated[int, Field(ge=0, le=100_000)] = 0  # 0: as the rules say

    @model_validator(mode="after")
    def _fits(self) -> Template:
        if [one.name for one in self.parameters] != places(self.platform, self.text):
            raise ValueError("parameters are not the places of the text")
        if self.platform == "messenger" and not re.fullmatch(r"[a-z]{2}(_[A-Z]{2})?", self.language):
            raise ValueError("language")
        if self.platform == "zalo" and not re.fullmatch(r"\d{1,20}", self.name):
            raise ValueError("a template's id is a number")
        return self

    @property
    def way(self) -> str:
        return BY_TEMPLATE[self.platform]

    @property
    def merges(self) -> bool:
        """Whether people get different values."""
        return any(one.value in {NAME, UNIT, INITIATIVE} for one in self.parameters)

    def shown(self, values: Mapping[str, str]) -> str:
        """The text as its reader sees it."""
        return PLACES[self.platform].sub(lambda place: values[place.group(1)], self.text)


def places(platform: str, text: str) -> list[str]:
    """The places of an approved text in their order, each once; Messenger's by number, from 1 on without a gap."""
    found = list(dict.fromkeys(PLACES[platform].findall(text)))
    if platform != "messenger":
        return found
    numbers = sorted(int(number) for number in found)
    return [str(number) for number in numbers] if numbers == list(range(1, len(numbers) + 1)) else ["?"]


class Paid(BaseModel):
    """A campaign that a person made at Meta for one Page: its numbers, and what a message is thought to cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_id: int
    ad_account: Annotated[str, Field(pattern=r"^\d{5,20}$")]
    campaign: Annotated[str, Field(pattern=r"^\d{5,20}$")]
    cost_vnd: Annotated[int, Field(ge=0, le=100_000)] = 0

    @property
    def made(self) -> Campaign:
        return Campaign(self.ad_account, self.campaign)


# ---- what officers set up ----


@dataclass(frozen=True, slots=True)
class Gallery:
    """The settings: which ways are switched on, and the templates by key."""

    switches: frozenset[str] = frozenset()
    templates: Mapping[str, Template] = field(default_factory=dict)
    articles_a_month: int = 0  # 0: as the rules say
    paid: Mapping[int, Paid] = field(default_factory=dict)  # account to its campaign

    @property
    def campaigns(self) -> Mapping[int, Paid]:
        """Those that may be used: only while the way is switched on."""
        return self.paid if MARKETING_ON in self.switches else {}

    @classmethod
    def read(cls, connection: Connection) -> Gallery:
        kept = options.overlay(connection, AREA)
        paid = [found for key in list(kept) if key.startswith(PAID) and (found := read_paid(kept.pop(key))) is not None]
        on = frozenset(name for name, is_on in kept.pop(SWITCHES, {}).items() if is_on)
        month = int(kept.pop(ARTICLES, 0))
        return cls(
            on,
            {key: one for key, value in kept.items() if (one := read(value)) is not None},
            month,
            {one.account_id: one for one in paid},
        )

    def usable(self, rule: RouteRule | None) -> bool:
        return rule is not None and (not rule.setting or rule.setting in self.switches)


def read(value: object) -> Template | None:
    """A stored template; None for what no longer fits this version."""
    try:
        return Template.model_validate(value)
    except ValidationError:
        return None


def read_paid(value: object) -> Paid | None:
    try:
        return Paid.model_validate(value)
    except ValidationError:
        return None


def gallery(announcing: Announcing) -> Gallery:
    with announcing.database.read() as connection:
        return Gallery.read(connection)


# ---- what an announcement chose ----


@dataclass(frozen=True, slots=True)
class Routed:
    """What may be used of it now: the template of each account, and the article for each account's followers."""

    templates: Mapping[int, Template] = field(default_factory=dict)
    articles: Mapping[int, str] = field(default_factory=dict)
    paid: Mapping[int, Paid] = field(default_factory=dict)

    @property
    def merges(self) -> bool:
        """Whether people get different bodies; a paid message bears each person's own token."""
        return bool(self.paid) or any(one.merges for one in self.templates.values())


def chosen(one: Announcement) -> Routed:
    """What the announcement holds, as it was written and approved."""
    found = [made for value in one.routes.get("templates", ()) if (made := read(value)) is not None]
    posted = {int(number): article for number, article in one.routes.get("articles", {}).items()}
    paid = [campaign for value in one.routes.get("paid", ()) if (campaign := read_paid(value)) is not None]
    return Routed(
        {made.account_id: made for made in found}, posted, {campaign.account_id: campaign for campaign in paid}
    )


def as_json(routed: Routed) -> dict[str, Any]:
    """For the column; empty where nothing was chosen."""
    kept: dict[str, Any] = {}
    if routed.templates:
        kept["templates"] = [one.model_dump(mode="json") for one in routed.templates.values()]
    if routed.articles:
        kept["articles"] = {str(number): article for number, article in routed.articles.items()}
    if routed.paid:
        kept["paid"] = [one.model_dump(mode="json") for one in routed.paid.values()]
    return kept


def routed(announcing: Announcing, one: Announcement, at: datetime) -> Routed:
    """What of it is in force, switched on, and permitted for this announcement."""
    if not one.routes:
        return Routed()
    on, meant, known = at.astimezone(zone()).date(), chosen(one), gallery(announcing)
    templates = {
        number: made
        for number, made in meant.templates.items()
        if made.key in known.templates
        and known.usable(rule := announcing.rules.way(made.platform, made.way, on))
        and _allowed(one, rule)
    }
    posts = known.usable(announcing.rules.way("zalo", BROADCAST, on)) and to_everybody(one)
    pays = one.allow_cost and announcing.rules.way("messenger", MARKETING, on) is not None
    paid = {number: made for number, made in meant.paid.items() if pays and number in known.campaigns}
    return Routed(templates, meant.articles if posts else {}, paid)


def _allowed(one: Announcement, rule: RouteRule | None) -> bool:
    if rule is None or (rule.cost_vnd and not one.allow_cost):
        return False
    return "own_matter" not in rule.needs or own_matter(one)


def own_matter(one: Announcement) -> bool:
    """Whether it goes only to people about something of their own: their initiative, an event they registered for."""
    return bool(one.audience.get("initiative_states") or one.audience.get("events"))


def to_everybody(one: Announcement) -> bool:
    """An article cannot leave anybody out, so nobody may be left out of the announcement."""
    return not any(one.audience.get(name) for name in _NARROWING)


_NARROWING = ("units", "platforms", "topics", "initiative_states", "events", "include", "exclude")


def reach(announcing: Announcing, made: Template, at: datetime) -> timedelta | None:
    rule = announcing.rules.way(made.platform, made.way, at.astimezone(zone()).date())
    return rule.reach if rule else timedelta()


# ---- the check ----


def faults(announcing: Announcing, one: Announcement) -> list[tuple[str, str]]:
    """(code, what) of everything that keeps a chosen template or article from being sent."""
    if not one.routes:
        return []
    return [*_template_faults(announcing, one), *_article_faults(announcing, one), *_paid_faults(announcing, one)]


def _paid_faults(announcing: Announcing, one: Announcement) -> Iterator[tuple[str, str]]:
    known = gallery(announcing)
    for number, made in chosen(one).paid.items():
        if known.campaigns.get(number) != made:
            yield "announcement.paid_off", made.campaign
        if not one.allow_cost:
            yield "announcement.paid_costs", made.campaign


def _template_faults(announcing: Announcing, one: Announcement) -> Iterator[tuple[str, str]]:
    known, message = gallery(announcing), Message.of(one)
    on = announcing.clock().astimezone(zone()).date()
    for made in chosen(one).templates.values():
        rule = announcing.rules.way(made.platform, made.way, on)
        if not known.usable(rule) or made.key not in known.templates:
            yield "announcement.template_off", made.name
        elif known.templates[made.key] != made:
            yield "announcement.template_changed", made.name
        if rule is not None and rule.cost_vnd and not one.allow_cost:
            yield "announcement.template_costs", made.name
        if rule is not None and "own_matter" in rule.needs and not own_matter(one):
            yield "announcement.template_general", made.name
        if any(value.value == INITIATIVE for value in made.parameters) and not one.audience.get("initiative_states"):
            yield "announcement.template_initiative", made.name
        yield from ((code, f"{made.name}: {place}") for code, place in _value_faults(made, message))


def _value_faults(made: Template, message: Message) -> Iterator[tuple[str, str]]:
    """Values that are the same for all must fit as they are; a person's own may be cut."""
    same = {TITLE: message.title, BODY: _flat(message.body)}
    for one in made.parameters:
        if one.value == BODY and drafting.fields_of(message.body):
            yield "announcement.template_merges", one.name
        elif one.value in same and not same[one.value].strip():
            yield "announcement.template_empty", one.name
        elif one.value in same and len(same[one.value]) > one.most:
            yield "announcement.template_long", one.name


def _article_faults(announcing: Announcing, one: Announcement) -> Iterator[tuple[str, str]]:
    posted = chosen(one).articles
    if not posted:
        return
    now, known = announcing.clock(), gallery(announcing)
    if not known.usable(announcing.rules.way("zalo", BROADCAST, now.astimezone(zone()).date())):
        yield "announcement.article_off", ""
    if not to_everybody(one):
        yield "announcement.article_to_all", ""
    for number, article in posted.items():
        if not _ARTICLE.fullmatch(article):
            yield "announcement.article_odd", article
        used, most = article_use(announcing, number, now)
        if used >= most:
            yield "announcement.article_quota", str(most)


def article_use(announcing: Announcing, account_id: int, now: datetime) -> tuple[int, int]:
    """(articles of the last 30 days, how many the package allows)."""
    quotas = announcing.rules.quotas_of("zalo", now.astimezone(zone()).date())
    shipped = next((quota.most for quota in quotas if quota.what == "articles"), 0)
    with announcing.database.read() as connection:
        most = Gallery.read(connection).articles_a_month or shipped
        return articles.sent_since(connection, account_id, now - timedelta(days=30)), most


# ---- the values ----


def values(made: Template, message: Message, words: Words, facts: Mapping[str, str]) -> dict[str, str]:
    """Parameter to what stands there for one person. A person's own value that is too long is cut."""
    own = drafting.own(words, facts)
    found = {**own, TITLE: message.title, BODY: message.body}
    return {one.name: _cut(one.own_words or found.get(one.value, ""), one.most) for one in made.parameters}


def approved(made: Template, message: Message, words: Words, facts: Mapping[str, str]) -> Approved:
    """Raises nothing; the adapter refuses an empty value."""
    given = values(made, message, words, facts)
    return Approved(made.name, made.language, tuple((one.name, given[one.name]) for one in made.parameters))


def _cut(text: str, most: int) -> str:
    line = _flat(text)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _flat(text: str) -> str:
    return " ".join(nfc(text).split())


#: The longest and the missing values, as the preview tries them.
CASES: Mapping[str, Mapping[str, str]] = {"longest": LONGEST, "missing": {}}
