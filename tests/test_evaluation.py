import json
import re
from pathlib import Path

import pytest

from bot.errors import BotError
from bot.evaluation import Case, Outcome, Report, cited, read_rows, score
from bot.evaluation_folds import cut, near_copies, worth
from bot.evaluation_page import page
from bot.library.load import Example
from bot.library.search import Library
from bot.talk import Answer, Citation, Kind, Match, Reading

LIBRARY = Library.open()


def _question(id_: str, section: str, confidence: float, *sections: str, styles: tuple[str, ...] = ()) -> Outcome:
    answer = Answer("a", (Citation("487/KH-LĐLĐ", section),), "t", "q", "s")
    reading = Reading(Kind.QUESTION, 0.9, matches=(Match(answer, confidence),))
    return Outcome(Case(id_, "…", Kind.QUESTION, sections=frozenset(sections), styles=styles), reading, twin=True)


def _other(id_: str, is_: Kind, read: Kind, also_ok: frozenset[str] = frozenset()) -> Outcome:
    return Outcome(Case(id_, "<b>x</b>", is_, also_ok), Reading(read, 0.7), twin=True)


REPORT = Report(
    [
        _question("right", "II.3.4", 0.95, "II.3.4", "II.3.1", styles=("indirect",)),
        _question("wrong", "I", 0.85, "II.1.1", styles=("teencode",)),
        _other("declined", Kind.OUT_OF_SCOPE, Kind.OUT_OF_SCOPE),
        _other("to a person", Kind.OUT_OF_SCOPE, Kind.HUMAN, frozenset({"human"})),
        _other("missed", Kind.PRIVACY, Kind.SMALLTALK),
    ]
)


def test_the_rules_of_the_question_sets() -> None:
    found = {name.strip(): (share.right, share.of) for name, share in REPORT.summary().items()}
    assert found["kind right"] == (4, 5)
    assert found["first clause right"] == (1, 2)
    assert found["of the indirect ones"] == (1, 1)
    assert found["of the noisy ones"] == (0, 1)
    assert found["outside declined"] == (2, 2)
    assert found["wrongly declined"] == (0, 2)


def test_the_surest_miss_comes_first() -> None:
    assert [one.case.id for one in REPORT.worst] == ["wrong", "missed"]
    assert REPORT.misses[0].startswith("wrong: question II.1.1 read as question I")


def test_confusion_and_reliability() -> None:
    assert REPORT.confusion()[("privacy", "smalltalk")] == 1
    assert [(round(mean, 2), share.right, share.of) for mean, share in REPORT.reliability()] == [
        (0.7, 2, 3),
        (0.85, 0, 1),
        (0.95, 1, 1),
    ]


def test_the_report_can_be_written_as_text_json_and_a_page_that_loads_nothing() -> None:
    assert any("first clause right" in line for line in REPORT.lines())
    assert json.loads(json.dumps(REPORT.as_json()))["summary"]["kind right"]["right"] == 4
    html = page(REPORT)
    assert "<svg" in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert not re.search(r"https?://|<script|<link|@import", html)


def test_an_empty_file_is_a_report_without_figures(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text("\n", encoding="utf-8")
    report = score(LIBRARY, read_rows(tmp_path / "set.jsonl"))
    assert report.summary()["kind right"].value is None
    assert "<svg" in page(report)


def test_a_file_is_read_and_scored(tmp_path: Path) -> None:
    rows = [
        {"text": "ai ký kế hoạch 487", "kind": "question", "sections": ["header"], "style": ["plain"]},
        {"text": "menu", "kind": "menu", "style": "short"},
    ]
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    report = score(LIBRARY, read_rows(file))
    assert not report.worst
    assert cited(report.outcomes[0].reading) == "header"
    assert set(report.by_style()) == {"plain", "short"}


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", '{"text": 5, "kind": "menu"}', '{"text": "x", "kind": "nothing"}', '{"kind": "menu"}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "set.jsonl").write_text(f'{{"text": "menu", "kind": "menu"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(BotError, match="line=2"):
        read_rows(tmp_path / "set.jsonl")


def test_near_copies_are_held_out_together() -> None:
    texts = ["ai ký kế hoạch 487 vậy ad", "Ai ky ke hoach 487 vay ad?", "tiền lấy ở đâu ra", "cảm ơn nhiều nha"]
    groups = near_copies(texts)
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3
    folds = cut([Example(text, "x") for text in texts], 2, 0.6)
    assert sorted(place for fold in folds for place in fold) == [0, 1, 2, 3]
    assert any({0, 1} <= fold for fold in folds)


def test_what_a_share_is_worth_never_falls() -> None:
    pairs = [(at / 100, at % 3 != 0 or at > 60) for at in range(100)]
    points = worth(pairs)
    assert [right for _, right in points] == sorted(right for _, right in points)


@pytest.mark.slow
def test_our_own_examples_read_by_libraries_that_never_saw_them() -> None:
    """A hard test, every near copy held out too: the figures are a floor, not what members meet."""
    from bot.evaluation_folds import cross_validate  # noqa: PLC0415

    summary = {name.strip(): share.value or 0 for name, share in cross_validate().summary().items()}
    assert summary["kind right"] >= 0.82
    assert summary["first clause right"] >= 0.70
    assert summary["outside declined"] >= 0.80
    assert summary["wrongly declined"] <= 0.08
    assert summary["same without marks"] >= 0.97
