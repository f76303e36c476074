"""Questions on Resolution 16, Plan 487 and initiatives: a reviewed answer with the clause it rests on."""

from bot.talk import Answer, Answered, Button, Kind, Reading, Reply, Say, Turn

MOST_PARTS = 3
NEAR = 0.12  # a second answer at least so likely is offered under the first


class Questions:
    name = "questions"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        action, _, wanted = turn.choice.partition(":")
        if action in {"answer", "more"}:
            answer = turn.answers.get(wanted)
            return None if answer is None else (_longer if action == "more" else _one)(turn, answer)
        if turn.choice == "ask":
            return Reply(
                says=(Say(turn.texts("questions.which"), turn.texts.choices("questions")),), kind=Kind.QUESTION
            )
        if turn.kind is not Kind.QUESTION:
            return None
        parts = _parts(turn.reading)
        if len(parts) > 1:
            return _several(turn, parts)
        return _one(turn, parts[0], turn.reading) if parts else None


def shown(turn: Turn, answer: Answer, *, longer: bool = False) -> str:
    """An answer as a member reads it: the words, the clause, and whom to ask where the bodies of 2023 are named."""
    lines = [
        turn.texts.fill(answer.longer if longer and answer.longer else answer.short),
        turn.texts.fill(answer.source),
    ]
    if answer.old_bodies:
        lines.append(turn.texts("questions.old_bodies"))
    return "\n".join(line for line in lines if line)


def _parts(reading: Reading) -> list[Answer]:
    """The answers asked for, each once: one, or those of a message with several questions."""
    several = [part for part in reading.parts if part.kind is Kind.QUESTION and part.best]
    readings = several if len(several) > 1 else [reading]
    best = [one.best.answer for one in readings if one.best is not None]
    return list({answer.id: answer for answer in best}.values())[:MOST_PARTS]


def _one(turn: Turn, answer: Answer, reading: Reading | None = None) -> Reply:
    return Reply(
        says=(Say(shown(turn, answer), _further(turn, answer, reading)),),
        effects=(Answered(answer.id),),
        answer=answer.id,
        kind=Kind.QUESTION,
    )


def _longer(turn: Turn, answer: Answer) -> Reply:
    text = shown(turn, answer, longer=True)
    return Reply(
        says=(Say(text, _next(turn, answer)),), effects=(Answered(answer.id),), answer=answer.id, kind=Kind.QUESTION
    )


def _several(turn: Turn, answers: list[Answer]) -> Reply:
    """All in two messages at most, the buttons under the last."""
    texts = [shown(turn, answer) for answer in answers]
    more = tuple(turn.button(answer.title, f"more:{answer.id}") for answer in answers if answer.longer)
    *first, last = texts
    return Reply(
        says=(Say("\n\n".join(first)), Say(last, more)),
        effects=tuple(Answered(answer.id) for answer in answers),
        answer=answers[-1].id,
        kind=Kind.QUESTION,
    )


def _further(turn: Turn, answer: Answer, reading: Reading | None) -> tuple[Button, ...]:
    more = (turn.button("Xem thêm", f"more:{answer.id}"),) if answer.longer else ()
    return more + _neighbour(turn, answer, reading) + _next(turn, answer)


def _neighbour(turn: Turn, answer: Answer, reading: Reading | None) -> tuple[Button, ...]:
    matches = reading.matches if reading else ()
    near = [match.answer for match in matches if match.answer.id != answer.id and match.confidence >= NEAR]
    return tuple(turn.button(one.title, f"answer:{one.id}") for one in near[:1])


def _next(turn: Turn, answer: Answer) -> tuple[Button, ...]:
    """What may come next: a person where the documents are silent, handing in after an answer on initiatives."""
    if answer.unsaid:
        return (turn.button("Gặp cán bộ", "person"),)
    if answer.id.startswith("sk."):
        return (turn.button("Gửi sáng kiến", "initiative"),)
    return (turn.button("Hỏi chuyện khác", "ask"),)
