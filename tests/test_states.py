from bot.states import OUTBOX_MOVES, Origin, OutboxEvent, OutboxState


def test_every_event_has_its_move() -> None:
    assert set(OUTBOX_MOVES) == set(OutboxEvent)


def test_every_state_can_be_reached() -> None:
    reached = {to for _, to in OUTBOX_MOVES.values()}
    assert reached == set(OutboxState)


def test_what_was_read_failed_expired_or_called_off_never_moves_again() -> None:
    left = frozenset[OutboxState]().union(*(leaves for leaves, _ in OUTBOX_MOVES.values()))
    assert not left & {OutboxState.READ, OutboxState.FAILED, OutboxState.EXPIRED, OutboxState.CANCELLED}


def test_a_message_that_was_sent_is_never_queued_again() -> None:
    assert all(OutboxState.SENT not in leaves for leaves, to in OUTBOX_MOVES.values() if to is OutboxState.QUEUED)


def test_replies_go_first() -> None:
    assert min(Origin, key=lambda origin: origin.priority) is Origin.REPLY
