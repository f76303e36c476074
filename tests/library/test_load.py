import shutil
from pathlib import Path

from bot.library.load import CONTENT, faults, load


def test_the_shipped_content_has_no_fault() -> None:
    assert faults() == []


def test_every_clause_of_the_plan_has_an_answer() -> None:
    clauses = ["header", "I", "III.1", "III.2", "noi_nhan"]
    clauses += [f"II.{part}.{item}" for part, items in ((1, 3), (2, 4), (3, 4), (4, 3)) for item in range(1, items + 1)]
    cited = {
        citation.section
        for answer in load().answers.values()
        if not answer.unsaid
        for citation in answer.citations
        if citation.document == "487/KH-LĐLĐ"
    }
    assert [clause for clause in clauses if clause not in cited] == []


def test_a_fault_is_told_with_its_file_and_entry(tmp_path: Path) -> None:
    shutil.copytree(CONTENT, tmp_path / "content")
    file = tmp_path / "content" / "knowledge" / "nghi-quyet-16.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("title = ", "titel = ", 2), encoding="utf-8")
    assert any("nghi-quyet-16.toml" in fault and "titel" in fault for fault in faults(tmp_path / "content"))


def test_an_example_for_no_answer_is_a_fault(tmp_path: Path) -> None:
    shutil.copytree(CONTENT, tmp_path / "content")
    (tmp_path / "content" / "examples" / "question" / "IV.9.txt").write_text("gì đó\n", encoding="utf-8")
    assert faults(tmp_path / "content") == ["examples: IV.9: no such answer or kind"]


def test_no_sentence_of_the_documents_gap_list_is_stated_as_money() -> None:
    """The never-invent list: no sum in dong stands in any answer."""
    for answer in load().answers.values():
        text = f"{answer.short} {answer.longer}".lower()
        assert "triệu đồng" not in text, answer.id
        assert "nghìn đồng" not in text, answer.id


def test_a_lexicon_that_names_no_answer_is_a_fault(tmp_path: Path) -> None:
    shutil.copytree(CONTENT, tmp_path / "content")
    file = tmp_path / "content" / "lexicon" / "asks.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("unsaid.links", "unsaid.nothing"), encoding="utf-8")
    assert faults(tmp_path / "content") == ["lexicon: unsaid.nothing: no such answer"]


def test_a_lexicon_file_that_is_no_toml_is_a_fault(tmp_path: Path) -> None:
    shutil.copytree(CONTENT, tmp_path / "content")
    (tmp_path / "content" / "lexicon" / "topics.toml").write_text("pay = [", encoding="utf-8")
    assert any("lexicon" in fault for fault in faults(tmp_path / "content"))


def test_a_source_names_every_document_it_rests_on() -> None:
    source = load().answers["nq16.targets"].source
    assert source == "(Kế hoạch 487/KH-LĐLĐ, mục I; Nghị quyết 16/NQ-BCH, theo báo chí năm 2022)"


def test_what_rests_on_the_decree_asks_to_check_the_newest_text() -> None:
    for answer in load().answers.values():
        if answer.citations[0].document == "13/2012/NĐ-CP":
            assert "kiểm tra văn bản mới nhất" in answer.short, answer.id


def test_no_threshold_of_an_award_stands_anywhere() -> None:
    for answer in load().answers.values():
        text = f"{answer.short} {answer.longer}"
        assert not any(figure in text for figure in ("80 triệu", "120 triệu", "150 triệu", "200 triệu")), answer.id
