"""A year, day by day, with two clocks, restarts and kills: each due announcement starts once, none twice, none lost."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Connection, func, select, update

from bot.announcements import approval, running, schedule
from bot.announcements.announcing import Announcing
from bot.announcements.campaigns import Campaigns
from bot.clock import VIETNAM
from bot.store import announcements, marks
from bot.store.announcements import State
from bot.store.announcements import announcement_slots as slots
from bot.store.announcements import announcements as table
from bot.store.audit import audit
from bot.store.database import Database, Op, T
from bot.store.schema import outbox, persons
from tests.announcements.conftest import APPROVER, WRITER, Office

LOOKS = ("06:50", "07:20", "11:16", "15:00", "19:16", "21:59", "23:30")
UNAPPROVED = {"workers_month.opening", "science_day.thanks"}


class Killed(Exception):
    """The process died here."""


class Mortal:
    """A database whose process may die inside a transaction, or right after its commit."""

    def __init__(self, database: Database, chance: random.Random) -> None:
        self._database = database
        self._chance = chance
        self.deaths = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def write(self, op: Op[T], **more: Any) -> T:
        fate = self._chance.random()
        if fate < 0.03:
            self.deaths += 1

            def dies(connection: Connection) -> T:
                op(connection)
                raise Killed

            undone: T = self._database.write(dies, **more)
            return undone
        done: T = self._database.write(op, **more)
        if fate < 0.06:
            self.deaths += 1
            raise Killed
        return done


def _look(announcing: Announcing, campaigns: Campaigns) -> None:
    try:
        schedule.work(announcing, lambda: campaigns)
        running.work(announcing)
    except Killed:
        return  # this clock is dead; the next look is that of one started anew


def _officers_at_work(office: Office) -> None:
    """They approve what lies there, but for what they never get round to."""
    with office.database.read() as connection:
        drafts = announcements.listed(connection, states=[State.DRAFT])
    for one in drafts:
        if one.campaign not in UNAPPROVED and one.campaign != "science_day.reminder":  # nobody has a draft
            approval.submit(office.announcing, one.id, WRITER)
            approval.approve(office.announcing, one.id, office.one(one.id).digest, APPROVER)


def _days(first: date, number: int) -> list[datetime]:
    return [
        datetime.combine(first + timedelta(days=day), datetime.strptime(at, "%H:%M").time(), VIETNAM)  # noqa: DTZ007
        for day in range(number)
        for at in LOOKS
    ]


@pytest.mark.slow
def test_a_year(office: Office) -> None:
    campaigns, chance = Campaigns.open(), random.Random(487)
    office.hands.at = datetime(2027, 1, 1, tzinfo=UTC)
    office.people("zalo", 3)
    mortal = Mortal(office.database, chance)
    clocks = [replace(office.announcing, database=cast("Database", mortal)) for _ in range(2)]
    off = (date(2027, 5, 8), date(2027, 5, 9))  # nothing runs on the safety month's day
    for at in _days(date(2027, 1, 2), 400):
        office.hands.at = at.astimezone(UTC)
        office.database.write(lambda connection: connection.execute(update(persons).values(wrote_at=office.hands())))
        if at.date() in off:
            continue
        for clock in clocks:
            _look(clock, campaigns)
        if at.hour == 15:
            _officers_at_work(office)
        office.deliver()
    assert mortal.deaths > 20, "the year was too quiet to prove anything"
    _judge(office, campaigns)


def _judge(office: Office, campaigns: Campaigns) -> None:
    planned = {(key, 2027): one.moment(2027) for key, one in campaigns.planned().items()}
    with office.database.read() as connection:
        found = announcements.listed(connection, limit=100)
        starts = Counter(
            connection.scalars(select(audit.c.subject_id).where(audit.c.act == "announcement.started")).all()
        )
        messages = connection.execute(
            select(outbox.c.announcement_id, outbox.c.person_id, func.count())
            .group_by(outbox.c.announcement_id, outbox.c.person_id)
            .having(func.count() > 1)
        ).all()
    of_2027 = {(one.campaign, int(one.slot)): one for one in found if one.slot == "2027"}
    assert of_2027.keys() == planned.keys(), "one draft for each, and no other"
    assert len([one for one in found if one.slot == "2027"]) == len(planned)
    assert messages == []
    assert set(starts.values()) == {1}, "none started twice"
    for (key, _), one in of_2027.items():
        moment = planned[key, 2027]
        if key in UNAPPROVED or key == "science_day.reminder":
            assert (one.state, one.started_at) == (State.LAPSED, None), key
        elif key == "safety_month.opening":  # approved, and its day was a day without power
            assert (one.state, one.state_code, one.started_at) == (State.ASKING, "announcement.woke_late", None), key
        else:
            assert one.started_at is not None, key
            assert timedelta() <= one.started_at - moment < timedelta(minutes=60), key
            assert one.approved_at is not None
            assert one.approved_at < moment
            assert one.state is State.CLOSED, key


def test_drafted_two_weeks_before_and_officers_are_told(office: Office) -> None:
    campaigns = Campaigns.open()
    moment = campaigns.planned()["science_day.greeting"].moment(2027)
    office.hands.at = (moment - timedelta(days=14, minutes=1)).astimezone(UTC)
    schedule.work(office.announcing, lambda: campaigns)
    with office.database.read() as connection:
        assert announcements.of_slot(connection, "science_day.greeting", "2027") is None
    office.hands.pass_by(minutes=2)
    for _ in range(3):
        schedule.work(office.announcing, lambda: campaigns)
    with office.database.read() as connection:
        drafts = [one for one in announcements.listed(connection) if one.campaign == "science_day.greeting"]
        alarms = {alarm.cause: alarm.code for alarm in marks.open_alarms(connection)}
    assert len(drafts) == 1
    assert drafts[0].send_at == moment
    assert "ngày Khoa học và Công nghệ Việt Nam 18/5" in drafts[0].title
    assert alarms[f"announcement:{drafts[0].id}:unapproved"] == "announcement.drafted"
    office.hands.at = (moment - timedelta(days=2)).astimezone(UTC)
    schedule.work(office.announcing, lambda: campaigns)
    with office.database.read() as connection:
        codes = [alarm.code for alarm in marks.open_alarms(connection)]
    assert "announcement.unapproved" in codes


@pytest.mark.parametrize(
    ("sunday", "when"), [("same", date(2031, 5, 18)), ("before", date(2031, 5, 17)), ("after", date(2031, 5, 19))]
)
def test_a_sunday_moves_it_as_the_rule_says(sunday: str, when: date) -> None:
    campaigns = Campaigns.open({"science_day.greeting": {"sunday": sunday}})
    assert campaigns.planned()["science_day.greeting"].moment(2031).date() == when


def test_a_server_that_wakes_late_asks(office: Office) -> None:
    office.people("zalo", 2)
    at = office.hands() + timedelta(hours=1)
    number = office.approved(body="Họp.", send_at=at)
    office.hands.at = at + timedelta(minutes=59)
    late = office.approved(body="Họp khác.", send_at=at + timedelta(hours=2))
    schedule.work(office.announcing, Campaigns.open)
    assert office.one(number).state is State.RUNNING
    office.hands.at = at + timedelta(hours=3, minutes=1)
    schedule.work(office.announcing, Campaigns.open)
    assert (office.one(late).state, office.one(late).state_code) == (State.ASKING, "announcement.woke_late")


def test_two_clocks_start_it_once(office: Office) -> None:
    office.people("zalo", 2)
    number = office.approved(body="Họp.", send_at=office.hands() + timedelta(minutes=1))
    office.hands.pass_by(minutes=2)
    stale = office.one(number)
    assert running.start(office.announcing, number)
    assert not running.start(office.announcing, number)
    assert not office.database.write(
        lambda connection: announcements.once(connection, f"start:{number}", str(stale.edition), office.hands())
    )
    with office.database.read() as connection:
        count = select(func.count()).select_from(slots).where(slots.c.what == f"start:{number}")
        assert connection.scalar(count) == 1
        assert connection.scalar(select(func.count()).select_from(table)) == 1
