import io
import json
import zipfile
from pathlib import Path

import pytest
from docx import Document as Word
from pypdf import PdfWriter

from bot.errors import BotError
from bot.library import documents
from bot.library.clauses import cut
from bot.library.documents import read
from bot.library.load import CONTENT, load
from bot.library.shelf import Documents, compare, store

PLAN = CONTENT / "documents" / "487-kh-ldld" / "1.txt"
CLAUSES = [
    "header", "I", "II.1.1", "II.1.2", "II.1.3", "II.2.1", "II.2.2", "II.2.3", "II.2.4", "II.3.1", "II.3.2", "II.3.3",
    "II.3.4", "II.4.1", "II.4.2", "II.4.3", "III.1", "III.2", "noi_nhan",
]  # fmt: skip


def _plan() -> documents.Document:
    return read(PLAN.read_bytes(), PLAN.name)


def _docx(paragraphs: list[str], table: list[list[str]] | None = None) -> bytes:
    word = Word()
    for paragraph in paragraphs:
        word.add_paragraph(paragraph)
    if table:
        cells = word.add_table(len(table), len(table[0]))
        for row, texts in zip(cells.rows, table, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def test_the_plan_is_cut_into_its_clauses_by_its_own_numbering() -> None:
    plan = _plan()
    assert (plan.number, str(plan.issued)) == ("487/KH-LĐLĐ", "2023-05-08")
    assert plan.title.startswith("Kế hoạch Thực hiện Nghị quyết số 16/NQ-BCH")
    assert [one.id for one in plan.sections] == CLAUSES


def test_every_word_of_the_plan_is_kept() -> None:
    plan = _plan()
    said = " ".join(text for one in plan.sections for text in (*one.headings, one.text)).split()
    assert set(PLAN.read_text(encoding="utf-8").split()) <= set(said)


def test_a_clause_is_word_for_word_and_knows_its_part() -> None:
    clause = _plan().section("II.4.2")
    assert clause is not None
    assert clause.text == (
        "4.2. Định kỳ, phối hợp với các cơ quan chức năng kiểm tra, giám sát việc thực hiện nhiệm vụ khoa học công "
        "nghệ và công tác thanh toán, quyết toán theo đúng quy định."
    )
    assert [heading.split(".")[0] for heading in clause.headings] == ["II", "4"]


def test_the_closing_and_the_signature_belong_to_the_head() -> None:
    header = _plan().section("header")
    assert header is not None
    assert "Trên đây là kế hoạch" in header.text
    assert header.text.endswith("Dương Đại Lộc")


def test_the_shipped_document_is_the_one_its_original_gives() -> None:
    shipped = Documents.open().by_number["487/KH-LĐLĐ"]
    assert shipped.sections == _plan().sections
    assert shipped.sha256 == _plan().sha256


def test_every_cited_clause_of_the_plan_can_be_shown() -> None:
    shelf = Documents.open()
    cited = {c for answer in load().answers.values() for c in answer.citations if c.document == "487/KH-LĐLĐ"}
    assert [c for c in cited if shelf.clause(c.document, c.section) is None] == []
    assert shelf.clause("487/KH-LĐLĐ", "IV.1") is None
    assert shelf.clause("1/X", "I") is None


def test_articles_with_points_are_read_too() -> None:
    found = cut(
        [
            "Số: 12/QĐ-TLĐ",
            "QUYẾT ĐỊNH",
            "Về quy chế",
            "Điều 1. Phạm vi",
            "1. Một",
            "2. Hai",
            "có 3. không phải điểm",
            "Điều 2. Hiệu lực",
        ]
    )
    assert [clause.id for clause in found.clauses] == ["header", "Điều 1.1", "Điều 1.2", "Điều 2"]
    assert found.number == "12/QĐ-TLĐ"
    assert found.clauses[2].text == "2. Hai\ncó 3. không phải điểm"


def test_a_number_out_of_turn_is_text() -> None:
    found = cut(["Số: 1/KH-X", "I. MỘT", "1. Đầu", "7. năm trước", "X. người tên X", "2. Sau"])
    assert [clause.id for clause in found.clauses] == ["header", "I.1", "I.2"]


def test_a_word_file_with_recipients_in_a_table() -> None:
    data = _docx(
        [
            "Số: 9/KH-LĐLĐ",
            "KẾ HOẠCH",
            "Về việc thử",
            "I. MỤC ĐÍCH",
            "Để thử.",
            "II. VIỆC LÀM",
            "1. Việc một.",
            "2. Việc hai.",
        ],
        [["Nơi nhận:\n- Như trên;\n- Lưu: VT.", "TM. BAN THƯỜNG VỤ\nCHỦ TỊCH"]],
    )
    found = read(data, "thu.docx")
    assert [one.id for one in found.sections] == ["header", "I", "II.1", "II.2", "noi_nhan"]
    assert found.number == "9/KH-LĐLĐ"


def test_a_pdf_without_text_is_refused_with_a_code() -> None:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(BotError, match=r"document\.no_text"):
        read(out.getvalue(), "scan.pdf")


def test_an_encrypted_pdf_is_refused_with_a_code() -> None:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(BotError, match=r"document\.encrypted"):
        read(out.getvalue(), "locked.pdf")


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b"0" * (documents.MOST_UNPACKED + 1))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "document.empty"),
        (b"PK\x03\x04 broken", "document.unreadable"),
        (b"%PDF-1.7 broken", "document.unreadable"),
        (b"\xff\xd8\xff\xe0 a picture", "document.unknown_format"),
        (b"   \n\n", "document.no_text"),
        ("một đoạn văn không đánh số".encode(), "document.no_clauses"),
        ("KẾ HOẠCH\nI. MỘT\nnội dung".encode(), "document.no_number"),
    ],
)
def test_a_bad_file_is_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(BotError) as stop:
        read(data, "x")
    assert stop.value.code == code


def test_a_zip_bomb_and_a_zip_that_is_no_document_are_refused() -> None:
    with pytest.raises(BotError, match=r"document\.too_big"):
        read(_bomb(), "bomb.docx")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(BotError, match=r"document\.unknown_format"):
        read(out.getvalue(), "sheet.xlsx")


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_BYTES", 10)
    with pytest.raises(BotError, match=r"document\.too_big"):
        read(b"x" * 11, "long.txt")


def test_versions_are_kept_with_their_original_bytes(tmp_path: Path) -> None:
    data = PLAN.read_bytes()
    none = tmp_path / "none"
    first = store(read(data, "plan.txt"), data, tmp_path, none)
    assert store(read(data, "again.txt"), data, tmp_path, none) == first
    changed = data.replace("4.2. Định kỳ,".encode(), "4.2. Mỗi quý,".encode())
    second = store(read(changed, "plan-2.txt"), changed, tmp_path, none)
    assert (first.version, second.version) == (1, 2)
    assert (tmp_path / "487-kh-ldld" / "1.txt").read_bytes() == data
    assert Documents.open(tmp_path).by_number["487/KH-LĐLĐ"] == second


def test_a_new_version_tells_which_answers_rest_on_changed_clauses() -> None:
    data = PLAN.read_bytes()
    changed = data.replace("4.2. Định kỳ,".encode(), "4.2. Mỗi quý,".encode())
    told = compare(read(data, "a.txt"), read(changed, "b.txt"), load().answers.values())
    assert (told.added, told.removed, told.changed) == ((), (), ("II.4.2",))
    assert "II.4.2" in told.answers
    assert "II.3.4" not in told.answers


def test_a_first_version_only_adds() -> None:
    told = compare(None, _plan(), load().answers.values())
    assert list(told.added) == CLAUSES
    assert told.answers == ()


def test_a_broken_stored_version_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "1.json").write_text(json.dumps({"number": "1"}), encoding="utf-8")
    with pytest.raises(BotError, match=r"x/1\.json"):
        Documents.open(tmp_path)
