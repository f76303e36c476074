"""A clause word for word and thumbs, on both platforms; and what officers publish, spoken after the next load."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.library import documents, shelf
from bot.library.load import CONTENT
from bot.store import marks, options
from bot.store.schema import misses
from tests.delivery.conftest import PLATFORMS, Stage

ASKED = "mỗi năm có tôn vinh người sáng tạo không"


def missed(stage: Stage) -> list[str]:
    with stage.runtime.database.read() as connection:
        return list(connection.scalars(select(misses.c.text).order_by(misses.c.id)))


def said(stage: Stage, platform: str, text: str) -> str:
    stage.say(platform, text)
    before = len(stage.texts(platform))
    stage.settle()
    return "\n".join(stage.texts(platform)[before:])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_clause_is_shown_word_for_word(stage: Stage, platform: str) -> None:
    said(stage, platform, ASKED)
    shown = said(stage, platform, "Xem nguyên văn")
    clause = shelf.Documents.open().clause("487/KH-LĐLĐ", "II.3.4")
    assert clause is not None
    assert clause.text in shown
    assert "(Kế hoạch 487/KH-LĐLĐ, mục II.3.4)" in shown


@pytest.mark.parametrize("platform", PLATFORMS)
def test_thumbs_are_counted_and_a_question_answered_amiss_waits_for_the_officers(stage: Stage, platform: str) -> None:
    said(stage, platform, ASKED)
    said(stage, platform, "Xem thêm")
    assert "ghi lại để cán bộ xem" in said(stage, platform, "Chưa đúng")
    assert missed(stage) == [ASKED]
    stage.runtime.tally.flush(stage.runtime.database, stage.hands())
    with stage.runtime.database.read() as connection:
        figures = {what: n for (_, what), n in marks.figures(connection, "2000-01-01").items()}
    assert figures["answer.II.3.4"] == 1
    assert figures["down.II.3.4"] == 1
    assert "up.II.3.4" not in figures


def test_thumbs_up_leave_no_trace_of_the_person(stage: Stage) -> None:
    said(stage, "zalo", ASKED)
    said(stage, "zalo", "Xem thêm")
    said(stage, "zalo", "Đúng ý")
    assert missed(stage) == []
    assert stage.runtime.tally.totals()["up.II.3.4"] == 1
    assert ASKED not in str(stage.person("zalo").memory)


# ---- what officers publish ----


def put(stage: Stage, area: str, key: str, value: object) -> None:
    stage.runtime.database.write(lambda connection: options.put(connection, stage.hands(), None, area, key, value))


def test_an_answer_of_the_officers_is_spoken_after_the_next_load(stage: Stage) -> None:
    entry = {
        "id": "them.xe", "title": "Giờ xe đưa rước", "question": "Xe đưa rước chạy lúc mấy giờ?",
        "short": "Xe chạy lúc 5 giờ 30 sáng.", "unsaid": True, "reviewed": "2026-11-24", "valid_until": "2026-11-20",
    }  # fmt: skip
    put(stage, "answers", "them.xe", entry)
    put(stage, "examples", "them.xe", ["xe đưa rước công nhân mấy giờ chạy", "gio xe dua ruoc", "lịch xe đưa rước"])
    assert stage.runtime.voice.reload()
    shown = said(stage, "zalo", "mấy giờ xe đưa rước tới vậy em")
    assert "5 giờ 30" in shown
    assert "tới ngày 20/11/2026, nay có thể đã khác" in shown
    learnt = stage.runtime.voice.engine.library
    put(stage, "texts", "menu.menu", "Mời chọn:")
    assert stage.runtime.voice.reload()
    assert stage.runtime.voice.engine.library is learnt  # a text needs no training
    assert not stage.runtime.voice.reload()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_document_that_was_loaded_is_shown_after_the_next_load_however_long(stage: Stage, platform: str) -> None:
    plan = (CONTENT / "documents" / "487-kh-ldld" / "1.txt").read_bytes()
    long = "3.4. (bản mới)" + " và còn nói thêm nhiều điều khác nữa" * 100
    data = plan.replace(b"3.4.", long.encode())
    shelf.store(documents.read(data, "moi.txt"), data, stage.runtime.settings.documents_dir)
    assert stage.runtime.voice.reload()
    said(stage, platform, ASKED)
    before = len(stage.texts(platform))
    shown = said(stage, platform, "Xem nguyên văn")
    assert long in " ".join(shown.split())
    assert len(stage.texts(platform)) - before >= 2
