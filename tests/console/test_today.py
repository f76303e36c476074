"""Today: what waits, what is late, the week's figures, what of the whole is not well."""

from __future__ import annotations

import pytest

from bot.store import marks, options
from bot.store.staff import Role
from tests.console.conftest import Office, Visitor
from tests.console.members import Members


@pytest.fixture
def members(office: Office) -> Members:
    return Members(office)


def test_nothing_waits(administrator: Visitor) -> None:
    page = administrator.get("/").text
    assert "Không có việc gì đang chờ" in page
    assert "Mới có một quản trị viên" in page
    assert "Chưa có kênh nào" in page
    assert "Còn để trống" in page


def test_who_waits_is_shown_and_late_after_a_working_day(
    office: Office, members: Members, administrator: Visitor
) -> None:
    hours = {day: ["07:30-11:30", "13:30-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    office.database.write(
        lambda connection: options.put(connection, office.time(), None, "organisation", "hours", hours)
    )
    person = members.person(members.account())
    members.asks_for_a_person(person)
    page = administrator.get("/").text
    assert f"Người nhắn số {person}" in page
    assert "Trễ, cần trả lời ngay" not in page
    office.time.pass_by(days=1, minutes=1)
    administrator.sign_in()
    assert "Trễ, cần trả lời ngay" in administrator.get("/").text
    administrator.post(f"/conversations/{person}/reply", {"text": "Dạ em đây"})
    assert f"Người nhắn số {person}" not in administrator.get("/").text


def test_danger_is_late_at_once(members: Members, administrator: Visitor) -> None:
    members.asks_for_a_person(members.person(members.account()), urgent=True)
    page = administrator.get("/").text
    assert "Trễ, cần trả lời ngay" in page
    assert "Khẩn" in page


def test_the_weeks_figures_are_drawn(office: Office, administrator: Visitor) -> None:
    office.database.write(
        lambda connection: marks.count(
            connection, {"turn": 1234, "send.accepted": 900, "answer.sk.what": 70}, office.time()
        )
    )
    page = administrator.get("/").text
    assert "1234 lượt đoàn viên nhắn" in page
    assert page.count('<svg class="plot"') == 2
    assert "1.234" in page
    assert "70 câu hỏi được bot trả lời" in page


def test_alarms_accounts_and_backup_are_told_in_words(office: Office, members: Members, administrator: Visitor) -> None:
    members.account()

    def op(connection: object) -> None:
        marks.raise_alarm(connection, "account:1", "zalo.oauth.refused", office.time(), account="OA tỉnh")  # type: ignore[arg-type]
        marks.put(connection, "backup", "1000", office.time())  # type: ignore[arg-type]

    office.database.write(op)
    page = administrator.get("/").text
    assert "Zalo không đổi mã khóa mới" in page
    assert "/console/accounts/1" in page
    assert "zalo.oauth" not in page
    assert "1000 dòng" in page


def test_a_unit_officer_sees_their_own_and_no_figures(office: Office, members: Members) -> None:
    mine, other = office.unit("Công ty Trong"), office.unit("Công ty Ngoài")
    account = members.account()
    inside, outside = members.person(account, "1", unit=mine), members.person(account, "2", unit=other)
    for person in (inside, outside):
        members.asks_for_a_person(person)
    page = office.join(Role.UNIT, "can.bo", (mine,)).get("/").text
    assert f"Người nhắn số {inside}" in page
    assert f"Người nhắn số {outside}" not in page
    assert "Bảy ngày qua" not in page
    assert "Hệ thống" not in page


def test_a_reader_sees_no_conversations(office: Office, members: Members) -> None:
    members.asks_for_a_person(members.person(members.account()))
    page = office.join(Role.READER, "nguoi.xem").get("/").text
    assert "Người nhắn số" not in page


def test_a_week_without_anything_draws_nothing(administrator: Visitor) -> None:
    page = administrator.get("/").text
    assert "0 lượt đoàn viên nhắn" in page
    assert "<svg" not in page
