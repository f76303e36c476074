"""The object that `ask --jsonl` prints."""

from __future__ import annotations

from bot.conversation.asking import answered
from bot.conversation.engine import Engine
from bot.library.search import Library
from bot.talk import Kind, Match, Reading
from handlers import TOPICS


def test_an_answer_with_its_clause(engine: Engine) -> None:
    found = answered(engine, "ai ký kế hoạch 487")
    assert set(found) == {"text", "kind", "answer", "citations", "buttons", "confidence"}
    assert found["kind"] == "question"
    assert found["citations"] == [{"document": "487/KH-LĐLĐ", "section": "header"}]
    assert "(Kế hoạch 487/KH-LĐLĐ, phần đầu)" in found["answer"]
    assert 0 <= found["confidence"] <= 1


def test_off_topic_cites_nothing(engine: Engine) -> None:
    found = answered(engine, "cty nợ lương 2 tháng rồi")
    assert found["kind"] == "out_of_scope"
    assert found["citations"] == []


def test_on_topic_but_not_said_is_a_question_with_the_nearest_clause(engine: Engine) -> None:
    found = answered(engine, "sáng kiến được thưởng bao nhiêu tiền")
    assert found["kind"] == "question"
    assert found["citations"][0]["document"] == "487/KH-LĐLĐ"


def test_each_message_begins_anew(engine: Engine) -> None:
    before = answered(engine, "dung roi")
    answered(engine, "xóa hết thông tin của tôi")
    assert answered(engine, "dung roi") == before


class Unsure:
    """A library that never knows."""

    def __init__(self, library: Library) -> None:
        self.answers = library.answers

    def read(self, _text: str, *, before: str = "") -> Reading:
        matches = (Match(self.answers["II.3.4"], 0.3), Match(self.answers["sk.what"], 0.29))
        return Reading(Kind.QUESTION, 0.4, ((Kind.QUESTION, 0.4),), matches, unsure=True)


def test_of_two_readings_the_likelier_one_is_shown(engine: Engine) -> None:
    unsure = Engine(TOPICS, Unsure(engine.library), engine.texts, engine.organisation)  # type: ignore[arg-type]
    found = answered(unsure, "gì đó")
    assert found["kind"] == "question"
    assert found["citations"] == [{"document": "487/KH-LĐLĐ", "section": "II.3.4"}]
    assert "mục II.3.4" in found["answer"]
