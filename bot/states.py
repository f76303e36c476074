"""The states of what comes in and what goes out, and the moves between them. Read it aloud: it is the whole story.

A move is made by one conditional UPDATE over the states named here; its row count says who won, so an event
that comes late or twice finds no row in a state it may leave and changes nothing.
"""

from __future__ import annotations

from enum import StrEnum


class InboxState(StrEnum):
    RECEIVED = "received"
    WORKING = "working"  # leased by a worker
    DONE = "done"
    IGNORED = "ignored"  # known, and nothing to do
    PARKED = "parked"  # failed three times; waits for a person


class OutboxState(StrEnum):
    QUEUED = "queued"
    WAITING = "waiting"  # to be tried again at its due time
    SENDING = "sending"  # leased
    SENT = "sent"  # the platform gave it an id
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"  # refused for good, with a code
    UNSURE = "unsure"  # it may or may not have arrived
    HELD = "held"  # not allowed now; goes when the person next writes
    EXPIRED = "expired"  # too late to be useful
    CANCELLED = "cancelled"


class OutboxEvent(StrEnum):
    LEASED = "leased"
    ACCEPTED = "accepted"
    TRY_LATER = "try_later"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    LEASE_LOST_BEFORE = "lease_lost_before"  # before the request began
    LEASE_LOST_AFTER = "lease_lost_after"
    DELIVERY_RECEIPT = "delivery_receipt"
    READ_RECEIPT = "read_receipt"
    ECHO = "echo"
    WINDOW_CLOSED = "window_closed"
    PERSON_WROTE = "person_wrote"
    TOO_LATE = "too_late"
    CALLED_OFF = "called_off"
    RESEND = "resend"
    SETTLED_FAILED = "settled_failed"
    RESTORED = "restored"  # from a backup, after which it may have gone


_S = OutboxState
_OPEN = frozenset({_S.QUEUED, _S.WAITING})

#: event -> (states it may leave, state it reaches)
OUTBOX_MOVES: dict[OutboxEvent, tuple[frozenset[OutboxState], OutboxState]] = {
    OutboxEvent.LEASED: (_OPEN, _S.SENDING),
    OutboxEvent.ACCEPTED: (frozenset({_S.SENDING, _S.UNSURE}), _S.SENT),
    OutboxEvent.TRY_LATER: (frozenset({_S.SENDING}), _S.WAITING),
    OutboxEvent.REFUSED: (frozenset({_S.SENDING}), _S.FAILED),
    OutboxEvent.NO_ANSWER: (frozenset({_S.SENDING}), _S.UNSURE),
    OutboxEvent.LEASE_LOST_BEFORE: (frozenset({_S.SENDING}), _S.WAITING),
    OutboxEvent.LEASE_LOST_AFTER: (frozenset({_S.SENDING}), _S.UNSURE),
    # our own echo proves that it left, nothing more
    OutboxEvent.ECHO: (frozenset({_S.SENDING, _S.UNSURE}), _S.SENT),
    # a receipt may overtake the answer to our request
    OutboxEvent.DELIVERY_RECEIPT: (frozenset({_S.SENDING, _S.SENT, _S.UNSURE}), _S.DELIVERED),
    OutboxEvent.READ_RECEIPT: (frozenset({_S.SENDING, _S.SENT, _S.UNSURE, _S.DELIVERED}), _S.READ),
    OutboxEvent.WINDOW_CLOSED: (frozenset({_S.QUEUED, _S.WAITING, _S.SENDING}), _S.HELD),
    OutboxEvent.PERSON_WROTE: (frozenset({_S.HELD}), _S.QUEUED),
    OutboxEvent.TOO_LATE: (frozenset({_S.QUEUED, _S.WAITING, _S.HELD}), _S.EXPIRED),
    OutboxEvent.CALLED_OFF: (frozenset({_S.QUEUED, _S.WAITING, _S.HELD}), _S.CANCELLED),
    OutboxEvent.RESEND: (frozenset({_S.UNSURE}), _S.QUEUED),
    OutboxEvent.SETTLED_FAILED: (frozenset({_S.UNSURE}), _S.FAILED),
    OutboxEvent.RESTORED: (frozenset({_S.QUEUED, _S.WAITING, _S.SENDING, _S.UNSURE}), _S.UNSURE),
}


class Lane(StrEnum):
    """Which queue of a person an inbox row stands in."""

    TALK = "talk"  # turns: one after the other
    RECEIPT = "receipt"  # receipts, echoes, notices: applied in batches


class Origin(StrEnum):
    """Why an outgoing message exists; the order here is the order in which they go."""

    REPLY = "reply"  # the bot answers what was just written
    STAFF = "staff"  # an officer typed it
    NOTICE = "notice"  # news of one's own matter
    ANNOUNCEMENT = "announcement"

    @property
    def priority(self) -> int:
        return list(Origin).index(self)
