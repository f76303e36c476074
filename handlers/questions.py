"""Questions on Resolution 16, Plan 487 and initiatives: a reviewed answer with the clause it rests on."""

from bot.talk import Answer, Answered, Button, Clause, Kind, Rated, Reading, Reply, Say, Turn, number

MOST_PARTS = 3
NEAR = 0.12  # a second answer at least so likely is offered under the first
PRESSED = frozenset({"answer", "more", "clause", "good", "bad"})


class Questions:
    name = "questions"
    outranks = False

    def answer(self, turn: Turn) -> Reply | None:
        action, _, wanted = turn.choice.partition(":")
        if action in PRESSED:
            name, _, at = wanted.partition(":")
            answer = turn.answers.get(name)
            return None if answer is None else _pressed(turn, action, answer, number(at) or 0)
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
    if answer.valid_until and answer.valid_until < turn.now.date():
        lines.append(turn.texts("questions.past", until=f"{answer.valid_until:%d/%m/%Y}"))
    return "\n".join(line for line in lines if line)


def _parts(reading: Reading) -> list[Answer]:
    """The answers asked for, each once: one, or those of a message with several questions."""
    several = [part for part in reading.parts if part.kind is Kind.QUESTION and part.best]
    readings = several if len(several) > 1 else [reading]
    best = [one.best.answer for one in readings if one.best is not None]
    return list({answer.id: answer for answer in best}.values())[:MOST_PARTS]


def _pressed(turn: Turn, action: str, answer: Answer, at: int) -> Reply | None:
    if action == "more":
        return _longer(turn, answer)
    if action == "clause":
        return _verbatim(turn, answer, at)
    return _one(turn, answer) if action == "answer" else _rated(turn, answer, good=action == "good")


def _one(turn: Turn, answer: Answer, reading: Reading | None = None) -> Reply:
    thumbs = () if answer.longer or _clauses(turn, answer) else _thumbs(turn, answer, once_a_day=True)
    memory = {**turn.memory, "asked_at": turn.now.isoformat() if reading else ""}
    return Reply(
        says=(Say(shown(turn, answer), _further(turn, answer, reading) + thumbs),),
        effects=(Answered(answer.id),),
        memory={**memory, "offered": turn.now.date().isoformat()} if thumbs else memory,
        answer=answer.id,
        kind=Kind.QUESTION,
    )


def _longer(turn: Turn, answer: Answer) -> Reply:
    buttons = _to_clause(turn, answer) + _next(turn, answer) + _thumbs(turn, answer)
    return Reply(says=(Say(shown(turn, answer, longer=True), buttons),), answer=answer.id, kind=Kind.QUESTION)


def _verbatim(turn: Turn, answer: Answer, at: int) -> Reply | None:
    """A clause that the answer rests on, word for word, and the way to the next one."""
    clauses = _clauses(turn, answer)
    if at >= len(clauses):
        return None
    more = (turn.button("Xem tiếp nguyên văn", f"clause:{answer.id}:{at + 1}"),) if at + 1 < len(clauses) else ()
    text = f"{clauses[at].text}\n{clauses[at].source}"
    buttons = more + _next(turn, answer) + _thumbs(turn, answer)
    return Reply(says=(Say(text, buttons),), answer=answer.id, kind=Kind.QUESTION)


def _clauses(turn: Turn, answer: Answer) -> list[Clause]:
    return [turn.clauses[cited] for cited in answer.citations if cited in turn.clauses]


def _to_clause(turn: Turn, answer: Answer) -> tuple[Button, ...]:
    return (turn.button("Xem nguyên văn", f"clause:{answer.id}"),) if _clauses(turn, answer) else ()


def _thumbs(turn: Turn, answer: Answer, *, once_a_day: bool = False) -> tuple[Button, ...]:
    """Was it what you meant? Asked where somebody looked a second time, never twice of one answer in a row.

    Where there is no second look, under the answer itself, once a day.
    """
    asked_today = once_a_day and turn.memory.get("offered") == turn.now.date().isoformat()
    if asked_today or turn.memory.get("rated") == answer.id:
        return ()
    return (turn.button("Đúng ý", f"good:{answer.id}"), turn.button("Chưa đúng", f"bad:{answer.id}"))


def _rated(turn: Turn, answer: Answer, *, good: bool) -> Reply:
    """Counted once: a second press of the same answer is thanked and changes nothing."""
    asked_at = str(turn.memory.get("asked_at", ""))
    rated = Rated(answer.id, good=good, asked_at="" if good else asked_at, question="" if good else answer.question)
    again = turn.memory.get("rated") == answer.id
    more = turn.button("Hỏi chuyện khác", "ask") if good else turn.button("Gặp cán bộ", "person:missed")
    return Reply(
        says=(Say(turn.texts("questions.good" if good else "questions.bad"), (more,)),),
        effects=() if again else (rated,),
        memory={**turn.memory, "rated": answer.id},
        answer=answer.id,
        kind=Kind.QUESTION,
    )


def _several(turn: Turn, answers: list[Answer]) -> Reply:
    """All in two messages at most, the buttons under the last."""
    texts = [shown(turn, answer) for answer in answers]
    more = tuple(turn.button(answer.title, f"more:{answer.id}") for answer in answers if answer.longer)
    *first, last = texts
    return Reply(
        says=(Say("\n\n".join(first)), Say(last, more)),
        effects=tuple(Answered(answer.id) for answer in answers),
        memory={**turn.memory, "asked_at": turn.now.isoformat()},
        answer=answers[-1].id,
        kind=Kind.QUESTION,
    )


def _further(turn: Turn, answer: Answer, reading: Reading | None) -> tuple[Button, ...]:
    more = (turn.button("Xem thêm", f"more:{answer.id}"),) if answer.longer else ()
    return more + _to_clause(turn, answer) + _neighbour(turn, answer, reading) + _next(turn, answer)


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
