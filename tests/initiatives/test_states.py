"""The table of moves: who may, what must come along, and that every path ends somewhere."""

from __future__ import annotations

import pytest

from bot.initiatives.states import LABELS, MOVES, OPEN, By, State, fault, onward


def test_every_state_is_reached_and_named() -> None:
    reached = {target for _, target in MOVES} | {State.WRITING}
    assert reached == set(State)
    assert set(LABELS) == set(State) - {State.WRITING}


def test_the_long_way_of_an_initiative() -> None:
    way = [State.RECEIVED, State.IN_REVIEW, State.NEEDS_MORE, State.IN_REVIEW, State.ADVISED, State.FILED]
    given = frozenset({"reason", "tried", "recognition"})
    for before, after in zip(way, [*way[1:], State.RECOGNISED], strict=True):
        assert fault(before, after, By.STAFF, given) == ""


def test_an_idea_ends_at_advised_until_it_is_tried() -> None:
    assert State.FILED not in onward(State.ADVISED, By.STAFF, idea=True)
    assert State.FILED in onward(State.ADVISED, By.STAFF)
    assert fault(State.ADVISED, State.FILED, By.STAFF, frozenset()) == "initiative.tried_needed"
    assert onward(State.ADVISED, By.AUTHOR) == [State.IN_REVIEW, State.WITHDRAWN]


@pytest.mark.parametrize("state", [State.RECEIVED, State.IN_REVIEW, State.ADVISED, State.FILED])
def test_no_without_a_reason(state: State) -> None:
    assert fault(state, State.UNFIT, By.STAFF, frozenset({"tried"})) == "initiative.reason_needed"


def test_recognition_needs_number_and_date() -> None:
    assert fault(State.FILED, State.RECOGNISED, By.STAFF, frozenset({"tried"})) == "initiative.recognition_needed"


def test_an_author_may_withdraw_whatever_is_open_and_recognise_nothing() -> None:
    assert all(fault(state, State.WITHDRAWN, By.AUTHOR, frozenset()) == "" for state in OPEN)
    assert not any(target is State.RECOGNISED and By.AUTHOR in move.by for (_, target), move in MOVES.items())


def test_what_is_over_stays_over() -> None:
    assert onward(State.WITHDRAWN, By.STAFF) == []
    assert onward(State.RECOGNISED, By.STAFF) == []
