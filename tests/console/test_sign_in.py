"""Coming in: first link, password, code, lock-out, sessions, recovery."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Connection

from bot.store import invitations, sign_in, staff
from bot.store.staff import Role
from tests.console.conftest import PASSWORD, Office, Visitor


def test_the_first_link_makes_an_administrator_with_a_second_factor(office: Office) -> None:
    token = invitations.first_invitation(office.database, office.time())
    assert token
    first = office.visitor()
    assert "Quản trị viên" in first.get(f"/invitation/{token}").text
    answer = first.accept(token, "lan.nguyen")
    assert answer.status_code == 200
    assert len(set(first.codes)) == 10
    assert "Mới có một quản trị viên" in first.get("/").text
    assert invitations.first_invitation(office.database, office.time()) is None


def test_only_the_first_link_printed_last_opens(office: Office) -> None:
    old = invitations.first_invitation(office.database, office.time())
    new = invitations.first_invitation(office.database, office.time())
    assert office.visitor().get(f"/invitation/{old}").status_code == 410
    assert office.visitor().get(f"/invitation/{new}").status_code == 200


def test_a_link_opens_once_but_looking_does_not_use_it(office: Office) -> None:
    token = office.invitation(Role.READER)
    for _ in range(3):
        assert office.visitor().get(f"/invitation/{token}").status_code == 200
    office.visitor().accept(token, "nguoi.xem")
    second = office.visitor()
    second.post(f"/invitation/{token}", {"name": "B", "login": "ke.khac", "password": PASSWORD, "again": PASSWORD})
    assert not second.inside
    assert office.visitor().get(f"/invitation/{token}").status_code == 410


def test_a_link_ends_with_its_days(office: Office) -> None:
    token = office.invitation(Role.READER)
    office.time.pass_by(days=4)
    assert office.visitor().get(f"/invitation/{token}").status_code == 410


def test_a_login_that_is_taken_keeps_the_link(office: Office, administrator: Visitor) -> None:
    token = office.invitation(Role.READER)
    late = office.visitor()
    form = {"name": "B", "login": administrator.login, "password": PASSWORD, "again": PASSWORD}
    answer = late.post(f"/invitation/{token}", form)
    assert answer.status_code == 422
    assert "đã có người dùng" in answer.text
    assert office.visitor().get(f"/invitation/{token}").status_code == 200


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("ngắn quá", "ngắn quá", "ít nhất 10 ký tự"),
        ("12345678901", "12345678901", "toàn số"),
        ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "lặp lại"),
        ("toi la tran.thi.b", "toi la tran.thi.b", "tên đăng nhập"),
        (PASSWORD, PASSWORD + "g", "không giống nhau"),
    ],
)
def test_weak_passwords_are_refused_in_words(office: Office, password: str, again: str, says: str) -> None:
    token = office.invitation(Role.READER)
    form = {"name": "B", "login": "tran.thi.b", "password": password, "again": again}
    answer = office.visitor().post(f"/invitation/{token}", form)
    assert answer.status_code == 422
    assert says in answer.text


def test_password_and_code_let_in(office: Office, administrator: Visitor) -> None:
    again = Visitor(office, office.app.test_client(), administrator.login, administrator.secret)
    assert again.sign_in().status_code == 302
    assert again.inside


def test_the_password_alone_opens_nothing(office: Office, administrator: Visitor) -> None:
    half = Visitor(office, office.app.test_client(), administrator.login)
    answer = half.post("/sign-in", {"login": half.login, "password": PASSWORD})
    assert "/sign-in/code" in answer.headers["Location"]
    assert not half.inside
    assert half.get("/staff").headers["Location"].endswith("/sign-in/code")
    assert not half.get("/sign-in/phone").text.count('class="key"')


def test_a_code_works_once(office: Office, administrator: Visitor) -> None:
    office.time.pass_by(seconds=60)
    code = administrator.code()
    for expected in (302, 422):
        again = Visitor(office, office.app.test_client(), administrator.login)
        again.post("/sign-in", {"login": again.login, "password": PASSWORD})
        assert again.post("/sign-in/code", {"code": code}).status_code == expected


def test_an_earlier_code_is_refused_after_a_later_one(office: Office, administrator: Visitor) -> None:
    office.time.pass_by(seconds=60)
    earlier = administrator.code()
    office.time.pass_by(seconds=30)
    again = Visitor(office, office.app.test_client(), administrator.login, administrator.secret)
    again.post("/sign-in", {"login": again.login, "password": PASSWORD})
    assert again.post("/sign-in/code", {"code": again.code()}).status_code == 302
    other = Visitor(office, office.app.test_client(), administrator.login)
    other.post("/sign-in", {"login": other.login, "password": PASSWORD})
    assert other.post("/sign-in/code", {"code": earlier}).status_code == 422


def test_the_code_that_set_the_phone_up_lets_nobody_in(office: Office, administrator: Visitor) -> None:
    """Who looked over the shoulder at the setting up has seen it."""
    again = Visitor(office, office.app.test_client(), administrator.login, administrator.secret)
    again.post("/sign-in", {"login": again.login, "password": PASSWORD})
    assert again.post("/sign-in/code", {"code": again.code()}).status_code == 422
    assert not again.inside


def enrolling(office: Office) -> tuple[Visitor, Visitor]:
    """An administrator before the page with the QR code, and a thief who has the password and came there too."""
    officer = Visitor(office, office.app.test_client(), "truong.ban")
    form = {"name": "A", "login": officer.login, "password": PASSWORD, "again": PASSWORD}
    officer.post(f"/invitation/{office.invitation(Role.ADMINISTRATOR)}", form)
    thief = Visitor(office, office.app.test_client(), officer.login)
    answer = thief.post("/sign-in", {"login": thief.login, "password": PASSWORD})
    assert answer.headers["Location"].endswith("/sign-in/phone")
    return officer, thief


def secret_shown(visitor: Visitor) -> str:
    found = re.search(r'class="key">([A-Z2-7]+)<', visitor.get("/sign-in/phone").text)
    return found.group(1) if found else ""


def test_a_phone_that_is_set_up_is_not_shown_to_who_began_with_the_password_alone(office: Office) -> None:
    officer, thief = enrolling(office)
    officer.enrol()
    assert officer.inside
    assert secret_shown(thief) == ""
    office.time.pass_by(seconds=60)
    answer = thief.post("/sign-in/phone", {"code": officer.code()})
    assert answer.headers["Location"].endswith("/sign-in")
    assert not thief.inside
    again = Visitor(office, office.app.test_client(), officer.login)
    again.post("/sign-in", {"login": again.login, "password": PASSWORD})
    assert again.post("/sign-in/code", {"code": officer.codes[0]}).status_code == 302  # the printed ones stayed


def test_a_session_for_setting_up_that_opens_late_leads_to_the_sign_in(office: Office, administrator: Visitor) -> None:
    """The password was checked a moment before the phone was confirmed."""

    def late(connection: Connection) -> str:
        person = staff.by_login(connection, administrator.login)
        assert person
        return sign_in.open_session(connection, office.time(), person.id, "enrol")

    thief = office.visitor()
    thief.client.set_cookie("console_session", office.database.write(late), path="/console/")
    assert thief.get("/sign-in/phone").headers["Location"].endswith("/sign-in")
    assert administrator.inside


def test_who_looked_before_the_phone_was_set_up_does_not_know_its_secret(office: Office) -> None:
    officer, thief = enrolling(office)
    thief.secret = secret_shown(thief)
    assert thief.secret
    officer.enrol()
    assert officer.inside
    office.time.pass_by(seconds=60)
    thief.post("/sign-in", {"login": thief.login, "password": PASSWORD})
    assert thief.post("/sign-in/code", {"code": thief.code()}).status_code == 422
    assert not thief.inside


def test_the_page_with_the_secret_shows_the_same_one_when_it_is_loaded_again(office: Office) -> None:
    officer, _ = enrolling(office)
    assert secret_shown(officer) == secret_shown(officer)
    officer.post("/sign-in/phone", {"code": "000000"})
    officer.enrol()
    assert officer.inside


def test_half_a_sign_in_is_over_after_a_quarter_of_an_hour(office: Office, administrator: Visitor) -> None:
    for minutes, inside in ((16, False), (14, True)):
        slow = Visitor(office, office.app.test_client(), administrator.login, administrator.secret)
        slow.post("/sign-in", {"login": slow.login, "password": PASSWORD})
        office.time.pass_by(minutes=minutes)
        slow.post("/sign-in/code", {"code": slow.code()})
        assert slow.inside == inside


def test_a_printed_code_works_once(office: Office, administrator: Visitor) -> None:
    for expected in (302, 422):
        again = Visitor(office, office.app.test_client(), administrator.login)
        again.post("/sign-in", {"login": again.login, "password": PASSWORD})
        typed = administrator.codes[0].replace("-", " ").upper()
        assert again.post("/sign-in/code", {"code": typed}).status_code == expected


@pytest.mark.parametrize("login", ["quan.tri", "khong.co.ai"])
def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour(office: Office, administrator: Visitor, login: str) -> None:
    guesser = office.visitor()
    for _ in range(5):
        answer = guesser.post("/sign-in", {"login": login, "password": "đoán mò thôi mà"})
        assert answer.status_code == 422
    assert guesser.post("/sign-in", {"login": login, "password": PASSWORD}).status_code == 429
    office.time.pass_by(minutes=16)
    right = guesser.post("/sign-in", {"login": login, "password": PASSWORD})
    assert right.status_code == (302 if login == administrator.login else 422)


def test_wrong_codes_lock_too_and_the_password_does_not_unlock(office: Office, administrator: Visitor) -> None:
    guesser = office.visitor()
    tries = []
    for _ in range(8):
        guesser.post("/sign-in", {"login": administrator.login, "password": PASSWORD})
        tries.append(guesser.post("/sign-in/code", {"code": "000000"}).status_code)
    assert tries[:4] == [422] * 4
    assert tries[-1] != 422


def test_one_address_cannot_try_many_logins(office: Office) -> None:
    guesser = office.visitor()
    answers = [guesser.post("/sign-in", {"login": f"nguoi{n}", "password": "mật khẩu thử"}) for n in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {422}
    assert answers[30].status_code == 429


def test_a_session_ends_when_idle_and_after_half_a_day(office: Office, administrator: Visitor) -> None:
    for _ in range(3):
        office.time.pass_by(minutes=50)
        assert administrator.inside
    office.time.pass_by(minutes=61)
    assert not administrator.inside
    again = Visitor(office, office.app.test_client(), administrator.login, administrator.secret)
    again.sign_in()
    for _ in range(14):
        office.time.pass_by(minutes=50)
        assert again.inside
    office.time.pass_by(minutes=30)
    assert not again.inside


def test_signing_out_ends_the_session_on_the_server(office: Office, administrator: Visitor) -> None:
    kept = administrator.client.get_cookie("console_session", path="/console/")
    assert kept
    administrator.post("/sign-out")
    thief = office.visitor()
    thief.client.set_cookie("console_session", kept.value, path="/console/")
    assert not thief.inside


def test_the_token_changes_between_the_steps(office: Office, administrator: Visitor) -> None:
    again = Visitor(office, office.app.test_client(), administrator.login, administrator.secret)
    again.post("/sign-in", {"login": again.login, "password": PASSWORD})
    half = again.client.get_cookie("console_session", path="/console/")
    office.time.pass_by(seconds=30)
    again.post("/sign-in/code", {"code": again.code()})
    full = again.client.get_cookie("console_session", path="/console/")
    assert half
    assert full
    assert half.value != full.value
    thief = office.visitor()
    thief.client.set_cookie("console_session", half.value, path="/console/")
    assert not thief.inside


def test_cookies_are_kept_from_scripts_and_plain_http(office: Office) -> None:
    form = {"name": "B", "login": "tran.b", "password": PASSWORD, "again": PASSWORD}
    answer = office.visitor().post(f"/invitation/{office.invitation(Role.READER)}", form)
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("console_session="))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/console/"} <= set(cookie.split("; "))


def test_a_forgotten_password_takes_paper_and_phone(office: Office, administrator: Visitor) -> None:
    lost = Visitor(office, office.app.test_client(), administrator.login, administrator.secret)
    office.time.pass_by(seconds=60)
    new = "trăng rằm tháng tám"
    form = {"login": lost.login, "recovery": "aaaaa-aaaaa", "code": lost.code(), "password": new, "again": new}
    assert lost.post("/sign-in/forgotten", form).status_code == 422
    office.time.pass_by(seconds=60)
    form |= {"recovery": administrator.codes[3], "code": "123456"}
    assert lost.post("/sign-in/forgotten", form).status_code == 422
    form["code"] = lost.code()
    assert lost.post("/sign-in/forgotten", form).status_code == 302
    assert not administrator.inside
    assert lost.sign_in(new).status_code == 302
    assert lost.inside


def test_after_sign_in_one_lands_where_one_wanted(office: Office, administrator: Visitor) -> None:
    visitor = Visitor(office, office.app.test_client(), administrator.login, administrator.secret)
    wanted = visitor.get("/units?q=tan").headers["Location"]
    answer = visitor.post(wanted.removeprefix("/console"), {"login": visitor.login, "password": PASSWORD})
    office.time.pass_by(seconds=30)
    answer = visitor.post(answer.headers["Location"].removeprefix("/console"), {"code": visitor.code()})
    assert answer.headers["Location"] == "/console/units?q=tan"


@pytest.mark.parametrize("wanted", ["https://xau.example", "//xau.example", "/console/\\xau", "/simulator", ""])
def test_nobody_is_sent_to_another_site(office: Office, wanted: str) -> None:
    office.join(Role.READER, "nguoi.xem")
    visitor = Visitor(office, office.app.test_client(), "nguoi.xem")
    answer = visitor.client.post(
        "/console/sign-in",
        query_string={"next": wanted},
        data={"login": "nguoi.xem", "password": PASSWORD, "csrf_token": visitor.token()},
    )
    assert answer.headers["Location"] == "/console/"


def test_readers_need_no_phone_until_the_setting_says_so(office: Office) -> None:
    reader = office.join(Role.READER, "nguoi.xem")
    assert reader.inside
    assert not reader.secret


def test_officers_of_a_unit_need_a_phone(office: Office) -> None:
    officer = office.join(Role.UNIT, "can.bo", (office.unit("Công đoàn phường A"),))
    assert officer.secret
