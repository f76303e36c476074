"""Messages kept for scoring only: no example may be a near copy of one."""

import json
from pathlib import Path

import pytest

from bot.evaluation_folds import letter_runs
from bot.library.load import CONTENT, load
from bot.library.vietnamese import words

QUESTIONS = CONTENT.parent.parent / "shared" / "eval" / "questions_dev.jsonl"
BESIDE = pytest.mark.skipif(
    not QUESTIONS.exists(), reason="the development questions lie beside the checkout, where there are any"
)
TOO_ALIKE = 0.5  # share of letter runs in common
FEW_WORDS = 4  # so short a message ("cảm ơn ad") is everybody's


def _lines(file: Path) -> list[str]:
    return [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.parametrize(
    "file", [pytest.param(QUESTIONS, marks=BESIDE), Path(__file__).parent / "unseen.jsonl"], ids=lambda file: file.stem
)
def test_no_example_is_a_near_copy(file: Path) -> None:
    held = [letter_runs(text) for text in _lines(file)]
    found = [
        example.label
        for example in load().examples
        if len(words(example.text)) > FEW_WORDS
        for runs in (letter_runs(example.text),)
        if any(len(runs & other) >= TOO_ALIKE * len(runs | other) for other in held)
    ]
    assert found == []
