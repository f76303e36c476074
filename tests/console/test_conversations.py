"""Conversations: finding, reading, answering as a person, and never another unit's."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from bot.store import persons
from bot.store.conversations import notes
from bot.store.marks import open_alarms
from bot.store.schema import accounts, handovers
from bot.store.staff import Role
from tests.console.conftest import Office, Visitor
from tests.console.members import Members


@pytest.fixture
def members(office: Office) -> Members:
    return Members(office)


@pytest.fixture
def worker(members: Members) -> int:
    """Somebody on Zalo who wrote an hour ago."""
    person = members.person(members.account())
    members.writes(person, "Tháng này công ty không trả tiền tăng ca")
    return person


def test_who_waits_stands_in_the_list_the_urgent_first(members: Members, administrator: Visitor) -> None:
    account = members.account()
    calm, urgent = members.person(account, "1"), members.person(account, "2")
    members.asks_for_a_person(calm)
    members.asks_for_a_person(urgent, urgent=True)
    page = administrator.get("/conversations").text
    assert page.index(f"Người nhắn số {urgent}") < page.index(f"Người nhắn số {calm}")
    assert "Khẩn" in page


@pytest.mark.parametrize("asked", ["tang ca", "TĂNG CA", "tiền tăng", "ca công ty", "đến ca"])
def test_words_are_found_with_and_without_marks(
    asked: str, worker: int, members: Members, administrator: Visitor
) -> None:
    page = administrator.get("/conversations", query_string={"q": asked}).text
    assert (f"Người nhắn số {worker}" in page) == (asked != "đến ca")


def test_an_officers_own_words_are_found_too(worker: int, administrator: Visitor) -> None:
    administrator.post(f"/conversations/{worker}/reply", {"text": "Anh gửi em bảng chấm công nhé"})
    assert f"Người nhắn số {worker}" in administrator.get("/conversations?q=bang+cham+cong").text


def test_an_answer_is_queued_as_an_officers_and_the_bot_falls_silent(
    office: Office, members: Members, worker: int, administrator: Visitor
) -> None:
    members.asks_for_a_person(worker)
    answer = administrator.post(f"/conversations/{worker}/reply", {"text": "Chào anh, em là cán bộ công đoàn ạ."})
    assert answer.status_code == 302
    (row,) = members.outgoing(worker)
    assert (row["origin"], row["state"]) == ("staff", "queued")
    assert "cán bộ công đoàn" in row["body"]
    with office.database.read() as connection:
        person = persons.get(connection, worker)
        assert person is not None
        assert person.staff_until is not None
        assert person.staff_until > office.time()
        assert not open_alarms(connection)
        assert connection.scalar(select(handovers.c.assigned_id)) is not None
    page = administrator.get(f"/conversations/{worker}").text
    assert "Chào anh, em là cán bộ" in page
    assert "Đang chờ gửi" in page


def test_a_double_click_sends_once(members: Members, worker: int, administrator: Visitor) -> None:
    for _ in range(2):
        administrator.post(f"/conversations/{worker}/reply", {"text": "Dạ được ạ"})
    assert len(members.outgoing(worker)) == 1


def test_handing_back_lets_the_bot_answer(office: Office, worker: int, administrator: Visitor) -> None:
    administrator.post(f"/conversations/{worker}/reply", {"text": "Xong rồi ạ"})
    administrator.post(f"/conversations/{worker}/back")
    with office.database.read() as connection:
        person = persons.get(connection, worker)
        assert person is not None
        assert person.staff_until == office.time()
        assert not person.handed_over


@pytest.mark.parametrize(
    ("platform", "hours", "granted", "told"),
    [
        ("zalo", 30, False, "Gửi được ngay"),
        ("messenger", 2, False, "Gửi được ngay"),
        ("messenger", 30, False, "Đã quá thời hạn"),
        ("messenger", 30, True, "được phép để người thật trả lời"),
        ("messenger", 24 * 8, True, "Đã quá thời hạn"),
    ],
)
def test_one_sees_what_is_permitted_before_typing(
    office: Office, members: Members, administrator: Visitor, platform: str, hours: int, granted: bool, told: str
) -> None:
    account = members.account(platform)
    office.database.write(
        lambda connection: connection.execute(
            update(accounts).where(accounts.c.id == account).values(human_agent=granted)
        )
    )
    office.app.extensions["console"].directory.changed()
    person = members.person(account, hours_ago=hours)
    assert told in administrator.get(f"/conversations/{person}").text


def test_notes_and_assignment(office: Office, worker: int, administrator: Visitor) -> None:
    colleague = office.join(Role.PROVINCIAL, "dong.nghiep")
    with office.database.read() as connection:
        before = connection.scalar(select(notes.c.id))
    assert before is None
    administrator.post(f"/conversations/{worker}/note", {"note": "Gọi lại sau 17 giờ"})
    assert "Gọi lại sau 17 giờ" in colleague.get(f"/conversations/{worker}").text
    assert administrator.post(f"/conversations/{worker}/assign", {"to": 2}).status_code == 302
    assert f"Người nhắn số {worker}" in colleague.get("/conversations?tab=mine").text
    assert f"Người nhắn số {worker}" not in administrator.get("/conversations?tab=mine").text
    assert administrator.post(f"/conversations/{worker}/assign", {"to": 99}).status_code == 422


def test_the_open_page_renews_itself_only_when_something_changed(
    members: Members, worker: int, administrator: Visitor
) -> None:
    page = administrator.get(f"/conversations/{worker}/live")
    version = page.text.partition('data-version="')[2].partition('"')[0]
    assert administrator.get(f"/conversations/{worker}/live?version={version}").status_code == 204
    members.office.time.pass_by(seconds=1)
    members.writes(worker, "Alo có ai không")
    assert "Alo có ai không" in administrator.get(f"/conversations/{worker}/live?version={version}").text


def test_danger_says_what_to_do_until_somebody_answered(members: Members, worker: int, administrator: Visitor) -> None:
    members.asks_for_a_person(worker, urgent=True)
    assert "Hỏi ngay chỗ ở và số gọi lại" in administrator.get(f"/conversations/{worker}").text
    administrator.post(f"/conversations/{worker}/reply", {"text": "Anh đang ở đâu, số nào gọi lại được?"})
    assert "Hỏi ngay chỗ ở và số gọi lại" not in administrator.get(f"/conversations/{worker}").text


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(office: Office, worker: int, administrator: Visitor) -> None:
    for _ in range(6):
        office.time.pass_by(minutes=11)
        last = administrator.get(f"/conversations/{worker}/live").status_code
    assert last == 302
    assert not administrator.inside


def test_a_parked_and_an_unsure_message_are_settled_by_a_person(
    members: Members, worker: int, administrator: Visitor
) -> None:
    parked = members.writes(worker, "câu làm bot hỏng", state="parked", code="turn.failed")
    unsure = members.is_sent(worker, "Dạ em gửi", state="unsure", blocks=False, code="network.no_answer")
    page = administrator.get("/conversations/stuck").text
    assert "câu làm bot hỏng" in page
    assert "không nhận được trả lời" in page
    assert "network.no_answer" not in page
    settle = {"kind": "unsure", "row": unsure, "fate": "again"}
    assert "settled" in administrator.post("/conversations/settle", settle).headers["Location"]
    assert members.outgoing(worker)[0]["state"] == "queued"
    assert "settled_before" in administrator.post("/conversations/settle", settle).headers["Location"]
    administrator.post("/conversations/settle", {"kind": "parked", "row": parked, "fate": "leave"})
    assert "Không có tin nào vướng" in administrator.get("/conversations/stuck").text
    assert administrator.post("/conversations/settle", {**settle, "fate": "odd"}).status_code == 422


def test_canned_texts_are_offered(worker: int, administrator: Visitor) -> None:
    form = {"version": 0, "title": ["Chào"], "text": ["Chào anh/chị, em là cán bộ công đoàn."]}
    assert administrator.post("/conversations/canned", form).status_code == 302
    page = administrator.get(f"/conversations/{worker}?canned=0").text
    assert "Chào anh/chị, em là cán bộ công đoàn.</textarea>" in page
    half = {"version": 0, "title": ["Một"], "text": [""]}
    assert administrator.post("/conversations/canned", half).status_code == 422


def test_markup_of_a_member_stays_text(members: Members, worker: int, administrator: Visitor) -> None:
    members.writes(worker, "<script>alert(1)</script>")
    for page in (f"/conversations/{worker}", f"/conversations/{worker}/live", "/conversations?q=alert"):
        text = administrator.get(page).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


class TestOtherUnits:
    """A unit officer reaches the people of their units only."""

    @pytest.fixture
    def theirs(self, office: Office, members: Members) -> tuple[Visitor, int, int, int]:
        mine, other = office.unit("Công ty Trong"), office.unit("Công ty Ngoài")
        account = members.account()
        inside, outside, nowhere = (
            members.person(account, "1", unit=mine), members.person(account, "2", unit=other),
            members.person(account, "3"),
        )  # fmt: skip
        for person in (inside, outside, nowhere):
            members.writes(person, "cho em hỏi lương")
            members.asks_for_a_person(person)
        return office.join(Role.UNIT, "can.bo", (mine,)), inside, outside, nowhere

    def test_in_lists_and_searches(self, theirs: tuple[Visitor, int, int, int]) -> None:
        officer, inside, outside, nowhere = theirs
        for page in ("/conversations", "/conversations?tab=all", "/conversations?q=luong"):
            text = officer.get(page).text
            assert f"Người nhắn số {inside}" in text
            assert f"Người nhắn số {outside}" not in text
            assert f"Người nhắn số {nowhere}" not in text

    @pytest.mark.parametrize("path", ["", "/live"])
    def test_by_address(self, theirs: tuple[Visitor, int, int, int], path: str) -> None:
        officer, inside, outside, nowhere = theirs
        assert officer.get(f"/conversations/{inside}{path}").status_code == 200
        assert officer.get(f"/conversations/{outside}{path}").status_code == 404
        assert officer.get(f"/conversations/{nowhere}{path}").status_code == 404

    @pytest.mark.parametrize("path", ["reply", "assign", "note", "back"])
    def test_by_form(self, theirs: tuple[Visitor, int, int, int], path: str, members: Members) -> None:
        officer, _, outside, _ = theirs
        form = {"text": "chào", "note": "chào", "to": 1}
        assert officer.post(f"/conversations/{outside}/{path}", form).status_code == 404
        assert not members.outgoing(outside)

    def test_by_a_stuck_row(self, theirs: tuple[Visitor, int, int, int], members: Members) -> None:
        officer, _, outside, _ = theirs
        unsure = members.is_sent(outside, "x", state="unsure", blocks=False)
        form = {"kind": "unsure", "row": unsure, "fate": "again"}
        assert officer.post("/conversations/settle", form).status_code == 404

    def test_an_account_of_the_unit_brings_its_people(self, office: Office, members: Members) -> None:
        mine = office.unit("Công ty Trong")
        person = members.person(members.account("messenger", "8001", unit_id=mine), "5")
        officer = office.join(Role.UNIT, "can.bo", (mine,))
        assert officer.get(f"/conversations/{person}").status_code == 200
