"""Tells staff what needs them, by e-mail and in their own chat: numbers and a link only, once each.

A hand-over goes to the person in charge of the member's unit first; unanswered after a working day, to the next one
named above it, then to the province. A danger sign goes to all of them at once.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select

from bot import logs
from bot.clock import Clock, zone
from bot.delivery.alarms import Mailer, explanations
from bot.delivery.directory import Directory
from bot.library.organisation import Organisation
from bot.messages import Outbound
from bot.platforms.rules import Rules
from bot.states import Origin
from bot.store import announcements, conversations, data_requests, marks, notifications, outbox, persons, staff, units
from bot.store.announcements import State
from bot.store.database import Database
from bot.store.marks import Alarm
from bot.store.outbox import Draft
from bot.store.schema import handovers
from bot.store.staff import Role, Staff
from bot.store.units import Unit

_PROVINCE = (Role.PROVINCIAL, Role.ADMINISTRATOR)
#: Where a cause is looked after, by its first word; the number behind it is filled in.
PAGES = {
    "handover": "/conversations/{person}",
    "account": "/accounts/{number}",
    "doctor": "/accounts/{number}",
    "send": "/accounts/{number}",
    "notice": "/accounts/{number}",
    "announcement": "/announcements/{number}",
    "approval": "/announcements/{number}",
}
URGENT = "handover.urgent"


@dataclass(frozen=True, slots=True)
class _Case:
    """An open alarm, and who hears of it: in turn, or all at once."""

    alarm: Alarm
    line: Sequence[Staff]
    in_turn: bool


class Notifier:
    def __init__(
        self,
        database: Database,
        directory: Directory,
        mailer: Mailer,
        clock: Clock,
        organisation: Callable[[], Organisation],
        *,
        console_url: str,
    ) -> None:
        self._database = database
        self._directory = directory
        self._mailer = mailer
        self._clock = clock
        self._organisation = organisation
        self._console_url = console_url
        self._windows = Rules.load().windows
        self._words = explanations()

    def work(self) -> int:
        """Tell whoever is due; how many were told."""
        with self._database.read() as connection:
            cases = [case for alarm in marks.open_alarms(connection) if (case := _case(connection, alarm)) is not None]
            cases += _approvals(connection)
            due = [(case, one) for case in cases for one in self._due(connection, case)]
        return sum(self._tell(case.alarm, one) for case, one in due)

    def _due(self, connection: Connection, case: _Case) -> Iterator[Staff]:
        told = notifications.told(connection, case.alarm.cause, case.alarm.since)
        known = {one.staff_id for one in told}
        waiting = [one for one in case.line if one.id not in known and self._reachable(connection, one)]
        if not case.in_turn:
            yield from waiting
        elif waiting and (not told or self._day_passed(max(one.at for one in told))):
            yield waiting[0]

    def _day_passed(self, told_at: datetime) -> bool:
        """One working day has gone by since somebody was told."""
        organisation, now = self._organisation(), self._clock()
        if organisation.hours:
            return organisation.working_days_after(told_at.astimezone(zone()), 1) <= now
        return data_requests.working_days_after(told_at, 1) <= now

    def _reachable(self, connection: Connection, one: Staff) -> bool:
        return bool(one.email and self._mailer.may_send) or bool(notifications.links_of(connection, one.id))

    def _tell(self, alarm: Alarm, one: Staff) -> bool:
        now = self._clock()
        claim = partial(notifications.claim, now=now, cause=alarm.cause, since=alarm.since, staff_id=one.id)
        if not self._database.write(claim):
            return False
        meaning, link = self._words.get(alarm.code, {}).get("means") or "Có một việc cần cán bộ.", self._link(alarm)
        messaged = self._database.write(lambda connection: self._message(connection, alarm, one, f"{meaning}\n{link}"))
        mailed = self._mail(one, meaning, link)
        if not (messaged or mailed):  # nobody heard: tried again at the next look, or the next one's turn
            self._database.write(partial(notifications.unclaim, cause=alarm.cause, staff_id=one.id))
            return False
        note = partial(notifications.note_ways, cause=alarm.cause, staff_id=one.id, mailed=mailed, messaged=messaged)
        self._database.write(note)
        logs.event("staff.told", staff=one.id, code=alarm.code, mailed=mailed, messaged=messaged)
        return True

    def _message(self, connection: Connection, alarm: Alarm, one: Staff, words: str) -> bool:
        """Queue it for each of their chats whose window is open."""
        now = self._clock()
        drafts = []
        for person_id in notifications.links_of(connection, one.id):
            person = persons.get(connection, person_id)
            account = self._directory.account(person.account_id) if person else None
            if person is None or account is None or not person.reachable:
                continue
            if self._windows.open(account.platform, Origin.NOTICE, person.wrote_at, now):
                parts = self._directory.platform(account).parts(Outbound(words), buttons=account.buttons)
                drafts += [
                    Draft(account.id, person_id, Origin.NOTICE, part.body, subject=f"staff:{alarm.cause}")
                    for part in parts
                ]
        outbox.add(connection, drafts, now)
        return bool(drafts)

    def _mail(self, one: Staff, meaning: str, link: str) -> bool:
        if not one.email or not self._mailer.may_send:
            return False
        try:
            self._mailer.send(f"[Trợ lý công đoàn] {meaning}"[:120], f"{meaning}\n{link}", to=[one.email])
        except (OSError, smtplib.SMTPException):
            logs.failure("staff.mail_failed", staff=one.id)
            return False
        return True

    def _link(self, alarm: Alarm) -> str:
        kind, _, rest = alarm.cause.partition(":")
        number = rest.partition(":")[0]
        page = PAGES.get(kind, "/").format(person=alarm.facts.get("person", ""), number=number)
        return f"{self._console_url}{page}"


def _case(connection: Connection, alarm: Alarm) -> _Case | None:
    people = {one.id: one for one in staff.everyone(connection) if one.disabled_at is None}
    province = [one for role in _PROVINCE for one in people.values() if one.role is role]
    kind, _, number = alarm.cause.partition(":")
    if kind != "handover":
        return _Case(alarm, province, in_turn=False)
    row = connection.execute(
        select(handovers.c.person_id, handovers.c.assigned_id, handovers.c.closed_at).where(
            handovers.c.id == int(number)
        )
    ).first()
    if row is None or row.closed_at is not None:
        return None
    line = conversations.line(connection, row.person_id)
    named = [row.assigned_id, *in_charge(units.everything(connection), line.unit_id if line else None)]
    first = [people[one] for one in named if one in people]
    return _Case(alarm, list({one.id: one for one in (*first, *province)}.values()), in_turn=alarm.code != URGENT)


def _approvals(connection: Connection) -> list[_Case]:
    """Announcements that wait for a second person: everybody of the province who did not write them."""
    waiting = announcements.listed(connection, states=[State.SUBMITTED])
    if not waiting:
        return []
    people = [one for one in staff.everyone(connection) if one.disabled_at is None and one.role in _PROVINCE]
    return [
        _Case(
            Alarm(f"approval:{one.id}", "approval.waiting", {}, one.changed_at, None),
            [person for person in people if person.id not in {one.created_by, one.changed_by, one.submitted_by}],
            in_turn=False,
        )
        for one in waiting
    ]


def in_charge(known: Mapping[int, Unit], unit_id: int | None) -> Iterator[int | None]:
    """Who is named for a unit, then for each one above it."""
    passed: set[int] = set()
    while unit_id in known and unit_id not in passed and unit_id is not None:
        passed.add(unit_id)
        yield known[unit_id].in_charge_id
        unit_id = known[unit_id].parent_id
