"""The whole way of an announcement: approved, started, made into messages, sent, accounted for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.announcements import account, approval, preflight, running
from bot.errors import BotError
from bot.states import Origin, OutboxEvent
from bot.store import announcements, closing, erasure, outbox, persons
from bot.store.announcements import State
from bot.store.schema import outbox as messages
from bot.store.schema import persons as people_table
from tests.announcements.conftest import APPROVER, WRITER, Office


def test_everybody_ends_in_one_bucket(office: Office) -> None:
    office.people("zalo", 7)
    office.people("messenger", 5)
    office.people("zalo", 4, wrote_at=office.hands() - timedelta(days=3))  # held
    office.people("messenger", 2, reachable=False)
    office.people("zalo", 9, subscribed=False)  # not meant at all
    number = office.started(body="Họp lúc 8 giờ.")
    office.run(number)

    one = office.one(number)
    assert (one.state, one.people) == (State.SENT, 18)
    closed = account.closing(office.announcing, number)
    assert closed.buckets == {"sent": 12, "held": 4, "not_reachable": 2}
    assert closed.reasons == {("not_reachable", "unreachable"): 2}
    assert closed.people == closed.accounted == 18


def test_each_gets_it_once_whoever_works_and_however_often(office: Office) -> None:
    office.people("zalo", 30)
    number = office.started(body="Họp.")
    for _ in range(3):
        running.work(office.announcing)
        with office.database.read() as connection:
            connection.rollback()
        # a clock that lost its memory begins at the first person again
        office.database.write(
            lambda connection: announcements.change(connection, number, checkpoint=0, fanned_out=False)
        )
    with office.database.read() as connection:
        rows = connection.execute(select(messages.c.person_id).where(messages.c.announcement_id == number)).all()
    assert len(rows) == len({row.person_id for row in rows}) == 30


def test_merge_fields_are_each_persons_own(office: Office) -> None:
    (here,) = office.people("zalo", 1, unit_said="Công ty Hoa Mai")
    (there,) = office.people("messenger", 1)
    number = office.started(body="Mời {tên} ở {Đơn vị}.\nSáng kiến của anh chị: {sáng kiến}")
    running.work(office.announcing)
    with office.database.read() as connection:
        query = select(messages.c.person_id, messages.c.body).where(messages.c.announcement_id == number)
        rows = {row.person_id: row.body for row in connection.execute(query)}
    assert "Mời anh/chị ở Công ty Hoa Mai." in rows[here]
    assert "nơi anh/chị làm việc" in rows[there]
    assert "Sáng kiến của anh chị" not in rows[here]
    assert "Công đoàn tỉnh" in rows[there]


def test_paused_means_nothing_more_is_taken(office: Office) -> None:
    office.people("zalo", 40)
    number = office.started(body="Họp.")
    running.work(office.announcing)
    assert office.deliver(limit=10) == 10
    progress = running.pause(office.announcing, number, WRITER)
    assert (progress.sent, progress.waiting, progress.flying) == (10, 30, 0)
    assert office.deliver() == 0
    running.resume(office.announcing, number, WRITER)
    office.run(number)
    assert office.states(number) == {"sent": 40}


def test_stopped_calls_off_the_rest(office: Office) -> None:
    office.people("zalo", 40)
    office.people("zalo", 3, wrote_at=office.hands() - timedelta(days=9))
    number = office.started(body="Họp.")
    running.work(office.announcing)
    office.deliver(limit=10)
    running.stop(office.announcing, number, WRITER)
    running.work(office.announcing)
    assert office.one(number).state is State.CLOSED
    assert account.closing(office.announcing, number).buckets == {"sent": 10, "stopped": 33}


def test_who_opts_out_meanwhile_gets_nothing(office: Office) -> None:
    first, second, third = office.people("zalo", 3)
    number = office.approved(body="Họp.")
    office.database.write(lambda connection: persons.change(connection, first, subscribed=False))
    running.start(office.announcing, number, by=WRITER)
    running.work(office.announcing)
    office.database.write(lambda connection: outbox.call_off(connection, second, [Origin.ANNOUNCEMENT], office.hands()))
    office.run(number)
    closed = account.closing(office.announcing, number)
    assert closed.buckets == {"opted_out": 2, "sent": 1}
    assert third in {row[0] for row in account.everyone(office.announcing, number) if row[1] == "sent"}


def test_who_asks_to_be_forgotten_is_still_counted(office: Office) -> None:
    first, *_ = office.people("zalo", 5)
    number = office.started(body="Họp.")
    office.run(number)
    office.database.write(lambda connection: erasure.forget(connection, office.announcing.vault, first, office.hands()))
    closed = account.closing(office.announcing, number)
    assert closed.buckets == {"sent": 4, "forgotten": 1}
    assert closed.accounted == 5


def test_held_one_follows_when_the_person_writes(office: Office) -> None:
    (person,) = office.people("messenger", 1, wrote_at=office.hands() - timedelta(days=2))
    number = office.started(body="Họp.")
    office.run(number)
    assert office.states(number) == {"held": 1}
    assert office.one(number).state is State.SENT
    office.database.write(lambda connection: persons.change(connection, person, wrote_at=office.hands()))
    office.database.write(lambda connection: outbox.release_held(connection, person, office.hands()))
    assert office.deliver() == 1
    running.work(office.announcing)
    assert office.one(number).state is State.CLOSED


def test_held_one_ends_when_it_is_of_no_more_use(office: Office) -> None:
    office.people("messenger", 1, wrote_at=office.hands() - timedelta(days=2))
    number = office.started(body="Họp.", useful_until=office.hands() + timedelta(hours=5))
    office.run(number)
    office.hands.pass_by(hours=6)
    running.work(office.announcing)
    assert account.closing(office.announcing, number).buckets == {"expired": 1}
    assert office.one(number).state is State.CLOSED


def test_unsure_ones_wait_for_staff(office: Office) -> None:
    office.people("zalo", 4)
    number = office.started(body="Họp.")
    running.work(office.announcing)
    office.deliver(OutboxEvent.NO_ANSWER)
    office.hands.pass_by(minutes=5)
    office.database.write(lambda connection: outbox.resolve_doubts(connection, office.hands()))
    assert office.deliver() == 0, "nobody gets it twice by our act"
    running.work(office.announcing)
    with office.database.read() as connection:
        rows = closing.unsure(connection, number)
    assert len(rows) == 4
    office.database.write(
        lambda connection: closing.settle(connection, number, [rows[0][0]], again=True, now=office.hands())
    )
    office.database.write(lambda connection: closing.settle(connection, number, None, again=False, now=office.hands()))
    assert office.deliver() == 1
    assert account.closing(office.announcing, number).buckets == {"sent": 1, "failed": 3}


def test_small_group_stops_the_rest_when_it_goes_badly(office: Office) -> None:
    office.people("zalo", 100)
    number = office.started(body="Họp.", trial=20)
    running.work(office.announcing)
    assert sum(office.states(number).values()) == 20
    office.deliver(OutboxEvent.REFUSED)
    running.work(office.announcing)
    one = office.one(number)
    assert (one.state, one.state_code) == (State.PAUSED, "announcement.trial_failed")
    assert office.states(number) == {"failed": 20}
    running.resume(office.announcing, number, WRITER)
    office.run(number)
    assert office.states(number) == {"failed": 20, "sent": 80}


def test_small_group_lets_the_rest_go_when_it_goes_well(office: Office) -> None:
    office.people("zalo", 100)
    number = office.started(body="Họp.", trial=20)
    running.work(office.announcing)
    running.work(office.announcing)
    assert sum(office.states(number).values()) == 20, "the rest waits until the group is through"
    office.run(number)
    assert office.states(number) == {"sent": 100}


def test_own_rate_is_kept(office: Office) -> None:
    office.people("zalo", 50)
    office.started(body="Họp.", rate=10.0)
    running.work(office.announcing)
    sent = []
    for _ in range(5):
        sent.append(office.deliver())
        office.hands.pass_by(seconds=0.1)
    assert sent == [2, 1, 1, 1, 1]


def test_nothing_leaves_at_night(office: Office) -> None:
    office.people("zalo", 5)
    number = office.started(body="Họp.")
    running.work(office.announcing)
    office.hands.at = office.hands.at.replace(hour=15, minute=0)  # 22:00 in Vietnam
    assert office.deliver() == 0
    office.hands.pass_by(hours=9)
    assert office.deliver() == 5
    office.hands.at = office.hands.at.replace(hour=15)
    with pytest.raises(BotError, match=r"announcement\.quiet"):
        running.start(office.announcing, number)


def test_one_a_week_unless_it_matters_more(office: Office) -> None:
    office.people("zalo", 3)
    first = office.started(body="Một.")
    office.run(first)
    second = office.started(body="Hai.")
    office.run(second)
    assert account.closing(office.announcing, second).reasons == {("not_reachable", "enough_this_week"): 3}
    third = office.started(body="Ba.", important=True)
    office.run(third)
    assert office.states(third) == {"sent": 3}


def test_never_more_than_three_a_day(office: Office) -> None:
    office.people("zalo", 1)
    numbers = [office.started(body=f"Tin {at}.", important=True) for at in range(4)]
    for _ in range(4):
        running.work(office.announcing)
        office.deliver()
    assert sum(office.states(number).get("sent", 0) for number in numbers) == 3
    office.hands.pass_by(hours=24, minutes=1)
    office.database.write(lambda connection: connection.execute(update(people_table).values(wrote_at=office.hands())))
    assert office.deliver() == 1


def test_second_person_must_approve_exactly_this(office: Office) -> None:
    office.people("zalo", 2)
    number = office.draft(body="Họp.")
    approval.submit(office.announcing, number, WRITER)
    digest = office.one(number).digest
    with pytest.raises(BotError, match=r"announcement\.own"):
        approval.approve(office.announcing, number, digest, WRITER)
    office.database.write(
        lambda connection: announcements.edit(connection, office.hands(), WRITER, number, 1, body="Họp lúc 9 giờ.")
    )
    with pytest.raises(BotError, match=r"announcement\.changed"):
        approval.approve(office.announcing, number, digest, APPROVER)
    approval.submit(office.announcing, number, WRITER)
    approval.approve(office.announcing, number, office.one(number).digest, APPROVER)
    assert office.one(number).state is State.APPROVED
    office.database.write(
        lambda connection: announcements.edit(connection, office.hands(), WRITER, number, 2, title="Khác")
    )
    assert (office.one(number).state, office.one(number).digest) == (State.DRAFT, "")
    assert not running.start(office.announcing, number)


def test_large_change_since_approval_asks_a_person(office: Office) -> None:
    people = office.people("zalo", 200)
    number = office.approved(body="Họp.")
    office.database.write(
        lambda connection: connection.execute(
            update(people_table).where(people_table.c.id.in_(people[:150])).values(reachable=False)
        )
    )
    assert not running.start(office.announcing, number, by=WRITER)
    assert (office.one(number).state, office.one(number).state_code) == (State.ASKING, "announcement.counts_changed")
    assert running.start(office.announcing, number, by=WRITER, sure=True)


def test_check_before_sending_counts_every_way(office: Office) -> None:
    now = office.hands()
    office.people("zalo", 10)
    office.people("zalo", 20, wrote_at=now - timedelta(days=3))
    office.people("messenger", 30, wrote_at=now - timedelta(hours=23))
    office.people("messenger", 40, wrote_at=now - timedelta(hours=23, minutes=55))
    office.people("messenger", 5, wrote_at=None)
    number = office.draft(body="Họp.")
    free = preflight.check(office.announcing, office.one(number))
    assert (free.at_once, free.held, free.cost_vnd) == (40, 65, 0)
    paid = preflight.check(office.announcing, office.one(office.draft(body="Họp.", allow_cost=True)))
    assert (paid.at_once, paid.held, paid.cost_vnd) == (60, 45, 20 * 55)
    assert paid.ends_at is not None
    assert paid.ends_at > paid.starts_at
