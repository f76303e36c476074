"""Some 500 messages of an author of whom no line, nor a near copy of one, was learnt from: what strangers will meet.

Nothing may be tuned on them. Who needs one of them as an example writes a new message here in its place.
"""

import json
from pathlib import Path

import pytest

from bot.evaluation import Report, cited, read_rows, score
from bot.library.search import Library
from bot.talk import Kind

UNSEEN = Path(__file__).parent / "unseen.jsonl"
CASES = read_rows(UNSEEN)
DANGERS = {
    row["id"] for row in map(json.loads, UNSEEN.read_text("utf-8").splitlines()) if row.get("subject") == "danger"
}
LIBRARY = Library.open()


@pytest.fixture(scope="module")
def report() -> Report:
    return score(LIBRARY, CASES)


def test_kinds_clauses_and_refusals_are_right_as_often_as_promised(report: Report) -> None:
    shares = {name.strip(): share.right / share.of for name, share in report.summary().items()}
    assert shares["kind right"] >= 0.95
    assert shares["first clause right"] >= 0.92
    assert shares["outside declined"] >= 0.95
    assert shares["wrongly declined"] <= 0.04
    assert shares["of these right"] >= 0.98  # what is answered without asking back
    assert shares["same without marks"] >= 0.97


def test_no_wish_for_announcements_is_lost_to_a_guess(report: Report) -> None:
    lost = [one for one in report.outcomes if one.reading.kind is Kind.UNSUBSCRIBE and one.case.kind is Kind.SUBSCRIBE]
    assert lost == []


def test_danger_is_seen_and_nothing_harmless_is_taken_for_it(report: Report) -> None:
    assert {one.case.id for one in report.outcomes if "danger" in one.reading.signals} == DANGERS


def test_an_answer_is_cited_or_says_that_nothing_is_said(report: Report) -> None:
    shown = [one.reading.best.answer for one in report.outcomes if one.reading.best is not None]
    assert shown
    assert all(answer.citations or answer.unsaid for answer in shown)
    assert all(cited(one.reading) is None for one in report.outcomes if one.reading.kind is Kind.OUT_OF_SCOPE)
