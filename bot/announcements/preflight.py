"""The check before sending: who can be reached, by which way, at what cost, until when; and who cannot, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import Connection, func, select, text

from bot.announcements import people, routes
from bot.announcements.announcing import Announcing
from bot.clock import zone
from bot.platforms.rules import House
from bot.states import Origin
from bot.store import accounts, articles, audience, units
from bot.store.announcements import Announcement
from bot.store.audience import AT_ONCE, BILLED, HELD, MARKETING, NONE, PERSONAL, WINDOW, Choice, Count, Ways
from bot.store.schema import outbox, persons

#: Of the accounts' rate, what an announcement can count on: replies go first.
SHARE = 0.97
MOST_UNITS = 20


@dataclass(frozen=True, slots=True)
class Line:
    """So many people of one account, by one way or by none."""

    account_id: int
    platform: str
    way: str
    reason: str
    people: int


@dataclass(frozen=True, slots=True)
class Use:
    """One quota of one account: what is used of it, this announcement included."""

    account_id: int
    platform: str
    what: str
    used: int
    most: int


@dataclass(frozen=True, slots=True)
class Preflight:
    lines: tuple[Line, ...]
    unclear: int  # workplace not clear
    by_unit: tuple[tuple[int, int], ...]  # (unit or 0, people who get nothing at once)
    cost_vnd: int
    quotas: tuple[Use, ...]
    starts_at: datetime
    ends_at: datetime | None  # None: nobody is reached at once
    also: int = 0  # followers who get an article although they did not agree to announcements

    def people(self, *ways: str) -> int:
        return sum(line.people for line in self.lines if not ways or line.way in ways)

    @property
    def at_once(self) -> int:
        return self.people(*AT_ONCE)

    @property
    def held(self) -> int:
        return self.people(HELD)

    @property
    def reasons(self) -> dict[str, int]:
        """Why people get nothing, not even later."""
        found: dict[str, int] = {}
        for line in self.lines:
            if line.way == NONE:
                found[line.reason] = found.get(line.reason, 0) + line.people
        return found

    @property
    def ways(self) -> dict[str, int]:
        """Way to people, where more than one way reaches somebody at once."""
        found = {way: self.people(way) for way in AT_ONCE if self.people(way)}
        return found if len(found) > 1 or set(found) - {WINDOW} else {}

    @property
    def figures(self) -> dict[str, int]:
        """What an approval remembers of it."""
        return {"all": self.people(), "at_once": self.at_once, "held": self.held, "none": self.people(NONE)}

    def as_json(self) -> dict[str, Any]:
        return {**self.figures, "lines": [asdict(line) for line in self.lines], "cost_vnd": self.cost_vnd}


def ways(announcing: Announcing, one: Announcement, at: datetime) -> Ways:
    """Which ways are open at that moment, by the dated rules."""
    windows, on = announcing.rules.windows, at.astimezone(zone()).date()
    known = {name: announcing.rules.ways(name, on) for name in announcing.platforms}
    free = {
        name: windows.length(name, Origin.ANNOUNCEMENT, on)
        for name, rules in known.items()
        if any(rule.route == WINDOW for rule in rules)
    }
    paid = {
        name: windows.length(name, Origin.STAFF, on)
        for name, rules in known.items()
        if one.allow_cost and any(rule.route == BILLED for rule in rules)
    }
    ours, routed = announcing.rules.ours(on), routes.routed(announcing, one, at)
    with announcing.database.read() as connection:
        lately = articles.lately(connection, at - timedelta(days=7))
    return Ways(
        now=at,
        window=free,
        billed=paid,
        templates={number: (made.way, routes.reach(announcing, made, at)) for number, made in routed.templates.items()},
        paid=frozenset(routed.paid),
        followers=frozenset(routed.articles),
        articles=lately,
        useful=useful_until(one, at, ours) > at,
        a_week=None if one.important else ours.a_week,
    )


def useful_until(one: Announcement, at: datetime, ours: House) -> datetime:
    return one.useful_until or at + timedelta(days=ours.useful_days)


def choice(announcing: Announcing, connection: Connection, one: Announcement) -> Choice:
    """Whom the officer meant, the units below included."""
    spec: Mapping[str, Any] = one.audience
    states, events = tuple(spec.get("initiative_states", ())), tuple(spec.get("events", ()))
    among = ((people.among(states),) if states else ()) + ((people.registered(events),) if events else ())
    chosen = frozenset(spec.get("units", ()))
    return Choice(
        units=_meant(connection, chosen, announcing.clock().astimezone(zone()).date()) if chosen else frozenset(),
        unclear=bool(spec.get("unclear")),
        platforms=tuple(spec.get("platforms", ())),
        topics=tuple(spec.get("topics", ())),
        among=among,
        include=tuple(spec.get("include", ())),
        exclude=tuple(spec.get("exclude", ())),
    )


def _meant(connection: Connection, chosen: frozenset[int], on: date) -> frozenset[int]:
    """The units chosen, those below them, and those that ended and are followed by one of them."""
    inside, known = units.below(connection, chosen), units.everything(connection)
    followed = {
        one.id for one in known.values() if (now := units.successor(known, one, on)) is not None and now.id in inside
    }
    return inside | followed


def everybody(one: Announcement) -> bool:
    """Sent to all: nothing narrows it."""
    return not any(one.audience.get(name) for name in ("units", "topics", "initiative_states", "events", "include"))


def check(announcing: Announcing, one: Announcement, *, at: datetime | None = None) -> Preflight:
    """Count for the moment when it will start; `at` overrides that. Writes nothing."""
    now = announcing.clock()
    on = now.astimezone(zone()).date()
    starts = announcing.rules.ours(on).next_opening(max(at or one.send_at or now, now))
    open_ways, posted = ways(announcing, one, starts), _articles(announcing, one, now)
    with announcing.database.read() as connection:
        chosen = choice(announcing, connection, one)
        found = audience.counts(connection, chosen, open_ways)
        lines = _lines(found)
        quotas = (*_quotas(announcing, connection, lines, now), *posted)
        ends = _ends(announcing, connection, one, lines, starts)
        also = audience.also_follow(connection, open_ways)
    unclear = sum(one.people for one in found if one.unit_id is None)
    cost = _cost(announcing, one, lines, starts)
    return Preflight(lines, unclear, _by_unit(found), cost, quotas, starts, ends, also)


def _lines(found: list[Count]) -> tuple[Line, ...]:
    people: dict[tuple[int, str, str, str], int] = {}
    for one in found:
        key = (one.account_id, one.platform, one.way, one.reason)
        people[key] = people.get(key, 0) + one.people
    return tuple(Line(*key, number) for key, number in sorted(people.items()))


def _by_unit(found: list[Count]) -> tuple[tuple[int, int], ...]:
    """Where those are who get nothing at once, the most first; 0 stands for "not clear"."""
    people: dict[int, int] = {}
    for one in found:
        if one.way in {HELD, NONE}:
            people[one.unit_id or 0] = people.get(one.unit_id or 0, 0) + one.people
    return tuple(sorted(people.items(), key=lambda pair: -pair[1])[:MOST_UNITS])


def _cost(announcing: Announcing, one: Announcement, lines: tuple[Line, ...], at: datetime) -> int:
    on = at.astimezone(zone()).date()
    prices = {
        (name, rule.route): rule.cost_vnd for name in announcing.platforms for rule in announcing.rules.ways(name, on)
    }
    chosen = routes.chosen(one)
    own = {(number, made.way): made.cost_vnd for number, made in chosen.templates.items() if made.cost_vnd}
    own |= {(number, MARKETING): made.cost_vnd for number, made in chosen.paid.items()}
    return sum(
        line.people * own.get((line.account_id, line.way), prices.get((line.platform, line.way), 0)) for line in lines
    )


def _articles(announcing: Announcing, one: Announcement, now: datetime) -> tuple[Use, ...]:
    """What its articles use of each account's month."""
    uses = {number: routes.article_use(announcing, number, now) for number in routes.chosen(one).articles}
    return tuple(Use(number, "zalo", "articles", used + 1, most) for number, (used, most) in uses.items())


def _quotas(announcing: Announcing, connection: Connection, lines: tuple[Line, ...], now: datetime) -> list[Use]:
    found = []
    on = now.astimezone(zone()).date()
    for account in accounts.all_accounts(connection):
        mine = [line for line in lines if line.account_id == account.id]
        if not mine:
            continue
        for quota in announcing.rules.quotas_of(account.platform, on):
            if quota.per not in {"day", "month"} or quota.what == "articles":
                continue
            way = BILLED if quota.what == "billed" else None
            planned = sum(line.people for line in mine if line.way in ({way} if way else PERSONAL))
            used = _sent_since(connection, account.id, now - timedelta(days=1 if quota.per == "day" else 30), way)
            most = quota.most * (_reachable(connection, account.id) if quota.each_person else 1)
            found.append(Use(account.id, account.platform, quota.what, used + planned, most))
    return found


def _sent_since(connection: Connection, account_id: int, since: datetime, way: str | None) -> int:
    query = select(func.count()).where(
        outbox.c.account_id == account_id, outbox.c.finished_at > since, outbox.c.sent_at.is_not(None)
    )
    if way == BILLED:
        query = query.where(text("outbox.body LIKE '%\"billed\": true%'"))
    return connection.scalar(query) or 0


def _reachable(connection: Connection, account_id: int) -> int:
    query = select(func.count()).where(persons.c.account_id == account_id, persons.c.reachable)
    return connection.scalar(query) or 0


def _ends(
    announcing: Announcing, connection: Connection, one: Announcement, lines: tuple[Line, ...], starts: datetime
) -> datetime | None:
    """When the last fresh message has left, at the accounts' rates and with the nights between."""
    load: dict[int, int] = {}
    for line in lines:
        if line.way in PERSONAL:
            load[line.account_id] = load.get(line.account_id, 0) + line.people
    if not load:
        return None
    rates = {account.id: account.pace(starts) for account in accounts.all_accounts(connection)}
    seconds = max(people / (rates.get(number, 1.0) * SHARE) for number, people in load.items())
    if one.rate:
        seconds = max(seconds, sum(load.values()) / one.rate)
    return after_nights(starts, timedelta(seconds=ceil(seconds)), announcing.rules.ours(starts.date()))


def after_nights(starts: datetime, work: timedelta, ours: House) -> datetime:
    """The moment when so much work is done, working only while announcements may leave."""
    at = ours.next_opening(starts)
    while True:
        local = at.astimezone(zone())
        closes = datetime.combine(local.date(), ours.closes, zone())
        if at + work <= closes:
            return at + work
        work -= closes - at
        at = ours.next_opening(closes)


def changed_much(announcing: Announcing, seen: Mapping[str, Any], now_at_once: int, at: datetime) -> bool:
    """Whether far more or far fewer people would get it at once than the approver saw."""
    ours = announcing.rules.ours(at.astimezone(zone()).date())
    before = int(seen.get("at_once", 0))
    off = abs(now_at_once - before)
    return off >= ours.large_change_people and off * 100 > before * ours.large_change_percent
