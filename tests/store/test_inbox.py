"""What came in: kept once, in the order of each person, finished by whoever holds the lease."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from bot.states import InboxState, Lane
from bot.store import inbox
from bot.store.inbox import FenceLost
from tests.store.conftest import Desk, add_account


def test_a_redelivery_is_kept_once(desk: Desk) -> None:
    event = desk.event(key="once")
    assert len(desk.keep(event)) == 1
    assert desk.keep(event) == []


def test_a_batch_with_the_same_event_twice_is_kept_once(desk: Desk) -> None:
    event = desk.event(key="once")
    assert len(desk.keep(event, event)) == 1


def test_the_same_key_of_another_account_is_another_event(desk: Desk) -> None:
    other = add_account(desk.database, desk.vault, desk.hands, "901")
    event = desk.event(key="once")
    assert len(desk.keep(event)) == 1
    assert len(desk.keep(event, account=other)) == 1


def test_concurrent_duplicates_are_kept_once(desk: Desk) -> None:
    events = [desk.event(key=f"dup{number}") for number in range(20)]
    start = Barrier(8)

    def deliver(_: int) -> int:
        start.wait()
        return sum(len(desk.keep(event)) for event in events)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(deliver, range(8))) == 20


def test_a_clock_that_runs_ahead_is_not_believed(desk: Desk) -> None:
    [(number, _)] = desk.keep(desk.event(at=desk.hands() + timedelta(days=2)))
    assert desk.inbox_row(number).at == desk.hands()


def test_one_message_of_a_person_at_a_time_and_in_order(desk: Desk) -> None:
    kept = [number for number, _ in desk.keep(desk.event("u1"), desk.event("u1"), desk.event("u2"))]
    first = desk.claim_talk()
    assert [row.id for row in first] == [kept[0], kept[2]]
    assert desk.claim_talk("w2") == []
    desk.do(inbox.finish, first[0], "w1", desk.hands())
    assert [row.id for row in desk.claim_talk("w2")] == [kept[1]]


def test_a_later_number_that_is_worked_on_holds_an_earlier_one_back(desk: Desk) -> None:
    """Two web processes number two events of a person; the later may be visible, and claimed, first."""
    (early, _), (late, _) = desk.keep(desk.event("u1"), desk.event("u1"))
    rows = desk.claim_talk()
    desk.do(inbox.try_again, rows[0], "w1", desk.hands(), "later")  # the early one stands back for 2 s …
    assert [row.id for row in rows] == [early]
    assert desk.claim_talk() == []  # … and the late one waits for it
    desk.hands.pass_by(seconds=2)
    assert [row.id for row in desk.claim_talk()] == [early]
    assert late != early


def test_receipts_do_not_wait_for_a_talk(desk: Desk) -> None:
    desk.keep(desk.event("u1"), desk.event("u1", lane=Lane.RECEIPT))
    assert len(desk.claim_talk()) == 1
    assert len(desk.do(inbox.claim_receipts, desk.hands(), 10)) == 1


def test_what_waits_behind_is_closed_with_the_head(desk: Desk) -> None:
    kept = [number for number, _ in desk.keep(*(desk.event("u1") for _ in range(3)))]
    [head] = desk.claim_talk()
    behind = desk.do(inbox.waiting_behind, head)
    assert [row.id for row in behind] == kept[1:]
    desk.do(inbox.finish, head, "w1", desk.hands(), merged=kept[1:], turn="t1")
    assert [desk.inbox_row(number).state for number in kept] == ["done"] * 3
    assert {desk.inbox_row(number).turn for number in kept} == {"t1"}
    assert desk.claim_talk() == []


def test_who_lost_the_lease_may_not_finish(desk: Desk) -> None:
    [(number, _)] = desk.keep(desk.event())
    [old] = desk.claim_talk("slow")
    desk.hands.pass_by(seconds=21)
    assert desk.do(inbox.return_leases, desk.hands()) == 1
    [new] = desk.claim_talk("quick")
    with pytest.raises(FenceLost):
        desk.do(inbox.finish, old, "slow", desk.hands())
    with pytest.raises(FenceLost):
        desk.do(inbox.try_again, old, "slow", desk.hands(), "x")
    assert desk.inbox_row(number).state == InboxState.WORKING
    desk.do(inbox.finish, new, "quick", desk.hands())


def test_the_same_owner_may_not_finish_an_earlier_attempt(desk: Desk) -> None:
    desk.keep(desk.event())
    [old] = desk.claim_talk("w1")
    desk.hands.pass_by(seconds=21)
    desk.do(inbox.return_leases, desk.hands())
    desk.claim_talk("w1")
    with pytest.raises(FenceLost):
        desk.do(inbox.finish, old, "w1", desk.hands())


def test_a_merged_row_that_somebody_closed_undoes_the_turn(desk: Desk) -> None:
    (first, _), (second, _) = desk.keep(desk.event("u1"), desk.event("u1"))
    [head] = desk.claim_talk()
    desk.do(inbox.finish, head, "w1", desk.hands(), merged=[])
    [late] = desk.claim_talk()
    assert late.id == second
    with pytest.raises(FenceLost):
        desk.do(inbox.finish, late, "w1", desk.hands(), merged=[first])
    assert desk.inbox_row(second).state == InboxState.WORKING  # rolled back with it


def test_three_failures_park_a_row_within_20_seconds(desk: Desk) -> None:
    began = desk.hands()
    [(number, _)] = desk.keep(desk.event())
    outcomes = []
    for _ in range(200):
        outcomes += [desk.do(inbox.try_again, row, "w1", desk.hands(), "turn.failed") for row in desk.claim_talk()]
        if outcomes[-1]:
            break
        desk.hands.pass_by(seconds=0.25)
    assert outcomes == [False, False, True]
    assert desk.hands() - began <= timedelta(seconds=20)
    row = desk.inbox_row(number)
    assert (row.state, row.code, row.attempts) == ("parked", "turn.failed", 3)
    assert desk.claim_talk() == []


def test_a_parked_row_lets_the_next_message_through(desk: Desk) -> None:
    (bad, _), (good, _) = desk.keep(desk.event("u1"), desk.event("u1"))
    for _ in range(3):
        [row] = desk.claim_talk()
        assert row.id == bad
        desk.do(inbox.try_again, row, "w1", desk.hands(), "turn.failed")
        desk.hands.pass_by(seconds=9)
    assert [row.id for row in desk.claim_talk()] == [good]


@pytest.mark.parametrize(("again", "state"), [(True, "received"), (False, "ignored")])
def test_a_person_decides_over_a_parked_row_once(desk: Desk, again: bool, state: str) -> None:
    [(number, _)] = desk.keep(desk.event())
    for _ in range(3):
        [row] = desk.claim_talk()
        desk.do(inbox.try_again, row, "w1", desk.hands(), "turn.failed")
        desk.hands.pass_by(seconds=9)
    assert desk.do(inbox.settle_parked, number, desk.hands(), again=again)
    assert desk.inbox_row(number).state == state
    assert not desk.do(inbox.settle_parked, number, desk.hands(), again=again)


def test_only_leases_that_ran_out_come_back(desk: Desk) -> None:
    desk.keep(desk.event())
    desk.claim_talk("w1")
    desk.hands.pass_by(seconds=19)
    assert desk.do(inbox.return_leases, desk.hands()) == 0
    assert desk.claim_talk() == []


def test_after_a_restart_on_one_file_the_dead_owners_rows_come_back_at_once(desk: Desk) -> None:
    desk.keep(desk.event("u1"), desk.event("u2"))
    desk.claim_talk("dead", limit=1)
    desk.claim_talk("alive", limit=1)
    assert desk.do(inbox.return_leases, desk.hands(), owner_gone="alive") == 1
    assert [row.user_id for row in desk.claim_talk("alive")] == ["u1"]


def test_two_claimers_never_get_the_same_row(desk: Desk) -> None:
    desk.keep(*(desk.event(f"u{number % 40}") for number in range(120)))
    start = Barrier(6)

    def claim(name: int) -> list[int]:
        start.wait()
        return [row.id for _ in range(4) for row in desk.claim_talk(f"w{name}", limit=3)]

    with ThreadPoolExecutor(6) as pool:
        claimed = [number for found in pool.map(claim, range(6)) for number in found]
    assert len(claimed) == len(set(claimed)) == 40  # one a person


def test_a_receipt_that_cannot_be_applied_is_parked_after_three_tries(desk: Desk) -> None:
    [(number, _)] = desk.keep(desk.event(lane=Lane.RECEIPT))
    for _ in range(3):
        [row] = desk.do(inbox.claim_receipts, desk.hands(), 10)
        desk.do(inbox.receipt_failed, row, desk.hands(), "receipt.failed")
        assert desk.do(inbox.claim_receipts, desk.hands(), 10) == []
        desk.hands.pass_by(seconds=9)
    assert desk.inbox_row(number).state == "parked"


def test_the_age_of_a_queue_and_whether_anything_waits(desk: Desk) -> None:
    assert desk.do(inbox.oldest_waiting, Lane.TALK) is None
    assert not desk.do(inbox.waits, Lane.TALK, desk.hands())
    since = desk.hands()
    desk.keep(desk.event())
    desk.hands.pass_by(minutes=1)
    desk.keep(desk.event("u2"))
    assert desk.do(inbox.oldest_waiting, Lane.TALK) == since
    assert desk.do(inbox.waits, Lane.TALK, desk.hands())
    assert not desk.do(inbox.waits, Lane.RECEIPT, desk.hands())
