"""What goes out: every move of states.py, the account's allowance, the order of each person, receipts and doubts."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.messages import Button
from bot.states import OUTBOX_MOVES, Origin, OutboxEvent, OutboxState
from bot.store import accounts, outbox, persons
from bot.store.schema import early_receipts
from bot.store.schema import outbox as table
from tests.store.conftest import Desk, add_account

DELIVERED, READ, ECHO = OutboxEvent.DELIVERY_RECEIPT, OutboxEvent.READ_RECEIPT, OutboxEvent.ECHO
S = OutboxState


# ---- the table of moves ----


@pytest.mark.parametrize("event", list(OutboxEvent))
def test_a_move_changes_exactly_the_states_it_may_leave(desk: Desk, event: OutboxEvent) -> None:
    leaves, reaches = OUTBOX_MOVES[event]
    person = desk.person()
    rows = {state: desk.queue(person) for state in OutboxState}
    for state, number in rows.items():
        desk.put_in_state(number, state)
    moved = desk.do(outbox.move, event, table.c.id.in_(list(rows.values())), desk.hands())
    assert moved == len(leaves)
    for state, number in rows.items():
        assert desk.state(number) == (reaches if state in leaves else state)
    again = desk.do(outbox.move, event, table.c.id.in_([rows[state] for state in leaves]), desk.hands())
    assert again == (len(leaves) if reaches in leaves else 0)


def test_a_row_that_is_done_blocks_nobody_and_has_an_end(desk: Desk) -> None:
    number = desk.queue(desk.person())
    desk.sent(number)
    row = desk.row(number)
    assert (row.blocks, row.finished_at, row.owner) == (False, desk.hands(), None)


def test_a_read_receipt_keeps_the_first_end(desk: Desk) -> None:
    number = desk.queue(desk.person())
    desk.sent(number)
    ended = desk.hands()
    desk.hands.pass_by(hours=1)
    desk.do(outbox.confirm, desk.account, ["m1"], READ, desk.hands(), desk.hands())
    assert (desk.row(number).finished_at, desk.row(number).read_at) == (ended, desk.hands())


def test_a_late_attempt_of_another_owner_moves_nothing(desk: Desk) -> None:
    number = desk.queue(desk.person(), origin=Origin.NOTICE)
    slow = desk.claimed(number)
    desk.hands.pass_by(seconds=41)
    assert desk.do(outbox.return_leases, desk.hands()) == (1, 0)
    quick = desk.claim("w2")[0]
    assert not desk.do(outbox.begin, slow, desk.hands())
    assert not desk.do(outbox.move_ours, OutboxEvent.REFUSED, slow, desk.hands())
    assert desk.do(outbox.begin, quick, desk.hands())
    assert desk.state(number) is S.SENDING


# ---- claiming ----


def test_no_more_than_the_bucket_holds_and_it_refills(desk: Desk) -> None:
    desk.rate(rate=10, burst=3, allowance=3)
    for number in range(20):
        desk.queue(desk.person(f"u{number}"))
    assert len(desk.claim(limit=100)) == 3
    assert desk.claim() == []
    desk.hands.pass_by(seconds=0.25)
    assert len(desk.claim(limit=100)) == 2
    desk.hands.pass_by(seconds=60)
    assert len(desk.claim(limit=100)) == 3  # never more than the burst


def test_who_waited_for_the_lock_does_not_fill_the_bucket_twice(desk: Desk) -> None:
    """Its clock was read before another's claim: those moments are filled in once."""
    desk.rate(rate=10, burst=10, allowance=0)
    for number in range(30):
        desk.queue(desk.person(f"u{number}"))
    asked = desk.hands()
    desk.hands.pass_by(seconds=0.5)
    assert len(desk.claim("quick", limit=2)) == 2
    assert len(desk.do(outbox.claim, desk.account, "slow", asked, 1)) == 1
    assert len(desk.claim("quick", limit=100)) == 2, "of five there were two left"


def test_all_workers_together_keep_the_allowance(desk: Desk) -> None:
    desk.rate(rate=1, burst=25, allowance=25)
    for number in range(80):
        desk.queue(desk.person(f"u{number}"))
    start = Barrier(6)

    def claim(name: int) -> list[int]:
        start.wait()
        return [row.id for _ in range(5) for row in desk.claim(f"w{name}", limit=4)]

    with ThreadPoolExecutor(6) as pool:
        claimed = [number for found in pool.map(claim, range(6)) for number in found]
    assert len(claimed) == len(set(claimed)) == 25


def test_replies_go_first_then_staff_then_notices(desk: Desk) -> None:
    order = [Origin.NOTICE, Origin.STAFF, Origin.REPLY]
    for number, origin in enumerate(order):
        desk.queue(desk.person(f"u{number}"), origin=origin)
    assert [row.origin for row in desk.claim()] == [Origin.REPLY, Origin.STAFF, Origin.NOTICE]


def test_an_announcement_is_claimed_only_by_its_number(desk: Desk) -> None:
    announced = desk.queue(desk.person("u1"), origin=Origin.ANNOUNCEMENT, announcement_id=7)
    reply = desk.queue(desk.person("u2"))
    assert [row.id for row in desk.claim()] == [reply]
    assert [row.id for row in desk.claim(announcement_id=7)] == [announced]
    assert desk.claim(announcement_id=8) == []


def test_one_message_of_a_person_at_a_time_and_in_order(desk: Desk) -> None:
    person = desk.person()
    first, second, third = (desk.queue(person, text) for text in "abc")
    assert [row.id for row in desk.claim()] == [first]
    assert desk.claim() == []
    row = desk.row(first)
    assert row.attempts == 1
    desk.do(outbox.move, OutboxEvent.ACCEPTED, table.c.id == first, desk.hands())
    assert [row.id for row in desk.claim()] == [second]
    desk.do(outbox.move, OutboxEvent.TRY_LATER, table.c.id == second, desk.hands(), due_at=desk.hands() + _minute())
    assert desk.claim() == []  # the third waits for the second, however long it waits
    desk.hands.pass_by(seconds=61)
    assert [row.id for row in desk.claim()] == [second]
    assert desk.state(third) is S.QUEUED


def test_a_waiting_announcement_does_not_hold_up_a_reply_but_one_being_sent_does(desk: Desk) -> None:
    person = desk.person()
    announced = desk.queue(person, origin=Origin.ANNOUNCEMENT, announcement_id=7)
    desk.hands.pass_by(seconds=1)
    reply = desk.queue(person)
    assert [row.id for row in desk.claim()] == [reply]
    desk.do(outbox.move, OutboxEvent.ACCEPTED, table.c.id == reply, desk.hands())
    assert [row.id for row in desk.claim(announcement_id=7)] == [announced]
    later = desk.queue(person)
    assert desk.claim() == []
    desk.do(outbox.move, OutboxEvent.ACCEPTED, table.c.id == announced, desk.hands())
    assert [row.id for row in desk.claim()] == [later]


@pytest.mark.parametrize(
    "facts",
    [{"state": accounts.HELD}, {"state": accounts.REMOVED}, {"paused_until": "later"}],
    ids=["held", "removed", "paused"],
)
def test_an_account_that_may_not_send_gives_nothing_away(desk: Desk, facts: dict[str, Any]) -> None:
    desk.queue(desk.person())
    values = {name: desk.hands() + _minute() if value == "later" else value for name, value in facts.items()}
    desk.do(accounts.change, desk.account, **values)
    assert desk.claim() == []
    desk.hands.pass_by(seconds=61)
    assert len(desk.claim()) == (1 if "paused_until" in facts else 0)


def test_what_is_too_late_is_not_claimed_and_expires(desk: Desk) -> None:
    number = desk.queue(desk.person(), origin=Origin.NOTICE, useful_until=desk.hands() + _minute())
    desk.hands.pass_by(seconds=61)
    assert desk.claim() == []
    assert desk.do(outbox.expire, table.c.id == number, desk.hands()) == 1
    assert desk.state(number) is S.EXPIRED


def test_a_claim_carries_what_an_attempt_needs(desk: Desk) -> None:
    person = desk.person("somebody")
    number = desk.queue(person, "xin chào", turn="t9", human=True)
    [row] = desk.claim("w7")
    assert (row.id, row.person_id, row.user_id, row.owner, row.attempts, row.turn) == (
        *(number, person, "somebody", "w7", 1, "t9"),
    )
    assert row.body == {"text": "xin chào", "human": True}
    assert row.wrote_at == desk.hands()
    assert row.account.id == desk.account


def test_drafts_keep_their_order(desk: Desk) -> None:
    person = desk.person()
    drafts = [outbox.Draft(desk.account, person, Origin.REPLY, {"text": str(number)}) for number in range(5)]
    numbers = desk.do(outbox.add, drafts, desk.hands())
    assert numbers == sorted(numbers)
    assert [desk.row(number).body for number in numbers] == [f'{{"text": "{number}"}}' for number in range(5)]


# ---- leases ----


def test_a_reply_counts_as_begun_with_its_claim_and_a_notice_only_when_it_leaves(desk: Desk) -> None:
    reply = desk.claimed(desk.queue(desk.person("u1")))
    notice = desk.claimed(desk.queue(desk.person("u2"), origin=Origin.NOTICE))
    assert outbox.begins(reply, desk.hands())
    assert not outbox.begins(notice, desk.hands())
    desk.hands.pass_by(seconds=6)
    assert not outbox.begins(reply, desk.hands())  # it stood in line: look again whether it is still ours


def test_a_lease_lost_before_the_request_tries_again_and_one_lost_after_it_is_in_doubt(desk: Desk) -> None:
    before = desk.queue(desk.person("u1"), origin=Origin.NOTICE)
    after = desk.queue(desk.person("u2"), origin=Origin.NOTICE)
    rows = {row.id: row for row in desk.claim()}
    assert desk.do(outbox.begin, rows[after], desk.hands())
    desk.hands.pass_by(seconds=39)
    assert desk.do(outbox.return_leases, desk.hands()) == (0, 0)
    desk.hands.pass_by(seconds=2)
    assert desk.do(outbox.return_leases, desk.hands()) == (1, 1)
    assert desk.states([before, after]) == ["waiting", "unsure"]
    assert desk.row(after).doubts == 1


def test_after_a_restart_on_one_file_nobody_waits_for_dead_leases(desk: Desk) -> None:
    dead = desk.queue(desk.person("u1"), origin=Origin.NOTICE)
    desk.claim("dead")
    alive = desk.queue(desk.person("u2"), origin=Origin.NOTICE)
    desk.claim("alive")
    assert desk.do(outbox.return_leases, desk.hands(), alive="alive") == (1, 0)
    assert desk.states([dead, alive]) == ["waiting", "sending"]


# ---- doubts ----


def _doubt(desk: Desk, number: int) -> None:
    row = desk.claimed(number)
    due = desk.hands() + outbox.DOUBT
    assert desk.do(outbox.move_ours, OutboxEvent.NO_ANSWER, row, desk.hands(), due_at=due, doubts=row.doubts + 1)


def test_a_reply_in_doubt_is_sent_again_once(desk: Desk) -> None:
    number = desk.queue(desk.person())
    _doubt(desk, number)
    assert desk.do(outbox.resolve_doubts, desk.hands()) == (0, 0)
    desk.hands.pass_by(seconds=10)
    assert desk.do(outbox.resolve_doubts, desk.hands()) == (1, 0)
    assert desk.state(number) is S.QUEUED
    _doubt(desk, number)
    desk.hands.pass_by(seconds=10)
    assert desk.do(outbox.resolve_doubts, desk.hands()) == (0, 1)
    assert (desk.state(number), desk.row(number).blocks) == (S.UNSURE, False)
    assert desk.do(outbox.resolve_doubts, desk.hands()) == (0, 0)


@pytest.mark.parametrize("origin", [Origin.STAFF, Origin.NOTICE, Origin.ANNOUNCEMENT])
def test_nothing_but_a_reply_is_sent_again_on_a_guess(desk: Desk, origin: Origin) -> None:
    number = desk.queue(desk.person(), origin=origin)
    _doubt(desk, number)
    desk.hands.pass_by(seconds=10)
    assert desk.do(outbox.resolve_doubts, desk.hands()) == (0, 1)
    assert desk.state(number) is S.UNSURE


def test_a_message_in_doubt_holds_the_next_one_back_until_it_is_settled(desk: Desk) -> None:
    person = desk.person()
    doubtful = desk.queue(person, "a", origin=Origin.NOTICE)
    following = desk.queue(person, "b", origin=Origin.NOTICE)
    _doubt(desk, doubtful)
    assert desk.claim() == []
    desk.hands.pass_by(seconds=10)
    desk.do(outbox.resolve_doubts, desk.hands())
    assert [row.id for row in desk.claim()] == [following]


@pytest.mark.parametrize(("event", "state"), [(DELIVERED, S.DELIVERED), (READ, S.READ), (ECHO, S.SENT)])
def test_a_receipt_or_an_echo_settles_a_doubt(desk: Desk, event: OutboxEvent, state: OutboxState) -> None:
    number = desk.queue(desk.person())
    _doubt(desk, number)
    desk.do(outbox.move, event, table.c.id == number, desk.hands())
    desk.hands.pass_by(seconds=11)
    assert desk.do(outbox.resolve_doubts, desk.hands()) == (0, 0)
    assert desk.state(number) is state


# ---- receipts and echoes ----


def test_a_receipt_that_is_faster_than_the_answer_is_applied_with_it(desk: Desk) -> None:
    number = desk.queue(desk.person())
    row = desk.claimed(number)
    assert desk.do(outbox.confirm, desk.account, ["m1"], DELIVERED, desk.hands(), desk.hands()) == 0
    assert desk.do(outbox.confirm, desk.account, ["m1"], DELIVERED, desk.hands(), desk.hands()) == 0  # kept once
    assert desk.state(number) is S.SENDING
    desk.do(outbox.accepted, row, "m1", desk.hands())
    assert desk.state(number) is S.DELIVERED


def test_a_receipt_and_the_answer_it_belongs_to_never_miss_each_other(desk: Desk) -> None:
    """Two processes write them at the same moment: one must see what the other wrote."""
    numbers = [desk.queue(desk.person(f"u{number}")) for number in range(40)]
    rows = desk.claim(limit=100)[:30]
    desk.rate(rate=1000, burst=1000, allowance=1000)
    rows += desk.claim(limit=100)
    assert {row.id for row in rows} == set(numbers)
    start = Barrier(2)

    def accept() -> None:
        for row in rows:
            start.wait()
            desk.do(outbox.accepted, row, f"m{row.id}", desk.hands())

    def confirm() -> None:
        for row in rows:
            start.wait()
            desk.do(outbox.confirm, desk.account, [f"m{row.id}"], DELIVERED, desk.hands(), desk.hands())

    with ThreadPoolExecutor(2) as pool:
        for done in (pool.submit(accept), pool.submit(confirm)):
            done.result()
    assert set(desk.states(numbers)) == {"delivered"}


def test_a_receipt_is_anothers_only_when_nothing_of_ours_is_on_its_way(desk: Desk) -> None:
    """While an answer is still to come, any id may turn out to be the one it brings."""
    both = {"m1", "of another system"}
    assert desk.do(outbox.may_be_ours, desk.account, []) == set()
    assert desk.do(outbox.may_be_ours, desk.account, both) == set()
    number = desk.queue(desk.person())
    assert desk.do(outbox.may_be_ours, desk.account, both) == set()
    row = desk.claimed(number)
    assert desk.do(outbox.may_be_ours, desk.account, both) == both
    desk.do(outbox.accepted, row, "m1", desk.hands())
    assert desk.do(outbox.may_be_ours, desk.account, both) == {"m1"}
    assert desk.do(outbox.may_be_ours, add_account(desk.database, desk.vault, desk.hands, "901"), both) == set()
    _doubt(desk, desk.queue(desk.person("u2")))
    assert desk.do(outbox.may_be_ours, desk.account, both) == both


@pytest.mark.parametrize("others", [0, 1, 49, 50, 51, 130])
def test_however_many_a_receipt_names_ours_is_found(desk: Desk, others: int) -> None:
    desk.sent(desk.queue(desk.person()), "m1")
    named = [f"of another {number}" for number in range(others)]
    named.insert(others // 2, "m1")
    assert desk.do(outbox.may_be_ours, desk.account, named) == {"m1"}


def test_turns_that_queue_and_claim_in_one_transaction_do_not_stand_in_each_others_way(desk: Desk) -> None:
    desk.rate(rate=1000, burst=1000, allowance=1000)
    people = [desk.person(f"u{number}") for number in range(60)]
    start = Barrier(6)

    def turn(person: int) -> list[int]:
        def op(connection: Connection) -> list[int]:
            draft = outbox.Draft(desk.account, person, Origin.REPLY, {"text": "x"})
            outbox.add(connection, [draft], desk.hands())
            return [row.id for row in outbox.claim(connection, desk.account, f"w{person}", desk.hands(), 4)]

        return desk.database.write(op)

    def turns(first: int) -> list[int]:
        start.wait()
        return [number for person in people[first::6] for number in turn(person)]

    with ThreadPoolExecutor(6) as pool:
        claimed = [number for found in pool.map(turns, range(6)) for number in found]
    assert len(claimed) == len(set(claimed)) == 60


def test_a_receipt_of_another_account_moves_nothing(desk: Desk) -> None:
    number = desk.queue(desk.person())
    desk.sent(number, "m1")
    other = add_account(desk.database, desk.vault, desk.hands, "901")
    assert desk.do(outbox.confirm, other, ["m1"], READ, desk.hands(), desk.hands()) == 0
    assert desk.do(outbox.confirm_tag, other, number, "m1", desk.hands()) == 0
    assert desk.state(number) is S.SENT


def test_delivered_after_read_does_not_go_back(desk: Desk) -> None:
    number = desk.queue(desk.person())
    desk.sent(number, "m1")
    for event in (READ, DELIVERED):
        assert desk.do(outbox.confirm, desk.account, ["m1"], event, desk.hands(), desk.hands()) == 1
    assert desk.state(number) is S.READ
    with desk.database.read() as connection:
        assert connection.execute(select(early_receipts)).all() == []


def test_a_watermark_moves_every_earlier_send_of_that_person_only(desk: Desk) -> None:
    person, other = desk.person("u1"), desk.person("u2")
    numbers, begun = [], []
    for text in "ab":
        numbers.append(desk.queue(person, text))
        begun.append(desk.hands())
        row = desk.claimed(numbers[-1])
        desk.hands.pass_by(milliseconds=50)  # the answer takes its time
        desk.do(outbox.accepted, row, f"m{text}", desk.hands())
        desk.hands.pass_by(seconds=10)
    strangers = desk.queue(other)
    desk.sent(strangers, "mx")
    watermark = begun[0] + timedelta(milliseconds=20)  # when the platform took the first: before we knew
    assert desk.do(outbox.confirm_up_to, person, watermark, READ, desk.hands()) == 1
    assert desk.states([*numbers, strangers]) == ["read", "sent", "sent"]


def test_a_watermark_that_is_faster_than_the_answer_is_applied_with_it(desk: Desk) -> None:
    person = desk.person()
    number = desk.queue(person)
    row = desk.claimed(number)
    watermark = desk.hands.pass_by(milliseconds=20)
    assert desk.do(outbox.confirm_up_to, person, watermark, DELIVERED, desk.hands()) == 0
    desk.hands.pass_by(milliseconds=20)
    desk.do(outbox.accepted, row, "m1", desk.hands())
    assert (desk.state(number), desk.row(number).delivered_at) == (S.DELIVERED, watermark)
    following = desk.queue(person)
    desk.hands.pass_by(seconds=1)
    desk.sent(following, "m2")
    assert desk.state(following) is S.SENT  # the watermark speaks of the first only


def test_a_watermark_does_not_settle_a_doubt(desk: Desk) -> None:
    """It speaks of what the platform has; whether it has this one is the doubt."""
    person = desk.person()
    number = desk.queue(person)
    _doubt(desk, number)
    desk.hands.pass_by(seconds=1)
    assert desk.do(outbox.confirm_up_to, person, desk.hands(), DELIVERED, desk.hands()) == 0
    assert desk.state(number) is S.UNSURE


def test_our_own_echo_by_tag_settles_a_row_before_its_answer(desk: Desk) -> None:
    number = desk.queue(desk.person())
    row = desk.claimed(number)
    assert desk.do(outbox.confirm_tag, desk.account, number, "m1", desk.hands()) == 1
    assert (desk.state(number), desk.row(number).message_id) == (S.SENT, "m1")
    assert not desk.do(outbox.accepted, row, "m1", desk.hands())  # too late to move, and no harm
    assert desk.do(outbox.confirm_tag, desk.account, number, "m1", desk.hands()) == 0


def test_our_own_echo_by_its_text_settles_the_oldest_that_said_so(desk: Desk) -> None:
    person = desk.person()
    first = desk.queue(person, "như nhau")
    _doubt(desk, first)
    assert desk.do(outbox.confirm_text, person, "khác", "m0", desk.hands()) == 0
    assert desk.do(outbox.confirm_text, person, "như nhau", "m1", desk.hands()) == 1
    assert (desk.state(first), desk.row(first).message_id) == (S.SENT, "m1")


def test_an_accepted_message_names_its_menu_for_the_next_number(desk: Desk) -> None:
    person = desk.person()
    number = desk.queue(person, menu=(Button("Có", "@@1:yes"), Button("Không", "@@1:no")))
    assert _memory(desk, person) == {}
    desk.sent(number)
    assert _memory(desk, person)["menu"] == [["Có", "@@1:yes"], ["Không", "@@1:no"]]


# ---- held ----


def _hold(desk: Desk, number: int) -> None:
    desk.do(outbox.move, OutboxEvent.WINDOW_CLOSED, table.c.id == number, desk.hands())


def test_a_held_row_goes_right_behind_the_reply_and_before_what_comes_later(desk: Desk) -> None:
    person = desk.person()
    held = desk.queue(person, "tin", origin=Origin.NOTICE)
    _hold(desk, held)
    desk.hands.pass_by(hours=30)
    reply = desk.queue(person, "trả lời")
    assert desk.do(outbox.release_held, person, desk.hands()) == held
    desk.hands.pass_by(seconds=1)
    later = desk.queue(person, "sau")
    order = []
    for _ in range(3):
        [row] = desk.claim()
        order.append(row.id)
        desk.do(outbox.accepted, row, f"m{row.id}", desk.hands())
    assert order == [reply, held, later]


def test_one_held_row_a_turn_the_newest_that_is_still_useful(desk: Desk) -> None:
    person = desk.person()
    old, new, late = (desk.queue(person, text, origin=Origin.NOTICE, **more) for text, more in _three(desk))
    for number in (old, new, late):
        _hold(desk, number)
    desk.hands.pass_by(hours=2)
    assert desk.do(outbox.release_held, person, desk.hands()) == new
    assert desk.states([old, new, late]) == ["held", "queued", "expired"]
    assert desk.do(outbox.release_held, person, desk.hands()) == old
    assert desk.do(outbox.release_held, person, desk.hands()) is None


def _three(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    return [("cũ", {}), ("mới", {}), ("muộn", {"useful_until": desk.hands() + timedelta(hours=1)})]


def test_a_newer_state_of_the_same_thing_replaces_the_older(desk: Desk) -> None:
    person = desk.person()
    rows = [desk.queue(person, origin=Origin.NOTICE, subject=subject) for subject in ("sk1", "sk2", "sk1")]
    for number in rows:
        _hold(desk, number)
    assert desk.do(outbox.release_held, person, desk.hands()) == rows[2]
    assert desk.states(rows) == ["cancelled", "held", "queued"]
    assert desk.row(rows[0]).code == "replaced"


def test_held_notices_come_before_held_announcements(desk: Desk) -> None:
    person = desk.person()
    notice = desk.queue(person, origin=Origin.NOTICE)
    announced = desk.queue(person, origin=Origin.ANNOUNCEMENT, announcement_id=1)
    for number in (notice, announced):
        _hold(desk, number)
    assert desk.do(outbox.release_held, person, desk.hands()) == notice


def test_calling_off_takes_announcements_and_leaves_ones_own_matters(desk: Desk) -> None:
    person, other = desk.person("u1"), desk.person("u2")
    announced = desk.queue(person, origin=Origin.ANNOUNCEMENT, announcement_id=1)
    held = desk.queue(person, origin=Origin.ANNOUNCEMENT, announcement_id=2)
    _hold(desk, held)
    notice = desk.queue(person, origin=Origin.NOTICE)
    strangers = desk.queue(other, origin=Origin.ANNOUNCEMENT, announcement_id=1)
    assert desk.do(outbox.call_off, person, [Origin.ANNOUNCEMENT], desk.hands()) == 2
    assert desk.states([announced, held, notice, strangers]) == ["cancelled", "cancelled", "queued", "queued"]


def test_a_message_on_its_way_cannot_be_called_off(desk: Desk) -> None:
    person = desk.person()
    number = desk.queue(person, origin=Origin.ANNOUNCEMENT, announcement_id=1)
    desk.claim(announcement_id=1)
    assert desk.do(outbox.call_off, person, [Origin.ANNOUNCEMENT], desk.hands()) == 0
    assert desk.state(number) is S.SENDING


def _minute() -> timedelta:
    return timedelta(minutes=1)


def _memory(desk: Desk, person: int) -> Mapping[str, Any]:
    found = desk.do(persons.get, person)
    assert found is not None
    return found.memory
