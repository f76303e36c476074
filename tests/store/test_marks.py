"""Small things with a name: leases with one holder, alarms with one row a cause, figures of the union's day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

from bot.store import marks
from tests.store.conftest import Desk

MINUTE = timedelta(minutes=1)


def test_one_holder_at_a_time(desk: Desk) -> None:
    def take(owner: str) -> bool:
        return desk.do(marks.take_lease, "clock", owner, desk.hands(), MINUTE)

    assert take("a")
    assert not take("b")
    assert take("a")  # renewed
    desk.hands.pass_by(seconds=59)
    assert not take("b")
    desk.hands.pass_by(seconds=1)
    assert take("b")
    assert not take("a")
    desk.do(marks.drop_lease, "clock", "a")  # not theirs
    assert not take("a")
    desk.do(marks.drop_lease, "clock", "b")
    assert take("a")


def test_of_many_at_once_one_gets_it(desk: Desk) -> None:
    start = Barrier(8)

    def take(number: int) -> bool:
        start.wait()
        return desk.do(marks.take_lease, "token:1", f"w{number}", desk.hands(), MINUTE)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1


def test_a_cause_is_one_alarm_until_it_is_over(desk: Desk) -> None:
    began = desk.hands()
    desk.do(marks.raise_alarm, "account:1", "zalo.token_dead", began, account="OA")
    desk.do(marks.alarm_told, "account:1", began)
    desk.hands.pass_by(hours=1)
    desk.do(marks.raise_alarm, "account:1", "zalo.token_dead", desk.hands(), account="OA")
    [alarm] = desk.do(marks.open_alarms)
    assert (alarm.since, alarm.told_at, alarm.facts) == (began, began, {"account": "OA"})
    assert desk.do(marks.end_alarm, "account:1", desk.hands())
    assert not desk.do(marks.end_alarm, "account:1", desk.hands())
    assert desk.do(marks.open_alarms) == []
    desk.do(marks.raise_alarm, "account:1", "zalo.token_dead", desk.hands())
    [alarm] = desk.do(marks.open_alarms)
    assert (alarm.since, alarm.told_at) == (desk.hands(), None)


def test_another_fault_of_the_same_cause_is_told_anew(desk: Desk) -> None:
    desk.do(marks.raise_alarm, "account:1", "zalo.-204", desk.hands())
    desk.do(marks.alarm_told, "account:1", desk.hands())
    desk.do(marks.raise_alarm, "account:1", "zalo.token_dead", desk.hands())
    [alarm] = desk.do(marks.open_alarms)
    assert (alarm.code, alarm.told_at) == ("zalo.token_dead", None)


def test_figures_add_up_by_the_unions_day(desk: Desk) -> None:
    evening = datetime(2026, 11, 24, 16, 59, tzinfo=UTC)  # 23:59 in Vietnam
    desk.do(marks.count, {"turn": 2, "other": 1}, evening)
    desk.do(marks.count, {"turn": 3}, evening)
    desk.do(marks.count, {"turn": 5}, evening + MINUTE)
    assert desk.do(marks.figures, "2026-11-24") == {
        ("2026-11-24", "turn"): 5,
        ("2026-11-24", "other"): 1,
        ("2026-11-25", "turn"): 5,
    }


def test_counting_at_once_loses_nothing(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: desk.do(marks.count, {"a": 1, "b": 1}, desk.hands()), range(80)))
    assert set(desk.do(marks.figures, "2026-01-01").values()) == {80}


def test_a_fact_is_put_found_by_its_beginning_and_dropped(desk: Desk) -> None:
    desk.do(marks.put, "heartbeat:worker:a_%", "1", desk.hands())
    desk.do(marks.put, "heartbeat:worker:a_%", "2", desk.hands())
    desk.do(marks.put, "heartbeatXworker", "3", desk.hands())
    assert desk.do(marks.get, "heartbeat:worker:a_%") == ("2", desk.hands())
    assert set(desk.do(marks.starting_with, "heartbeat:")) == {"heartbeat:worker:a_%"}
    desk.do(marks.drop, "heartbeat:worker:a_%")
    assert desk.do(marks.get, "heartbeat:worker:a_%") is None
