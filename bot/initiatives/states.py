"""The states of an initiative and the moves between them. Read it aloud: it is the whole story.

Every move is written into the history with who made it and why, and every move but the author's own is told to the
author.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    WRITING = "writing"  # Đang viết
    RECEIVED = "received"  # Đã nhận
    IN_REVIEW = "in_review"  # Đang xem
    NEEDS_MORE = "needs_more"  # Cần bổ sung
    ADVISED = "advised"  # Đã hướng dẫn; where an idea ends until it is tried
    FILED = "filed"  # Đã nộp ở nơi làm việc
    RECOGNISED = "recognised"  # Được nơi làm việc công nhận
    UNFIT = "unfit"  # Chưa phù hợp
    WITHDRAWN = "withdrawn"  # Đã rút


class By(StrEnum):
    AUTHOR = "author"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Move:
    """`needs`: what must come along: "reason", "tried" (an idea may not), "recognition" (number and date)."""

    by: frozenset[By]
    needs: frozenset[str] = frozenset()


_S = State
_AUTHOR, _STAFF, _EITHER = frozenset({By.AUTHOR}), frozenset({By.STAFF}), frozenset(By)
_ASK = Move(_STAFF, frozenset({"reason"}))
_UNFIT = Move(_STAFF, frozenset({"reason"}))
_WITHDRAW = Move(_EITHER)

#: (state it leaves, state it reaches) -> who may make the move, and what must come along
MOVES: dict[tuple[State, State], Move] = {
    (_S.WRITING, _S.RECEIVED): Move(_EITHER),
    (_S.RECEIVED, _S.IN_REVIEW): Move(_STAFF),
    (_S.RECEIVED, _S.NEEDS_MORE): _ASK,
    (_S.IN_REVIEW, _S.NEEDS_MORE): _ASK,
    (_S.NEEDS_MORE, _S.IN_REVIEW): Move(_EITHER),  # the author's answer brings it back
    (_S.IN_REVIEW, _S.ADVISED): Move(_STAFF),
    (_S.NEEDS_MORE, _S.ADVISED): Move(_STAFF),
    (_S.ADVISED, _S.IN_REVIEW): Move(_EITHER),  # an idea has been tried meanwhile
    (_S.ADVISED, _S.FILED): Move(_STAFF, frozenset({"tried"})),
    (_S.FILED, _S.RECOGNISED): Move(_STAFF, frozenset({"tried", "recognition"})),
    (_S.RECEIVED, _S.UNFIT): _UNFIT,
    (_S.IN_REVIEW, _S.UNFIT): _UNFIT,
    (_S.NEEDS_MORE, _S.UNFIT): _UNFIT,
    (_S.ADVISED, _S.UNFIT): _UNFIT,
    (_S.FILED, _S.UNFIT): _UNFIT,  # the workplace refused
    (_S.UNFIT, _S.IN_REVIEW): Move(_STAFF),  # looked at again
    **{
        (state, _S.WITHDRAWN): _WITHDRAW
        for state in (_S.RECEIVED, _S.IN_REVIEW, _S.NEEDS_MORE, _S.ADVISED, _S.FILED, _S.UNFIT)
    },
}

#: Not over yet: somebody has something to do.
OPEN = frozenset({_S.RECEIVED, _S.IN_REVIEW, _S.NEEDS_MORE, _S.ADVISED, _S.FILED})


#: What the author reads of it: keys of content/texts.
LABELS = {
    _S.RECEIVED: "initiative.state_received",
    _S.IN_REVIEW: "initiative.state_in_review",
    _S.NEEDS_MORE: "initiative.state_needs_more",
    _S.ADVISED: "initiative.state_advised",
    _S.FILED: "initiative.state_filed",
    _S.RECOGNISED: "initiative.state_recognised",
    _S.UNFIT: "initiative.state_unfit",
    _S.WITHDRAWN: "initiative.state_withdrawn",
}


def onward(state: State, by: By, *, idea: bool = False) -> list[State]:
    """Where somebody may take it from here, in the order of the table."""
    return [
        target
        for (source, target), move in MOVES.items()
        if source is state and by in move.by and not (idea and "tried" in move.needs)
    ]


def fault(state: State, target: State, by: By, given: frozenset[str]) -> str:
    """The code of what is wrong with a move; "" when it may be made. `given`: which of its needs are there."""
    move = MOVES.get((state, target))
    if move is None or by not in move.by:
        return "initiative.no_such_move"
    missing = sorted(move.needs - given)
    return f"initiative.{missing[0]}_needed" if missing else ""
