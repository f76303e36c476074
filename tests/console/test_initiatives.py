"""The initiatives' screens: what an officer does and the author hears, and that nobody sees what is not theirs."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from flask import Flask
from PIL import Image
from sqlalchemy import Connection, select

from bot.console.access import ROLES, SCREENS
from bot.files.sniffing import ENDINGS
from bot.initiatives.exporting import Exporter
from bot.initiatives.form import Form
from bot.initiatives.record import columns
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.settings import load
from bot.store import audit, options, paper_jobs
from bot.store import files as file_store
from bot.store import initiatives as store
from bot.store.schema import outbox
from bot.store.staff import Role
from bot.store.tables import metadata
from tests.console.conftest import KEY, Office, Time, Visitor, mount
from tests.console.members import Members
from tests.initiatives.conftest import FIELDS

SECRET = "gócvátbốnlăm"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """As for the other screens, with the newest tables."""
    from bot.runtime import Store  # noqa: PLC0415 - late, as its import reads every topic

    time = Time()
    settings = load({"SECRET_KEY": KEY, "BOT_PUBLIC_URL": "https://bot.example.vn", "BOT_DATA_DIR": str(tmp_path)})
    made = Store(settings, clock=time)
    made.database.write(metadata.create_all)
    app = Flask("test")
    mount(app, made)
    yield Office(app, made.database, time)
    made.close()


@dataclass
class Case:
    """Two units with an initiative each way: the union may read, and only the province may."""

    office: Office
    mine: int
    theirs: int
    person: int
    readable: int  # of my unit, its author lets the unit read
    closed: int  # of my unit, for the province only
    other: int  # of their unit, readable there

    def one(self, number: int) -> store.Initiative:
        with self.office.database.read() as connection:
            found = store.get(connection, number)
        assert found is not None
        return found

    def told(self) -> list[str]:
        with self.office.database.read() as connection:
            return list(connection.scalars(select(outbox.c.body).order_by(outbox.c.id)))


@pytest.fixture
def case(office: Office) -> Case:
    province = office.unit("Tỉnh")
    mine, theirs = office.unit("Khu A", province), office.unit("Khu B", province)
    members = Members(office)
    person = members.person(members.account())

    def add(code: str, unit: int, readers: str, who: int | None) -> int:
        what = f"Gá kẹp {SECRET}{code[3:8]} hàn cửa sắt"
        fields = {**FIELDS, "what": what, "place_id": unit, "author": f"Tác giả {code}"}

        def op(connection: Connection) -> int:
            return store.add(
                connection, office.time(), person_id=who, state="received", code=code, received_at=office.time(),
                readers=readers, **columns(fields),
            )  # fmt: skip

        return office.database.write(op)

    return Case(
        office, mine, theirs, person,
        add("SK-11111-6", mine, "unit", person), add("SK-22222-5", mine, "province", None),
        add("SK-33333-0", theirs, "unit", None),
    )  # fmt: skip


@pytest.fixture
def officer(case: Case) -> Visitor:
    return case.office.join(Role.UNIT, "can.bo", (case.mine,))


@pytest.fixture
def provincial(case: Case) -> Visitor:
    return case.office.join(Role.PROVINCIAL, "can.bo.tinh")


def work(office: Office) -> None:
    """The papers' maker, on what the screens asked for."""
    settings = load(
        {"SECRET_KEY": KEY, "BOT_DATA_DIR": str(Path(office.database.url.removeprefix("sqlite:///")).parent)}
    )
    from bot.files import open_store  # noqa: PLC0415

    organisation = Organisation.open()
    texts = Texts.open(organisation)
    Exporter(
        office.database, open_store(settings), office.time, Form.open, lambda: texts, lambda: organisation
    ).work()  # fmt: skip


# ---- nobody goes around the author's choice ----


def test_lists_and_searches_show_only_what_the_author_lets_one_read(case: Case, officer: Visitor) -> None:
    for query in ("", f"?q={SECRET}", "?q=gá kẹp", "?order=title", "?state=received", f"?unit={case.mine}"):
        page = officer.get(f"/initiatives{query}").text
        assert "SK-11111-6" in page, query
        assert "SK-22222-5" not in page, query
        assert "SK-33333-0" not in page, query
    assert "0 hồ sơ" in officer.get("/initiatives?q=SK-22222-5").text


def test_the_province_sees_all(provincial: Visitor) -> None:
    page = provincial.get("/initiatives").text
    assert all(code in page for code in ("SK-11111-6", "SK-22222-5", "SK-33333-0"))


def test_no_route_opens_what_is_not_theirs(case: Case, officer: Visitor) -> None:
    """Every address with an initiative's number, by both methods."""
    rules = [
        rule
        for rule in case.office.app.url_map.iter_rules()
        if rule.endpoint.startswith("console.initiatives") and "number" in rule.arguments
        and not rule.endpoint.startswith("console.initiatives_reports")
    ]  # fmt: skip
    assert len(rules) >= 14
    adapter = case.office.app.url_map.bind("localhost")
    form = {"state": "in_review", "question": "x?", "note": "x", "title": "x", "text": "x", "trade": "Khác"}
    for number in (case.closed, case.other):
        for rule in rules:
            values: dict[str, Any] = {"number": number, "file_id": 1, "event_id": 1, "shape": "original"}
            address = adapter.build(rule.endpoint, {k: v for k, v in values.items() if k in rule.arguments})
            path = address.removeprefix("/console")
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                answer = officer.get(path) if method == "GET" else officer.post(path, form)
                need = SCREENS[rule.endpoint.removeprefix("console.")]
                takes = need[method == "POST"] if isinstance(need, tuple) else need
                refused = 404 if takes in ROLES[Role.UNIT] else 403
                assert answer.status_code == refused, (rule.endpoint, method, answer.status_code)
                assert SECRET not in answer.text
    assert case.one(case.closed).state == "received"


def test_similar_ones_stay_inside_what_one_may_read(case: Case, officer: Visitor, provincial: Visitor) -> None:
    assert "SK-22222-5" in provincial.get(f"/initiatives/{case.readable}").text
    page = officer.get(f"/initiatives/{case.readable}").text
    assert "SK-22222-5" not in page
    assert "SK-33333-0" not in page


def test_exports_and_papers_of_others_stay_closed(case: Case, officer: Visitor, provincial: Visitor) -> None:
    assert officer.post("/initiatives/papers", {"kind": "list"}).status_code == 302
    work(case.office)
    assert officer.get("/initiatives/papers/1").status_code == 200
    assert provincial.get("/initiatives/papers/1").status_code == 404
    reader = case.office.join(Role.READER, "nguoi.xem")
    assert reader.get("/initiatives/papers/1").status_code == 403
    assert "SK-22222-5" in reader.get("/initiatives").text  # a reader without units looks at the whole province


def test_a_paper_that_failed_is_asked_for_again_by_the_same_officer_only(
    case: Case, officer: Visitor, provincial: Visitor
) -> None:
    provincial.post("/initiatives/papers", {"kind": "list"})
    database, now = case.office.database, case.office.time()
    job = database.write(lambda connection: paper_jobs.claim(connection, now))
    assert job is not None
    database.write(lambda connection: paper_jobs.finish(connection, job, now, state="failed", code="papers.gave_up"))
    assert "Bấm Làm lại" in provincial.get("/initiatives/papers").text
    assert "Làm lại" not in officer.get("/initiatives/papers").text
    assert officer.post("/initiatives/papers/1/again").status_code == 404
    assert provincial.post("/initiatives/papers/1/again").status_code == 302
    work(case.office)
    assert provincial.get("/initiatives/papers/1").status_code == 200
    provincial.post("/initiatives/papers/1/again")  # pressed twice: what is done stays done
    assert provincial.get("/initiatives/papers/1").status_code == 200


def test_a_draft_is_seen_by_nobody(case: Case, provincial: Visitor) -> None:
    def op(connection: Connection) -> int:
        return store.add(connection, case.office.time(), person_id=case.person, state="writing", **columns(FIELDS))

    number = case.office.database.write(op)
    assert provincial.get(f"/initiatives/{number}").status_code == 404
    assert "3 hồ sơ" in provincial.get("/initiatives").text


# ---- what an officer does, and what the author hears ----


def test_the_state_is_changed_told_and_written_down(case: Case, officer: Visitor) -> None:
    address = f"/initiatives/{case.readable}"
    assert officer.post(f"{address}/move", {"state": "in_review", "reason": "Em đang xem"}).status_code == 302
    assert "Đang xem" in case.told()[-1]
    assert "Em đang xem" in case.told()[-1]
    page = officer.get(address).text
    assert "Nguyễn Văn Thử" in page
    with case.office.database.read() as connection:
        assert [entry.act for entry in audit.latest(connection, act="initiative.moved")] == ["initiative.moved"]


def test_a_move_without_what_it_needs_is_refused_and_keeps_the_words(case: Case, officer: Visitor) -> None:
    address = f"/initiatives/{case.readable}/move"
    answer = officer.post(address, {"state": "unfit"})
    assert answer.status_code == 422
    assert "lý do" in answer.text
    assert officer.post(address, {"state": "recognised", "reason": "chữ đã gõ"}).status_code == 422
    assert "chữ đã gõ" in officer.post(address, {"state": "recognised", "reason": "chữ đã gõ"}).text
    assert case.told() == []


def test_a_question_arrives_with_a_button(case: Case, officer: Visitor) -> None:
    officer.post(f"/initiatives/{case.readable}/ask", {"question": "Bao nhiêu máy?"})
    assert "Bao nhiêu máy?" in case.told()[-1]
    assert "@@1:initiative:answer:SK-11111-6" in case.told()[-1]
    assert case.one(case.readable).state == "needs_more"


def test_a_note_is_told_to_nobody(case: Case, officer: Visitor) -> None:
    officer.post(f"/initiatives/{case.readable}/note", {"note": "gọi lại sau"})
    assert "gọi lại sau" in officer.get(f"/initiatives/{case.readable}").text
    assert case.told() == []


def test_it_is_given_only_to_who_may_read_it(case: Case, officer: Visitor) -> None:
    case.office.join(Role.UNIT, "khu.b", (case.theirs,))
    with case.office.database.read() as connection:
        from bot.store import staff  # noqa: PLC0415

        numbers = {person.login: person.id for person in staff.everyone(connection)}
    address = f"/initiatives/{case.readable}/assign"
    assert officer.post(address, {"to": numbers["khu.b"]}).status_code == 422
    assert officer.post(address, {"to": numbers["can.bo"]}).status_code == 302
    assert case.one(case.readable).assigned_id == numbers["can.bo"]


def test_what_has_no_message_is_called_from_today(case: Case, provincial: Visitor) -> None:
    provincial.post(f"/initiatives/{case.closed}/move", {"state": "in_review"})  # entered on paper: nobody to write to
    page = provincial.get("/").text
    assert "Cần gọi báo tác giả" in page
    found = re.search(r'action="/console(/initiatives/\d+/called/\d+)"', page)
    assert found
    assert provincial.post(found.group(1), {"from": "today"}).status_code == 302
    assert "Cần gọi báo tác giả" not in provincial.get("/").text


def test_scores_are_hidden_until_both_are_in(case: Case, provincial: Visitor) -> None:
    def on(connection: Connection) -> None:
        options.put(connection, case.office.time(), None, "initiatives", "reviewers", True)

    address = f"/initiatives/{case.readable}"
    given = {"score0": 7, "score1": 8, "score2": 9, "remark": "nhận xét riêng"}
    assert provincial.post(f"{address}/score", given).status_code == 422
    case.office.database.write(on)
    assert provincial.post(f"{address}/score", {**given, "score0": 11}).status_code == 422
    assert provincial.post(f"{address}/score", given).status_code == 302
    second = case.office.join(Role.REVIEWER, "tham.dinh")
    assert "nhận xét riêng" not in second.get(address).text
    second.post(f"{address}/score", given)
    assert "nhận xét riêng" in second.get(address).text
    assert second.post(f"{address}/score", given).status_code == 422


def test_one_on_paper_needs_consent_and_gets_a_code(case: Case, provincial: Visitor) -> None:
    said = {"channel": "paper", "what": "Máng hứng", "before": "tràn", "result": "hết", "use_state": "used",
            "since": "2026-03-01", "place": "Khu A", "author": "Lê Tám", "born": 1975, "unit": case.mine}  # fmt: skip
    assert provincial.post("/initiatives/add", said).status_code == 422
    answer = provincial.post("/initiatives/add", {**said, "consent": "ký trên đơn ngày 18/05/2026"})
    assert answer.status_code == 302
    number = int(re.findall(r"/initiatives/(\d+)", answer.headers["Location"])[0])
    one = case.one(number)
    assert (one.channel, one.author, one.readers) == ("paper", "Lê Tám", "province")
    assert one.code
    young = {**said, "consent": "x", "born": 2013}
    assert "16 tuổi" in provincial.post("/initiatives/add", young).text


def test_a_units_officer_enters_only_for_their_own(case: Case, officer: Visitor) -> None:
    said = {"channel": "phone", "consent": "đồng ý qua điện thoại", "what": "x", "before": "x", "result": "x",
            "use_state": "untried", "place": "x", "author": "Lê Tám", "born": 1975}  # fmt: skip
    assert officer.post("/initiatives/add", {**said, "unit": case.theirs}).status_code == 404
    assert officer.post("/initiatives/add", said).status_code == 404
    assert officer.post("/initiatives/add", {**said, "unit": case.mine}).status_code == 302


# ---- files ----


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (50, 50), "red").save(out, "JPEG")
    return out.getvalue()


def test_scans_are_added_and_looked_at_safely(case: Case, officer: Visitor) -> None:
    address = f"/initiatives/{case.readable}/files"
    for bad in (b"", b"<html>", b"MZ" + bytes(50)):
        answer = officer.post(address, {"file": (io.BytesIO(bad), "hinh.jpg")})
        assert answer.status_code == 409
    assert officer.post(address, {"file": (io.BytesIO(jpeg()), "../../etc/<x>.jpg")}).status_code == 302
    with case.office.database.read() as connection:
        (file,) = file_store.of_initiative(connection, case.readable)
    assert file.type in ENDINGS
    shown = officer.get(f"{address}/{file.id}/preview")
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    original = officer.get(f"{address}/{file.id}/original")
    assert original.headers["Content-Disposition"] == f'attachment; filename="SK-11111-6-{file.id}.jpg"'
    assert original.mimetype == "application/octet-stream"
    assert officer.get(f"/initiatives/{case.other}/files/{file.id}/original").status_code == 404
    assert officer.get(f"{address}/{file.id}/sound").status_code == 409


# ---- settings, stories, reports ----


def test_the_form_is_changed_without_a_programmer(case: Case, provincial: Visitor, officer: Visitor) -> None:
    assert officer.get("/initiatives/settings").status_code == 403
    new = {"label": "Số máy đang dùng", "ask": "Bao nhiêu máy?", "kind": "text"}
    assert provincial.post("/initiatives/settings/fields/new", new).status_code == 302
    assert "Số máy đang dùng" in provincial.get("/initiatives/settings").text
    core = {"act": "remove", "label": "x", "ask": "y"}
    provincial.post("/initiatives/settings/fields/what", core)
    assert "/fields/what" in provincial.get("/initiatives/settings").text
    page = {"consent": Form.open().consent, "consent_version": "1", "messenger_personal": "yes"}
    odd = {**page, "rounds": "Đợt 1: 01/03/2027 - 31/02/2027"}
    assert provincial.post("/initiatives/settings", odd).status_code == 422
    good = {**page, "rounds": "Đợt 1: 01/03/2027 - 31/05/2027", "columns": ["code", "phone"], "criteria": "Một\nHai"}
    assert provincial.post("/initiatives/settings", good).status_code == 302
    with case.office.database.read() as connection:
        form = Form.open(options.overlay(connection, "initiatives"))
    assert (form.rounds[0].name, form.columns, form.criteria) == ("Đợt 1", ("code", "phone"), ("Một", "Hai"))


def test_the_word_template_is_replaced_tried_and_brought_back(case: Case, provincial: Visitor) -> None:
    document = Document()
    document.add_paragraph("MẪU CỦA TÔI {{ ma }}")
    out = io.BytesIO()
    document.save(out)
    address = "/initiatives/settings/template"
    assert provincial.post(address, {"file": (io.BytesIO(b"no"), "a.docx")}).status_code == 422
    assert provincial.post(address, {"file": (io.BytesIO(out.getvalue()), "a.docx")}).status_code == 302
    made = provincial.get(f"/initiatives/{case.readable}/form.docx").data
    assert Document(io.BytesIO(made)).paragraphs[0].text == "MẪU CỦA TÔI SK-11111-6"
    assert provincial.get("/initiatives/settings").status_code == 200
    provincial.post(f"{address}/reset")
    assert len(Document(io.BytesIO(provincial.get(f"/initiatives/{case.readable}/form.docx").data)).paragraphs) > 10


def test_a_story_needs_the_authors_yes_and_tells_no_secret(case: Case, provincial: Visitor) -> None:
    def secret(connection: Connection) -> None:
        fields = {**case.one(case.readable).fields, "confidential": "góc vát của lưỡi dao là bốn mươi lăm độ"}
        store.change(connection, case.readable, case.office.time(), fields=fields)

    case.office.database.write(secret)
    address = f"/initiatives/{case.readable}/story"
    story = {"title": "Gá kẹp của chị Hoa", "text": "Trước hàn lệch, nay thẳng.", "trade": "Khác", "byline": "Chị Hoa"}
    leaking = {**story, "text": "Nhờ góc vát của lưỡi dao là bốn mươi lăm độ."}
    assert provincial.post(address, leaking).status_code == 422
    assert provincial.post(address, story).status_code == 302
    assert provincial.post(f"{address}/publish", {"act": "publish"}).status_code == 422
    yes = {"purpose": "story", "given": "yes", "how": "gọi điện 24/11"}
    assert provincial.post(f"/initiatives/{case.readable}/permission", yes).status_code == 302
    assert provincial.post(f"{address}/publish", {"act": "publish"}).status_code == 302
    assert "Gá kẹp của chị Hoa" in provincial.get("/initiatives/stories").text


def test_reports_are_asked_sent_and_merged(case: Case, provincial: Visitor, officer: Visitor) -> None:
    asked = {"title": "Báo cáo năm", "document": "12/LĐLĐ", "since": "2026-01-01", "until": "2026-12-31",
             "due_on": "2027-01-10", "questions": "Khó khăn gì?", "units": [case.mine, case.theirs]}  # fmt: skip
    assert officer.post("/reports/add", asked).status_code == 403
    assert provincial.post("/reports/add", asked).status_code == 302
    page = officer.get("/reports/1").text
    assert "Khu A" in page
    assert "Khu B" not in page
    assert officer.post(f"/reports/1/{case.mine}", {"answer0": "Thiếu máy"}).status_code == 302
    assert officer.post(f"/reports/1/{case.theirs}", {"answer0": "x"}).status_code == 404
    assert officer.get("/reports/1/merged.xlsx").status_code == 403
    assert "1 trên 2" in provincial.get("/reports").text
    merged = Document(io.BytesIO(provincial.get("/reports/1/merged.docx").data))
    assert "Chưa gửi: Khu B" in "\n".join(paragraph.text for paragraph in merged.paragraphs)
    cells = [cell.text for cell in merged.tables[0].rows[1].cells]
    assert cells[:2] == ["Khu A", "1"]  # what the province's eyes only may read is not counted by the unit


def test_lists_are_quick_with_thousands(case: Case, provincial: Visitor) -> None:
    """Two thousand rows: the page is one indexed query, and stays one."""

    def op(connection: Connection) -> None:
        for at in range(2000):
            store.add(
                connection, case.office.time() - timedelta(hours=at), state="received", code=f"SK-{at + 10000:05}-x",
                received_at=case.office.time() - timedelta(hours=at), **columns(FIELDS),
            )  # fmt: skip

    case.office.database.write(op, wait_s=60)
    first, last = provincial.get("/initiatives").text, provincial.get("/initiatives?page=41").text
    assert "2003 hồ sơ, trang 1 trên 41" in first
    assert "Trang sau" not in last
