"""Loading official documents: the look before, versions, what changed and who rests on it, the original bytes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from docx import Document as Word

from bot.console import knowledge
from bot.library import shelf
from bot.library.load import CONTENT
from bot.store import audit
from bot.store.staff import Role
from tests.console.conftest import Office, Visitor

PLAN = (CONTENT / "documents" / "487-kh-ldld" / "1.txt").read_bytes()
NEWER = PLAN.replace("4.2. Định kỳ,".encode(), "4.2. Mỗi quý,".encode())
GUIDE = ["Số: 12/HD-LĐLĐ", "HƯỚNG DẪN", "Tổ chức hội thi tay nghề", "I. ĐỐI TƯỢNG", "Mọi đoàn viên.", "II. CÁCH LÀM"]
GUIDE += ["1. Thi ở cơ sở.", "2. Thi ở tỉnh."]


def docx(paragraphs: list[str]) -> bytes:
    word = Word()
    for paragraph in paragraphs:
        word.add_paragraph(paragraph)
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def look(visitor: Visitor, data: bytes, name: str, number: str = "") -> tuple[int, str]:
    form = {"file": (io.BytesIO(data), name), "number": number}
    answer = visitor.post("/documents/load", form, content_type="multipart/form-data")
    return answer.status_code, answer.text


def keep(visitor: Visitor, data: bytes, name: str, number: str) -> int:
    status, page = look(visitor, data, name, number)
    assert status == 200, page
    sha = page.partition('name="sha256" value="')[2].partition('"')[0]
    return visitor.post("/documents/keep", {"sha256": sha, "file": name, "number": number}).status_code


@pytest.fixture
def folder(office: Office) -> Path:
    found: Path = office.app.extensions["console"].settings.documents_dir
    return found


def test_nothing_is_kept_before_one_looked(administrator: Visitor, office: Office, folder: Path) -> None:
    status, page = look(administrator, docx(GUIDE), "huong dan.docx")
    assert status == 200
    assert "Hướng dẫn 12/HD-LĐLĐ" in page
    assert "Mục II.2" in page
    assert shelf.versions(folder) == {}
    assert administrator.post("/documents/keep", {"sha256": "0" * 64, "file": "x.docx"}).status_code == 409
    assert administrator.post("/documents/keep", {"sha256": "../../secret.key", "file": "x"}).status_code == 409
    assert keep(administrator, docx(GUIDE), "huong dan.docx", "12/HD-LĐLĐ") == 302
    with office.database.read() as connection:
        assert "document.kept" in [entry.act for entry in audit.latest(connection)]


def test_the_original_comes_back_byte_for_byte(administrator: Visitor, folder: Path) -> None:
    data = docx(GUIDE)
    keep(administrator, data, "../../etc/huong dan.docx", "12/HD-LĐLĐ")
    answer = administrator.get("/documents/12-hd-ldld/1/original")
    assert answer.data == data
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="12-hd-ldld-1.docx"'
    assert [path.name for path in folder.iterdir() if path.name != "waiting"] == ["12-hd-ldld"]
    assert administrator.get("/documents/487-kh-ldld/1/original").data == PLAN
    assert administrator.get("/documents/487-kh-ldld/9/original").status_code == 404


def test_a_new_version_shows_what_changed_and_who_rests_on_it(administrator: Visitor) -> None:
    _, page = look(administrator, NEWER, "ke-hoach.txt")
    assert "So với bản 1: 1 mục đổi (II.4.2)" in page
    assert "<del>Định kỳ,</del> <ins>Mỗi quý,</ins>" in page
    assert "/console/answers/II.4.2" in page
    assert keep(administrator, NEWER, "ke-hoach.txt", "") == 302
    page = administrator.get("/documents/487-kh-ldld").text
    assert "Đang xem bản 2, bản bot đang dùng" in page
    assert "/console/answers/II.4.2" in page
    assert "Bản 1" in page
    assert "Mỗi quý" not in administrator.get("/documents/487-kh-ldld?version=1").text
    assert "đúng là bản đang dùng" in look(administrator, NEWER, "lan-nua.txt")[1]


def test_a_version_taken_out_of_use_gives_way_to_the_one_before(
    administrator: Visitor, office: Office, folder: Path
) -> None:
    keep(administrator, NEWER, "ke-hoach.txt", "")
    at = office.app.extensions["console"]
    newer = knowledge.documents(at).clause("487/KH-LĐLĐ", "II.4.2")
    assert newer is not None
    assert "Mỗi quý" in newer.text
    assert administrator.post("/documents/487-kh-ldld/1/withdraw").status_code == 409  # the shipped one
    administrator.post("/documents/487-kh-ldld/2/withdraw")
    older = knowledge.documents(at).clause("487/KH-LĐLĐ", "II.4.2")
    assert older is not None
    assert "Định kỳ" in older.text
    assert (folder / "487-kh-ldld" / "2.txt").read_bytes() == NEWER
    administrator.post("/documents/487-kh-ldld/2/withdraw")
    assert knowledge.documents(at).clause("487/KH-LĐLĐ", "II.4.2") == newer


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "rong.txt", "trống"),
        (b"\x00\x01", "la.bin", ""),
        ("Chỉ có một dòng.".encode(), "mot.txt", ""),
        (b"PK\x03\x04 broken", "hong.docx", ""),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    administrator: Visitor, folder: Path, data: bytes, name: str, words: str
) -> None:
    status, page = look(administrator, data, name)
    assert status == 422
    assert 'role="alert"' in page
    assert "mã document." not in page
    assert words in page
    assert not folder.exists()


def test_a_reader_of_settings_sees_and_loads_nothing(office: Office) -> None:
    reader = office.join(Role.READER, "nguoi.xem")
    assert reader.get("/documents").status_code == 403
    assert look(reader, PLAN, "x.txt")[0] == 403


def test_a_loaded_document_can_be_cited_and_is_exported(administrator: Visitor, office: Office) -> None:
    keep(administrator, docx(GUIDE), "huong dan.docx", "")
    answer = administrator.post("/drafts/new")
    number = answer.headers["Location"].rpartition("/")[2]
    form = {
        "title": "Thi tay nghề", "question": "Hội thi tay nghề tổ chức thế nào?", "short": "Thi ở tỉnh.", "longer": "",
        "cited": "12/HD-LĐLĐ: II.2", "lines": "thi tay nghề ở đâu",
    }  # fmt: skip
    assert administrator.post(f"/drafts/{number}", form).status_code == 302
    assert "(Hướng dẫn 12/HD-LĐLĐ, mục II.2)" in administrator.get(f"/drafts/{number}").text
    packed = administrator.get("/content/content.zip").data
    assert b"content/documents/12-hd-ldld/1.docx" in packed
    assert b"content/documents/12-hd-ldld/1.json" in packed
