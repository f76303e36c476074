"""What officers add takes part: answers of their own, messages more, documents they loaded."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation import read_rows
from bot.evaluation_folds import letter_runs
from bot.library import likeness
from bot.library.load import CONTENT, Edits, load
from bot.library.search import Library
from bot.library.shelf import Documents
from bot.library.vietnamese import fold, words
from bot.talk import Citation, Kind

BUS = {
    "id": "them.xe", "title": "Giờ xe đưa rước", "question": "Xe đưa rước công nhân chạy lúc mấy giờ?",
    "short": "Xe chạy lúc 5 giờ 30 sáng.", "citations": [], "unsaid": True, "reviewed": "2026-11-24",
    "valid_until": "2026-12-31",
}  # fmt: skip
ASKED = (
    "xe đưa rước công nhân mấy giờ chạy vậy ad", "ad oi xe dua ruoc sang may gio co", "giờ xe đưa rước về Gò Dầu",
    "xe của công ty rước công nhân lúc mấy giờ", "lịch xe đưa rước ca sáng",
)  # fmt: skip


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.open(edits=Edits(answers={"them.xe": BUS}, examples={"them.xe": ASKED}))


@pytest.mark.parametrize("text", ["mấy giờ xe đưa rước tới vậy em", "cho hoi gio xe dua ruoc ca chieu", *ASKED])
def test_an_answer_of_their_own_is_found_in_other_words(library: Library, text: str) -> None:
    reading = library.read(text)
    assert reading.kind is Kind.QUESTION
    assert reading.best is not None
    assert reading.best.answer.id == "them.xe"


def test_it_takes_nothing_from_the_shipped_answers(library: Library) -> None:
    best = library.read("ai ký kế hoạch 487").best
    assert best is not None
    assert best.answer.id == "header.signer"


def test_an_answer_without_a_clause_names_whose_word_it_is() -> None:
    answer = load(edits=Edits(answers={"them.xe": BUS})).answers["them.xe"]
    assert answer.citations == ()
    assert answer.source == "(Công đoàn trả lời ngày 24/11/2026; văn bản không nói chuyện này)"
    assert answer.valid_until == date(2026, 12, 31)


def test_a_loaded_document_is_named_by_its_label_else_by_its_number() -> None:
    entry = {**BUS, "citations": ["12/HD-LĐLĐ: II.2"], "unsaid": False}
    named = load(edits=Edits(answers={"them.xe": entry}, labels={"12/HD-LĐLĐ": "Hướng dẫn 12/HD-LĐLĐ"}))
    assert named.answers["them.xe"].source == "(Hướng dẫn 12/HD-LĐLĐ, mục II.2)"
    bare = load(edits=Edits(answers={"them.xe": entry}))
    assert bare.answers["them.xe"].source == "(12/HD-LĐLĐ, mục II.2)"


def test_an_own_answer_follows_a_document_that_got_another_number() -> None:
    entry = {**BUS, "citations": ["487/KH-LĐLĐ: II.3.4"], "unsaid": False}
    found = load(edits=Edits(documents={"ke-hoach-487": {"number": "9/KH"}}, answers={"them.xe": entry}))
    assert found.answers["them.xe"].citations == (Citation("9/KH", "II.3.4"),)


def test_the_officers_word_on_a_message_counts() -> None:
    """A message that is an example already is theirs to move; one for an answer that is gone changes nothing."""
    shipped = load().examples
    moved = shipped[0].text
    found = load(edits=Edits(examples={"II.3.4": [moved], "gone.away": ["gì đó"]})).examples
    assert [example.label for example in found if example.text == moved] == ["II.3.4"]
    assert len(found) == len(shipped) - sum(example.text == moved for example in shipped) + 1


def test_every_clause_has_its_words_and_its_name() -> None:
    clauses = Documents.open().clauses({"487/KH-LĐLĐ": "Kế hoạch 487"})
    clause = clauses[Citation("487/KH-LĐLĐ", "II.4.2")]
    assert clause.text.startswith("4.2. Định kỳ")
    assert clause.source == "(Kế hoạch 487, mục II.4.2)"


# ---- likeness ----


def test_questions_on_one_thing_are_together_and_others_apart() -> None:
    texts = [
        "xe đưa rước công nhân mấy giờ chạy vậy ad", "nhà trẻ cho con công nhân ở khu công nghiệp có chưa",
        "ad oi xe dua ruoc sang may gio co", "gui con o nha tre khu cong nghiep dc ko", "lịch khám sức khỏe khi nào",
    ]  # fmt: skip
    assert likeness.groups(texts) == [[0, 2], [1, 3], [4]]


_TEXTS = st.lists(st.text(alphabet="abcđêơ ư?!0", max_size=30), max_size=12)


@given(_TEXTS)
def test_every_text_is_in_one_group(texts: list[str]) -> None:
    found = likeness.groups(texts)
    assert sorted(at for group in found for at in group) == list(range(len(texts)))


@given(st.sampled_from(ASKED), st.sampled_from(["", "!", "???", " "]))
def test_marks_and_signs_part_nothing(text: str, sign: str) -> None:
    assert likeness.groups([text, "nhà trẻ ở đâu", fold(text) + sign]) == [[0, 2], [1]]


# ---- the question tests that officers see before they publish ----


def test_the_question_tests_are_no_copies_of_the_examples() -> None:
    """They would tell nothing then."""
    examples = [letter_runs(example.text) for example in load().examples]
    cases = read_rows(CONTENT / "questions_check.jsonl")
    copies = [
        case.text
        for case in cases
        if len(words(case.text)) > 3
        for runs in (letter_runs(case.text),)
        if any(len(runs & other) >= 0.6 * len(runs | other) for other in examples)
    ]
    assert copies == []
    assert len(cases) >= 140
    assert {case.kind for case in cases} == set(Kind)


def test_the_question_tests_name_clauses_there_are() -> None:
    cited = {citation.section for answer in load().answers.values() for citation in answer.citations}
    rows = (CONTENT / "questions_check.jsonl").read_text(encoding="utf-8").splitlines()
    assert {section for row in rows for section in json.loads(row)["sections"]} <= cited
