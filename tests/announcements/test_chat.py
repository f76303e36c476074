"""What members do with announcements in the chat: answer, follow, register, link."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from bot.announcements import account, cards, honouring, preflight, reminding, running
from bot.announcements.campaigns import Campaigns
from bot.announcements.effects import ChatEffects, facts
from bot.errors import BotError
from bot.store import announcements, audience, erasure, events, honoured, linking, surveys
from bot.store import persons as people
from bot.store.schema import outbox, persons
from bot.talk import (
    AnswerSurvey,
    CancelRegistration,
    Follow,
    MakeLinkCode,
    Register,
    Say,
    Unlink,
    UseLinkCode,
)
from tests.announcements.conftest import Office


@dataclass
class Cause:
    person_id: int
    now: datetime


def _do(office: Office, person: int, effect: object) -> Say | None:
    table = ChatEffects(office.announcing.vault, lambda: office.announcing.words().texts).table()
    cause = Cause(person, office.hands())
    return office.database.write(lambda connection: table[type(effect)](connection, cause, effect))


def _said(office: Office, person: int, effect: object) -> str:
    said = _do(office, person, effect)
    assert said is not None
    return said.text


def test_answers_are_counted_once_and_without_names(office: Office) -> None:
    first, second = office.people("zalo", 2)
    question = {"choices": ["Có", "Không"], "free": True}
    number = office.started(body="Anh chị đi được không?", question=question)
    assert "không ghi tên" in _said(office, first, AnswerSurvey(number, choice=0))
    _do(office, first, AnswerSurvey(number, choice=1))  # changed their mind
    _do(office, second, AnswerSurvey(number, choice=1))
    _do(office, second, AnswerSurvey(number, words="Nhà ăn nên mở sớm hơn"))
    assert "kết thúc" in _said(office, second, AnswerSurvey(number, choice=7))
    with office.database.read() as connection:
        assert surveys.votes(connection, number) == {1: 2}
        assert surveys.words(connection, number) == ["Nhà ăn nên mở sớm hơn"]
        for table in (surveys.survey_votes, surveys.survey_words, surveys.survey_writers):
            assert "person" not in "".join(column.name for column in table.columns)
        voters = connection.scalars(select(surveys.survey_votes.c.voter)).all()
    assert all(str(first) != voter for voter in voters)


def test_only_who_was_asked_is_counted(office: Office) -> None:
    asked, gone = office.people("zalo", 2)
    (stranger,) = office.people("zalo", 1, subscribed=False)
    number = office.started(body="Anh chị đi được không?", question={"choices": ["Có"], "free": True})
    office.database.write(
        lambda connection: connection.execute(persons.update().where(persons.c.id == gone).values(subscribed=False))
    )
    running.work(office.announcing)  # one has left between the approval and the sending
    for person in (stranger, gone):
        for answer in (AnswerSurvey(number, choice=0), AnswerSurvey(number, words="Xin chào")):
            assert "không gửi" in _said(office, person, answer)
    office.run(number)
    assert "đã ghi" in _said(office, asked, AnswerSurvey(number, choice=0))
    with office.database.read() as connection:
        assert surveys.votes(connection, number) == {0: 1}
        assert surveys.words(connection, number) == []


def test_nobody_floods_the_officers_with_words(office: Office) -> None:
    first, second = office.people("zalo", 2)
    number = office.started(body="Góp ý?", question={"choices": [], "free": True})
    said = [_said(office, first, AnswerSurvey(number, words=f"Ý {at}")) for at in range(surveys.MOST_WORDS + 2)]
    assert ["đã chuyển" in one for one in said] == [True] * surveys.MOST_WORDS + [False] * 2
    assert "không ghi thêm" in said[-1]
    assert "đã chuyển" in _said(office, second, AnswerSurvey(number, words="Của người khác"))
    with office.database.read() as connection:
        kept = surveys.words(connection, number)
        writers = connection.scalars(select(surveys.survey_writers.c.writer)).all()
        voters = connection.scalars(select(surveys.survey_votes.c.voter)).all()
    assert kept == ["Của người khác", *(f"Ý {at}" for at in range(surveys.MOST_WORDS))]
    assert set(writers).isdisjoint(voters)


def test_question_goes_out_as_buttons(office: Office) -> None:
    office.people("zalo", 1)
    number = office.started(body="Đi được không?", question={"choices": ["Có", "Không"]})
    running.work(office.announcing)
    with office.database.read() as connection:
        body = connection.scalar(select(outbox.c.body).where(outbox.c.announcement_id == number)) or ""
    assert f"survey:{number}:1" in body
    assert "1. Có" in body


def test_linked_member_gets_it_once_on_the_better_way(office: Office) -> None:
    (here,) = office.people("zalo", 1, wrote_at=office.hands() - timedelta(days=9))
    (there,) = office.people("messenger", 1)
    code = "".join(letter for letter in _said(office, here, MakeLinkCode()).split("\n")[0] if letter.isdigit())
    assert "không đúng" in _said(office, here, UseLinkCode(code)), "one's own code links nothing"
    assert "đã liên kết" in _said(office, there, UseLinkCode(code))
    assert "không đúng" in _said(office, there, UseLinkCode(code)), "once"
    found = preflight.check(office.announcing, office.one(office.draft(body="Họp.")))
    assert (found.people(), found.at_once) == (1, 1)
    number = office.started(body="Họp.")
    office.run(number)
    assert [row[0] for row in account.everyone(office.announcing, number)] == [there]
    assert "bỏ liên kết" in _said(office, here, Unlink())
    assert "chưa liên kết" in _said(office, there, Unlink())
    assert preflight.check(office.announcing, office.one(office.draft(body="Họp."))).people() == 2


def test_code_ends_after_a_quarter_of_an_hour(office: Office) -> None:
    here, there = office.people("zalo", 2)
    code = office.database.write(
        lambda connection: linking.member_code(connection, office.announcing.vault, here, office.hands())
    )
    office.hands.pass_by(minutes=16)
    assert "không đúng" in _said(office, there, UseLinkCode(code))


def test_following_narrows_an_audience(office: Office) -> None:
    follower, _ = office.people("zalo", 2)
    _do(office, follower, Follow("science_day"))
    number = office.draft(body="Họp.", audience={"topics": ["science_day"]})
    assert preflight.check(office.announcing, office.one(number)).people() == 1
    _do(office, follower, Follow("science_day", on=False))
    assert preflight.check(office.announcing, office.one(number)).people() == 0


def _course(connection: Connection, now: datetime, places: int) -> int:
    return events.save(
        connection, now, 1, 0, title="Lớp hàn", state="open", places=places,
        starts_at=now + timedelta(days=3), closes_at=now + timedelta(days=2),
    )  # fmt: skip


def test_places_run_out_and_come_back(office: Office) -> None:
    first, second = office.people("zalo", 2)
    number = office.database.write(lambda connection: _course(connection, office.hands(), 1))
    assert "đã ghi" in _said(office, first, Register(number, "Trần Thị Bảy"))
    assert "đủ chỗ" in _said(office, second, Register(number, "Lê Văn Tám"))
    assert "đã hủy" in _said(office, first, CancelRegistration(number))
    assert "đã ghi" in _said(office, second, Register(number, "Lê Văn Tám"))
    with office.database.read() as connection:
        assert [row.name for row in events.registered(connection, number)] == ["Lê Văn Tám"]
        told = facts(connection, people.get(connection, second), Campaigns.open(), str, office.hands())["events"]
    assert (told[0].registered, told[0].left) == (True, 0)
    office.hands.pass_by(days=2, hours=1)
    assert "hết hạn" in _said(office, first, Register(number, "Trần Thị Bảy"))


def test_one_reminder_the_day_before_and_the_names_go_afterwards(office: Office) -> None:
    (person,) = office.people("messenger", 1)
    number = office.database.write(lambda connection: _course(connection, office.hands(), 5))
    _do(office, person, Register(number, "Trần Thị Bảy"))
    reminding.work(office.announcing)
    office.hands.pass_by(days=2, hours=2)
    for _ in range(3):
        reminding.work(office.announcing)
    with office.database.read() as connection:
        bodies = connection.scalars(select(outbox.c.body).where(outbox.c.origin == "notice")).all()
    assert len(bodies) == 1
    assert "Lớp hàn" in bodies[0]
    office.hands.pass_by(days=9)
    reminding.work(office.announcing)
    with office.database.read() as connection:
        assert events.registered(connection, number) == []


def test_forgetting_takes_registrations_links_and_topics(office: Office) -> None:
    person, other = office.people("zalo", 2)
    number = office.database.write(lambda connection: _course(connection, office.hands(), 5))
    _do(office, person, Register(number, "Trần Thị Bảy"))
    _do(office, person, Follow("science_day"))
    office.database.write(
        lambda connection: erasure.forget(connection, office.announcing.vault, person, office.hands())
    )
    with office.database.read() as connection:
        assert events.registered(connection, number) == []
        assert audience.topics_of(connection, person) == frozenset()
    assert other


def test_campaign_tells_only_this_years_words(office: Office) -> None:
    edits = {"science_day": {"says": "Lễ lúc 8 giờ.", "year": 2026}}
    with office.database.read() as connection:
        now = facts(connection, None, Campaigns.open(edits), str, office.hands())["campaigns"]
        later = facts(connection, None, Campaigns.open(edits), str, office.hands() + timedelta(days=200))["campaigns"]
    assert {one.key: one.says for one in now}["science_day"] == "Lễ lúc 8 giờ."
    assert {one.key: one.says for one in later}["science_day"] == ""


def test_faulty_campaign_is_refused() -> None:
    with pytest.raises(BotError, match=r"content\.faulty"):
        Campaigns.open({"science_day.greeting": {"day": 31, "month": 2}})


def test_card_says_congratulations_and_is_a_picture() -> None:
    made = cards.draw(name="Nguyễn Thị Phượng", unit="Công ty Hoa Mai", what="Gá kẹp", occasion="18/5", sender="CĐ")
    assert made.startswith(b"\x89PNG")
    assert len(made) < 1_000_000, "Zalo takes a megabyte"


def test_picture_goes_inside_on_zalo_and_behind_a_button_on_messenger(office: Office) -> None:
    (here,), (there,) = office.people("zalo", 1), office.people("messenger", 1)
    picture = office.database.write(
        lambda connection: announcements.add_picture(connection, "tok", "image/png", b"x", "d", office.hands())
    )
    number = office.started(body="Mời xem.", picture_id=picture)
    running.work(office.announcing)
    with office.database.read() as connection:
        rows = connection.execute(
            select(outbox.c.person_id, outbox.c.body).where(outbox.c.announcement_id == number)
        ).all()
    bodies = {row.person_id: json.loads(row.body) for row in rows}
    address = "https://bot.example.vn/pictures/tok"
    assert bodies[here]["attachment"]["payload"]["elements"] == [{"media_type": "image", "url": address}]
    assert bodies[there]["attachment"]["payload"]["buttons"][0] == {
        "type": "web_url", "title": "Xem hình", "url": address
    }  # fmt: skip


def test_cards_go_once_to_those_who_agreed(office: Office) -> None:
    first, second = office.people("zalo", 2)
    rows = [
        {"name": "Trần Thị Bảy", "decision": "12/QĐ", "consent": True, "person_id": first},
        {"name": "Lê Văn Tám", "decision": "12/QĐ", "consent": False, "person_id": second},
        {"name": "Phạm Thị Chín", "decision": "12/QĐ", "consent": True},
    ]
    office.database.write(lambda connection: honoured.load(connection, 2026, rows, 1, office.hands()))
    assert honouring.send_cards(office.announcing, 2026, 1) == 1
    assert honouring.send_cards(office.announcing, 2026, 1) == 0
    with office.database.read() as connection:
        kept = connection.execute(select(outbox.c.person_id, outbox.c.body)).all()
    assert [row.person_id for row in kept] == [first]
    for word in ("giấy khen", "bằng khen", "chứng nhận"):
        assert word not in kept[0].body.casefold()


def test_greeting_names_those_who_agreed_and_the_approver_sees_the_names(office: Office) -> None:
    office.people("zalo", 1)
    rows = [
        {"name": "Trần Thị Bảy", "unit": "Công ty Hoa Mai", "decision": "12/QĐ", "consent": True},
        {"name": "Lê Văn Tám", "decision": "12/QĐ", "consent": False},
    ]
    office.database.write(lambda connection: honoured.load(connection, 2026, rows, 1, office.hands()))
    number = office.approved(body="Chúc mừng.\n{danh sách}", slot="2026")
    assert office.one(number).body == "Chúc mừng.\nNăm nay chúc mừng:\n- Trần Thị Bảy, Công ty Hoa Mai"
    none = office.approved(body="Chúc mừng.\n{danh sách}", slot="2025")
    assert office.one(none).body == "Chúc mừng."
