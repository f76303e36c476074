"""Colleagues: invited, changed, helped back in, leaving; and the log of it all."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from bot.errors import BotError
from bot.store import audit, leaving
from bot.store import staff as staff_store
from bot.store import units as unit_store
from bot.store.audit import audit as audit_table
from bot.store.audit import audit_head
from bot.store.schema import handovers
from bot.store.staff import Role, Staff
from tests.console.conftest import PASSWORD, Office, Visitor
from tests.console.members import Members


def _known(office: Office, login: str) -> Staff:
    with office.database.read() as connection:
        found = staff_store.by_login(connection, login)
    assert found
    return found


def _link(page: str) -> str:
    found = re.search(r'value="https://bot\.example\.vn/console(/invitation/[^"]+)"', page)
    assert found
    return found.group(1)


def test_an_administrator_invites_a_unit_officer(office: Office, administrator: Visitor) -> None:
    unit = office.unit("Công đoàn phường A")
    page = administrator.post("/staff/invite", {"name": "Trần Thị B", "role": "unit", "units": [unit], "days": "3"})
    assert "<svg" in page.text
    link = _link(page.text)
    assert "Trần Thị B" in administrator.get("/staff").text
    newcomer = office.visitor()
    newcomer.accept(link.rpartition("/")[2], "tran.b")
    assert newcomer.inside
    person = _known(office, "tran.b")
    assert person.role is Role.UNIT
    assert person.units == {unit}
    assert "Lời mời chưa dùng" not in administrator.get("/staff").text


def test_a_unit_officer_needs_a_unit(administrator: Visitor) -> None:
    answer = administrator.post("/staff/invite", {"name": "B", "role": "unit", "days": "3"})
    assert answer.status_code == 422
    assert "ít nhất một đơn vị" in answer.text


def test_a_withdrawn_link_no_longer_opens(office: Office, administrator: Visitor) -> None:
    link = _link(administrator.post("/staff/invite", {"name": "B", "role": "reader", "days": "1"}).text)
    found = re.search(r"/staff/invitations/(\d+)/withdraw", administrator.get("/staff").text)
    assert found
    administrator.post(f"/staff/invitations/{found.group(1)}/withdraw")
    assert office.visitor().get(link).status_code == 410


def test_another_role_ends_the_sessions(office: Office, administrator: Visitor) -> None:
    reviewer = office.join(Role.REVIEWER, "tham.dinh")
    person = _known(office, "tham.dinh")
    form = {"name": person.name, "role": "reader"}
    assert administrator.post(f"/staff/{person.id}", {**form, "role": "reviewer"}).status_code == 302
    assert reviewer.inside
    assert administrator.post(f"/staff/{person.id}", form).status_code == 302
    assert not reviewer.inside
    assert _known(office, "tham.dinh").role is Role.READER


@pytest.mark.parametrize("act", ["change", "leave"])
def test_the_last_administrator_stays(office: Office, administrator: Visitor, act: str) -> None:
    person = _known(office, administrator.login)
    with pytest.raises(BotError, match="last_administrator"):
        office.database.write(lambda connection: _end(connection, office, act, person))
    answer = administrator.post(f"/staff/{person.id}", {"name": person.name, "role": "reader"})
    assert answer.status_code == 422
    assert "quản trị viên duy nhất" in answer.text
    assert administrator.inside


def _end(connection: Connection, office: Office, act: str, person: Staff) -> None:
    if act == "change":
        leaving.change(connection, office.time(), None, person.id, name="A", email="", role=Role.READER, units_of=())
    else:
        leaving.disable(connection, office.time(), None, person.id, None)


@pytest.mark.parametrize("act", ["reset", "leave"])
def test_nobody_resets_or_ends_their_own_account(office: Office, administrator: Visitor, act: str) -> None:
    answer = administrator.post(f"/staff/{_known(office, administrator.login).id}/{act}", {"successor": "0"})
    assert answer.status_code == 422
    assert "quản trị viên khác" in answer.text
    assert administrator.inside


def test_who_leaves_hands_on_work_and_units(office: Office, administrator: Visitor) -> None:
    unit = office.unit("Công đoàn phường A")
    office.join(Role.UNIT, "nguoi.di", (unit,))
    office.join(Role.UNIT, "nguoi.nhan", (office.unit("Công đoàn phường B"),))
    leaving, staying = _known(office, "nguoi.di"), _known(office, "nguoi.nhan")
    form = {"name": "Công đoàn phường A", "parent": 0, "successor": 0, "in_charge": leaving.id}
    assert administrator.post(f"/units/{unit}", form).status_code == 302
    members = Members(office)
    account = members.account()
    talking, over = members.person(account, "1", unit=unit), members.person(account, "2", unit=unit)
    for person in (talking, over):
        administrator.post(f"/conversations/{person}/assign", {"to": leaving.id})
    administrator.post(f"/conversations/{over}/back")
    assert "2 việc" in administrator.get(f"/staff/{leaving.id}/leave").text
    refused = administrator.post(f"/staff/{leaving.id}/leave", {"successor": ""})
    assert refused.status_code == 422
    assert administrator.post(f"/staff/{leaving.id}/leave", {"successor": staying.id}).status_code == 302
    with office.database.read() as connection:
        held = unit_store.get(connection, unit)
    assert held
    assert held.in_charge_id == staying.id
    with office.database.read() as connection:
        holders = dict(connection.execute(select(handovers.c.person_id, handovers.c.assigned_id)).all())
    assert holders == {talking: staying.id, over: leaving.id}  # what is over stays told as it was
    assert unit in _known(office, "nguoi.nhan").units
    gone = Visitor(office, office.app.test_client(), "nguoi.di")
    assert gone.post("/sign-in", {"login": "nguoi.di", "password": PASSWORD}).status_code == 422


def test_who_left_cannot_come_in_by_links_made_before(office: Office, administrator: Visitor) -> None:
    office.join(Role.ADMINISTRATOR, "quan.tri.2")
    second = Visitor(office, office.app.test_client(), "quan.tri.2")
    person = _known(office, "quan.tri.2")
    reset = _link(administrator.post(f"/staff/{person.id}/reset").text)
    administrator.post(f"/staff/{person.id}/leave", {"successor": "0"})
    assert office.visitor().get(reset).status_code == 410
    assert not second.inside
    back = _link(administrator.post(f"/staff/{person.id}/reset").text)
    returned = office.visitor()
    returned.accept(back.rpartition("/")[2], "quan.tri.2")
    assert returned.inside


def test_a_lost_phone_is_replaced_by_a_link(office: Office, administrator: Visitor) -> None:
    officer = office.join(Role.PROVINCIAL, "can.bo.tinh")
    person = _known(office, "can.bo.tinh")
    link = _link(administrator.post(f"/staff/{person.id}/reset").text)
    assert not officer.inside
    back = office.visitor()
    assert "can.bo.tinh" in back.get(link).text
    back.accept(link.rpartition("/")[2], "can.bo.tinh")
    assert back.inside
    assert back.secret != officer.secret
    office.time.pass_by(seconds=60)
    assert Visitor(office, office.app.test_client(), "can.bo.tinh", officer.secret).sign_in().status_code == 422


def test_one_administrator_is_a_warning_two_are_not(office: Office, administrator: Visitor) -> None:
    assert "Mới có một quản trị viên" in administrator.get("/").text
    office.join(Role.ADMINISTRATOR, "quan.tri.2")
    assert "Mới có một quản trị viên" not in administrator.get("/").text


def test_a_new_phone_asks_for_password_and_code(office: Office, administrator: Visitor) -> None:
    office.time.pass_by(seconds=60)
    wrong = administrator.post("/me/phone", {"proof": "sai rồi nhé bạn", "code": administrator.code()})
    assert wrong.status_code == 422
    assert administrator.post("/me/phone", {"proof": PASSWORD, "code": "000000"}).status_code == 422
    right = administrator.post("/me/phone", {"proof": PASSWORD, "code": administrator.code()})
    assert right.headers["Location"].endswith("/sign-in/phone")
    before = administrator.secret
    administrator.enrol()
    assert administrator.secret != before
    assert administrator.inside


def test_a_new_password_ends_the_other_sessions(office: Office, administrator: Visitor) -> None:
    other = Visitor(office, office.app.test_client(), administrator.login, administrator.secret)
    other.sign_in()
    new = "mưa thuận gió hòa"
    form = {"before": PASSWORD, "password": new, "again": new}
    assert administrator.post("/me/password", form).status_code == 302
    assert administrator.inside
    assert not other.inside
    assert other.sign_in(new).status_code == 302


def test_new_printed_codes_replace_the_old(office: Office, administrator: Visitor) -> None:
    office.time.pass_by(seconds=60)
    page = administrator.post("/me/codes", {"proof": PASSWORD, "code": administrator.code()}).text
    fresh = re.findall(r"<li><code>([a-z0-9-]+)</code>", page)
    assert len(fresh) == 10
    for code, expected in ((administrator.codes[1], 422), (fresh[1], 302)):
        again = Visitor(office, office.app.test_client(), administrator.login)
        again.post("/sign-in", {"login": again.login, "password": PASSWORD})
        assert again.post("/sign-in/code", {"code": code}).status_code == expected


def test_the_setting_makes_every_colleague_use_a_phone(office: Office, administrator: Visitor) -> None:
    reader = office.join(Role.READER, "nguoi.xem")
    administrator.post("/settings/console", {"second_factor_for_all": "y"})
    reader.post("/sign-out")
    answer = reader.post("/sign-in", {"login": reader.login, "password": PASSWORD})
    assert answer.headers["Location"].endswith("/sign-in/phone")
    reader.enrol()
    assert reader.inside


# ---- the log ----


def _log(office: Office) -> list[audit.Entry]:
    with office.database.read() as connection:
        return audit.latest(connection, limit=500)


def test_acts_are_written_with_ids_and_never_with_names(office: Office, administrator: Visitor) -> None:
    administrator.post("/staff/invite", {"name": "Trần Thị Bí Mật", "role": "reader", "days": "1"})
    administrator.post("/settings/identity", {"name": "Liên đoàn Thử", "phone": "0276 123"})
    acts = {entry.act for entry in _log(office)}
    assert {"staff.joined", "sign_in.second_factor_set", "staff.invited", "option.set"} <= acts
    written = repr(_log(office))
    assert "Bí Mật" not in written
    assert "0276" not in written
    page = administrator.get("/audit").text
    assert "Mời cán bộ" in page
    assert "mã staff." not in page


def test_a_fact_with_a_text_is_refused(office: Office) -> None:
    with pytest.raises(ValueError, match="codes and ids only"):
        office.database.write(
            lambda connection: audit.record(connection, office.time(), None, "unit.added", name="Công ty A")
        )


@pytest.mark.parametrize("harm", ["changed", "removed", "inserted", "cut"])
def test_the_first_broken_row_is_named(office: Office, administrator: Visitor, harm: str) -> None:
    for number in range(5):
        office.unit(f"Đơn vị {number}")
    with office.database.read() as connection:
        whole = audit.verify(connection)
        last = max(connection.scalars(select(audit_table.c.id)))
    assert whole.broken is None
    assert whole.rows == last
    table = audit_table
    change = {
        "changed": update(table).where(table.c.id == 3).values(staff_id=99),
        "removed": delete(table).where(table.c.id == 3),
        "inserted": insert(table).values(
            id=last + 1, at=office.time(), act="unit.added", subject="", facts="{}", hash="0" * 64
        ),
        "cut": delete(table).where(table.c.id == last),
    }[harm]
    office.database.write(lambda connection: connection.execute(change).close())
    with office.database.read() as connection:
        verdict = audit.verify(connection)
    expected = {"changed": 3, "removed": 4, "inserted": last + 1, "cut": last}[harm]
    assert verdict.broken == expected
    assert f"dòng số {expected}" in administrator.post("/audit/verify").text


def test_a_whole_log_is_said_to_be_whole(office: Office, administrator: Visitor) -> None:
    page = administrator.post("/audit/verify").text
    assert "nguyên vẹn" in page
    with office.database.read() as connection:
        assert audit.verify(connection).head == connection.scalar(select(audit_head.c.hash))
