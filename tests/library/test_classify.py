import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot.library.classify import ANSWER_WORTH, KIND_WORTH, Classifier, worth

TEXTS = ["tiền lấy ở đâu", "kinh phí từ đâu ra", "ai ký văn bản", "người ký là ai", "cảm ơn nhé", "cám ơn ad"]
LABELS = ["money", "money", "sign", "sign", "thanks", "thanks"]


def _classifier() -> Classifier:
    return Classifier.learn(TEXTS, LABELS, kind=lambda label: "chat" if label == "thanks" else "ask", clause=str)


def test_it_learns_its_examples_and_what_is_like_them() -> None:
    found = _classifier()
    for text, label in [*zip(TEXTS, LABELS, strict=True), ("ai ký vậy", "sign"), ("tiền đâu", "money")]:
        assert found.labels[int(np.argmax(found.shares(text)))] == label


def test_it_learns_the_same_every_time() -> None:
    assert np.array_equal(_classifier().scores("ai ký vậy"), _classifier().scores("ai ký vậy"))


@given(st.text())
def test_shares_add_up_to_one(text: str) -> None:
    assert abs(float(FOUND.shares(text).sum()) - 1) < 1e-4


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_greater_share_is_never_worth_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for table in (KIND_WORTH, ANSWER_WORTH):
        assert 0 <= worth(low, table) <= worth(high, table) <= 1


FOUND = _classifier()
