"""What the classifier learnt is kept between starts, and never used for anything but what it was learnt from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.library import keeping
from bot.library.classify import Classifier

TEXTS = ["tiền lấy ở đâu", "kinh phí từ đâu ra", "ai ký văn bản", "người ký là ai", "cảm ơn nhé", "cám ơn ad"]
LABELS = ["money", "money", "sign", "sign", "thanks", "thanks"]


def _kind(label: str) -> str:
    return "chat" if label == "thanks" else "ask"


def _classifier(folder: Path, texts: list[str] = TEXTS, labels: list[str] = LABELS) -> Classifier:
    return keeping.classifier(folder, texts, labels, _kind, str)


@pytest.fixture
def learnt(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many examples were learnt from, each time something was."""
    times: list[int] = []
    learn = Classifier.learn

    def counted(texts: list[str], *rest: Any) -> Classifier:
        times.append(len(texts))
        return learn(texts, *rest)

    monkeypatch.setattr(Classifier, "learn", counted)
    return times


def test_the_second_start_learns_nothing_and_says_the_same(tmp_path: Path, learnt: list[int]) -> None:
    first, second = _classifier(tmp_path), _classifier(tmp_path)
    assert learnt == [6]
    for text in (*TEXTS, "ai ký vậy", "", "trời mưa"):
        assert np.array_equal(first.shares(text), second.shares(text))
    assert [path.name for path in tmp_path.iterdir()] == [keeping.NAME]


def test_other_examples_or_labels_are_learnt_anew(tmp_path: Path, learnt: list[int]) -> None:
    _classifier(tmp_path)
    _classifier(tmp_path, [*TEXTS, "tạm biệt"], [*LABELS, "thanks"])
    _classifier(tmp_path, TEXTS, ["money", "sign", *LABELS[2:]])
    assert learnt == [6, 7, 6]


@pytest.mark.parametrize(
    "damage", [lambda raw: b"", lambda raw: raw[: len(raw) // 2], lambda raw: b"PK\x03\x04" + raw[9:]]
)
def test_a_damaged_file_is_learnt_anew_and_mended(tmp_path: Path, learnt: list[int], damage: Any) -> None:
    made = _classifier(tmp_path)
    path = tmp_path / keeping.NAME
    path.write_bytes(damage(path.read_bytes()))
    assert np.array_equal(_classifier(tmp_path).scores("ai ký vậy"), made.scores("ai ký vậy"))
    _classifier(tmp_path)
    assert learnt == [6, 6]


def test_a_folder_that_takes_nothing_costs_only_time(tmp_path: Path, learnt: list[int]) -> None:
    nowhere = tmp_path / "gone"
    _classifier(nowhere)
    _classifier(nowhere)
    assert learnt == [6, 6]
