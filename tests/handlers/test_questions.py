"""What an answer looks like, where the shipped knowledge cannot show it."""

from __future__ import annotations

from dataclasses import replace

from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.talk import Answered, Kind, Reply
from handlers.questions import Questions
from tests.handlers.turns import ANSWERS, reading, turn

OFFERED = {"offered": "2026-11-24"}  # the thumbs of today


def ask(*names: str, **more: object) -> Reply:
    parts = tuple(reading(Kind.QUESTION, (name, 0.9)) for name in names)
    whole = replace(parts[0], parts=parts if len(parts) > 1 else ())
    reply = Questions().answer(turn(reading=whole, **more))
    assert reply is not None
    return reply


def test_the_clause_stands_in_the_same_message() -> None:
    assert ask("II.3.4").says[0].text == "Trả lời II.3.4.\n(Kế hoạch 487/KH-LĐLĐ, mục II.3.4)"


def test_three_questions_are_answered_in_two_messages() -> None:
    reply = ask("I", "II.1.1", "II.3.4")
    assert len(reply.says) == 2
    assert all(f"(Kế hoạch 487/KH-LĐLĐ, mục {name})" in reply.says[0].text for name in ("I", "II.1.1"))
    assert [effect.answer for effect in reply.effects if isinstance(effect, Answered)] == ["I", "II.1.1", "II.3.4"]


def test_the_same_answer_twice_is_given_once() -> None:
    assert len(ask("I", "I").says) == 1


def test_bodies_of_2023_name_whom_to_ask_today() -> None:
    old = {**ANSWERS, "III.1": replace(ANSWERS["III.1"], old_bodies=True)}
    texts = Texts.open(Organisation.open(edits={"ask_today": "Công đoàn phường Long Hoa"}))
    reply = Questions().answer(turn("", choice="answer:III.1", answers=old, texts=texts))
    assert reply is not None
    assert "năm 2023" in reply.says[0].text
    assert "Công đoàn phường Long Hoa" in reply.says[0].text


def test_a_likely_second_answer_is_offered_under_the_first() -> None:
    reply = Questions().answer(
        turn(reading=reading(Kind.QUESTION, ("I", 0.6), ("III.1", 0.3), ("II.1.1", 0.01)), memory=OFFERED)
    )
    assert reply is not None
    assert [button.title for button in reply.says[0].buttons] == ["Mục III.1", "Hỏi chuyện khác"]


def test_where_the_documents_are_silent_a_person_is_offered() -> None:
    silent = {**ANSWERS, "I": replace(ANSWERS["I"], unsaid=True)}
    reply = Questions().answer(turn("", choice="answer:I", answers=silent, memory=OFFERED))
    assert reply is not None
    assert [button.title for button in reply.says[0].buttons] == ["Gặp cán bộ"]
