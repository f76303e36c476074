"""Announcements in the console: who may do what, and what a form keeps and refuses."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, select

from bot import workbook
from bot.announcements import approval, cards
from bot.announcements.announcing import Announcing
from bot.library.organisation import Organisation
from bot.store import accounts, announcements, approvals, honoured
from bot.store.announcements import State
from bot.store.schema import apps, persons
from bot.store.staff import Role
from bot.web import feed, pages
from tests.console.conftest import Office, Visitor

MORNING = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def announcing(office: Office) -> Announcing:
    office.time.at = MORNING
    made: Announcing = office.app.extensions["announcing"]
    office.app.register_blueprint(feed.blueprint(feed.Feed(office.database, made.words, made.public_url)))
    office.app.register_blueprint(pages.blueprint(pages.Pages(office.database, office.time, Organisation.open)))
    office.database.write(_people)
    return made


def _people(connection: Connection) -> None:
    app = {"platform": "zalo", "app_id": "1", "secrets": b"", "created_at": MORNING}
    pk = connection.execute(insert(apps).values(app).returning(apps.c.id)).scalar_one()
    account = accounts.save_account(connection, platform="zalo", external_id="9", app_pk=pk, now=MORNING)
    row = {"account_id": account, "created_at": MORNING, "subscribed": True, "wrote_at": MORNING - timedelta(hours=1)}
    connection.execute(insert(persons), [{**row, "user_id": str(at)} for at in range(3)])


def _write(visitor: Visitor, **more: object) -> int:
    form = {"title": "Mời họp", "body": "Chào {tên}.", "everybody": "y", "trial": "0", "edition": "0", **more}
    answer = visitor.post("/announcements/new", form)
    assert answer.status_code == 302, answer.text
    return int(answer.headers["Location"].split("/announcements/")[1].split("?")[0])


def _one(office: Office, number: int) -> announcements.Announcement:
    with office.database.read() as connection:
        return approval.need(connection, number)


def _code(visitor: Visitor) -> dict[str, str]:
    visitor.office.time.pass_by(seconds=60)
    return {"code": visitor.code()}


@pytest.mark.parametrize("odd", ["²", "9" * 30])
def test_what_is_no_number_is_refused_in_words(administrator: Visitor, odd: str) -> None:
    form = {"title": "Mời họp", "body": "Chào {tên}.", "everybody": "y", "trial": odd, "edition": "0"}
    assert administrator.post("/announcements/new", form).status_code == 422
    listed = workbook.book("Danh sách", ["Mã người"], [[odd]])
    file = {"include": (io.BytesIO(listed), "a.xlsx")}
    answer = administrator.post(
        "/announcements/new", {**form, "trial": "0", **file}, content_type="multipart/form-data"
    )
    assert answer.status_code == 422


def test_from_draft_to_approval_by_a_colleague(office: Office, administrator: Visitor) -> None:
    number = _write(administrator)
    page = administrator.get(f"/announcements/{number}").text
    assert "Kiểm tra trước khi gửi" in page
    assert administrator.post(f"/announcements/{number}/submit", {"code": "000000"}).status_code == 422
    assert administrator.post(f"/announcements/{number}/submit", _code(administrator)).status_code == 302
    digest = _one(office, number).digest
    own = administrator.post(f"/announcements/{number}/approve", {"digest": digest, **_code(administrator)})
    assert own.status_code == 409
    colleague = office.join(Role.PROVINCIAL, "binh.tran")
    answer = colleague.post(f"/announcements/{number}/approve", {"digest": digest, **_code(colleague)})
    assert answer.status_code == 302
    assert _one(office, number).state is State.APPROVED
    administrator.post(
        f"/announcements/{number}/edit", {"title": "Khác", "body": "x", "everybody": "y", "edition": "1"}
    )
    assert _one(office, number).state is State.DRAFT, "any edit voids the approval"


@pytest.mark.parametrize(("role", "status"), [(Role.READER, 403), (Role.REVIEWER, 403), (Role.UNIT, 200)])
def test_who_may_write(office: Office, role: Role, status: int) -> None:
    unit = office.unit("Công đoàn A")
    visitor = office.join(role, "ai.do", (unit,))
    assert visitor.get("/announcements/new").status_code == status
    assert visitor.get("/announcements").status_code == 200


def test_unit_officer_stays_inside_their_units(office: Office, administrator: Visitor) -> None:
    mine, other = office.unit("Công đoàn A"), office.unit("Công đoàn B")
    visitor = office.join(Role.UNIT, "can.bo", (mine,))
    everybody = visitor.post("/announcements/new", {"title": "a", "body": "b", "everybody": "y"})
    assert everybody.status_code == 422
    assert visitor.post("/announcements/new", {"title": "a", "body": "b", "units": [other]}).status_code == 422
    number = _write(visitor, everybody="", units=[mine])
    assert _one(office, number).unit_id == mine
    province = _write(administrator)
    assert visitor.get(f"/announcements/{province}").status_code == 404
    assert visitor.post(f"/announcements/{number}/approve", {"digest": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"day": "2026-11-25", "at": "23:30"}, "07:00"),
        ({"day": "2026-11-20", "at": "09:00"}, "đã qua"),
        ({"day": "2026-02-31", "at": "09:00"}, "chưa đúng"),
        ({"rate": "nhanh"}, "chỉ nhận số"),
    ],
)
def test_bad_input_is_said_and_nothing_is_lost(administrator: Visitor, form: dict[str, str], words: str) -> None:
    whole = {"title": "Mời họp", "body": "Chào {tên}.", "everybody": "y", **form}
    answer = administrator.post("/announcements/new", whole)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Chào {tên}." in answer.text


def test_picture_is_read_for_what_it_is(administrator: Visitor, office: Office) -> None:
    bad = {"title": "a", "body": "b", "everybody": "y", "picture": (io.BytesIO(b"MZ not a picture"), "a.png")}
    assert administrator.post("/announcements/new", bad).status_code == 422
    png = cards.draw(name="A", unit="", what="", occasion="18/5", sender="")
    number = _write(administrator, picture=(io.BytesIO(png), "a.png"))
    with office.database.read() as connection:
        token = announcements.picture_token(connection, _one(office, number).picture_id)
    answer = administrator.client.get(f"/pictures/{token}")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert administrator.client.get("/pictures/nope").status_code == 404


def test_link_for_a_leader_is_for_exactly_this_once(
    office: Office, administrator: Visitor, announcing: Announcing
) -> None:
    number = _write(administrator)
    administrator.post(f"/announcements/{number}/submit", _code(administrator))
    page = administrator.post(f"/announcements/{number}/invite", {"name": "Ông Ba"}).text
    token = page.split("/console/approve/")[1].split('"')[0]
    digest = _one(office, number).digest
    assert administrator.get(f"/approve/{token}").status_code == 403, "who wrote it is no second person"
    leader = office.visitor()
    assert "Mời họp" in leader.get(f"/approve/{token}").text
    assert leader.post(f"/approve/{token}", {"verdict": "approve", "digest": "other"}).status_code == 409
    assert leader.post(f"/approve/{token}", {"verdict": "send_back", "note": ""}).status_code == 422
    assert leader.post(f"/approve/{token}", {"verdict": "approve", "digest": digest}).status_code == 200
    assert _one(office, number).approver == "Ông Ba"
    assert leader.get(f"/approve/{token}").status_code == 410
    with office.database.read() as connection:
        kept = connection.scalars(select(approvals.approval_links.c.token_hash)).all()
    assert token not in kept


def test_feed_holds_only_what_officers_put_there(
    office: Office, administrator: Visitor, announcing: Announcing
) -> None:
    shown, hidden = _write(administrator, on_feed="y"), _write(administrator)
    for number in (shown, hidden):
        office.database.write(
            lambda connection, number=number: announcements.change(  # type: ignore[misc]
                connection, number, state="sent", started_at=MORNING
            )
        )
    atom = administrator.client.get("/announcements.atom")
    assert atom.mimetype == "application/atom+xml"
    assert atom.text.count("<entry>") == 1
    assert "Chào anh/chị." in atom.text
    page = administrator.client.get("/announcements")
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert "DỪNG" not in page.text


def test_honoured_need_a_decision_and_get_a_card(
    office: Office, administrator: Visitor, announcing: Announcing
) -> None:
    form = {"year": "2026", "Họ và tên": "Trần Thị Bảy", "Đơn vị": "Công ty Hoa Mai"}
    assert administrator.post("/campaigns/honoured", form).status_code == 422
    answer = administrator.post("/campaigns/honoured", {**form, "Quyết định": "12/QĐ", "Đồng ý nêu tên": "có"})
    assert answer.status_code == 302
    with office.database.read() as connection:
        (person,) = honoured.of_year(connection, 2026)
    assert (person.decision, person.consent) == ("12/QĐ", True)
    card = administrator.get(f"/campaigns/honoured/{person.id}/card.png")
    assert card.data.startswith(b"\x89PNG")


def test_yearly_plan_can_be_changed(administrator: Visitor) -> None:
    path = "/campaigns/science_day/greeting"
    form = {
        "title": "Chúc mừng",
        "body": "Chào",
        "day": "18",
        "month": "5",
        "at": "19:30",
        "sunday": "after",
        "on": "y",
    }
    assert administrator.post(path, {**form, "day": "31", "month": "2"}).status_code == 422
    assert administrator.post(path, form).status_code == 302
    assert "19:30 18/05/2027" in administrator.get("/campaigns").text


def test_event_is_kept_and_listed(administrator: Visitor) -> None:
    form = {
        "title": "Lớp hàn", "day": "2026-12-20", "at": "08:00", "close_day": "2026-12-18", "places": "20",
        "unit": "0", "state": "open", "remind_hours": "24",
    }  # fmt: skip
    for odd in ({"close_day": "2026-12-21"}, {"places": "²"}, {"places": "9" * 30}, {"remind_hours": "-1"}):
        assert administrator.post("/events/new", {**form, **odd}).status_code == 422
    assert administrator.post("/events/new", form).status_code == 302
    assert "Lớp hàn" in administrator.get("/events").text
