"""People and the duties towards them: consents with their words, export, forgetting, correction, due dates."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import Connection, select, update

from bot.states import Origin, OutboxState
from bot.store import data_requests, erasure, persons, units
from bot.store.data_requests import Kind
from bot.store.said import said
from bot.store.schema import forgotten, inbox
from bot.store.schema import outbox as outgoing
from bot.store.schema import persons as people
from bot.store.staff import Role
from bot.store.workplaces import settle
from tests.console.conftest import Office, Visitor
from tests.console.members import Members


@pytest.fixture
def members(office: Office) -> Members:
    return Members(office)


@pytest.fixture
def worker(members: Members) -> int:
    person = members.person(members.account())
    members.writes(person, "Tăng ca không trả tiền")
    return person


def test_consents_stand_with_the_words_shown(office: Office, worker: int, administrator: Visitor) -> None:
    office.database.write(
        lambda connection: persons.add_consent(
            connection, worker, purpose="announcements", given=True, words="Công đoàn được nhắn anh/chị chứ ạ?",
            version="3", channel="zalo", now=office.time(),
        )
    )  # fmt: skip
    page = administrator.get(f"/people/{worker}").text
    assert "Công đoàn được nhắn anh/chị chứ ạ?" in page
    assert "bản 3" in page
    assert "tự xóa sau 365 ngày" in page


def test_export_holds_what_is_kept_and_is_noted(office: Office, worker: int, administrator: Visitor) -> None:
    administrator.post(f"/conversations/{worker}/note", {"note": "Hẹn gọi lại"})
    answer = administrator.post(f"/people/{worker}/export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    data = answer.get_json()
    assert data["person"]["user_id"] == "7001"
    assert data["notes"][0]["text"] == "Hẹn gọi lại"
    assert "Tăng ca" in str(data["received"])
    assert "said" not in data
    assert "Tải dữ liệu của người nhắn" in administrator.get("/audit").text


def test_forgetting_takes_one_word_more_and_leaves_nothing(office: Office, worker: int, administrator: Visitor) -> None:
    administrator.post(f"/conversations/{worker}/note", {"note": "x"})
    asked = administrator.post(
        "/data-requests/add",
        {"kind": "delete", "channel": "letter", "received": "2026-11-23", "person": worker, "contact": ""},
    )
    assert asked.status_code == 302
    assert administrator.post(f"/people/{worker}/forget").status_code == 422
    assert administrator.post(f"/people/{worker}/forget", {"sure": "yes"}).status_code == 302
    with office.database.read() as connection:
        assert connection.scalar(select(said.c.id)) is None
        assert connection.scalar(select(inbox.c.id)) is None
        assert connection.scalar(select(forgotten.c.kind)) is not None
        (request,) = data_requests.closed_ones(connection)
    assert (request.person_id, request.outcome) == (worker, "done")
    assert administrator.get("/conversations?q=tang+ca").text.count("Người nhắn số") == 0


def test_a_person_who_is_forgotten_hears_it_once_and_then_nothing_is_left(
    office: Office, members: Members, worker: int, administrator: Visitor
) -> None:
    members.is_sent(worker, "Dạ, em gửi anh/chị mục 2.", state="sent")
    for _ in range(2):  # a double click
        administrator.post(f"/people/{worker}/forget", {"sure": "yes"})
    (last,) = members.outgoing(worker)
    assert "đã xóa hết thông tin của anh/chị" in last["body"]
    assert (last["origin"], last["state"]) == (Origin.NOTICE, OutboxState.QUEUED)
    office.time.pass_by(minutes=1)
    assert office.database.write(lambda connection: erasure.sweep(connection, office.time())) == 0
    sent = update(outgoing).values(state=OutboxState.SENT, message_id="m1")
    office.database.write(lambda connection: connection.execute(sent))
    assert office.database.write(lambda connection: erasure.sweep(connection, office.time())) == 1
    with office.database.read() as connection:
        assert connection.scalar(select(outgoing.c.id)) is None
        assert connection.scalar(select(people.c.id)) is None


@pytest.mark.parametrize("far", [{"hours_ago": 24 * 30}, {"hours_ago": 1, "reachable": False}])
def test_who_may_not_be_written_to_is_forgotten_in_silence(
    office: Office, members: Members, administrator: Visitor, far: dict[str, float | bool]
) -> None:
    worker = members.person(members.account("messenger", "8001"), hours_ago=far["hours_ago"])
    office.database.write(lambda connection: persons.change(connection, worker, reachable=far.get("reachable", True)))
    administrator.post(f"/people/{worker}/forget", {"sure": "yes"})
    assert members.outgoing(worker) == []
    with office.database.read() as connection:
        assert connection.scalar(select(people.c.leaving_at)) is not None


def test_an_officer_says_which_unit_is_meant(office: Office, worker: int, administrator: Visitor) -> None:
    unit = office.unit("Công ty Hoa Mai")
    administrator.post(f"/people/{worker}/correct", {"unit": unit})
    with office.database.read() as connection:
        person = persons.get(connection, worker)
        assert person is not None
        assert (person.unit_id, person.unit_said) == (unit, "Công ty Hoa Mai")
    assert administrator.post(f"/people/{worker}/correct", {"unit": 99}).status_code == 422


def test_a_workplace_is_recognised_once_units_know_it(office: Office, worker: int) -> None:
    office.database.write(
        lambda connection: persons.change(connection, worker, unit_said="cong ty hoa mai", unit_asked=True)
    )
    assert office.database.write(lambda connection: settle(connection, office.time())) == 0
    old = office.unit("Công ty Hoa Mai", valid_until=date(2026, 12, 31))
    assert office.database.write(lambda connection: settle(connection, office.time())) == 1
    following = office.unit("Công ty Hoa Mai mới")

    def merge(connection: Connection) -> None:
        unit = units.get(connection, old)
        assert unit is not None
        units.save(connection, office.time(), None, replace(unit, successor_id=following))

    office.database.write(merge)
    office.time.pass_by(days=60)
    assert office.database.write(lambda connection: settle(connection, office.time())) == 1
    with office.database.read() as connection:
        assert connection.scalar(select(people.c.unit_id)) == following


def test_a_person_is_found_by_either_number(worker: int, administrator: Visitor) -> None:
    for number in (worker, "7001"):
        assert administrator.get(f"/people?q={number}").headers["Location"].endswith(f"/people/{worker}")
    assert "Không có người nào" in administrator.get("/people?q=555").text


class TestOtherUnits:
    @pytest.fixture
    def theirs(self, office: Office, members: Members) -> tuple[Visitor, int, int, int]:
        mine, other = office.unit("Công ty Trong"), office.unit("Công ty Ngoài")
        account = members.account()
        inside, outside = members.person(account, "1", unit=mine), members.person(account, "2", unit=other)
        return office.join(Role.UNIT, "can.bo", (mine,)), inside, outside, other

    def test_pages_and_forms(self, theirs: tuple[Visitor, int, int, int]) -> None:
        officer, inside, outside, other = theirs
        assert officer.get(f"/people/{inside}").status_code == 200
        assert officer.get(f"/people/{outside}").status_code == 404
        assert f"Người nhắn số {outside}" not in officer.get("/people").text
        assert officer.get("/people?q=2").status_code == 200
        assert "Không có người nào" in officer.get("/people?q=2").text
        assert officer.post(f"/people/{outside}/correct", {"unit": other}).status_code == 404
        assert officer.post(f"/people/{inside}/correct", {"unit": other}).status_code == 422
        assert officer.post(f"/people/{inside}/correct", {"unit": ""}).status_code == 422

    @pytest.mark.parametrize("path", ["export", "forget"])
    def test_duties_are_the_provinces(self, theirs: tuple[Visitor, int, int, int], path: str) -> None:
        officer, inside, _, _ = theirs
        assert officer.post(f"/people/{inside}/{path}", {"sure": "yes"}).status_code == 403


class TestRequests:
    def _add(self, administrator: Visitor, **change: object) -> str:
        form = {"kind": "see", "channel": "letter", "received": "2026-11-20", "person": "", "contact": "0901 000 000"}
        answer = administrator.post("/data-requests/add", {**form, **change})
        assert answer.status_code == 302
        return answer.headers["Location"].partition("?")[0].removeprefix("/console")

    def test_two_working_days_to_answer(self, office: Office, administrator: Visitor) -> None:
        page = administrator.get(self._add(administrator)).text  # a Friday
        assert "24/11/2026" in page
        assert "Trễ hạn" not in page
        office.time.pass_by(days=2)
        administrator.sign_in()
        assert "Trễ hạn" in administrator.get("/data-requests").text

    def test_the_contact_goes_when_it_is_closed(self, administrator: Visitor) -> None:
        page = self._add(administrator)
        assert "0901 000 000" in administrator.get(page).text
        administrator.post(page, {"act": "answered"})
        administrator.post(page, {"act": "done"})
        text = administrator.get(page).text
        assert "0901 000 000" not in text
        assert "Đã làm xong" in text
        assert administrator.post(page, {"act": "odd"}).status_code == 422

    def test_somebody_must_be_named(self, administrator: Visitor) -> None:
        form = {"kind": "see", "channel": "phone", "received": "2026-11-20", "person": "", "contact": ""}
        assert administrator.post("/data-requests/add", form).status_code == 422
        assert administrator.post("/data-requests/add", {**form, "person": "99"}).status_code == 422
        assert (
            administrator.post("/data-requests/add", {**form, "contact": "x", "received": "2027-01-01"}).status_code
            == 422
        )

    def test_what_the_bot_did_at_once_is_proved(self, office: Office, worker: int, administrator: Visitor) -> None:
        office.database.write(
            lambda connection: data_requests.done_at_once(connection, office.time(), Kind.DELETE, worker)
        )
        assert "Xin xóa dữ liệu" in administrator.get("/data-requests").text


class TestIncidents:
    FORM: ClassVar = {
        "title": "Mất máy tính xách tay",
        "discovered": "2026-11-24T08:00",
        "happened": "",
        "harm": "",
        "measures": "",
    }

    def test_the_clock_runs_from_discovery(self, office: Office, administrator: Visitor) -> None:
        page = administrator.post("/incidents/add", self.FORM).headers["Location"].partition("?")[0]
        assert "Còn 71 giờ" in administrator.client.get(page).text
        assert "Còn 71 giờ" in administrator.get("/").text
        office.time.pass_by(hours=73)
        administrator.sign_in()
        assert "Quá hạn 72 giờ" in administrator.client.get(page).text
        administrator.post("/incidents/1/step", {"which": "reported"})
        assert "Đã báo" in administrator.client.get(page).text

    def test_who_is_touched_is_listed_and_exported(
        self, office: Office, members: Members, worker: int, administrator: Visitor
    ) -> None:
        administrator.post("/incidents/add", self.FORM)
        members.person(members.account("messenger", "8001"), "5", hours_ago=24 * 40)
        empty = {"account": 0, "unit": 0, "since": "", "until": "", "people": ""}
        assert administrator.post("/incidents/1/touch", empty).status_code == 422
        administrator.post("/incidents/1/touch", {**empty, "since": "2026-11-20"})
        page = administrator.get("/incidents/1").text
        assert f"Người nhắn số {worker}" in page
        assert "Người bị ảnh hưởng: 1" in page
        administrator.post("/incidents/1/touch", {**empty, "people": "2"})
        assert "Người bị ảnh hưởng: 2" in administrator.get("/incidents/1").text
        said = update(people).where(people.c.id == worker).values(unit_said="=Hoa\x0b\x07 Mai")
        office.database.write(lambda connection: connection.execute(said))  # as a keyboard may send it
        answer = administrator.get("/incidents/1/people.xlsx")
        sheet = load_workbook(io.BytesIO(answer.data)).active
        assert sheet is not None
        assert "=Hoa Mai" in {cell for row in sheet.iter_rows(values_only=True) for cell in row}
        assert "Biên bản sự cố" in administrator.get("/incidents/1/minutes").text

    def test_a_closed_one_changes_no_more(self, administrator: Visitor) -> None:
        administrator.post("/incidents/add", self.FORM)
        administrator.post("/incidents/1/step", {"which": "closed"})
        assert administrator.post("/incidents/1", {**self.FORM, "title": "khác"}).status_code == 422
        assert administrator.post("/incidents/1/step", {"which": "odd"}).status_code == 422


ODD = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=ODD, two=ODD, three=ODD)
def test_no_form_breaks_on_odd_input(worker: int, administrator: Visitor, one: str, two: str, three: str) -> None:
    for path, names in (
        (f"/conversations/{worker}/reply", ("text",)),
        (f"/conversations/{worker}/assign", ("to",)),
        (f"/conversations/{worker}/note", ("note",)),
        ("/conversations/settle", ("kind", "row", "fate")),
        ("/conversations/canned", ("title", "text", "version")),
        (f"/people/{worker}/correct", ("unit",)),
        ("/data-requests/add", ("received", "person", "contact")),
        ("/incidents/add", ("title", "discovered", "happened")),
        ("/notices/email", ("email",)),
        ("/accounts/add?platform=zalo", ("app_id", "external_id", "signing")),
    ):
        form = dict(zip(names, (one, two, three), strict=False))
        assert administrator.post(path, form).status_code < 500, path
    query = {"q": one, "before": two, "below": three, "account": two, "unit": three, "tab": one, "start": two}
    for page in ("/conversations", "/people", "/data-requests", f"/conversations/{worker}"):
        assert administrator.get(page, query_string=query).status_code < 500, page


def test_the_dates_of_requests_skip_weekends() -> None:
    friday = datetime(2026, 11, 20, 3, tzinfo=UTC)
    assert data_requests.working_days_after(friday, 2) - friday == timedelta(days=4)
