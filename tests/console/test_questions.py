"""From a question without an answer to a published one: grouping, drafts, trial, second reader, undo, telling."""

from __future__ import annotations

import io
import json
import re
import tomllib
import zipfile
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import trial
from bot.console import knowledge
from bot.library.load import Edits
from bot.library.schema import KnowledgeFile
from bot.store import answering, audit, marks, options, persons
from bot.store.answering import Draft
from bot.store.schema import misses
from bot.store.schema import outbox as outgoing
from bot.store.staff import Role
from bot.trial import Trial
from tests.console.conftest import Office, Visitor
from tests.console.members import Members

BUS = ("xe đưa rước công nhân mấy giờ chạy vậy ad", "ad oi xe dua ruoc sang may gio co", "giờ xe đưa rước về Gò Dầu")
KINDERGARTEN = ("nhà trẻ cho con công nhân ở khu công nghiệp có chưa", "gui con o nha tre khu cong nghiep dc ko")
WRITTEN = {
    "title": "Giờ xe đưa rước",
    "question": "Xe đưa rước công nhân chạy lúc mấy giờ?",
    "short": "Xe chạy lúc 5 giờ 30 sáng, {anh_chi} ra trước cổng chợ đón nha.",
    "longer": "",
    "unsaid": "y",
    "lines": "\n".join(BUS),
}
GOOD = {"checks": 3, "right_before": 2, "right_after": 2, "changes": [], "lines": 3, "missed_lines": []}


@pytest.fixture
def members(office: Office) -> Members:
    return Members(office)


def ask(office: Office, person: int, *texts: str, nearest: tuple[str, ...] = ()) -> list[int]:
    def op(connection: object) -> None:
        for text in texts:
            persons.add_miss(connection, person, text, nearest, office.time())  # type: ignore[arg-type]

    office.database.write(op)
    with office.database.read() as connection:
        return list(connection.scalars(select(misses.c.id).where(misses.c.person_id == person).order_by(misses.c.id)))


@pytest.fixture
def asked(office: Office, members: Members) -> Iterator[list[int]]:
    """Two members asked about the bus, one of them about a kindergarten too."""
    account = members.account()
    first, second = members.person(account, "7001"), members.person(account, "7002")
    ask(office, first, BUS[0], KINDERGARTEN[0], nearest=("II.3.4",))
    numbers = ask(office, second, BUS[1], BUS[2])
    with office.database.read() as connection:
        yield [*connection.scalars(select(misses.c.id).where(misses.c.text == BUS[0])), *numbers]


def start(visitor: Visitor, ids: list[int], **more: str) -> int:
    answer = visitor.post("/questions/start", {"miss": [str(one) for one in ids], **more})
    found = re.search(r"/drafts/(\d+)", answer.headers["Location"])
    assert found
    return int(found.group(1))


def tried(office: Office, number: int) -> None:
    """As if the question tests had run: the real ones are tested once, for they take seconds."""
    draft = _draft(office, number)
    office.database.write(lambda connection: answering.tried(connection, draft, GOOD))


def _draft(office: Office, number: int) -> Draft:
    with office.database.read() as connection:
        draft = answering.get(connection, number)
    assert draft is not None
    return draft


def _written(office: Office, visitor: Visitor, ids: list[int], **more: str) -> int:
    number = start(visitor, ids)
    answer = visitor.post(f"/drafts/{number}", {**WRITTEN, **more})
    assert answer.status_code == 302, answer.text
    tried(office, number)
    return number


def test_alike_questions_stand_together_the_commonest_first(administrator: Visitor, asked: list[int]) -> None:
    page = administrator.get("/questions").text
    groups = page.split('<section class="group"')[1:]
    assert len(groups) == 2
    assert all(text in groups[0] for text in BUS)
    assert "2 người, 3 lượt" in groups[0]
    assert KINDERGARTEN[0] in groups[1]
    assert "Là câu “Tôn vinh dịp 18/5”" in groups[0]
    newest = administrator.get("/questions?order=new").text.split('<section class="group"')[1:]
    assert BUS[2] in newest[0]


def test_a_group_that_needs_no_answer_goes(administrator: Visitor, office: Office, asked: list[int]) -> None:
    administrator.post("/questions/dismiss", {"miss": [str(one) for one in asked]})
    page = administrator.get("/questions").text
    assert BUS[0] not in page
    assert KINDERGARTEN[0] in page
    with office.database.read() as connection:
        assert answering.count_waiting(connection) == 1
        assert audit.verify(connection).broken is None


def test_a_draft_takes_the_questions_over_and_leaves_out_numbers_of_people(
    administrator: Visitor, office: Office, members: Members
) -> None:
    person = members.person(members.account())
    ids = ask(office, person, BUS[0], "xe đưa rước gọi 0912 345 678 đúng không", "  xe   đưa rước\nđi đâu ")
    number = start(administrator, ids)
    assert set(_draft(office, number).lines) == {BUS[0], "xe đưa rước đi đâu"}
    assert "Bản nháp" in administrator.get("/questions").text
    assert '<section class="group"' not in administrator.get("/questions").text  # they wait in the draft


def test_what_is_wrong_with_a_draft_is_said(administrator: Visitor, office: Office, asked: list[int]) -> None:
    number = start(administrator, asked)
    for change, words in (
        ({"unsaid": ""}, "chọn mục văn bản"),
        ({"title": "Ai ký kế hoạch"}, "đã dùng cho câu trả lời khác"),
        ({"lines": "gọi 0912345678"}, "số điện thoại"),
        ({"lines": ""}, "ít nhất một cách hỏi"),
        ({"valid_until": "31/02/2027"}, "Ngày chưa đúng"),
        ({"short": "dài " * 80}, "từ"),
        ({"short": "{khong_co}"}, "khong_co"),
    ):
        form = {**WRITTEN, **change}
        if not form["unsaid"]:
            del form["unsaid"]  # a box that is not ticked is not sent
        answer = administrator.post(f"/drafts/{number}", form)
        assert answer.status_code == 422, change
        assert words in answer.text, change
    assert _draft(office, number).entry == {}


def test_an_answer_is_published_said_and_undone(administrator: Visitor, office: Office, asked: list[int]) -> None:
    number = _written(office, administrator, asked, cited="487/KH-LĐLĐ: II.3.1")
    assert administrator.post(f"/drafts/{number}/publish").status_code == 302
    with office.database.read() as connection:
        known = knowledge.everything(connection, office.app.extensions["console"])
        answer = known["them.gio_xe_dua_ruoc"].answer
        assert answer.source == "(Kế hoạch 487/KH-LĐLĐ, mục II.3.1)"
        assert known["them.gio_xe_dua_ruoc"].own
        assert options.overlay(connection, "examples")["them.gio_xe_dua_ruoc"] == list(BUS)
        assert answering.count_waiting(connection) == 1
    page = administrator.get("/answers/them.gio_xe_dua_ruoc").text
    assert "5 giờ 30" in page
    assert "Gỡ câu này" in page
    assert administrator.post(f"/drafts/{number}/publish").status_code == 409
    assert administrator.post(f"/drafts/{number}/undo").status_code == 302
    with office.database.read() as connection:
        assert options.overlay(connection, "answers") == {}
        assert options.overlay(connection, "examples") == {}
        assert answering.count_waiting(connection) == 4
    assert _draft(office, number).state is answering.DraftState.DRAFT


def test_an_answer_without_a_document_says_whose_word_it_is(
    administrator: Visitor, office: Office, asked: list[int]
) -> None:
    number = _written(office, administrator, asked)
    page = administrator.get(f"/drafts/{number}").text
    assert "Công đoàn trả lời ngày 24/11/2026; văn bản không nói chuyện này" in page


def test_a_group_joins_an_answer_there_is(administrator: Visitor, office: Office, asked: list[int]) -> None:
    number = start(administrator, asked, answer="II.3.4")
    assert administrator.post(f"/drafts/{number}", {"lines": "\n".join(BUS[:2])}).status_code == 302
    tried(office, number)
    administrator.post(f"/drafts/{number}/publish")
    again = start(administrator, asked, attach="1", answer_other="II.3.4")
    administrator.post(f"/drafts/{again}", {"lines": BUS[2]})
    tried(office, again)
    administrator.post(f"/drafts/{again}/publish")
    with office.database.read() as connection:
        assert options.overlay(connection, "examples") == {"II.3.4": list(BUS)}
    assert administrator.post(f"/drafts/{number}/undo").status_code == 409  # the later one first
    administrator.post(f"/drafts/{again}/undo")
    with office.database.read() as connection:
        assert options.overlay(connection, "examples") == {"II.3.4": list(BUS[:2])}


def test_nobody_publishes_what_was_not_tried(administrator: Visitor, office: Office, asked: list[int]) -> None:
    number = start(administrator, asked)
    assert administrator.post(f"/drafts/{number}/trial").status_code == 409
    assert administrator.post(f"/drafts/{number}/publish").status_code == 409
    administrator.post(f"/drafts/{number}", WRITTEN)
    tried(office, number)
    office.time.pass_by(seconds=1)
    administrator.post(f"/drafts/{number}", {**WRITTEN, "short": "Khác rồi."})  # what was tried no longer counts
    assert administrator.post(f"/drafts/{number}/publish").status_code == 409
    with office.database.read() as connection:
        assert options.overlay(connection, "answers") == {}


def test_the_trial_runs_both_libraries_over_the_question_tests(
    administrator: Visitor, office: Office, asked: list[int]
) -> None:
    number = start(administrator, asked)
    administrator.post(f"/drafts/{number}", WRITTEN)
    assert administrator.post(f"/drafts/{number}/trial").status_code == 302
    draft = _draft(office, number)
    assert draft.trial is not None
    found = trial.from_json(draft.trial)
    assert found.checks > 140
    assert found.right_before > 0.85 * found.checks
    assert found.right_after >= found.right_before - 2
    assert found.missed_lines == ()
    page = administrator.get(f"/drafts/{number}").text
    assert f"3 trên 3 cách hỏi ở trên nay được trả lời. Bộ câu hỏi mẫu: trước đúng {found.right_before}" in page


def test_a_trial_shows_what_gets_worse() -> None:
    """An answer that takes a clause's own questions away from it."""
    thief = {
        "id": "them.thief", "title": "Kẻ trộm", "question": "Ai ký kế hoạch 487?", "short": "Không ai cả.",
        "longer": "", "citations": ["487/KH-LĐLĐ: noi_nhan"], "unsaid": False, "reviewed": "2026-11-24",
    }  # fmt: skip
    lines = [
        "ai đặt bút xuống cuối tờ 487 đó",
        "vị phó chủ tịch nào ký thay mặt ban thường vụ",
        "ai đặt bút ký tờ 487",
    ]
    found = trial.try_out(
        trial.Asked(Edits(), Edits(answers={"them.thief": thief}, examples={"them.thief": lines}), "them.thief", lines)
    )
    assert {"ai đặt bút xuống cuối tờ 487 đó"} <= {change.text for change in found.changes if change.was_right}
    assert found.lost >= 1
    assert found.right_after == found.right_before - found.lost + found.won
    assert "Kẻ trộm" in {change.after for change in found.changes if change.was_right and not change.is_right}


def test_a_second_reader_where_the_setting_asks_for_one(
    administrator: Visitor, office: Office, asked: list[int]
) -> None:
    form = {"second_factor_for_all": "", "second_reader_for_answers": "y"}
    assert administrator.post("/settings/console", form).status_code == 302
    colleague = office.join(Role.PROVINCIAL, "can.bo.tinh")
    number = _written(office, administrator, asked)
    assert administrator.post(f"/drafts/{number}/publish").status_code == 409
    assert administrator.post(f"/drafts/{number}/submit").status_code == 302
    assert administrator.post(f"/drafts/{number}/publish").status_code == 409
    assert "chờ người thứ hai đọc" in colleague.get("/").text
    assert colleague.post(f"/drafts/{number}/publish").status_code == 302
    with office.database.read() as connection:
        assert list(options.overlay(connection, "answers")) == ["them.gio_xe_dua_ruoc"]


def test_those_who_asked_are_told_only_when_wanted_and_in_time(
    administrator: Visitor, office: Office, members: Members, asked: list[int]
) -> None:
    silent = members.person(members.account("zalo", "9002"), "7009", hours_ago=24 * 9)
    late = ask(office, silent, "xe đưa rước ca đêm mấy giờ")
    number = _written(office, administrator, [*asked, *late], tell="y")
    administrator.post(f"/drafts/{number}/publish")
    with office.database.read() as connection:
        rows = list(connection.execute(select(outgoing).order_by(outgoing.c.id)))
    assert len({row.person_id for row in rows}) == 2
    assert silent not in {row.person_id for row in rows}
    body = json.loads(rows[0].body)
    assert "Chuyện anh/chị hỏi hôm trước" in json.dumps(body, ensure_ascii=False)
    assert rows[0].origin == "notice"
    assert rows[0].useful_until > office.time()


def test_nobody_is_told_by_default(administrator: Visitor, office: Office, asked: list[int]) -> None:
    number = _written(office, administrator, asked)
    administrator.post(f"/drafts/{number}/publish")
    with office.database.read() as connection:
        assert connection.execute(select(outgoing)).first() is None


def test_use_and_thumbs_of_every_answer(administrator: Visitor, office: Office) -> None:
    figures = {"answer.II.3.4": 12, "up.II.3.4": 3, "down.II.3.4": 1, "answer.header.date": 2}
    office.database.write(lambda connection: marks.count(connection, figures, office.time()))
    office.database.write(
        lambda connection: marks.count(connection, {"answer.II.3.4": 5}, office.time() - timedelta(days=40))
    )
    rows = administrator.get("/answers").text.split("<li>")
    first = next(row for row in rows if "Mỗi năm có tôn vinh" in row)
    assert "12 lượt · 3 đúng ý, 1 chưa đúng" in first
    assert rows.index(first) < rows.index(next(row for row in rows if "Kế hoạch mang số mấy" in row))
    page = administrator.get("/answers/II.3.4").text
    assert "17 lượt trả lời" in page  # twelve weeks
    assert "1 lần chưa đúng" in page
    assert "3.4." in page  # the clause, word for word


def test_an_answer_wants_to_be_read_again(administrator: Visitor, office: Office) -> None:
    with office.database.read() as connection:
        entry = knowledge.everything(connection, office.app.extensions["console"])["II.3.4"].entry
    value = {**entry, "valid_until": "2026-12-01"}
    office.database.write(lambda connection: options.put(connection, office.time(), None, "knowledge", "II.3.4", value))
    assert "dùng tới 01/12/2026" in administrator.get("/").text
    assert "Mỗi năm có tôn vinh" in administrator.get("/answers?order=due").text
    office.time.pass_by(days=10)
    visitor = office.join(Role.PROVINCIAL, "can.bo")
    assert "hết hạn ngày 01/12/2026" in visitor.get("/answers/II.3.4").text
    assert visitor.post("/answers/reviewed/II.3.4").status_code == 302
    with office.database.read() as connection:
        known = knowledge.everything(connection, office.app.extensions["console"])["II.3.4"]
    assert known.answer.valid_until is None
    assert known.reviewed.isoformat() == "2026-12-04"
    assert "cần đọc lại" not in visitor.get("/").text


def test_an_own_answer_is_changed_taken_down_and_brought_back(
    administrator: Visitor, office: Office, asked: list[int]
) -> None:
    number = _written(office, administrator, asked)
    administrator.post(f"/drafts/{number}/publish")
    key = "them.gio_xe_dua_ruoc"
    answer = administrator.post("/drafts/new", {"answer": key})
    again = int(answer.headers["Location"].rpartition("/")[2])
    assert _draft(office, again).lines == BUS
    administrator.post(f"/drafts/{again}", {**WRITTEN, "short": "Xe chạy lúc 6 giờ sáng."})
    tried(office, again)
    administrator.post(f"/drafts/{again}/publish")
    assert "6 giờ sáng" in administrator.get(f"/answers/{key}").text
    assert administrator.post(f"/answers/gone/{key}").status_code == 302
    assert "Câu trả lời đã gỡ" in administrator.get(f"/answers/{key}").text
    assert administrator.post("/answers/gone/II.3.4").status_code == 404  # a shipped one
    with office.database.read() as connection:
        versions = options.history(connection, "answers", key)
    administrator.post(f"/answers/back/{versions[-1].id}")
    assert "5 giờ 30" in administrator.get(f"/answers/{key}").text


def test_the_export_holds_new_answers_and_their_examples(
    administrator: Visitor, office: Office, asked: list[int]
) -> None:
    number = _written(office, administrator, asked, valid_until="31/12/2027")
    administrator.post(f"/drafts/{number}/publish")
    more = start(administrator, asked, answer="II.3.4")
    administrator.post(f"/drafts/{more}", {"lines": "một cách hỏi chưa ai nghĩ ra"})
    tried(office, more)
    administrator.post(f"/drafts/{more}/publish")
    with zipfile.ZipFile(io.BytesIO(administrator.get("/content/content.zip").data)) as archive:
        own = KnowledgeFile.model_validate(tomllib.loads(archive.read("content/knowledge/can-bo.toml").decode()))
        lines = archive.read("content/examples/question/them.gio_xe_dua_ruoc.txt").decode().splitlines()
        theirs = archive.read("content/examples/question/II.3.4.txt").decode().splitlines()
        assert "content/examples/question/II.3.3.employers.txt" not in archive.namelist()
    assert [(one.id, str(one.valid_until)) for one in own.answer] == [("them.gio_xe_dua_ruoc", "2027-12-31")]
    assert lines == list(BUS)
    assert theirs[-1] == "một cách hỏi chưa ai nghĩ ra"
    assert len(theirs) > 20


def test_a_trial_survives_being_stored() -> None:
    assert trial.from_json(GOOD) == Trial(3, 2, 2, (), 3, ())
