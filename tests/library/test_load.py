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
