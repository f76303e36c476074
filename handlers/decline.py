"""What we cannot answer: say so honestly, name where to ask, offer the nearest answers and a person."""

from bot.talk import Ask, Button, Expects, Kind, Missed, Reply, Say, Turn

#: Matters that are not ours and never rest on a clause: whom to ask is told, no answer of ours is offered.
ELSEWHERE = frozenset({"pay", "insurance", "contract", "dispute", "loan_fraud"})
#: Matters near to ours: whom to ask is told, and the nearest answers are offered.
NEARBY = frozenset({"dues", "awards", "union_affairs", "other_documents"})
#: Calm, and nothing to look up.
CALM = frozenset({"injection", "insult"})
#: Weather, football, sums: nothing of ours is near.
IDLE = "idle"
MOST_NEAREST = 2
NEAR = 0.05


class Decline:
    name = "decline"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        subject = turn.reading.subject if turn.kind is Kind.OUT_OF_SCOPE else ""
        for sign in CALM:
            if turn.has(sign) or subject == sign:
                return _calm(turn, sign)
        if turn.person.with_staff:  # it is for them: they read it here
            menu = (turn.button("Xem các mục", "menu"),)
            return Reply(says=(Say(turn.texts("decline.with_staff"), menu),), kind=turn.kind or Kind.OUT_OF_SCOPE)
        if subject in ELSEWHERE:
            return _offer_person(turn, f"decline.{subject}", subject)
        if turn.person.misses:
            return _second_miss(turn)
        person = turn.button("Gặp cán bộ", "person:missed")
        known = subject in NEARBY | {IDLE}
        return Reply(
            says=(
                Say(
                    turn.texts(f"decline.{subject}" if known else "decline.unknown"),
                    turn.texts.choices("main") if subject == IDLE else (*_nearest(turn), person),
                ),
            ),
            effects=(_missed(turn),),
            kind=turn.kind or Kind.OUT_OF_SCOPE,
        )


def _calm(turn: Turn, sign: str) -> Reply:
    buttons = (turn.button("Gặp cán bộ", "person"), turn.button("Xem các mục", "menu"))
    return Reply(says=(Say(turn.texts(f"decline.{sign}"), buttons),), kind=Kind.OUT_OF_SCOPE)


def _offer_person(turn: Turn, key: str, reason: str) -> Reply:
    buttons = (turn.button("Gặp cán bộ", f"person:{reason}"), turn.button("Xem các mục", "menu"))
    return Reply(
        says=(Say(turn.texts(key), buttons),),
        ask=Ask("person", "offer", Expects.YES_NO, {"reason": reason}),
        kind=Kind.OUT_OF_SCOPE,
    )


def _second_miss(turn: Turn) -> Reply:
    """Missed again: a person first, then what we have."""
    buttons = (turn.button("Gặp cán bộ", "person:missed"), *_nearest(turn), turn.button("Xem các mục", "menu"))
    return Reply(
        says=(Say(turn.texts("decline.again"), buttons),),
        effects=(_missed(turn),),
        ask=Ask("person", "offer", Expects.YES_NO, {"reason": "missed"}),
        kind=turn.kind or Kind.OUT_OF_SCOPE,
    )


def _nearest(turn: Turn) -> tuple[Button, ...]:
    """The likeliest answers; where none is likely at all, those that officers chose for the matter."""
    subject = turn.reading.subject
    if subject == IDLE:
        return ()
    likely = [match.answer for match in turn.reading.matches if subject not in NEARBY or match.confidence >= NEAR]
    if not likely and subject in NEARBY:
        return turn.texts.choices(f"near_{subject}")
    return tuple(turn.button(answer.title, f"answer:{answer.id}") for answer in likely[:MOST_NEAREST])


def _missed(turn: Turn) -> Missed:
    return Missed(tuple(match.answer.id for match in turn.reading.matches[:MOST_NEAREST]))
