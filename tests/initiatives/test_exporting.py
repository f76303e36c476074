"""Papers opened again and compared: Excel, Word forms, the report, the roll; progress and a maker that died."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook
from sqlalchemy import Connection

from bot.errors import BotError
from bot.initiatives import asked, exporting, word
from bot.initiatives.sample import SAMPLE
from bot.store import paper_jobs, unit_reports, units
from bot.store.initiative_lists import Wanted
from bot.store.units import Unit
from tests.initiatives.conftest import World


def make(world: World, kind: str, wanted: Wanted | None = None, scope: frozenset[int] | None = None) -> bytes:
    params = exporting.pack(wanted or Wanted(), scope)
    number = world.database.write(lambda connection: paper_jobs.ask(connection, 1, kind, params, world.hands()))
    assert world.exporter.work()
    job = world.look(lambda connection: paper_jobs.get(connection, number))
    assert (job.state, job.code) == ("done", "")
    return world.files.get(job.key)


def words_of(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def rows_of(content: bytes) -> list[tuple[Any, ...]]:
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return list(sheet.iter_rows(values_only=True))


def test_the_list_keeps_text_zeros_marks_and_no_formula(world: World) -> None:
    columns = ("code", "phone", "title", "author", "gain", "state", "since")
    world.form = world.form.model_copy(update={"columns": columns})
    fields = {"phone": "0912345678", "title": '=HYPERLINK("http://x")', "author": "+Đặng Ướt", "gain": "80 triệu"}
    world.add("SK-11111-6", fields=fields)
    content = make(world, "list")
    head, row = rows_of(content)
    assert head[:2] == ("Mã", "Điện thoại")
    assert row[:6] == ("SK-11111-6", "0912345678", '=HYPERLINK("http://x")', "+Đặng Ướt", 80_000_000, "Đã nhận")
    assert row[6] == datetime(2026, 3, 1)  # noqa: DTZ001 - Excel knows no zone
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")


def test_the_form_holds_every_answer_as_it_was_written(world: World) -> None:
    said = "Làm gá <b>kẹp</b> & {{ 7 * 7 }}\nhai tầng"
    world.add("SK-11111-6", fields={"what": said, "confidential": "góc vát 45 độ"})
    with zipfile.ZipFile(io.BytesIO(make(world, "forms"))) as packed:
        assert packed.namelist() == ["SK-11111-6.docx"]
        text = words_of(packed.read("SK-11111-6.docx"))
    for part in (said, "góc vát 45 độ", "Nguyễn Thị Hoa", "tháng 03/2026", "SK-11111-6", "ĐƠN YÊU CẦU CÔNG NHẬN"):
        assert part in text
    assert "{%" not in text


def test_an_idea_is_named_so_on_paper(world: World) -> None:
    world.add("SK-11111-6", fields={"use_state": "untried", "since": ""})
    with zipfile.ZipFile(io.BytesIO(make(world, "forms"))) as packed:
        text = words_of(packed.read("SK-11111-6.docx"))
    assert "PHIẾU GHI Ý TƯỞNG" in text
    assert "ĐƠN YÊU CẦU" not in text


def test_the_report_counts_and_says_where_there_is_no_figure(world: World) -> None:
    unit = world.database.write(
        lambda connection: units.save(connection, world.hands(), None, Unit(name="Công đoàn Hoa Mai"))
    )
    world.add("SK-11111-6", fields={"gain": "80 triệu", "subject": "Cơ khí", "place_id": unit})
    world.add("SK-22222-5", fields={"use_state": "untried", "since": ""}, state="in_review")
    text = words_of(make(world, "report"))
    for part in ("Số hồ sơ nhận được: 2", "ý tưởng chưa làm thử: 1", "80.000.000 đồng/năm, của 1 hồ sơ", "Cơ khí"):
        assert part in text
    assert "tác giả kê khai" in text
    assert "không có số liệu" in text  # the unit that is not known claimed nothing
    pictures = Document(io.BytesIO(make(world, "report"))).inline_shapes
    assert len(pictures) >= 6


def test_an_empty_period_says_so(world: World) -> None:
    nothing = Wanted(since=datetime(2030, 1, 1, tzinfo=UTC), until=datetime(2031, 1, 1, tzinfo=UTC))
    text = words_of(make(world, "report", nothing))
    assert "Số hồ sơ nhận được: không có số liệu" in text
    assert "từ 01/01/2030 đến" in text


def test_the_roll_names_only_who_said_yes(world: World) -> None:
    paper = {"recognition_number": "12/QĐ", "recognition_date": date(2026, 4, 1)}
    recognised: dict[str, Any] = {"state": "recognised", **paper}
    world.add("SK-11111-6", fields={"author": "Có Đồng Ý"}, name_ok=True, **recognised)
    world.add("SK-22222-5", fields={"author": "Không Đồng Ý"}, name_ok=False, **recognised)
    world.add("SK-33333-0", fields={"author": "Chưa Hỏi"}, **recognised)
    world.add("SK-12345-9", fields={"author": "Chưa Công Nhận"}, name_ok=True)
    text = words_of(make(world, "roll"))
    assert "Có Đồng Ý" in text
    assert "12/QĐ, 01/04/2026" in text
    assert not [name for name in ("Không Đồng Ý", "Chưa Hỏi", "Chưa Công Nhận") if name in text]


def test_an_export_holds_only_what_the_asker_may_see(world: World) -> None:
    unit = world.database.write(lambda connection: units.save(connection, world.hands(), None, Unit(name="Hoa Mai")))
    world.add("SK-11111-6", fields={"place_id": unit}, readers="unit")
    world.add("SK-22222-5", fields={"place_id": unit}, readers="province")
    world.add("SK-33333-0", readers="unit")
    rows = rows_of(make(world, "list", scope=frozenset({unit})))
    assert [row[0] for row in rows[1:]] == ["SK-11111-6"]
    with zipfile.ZipFile(io.BytesIO(make(world, "forms", scope=frozenset({unit})))) as packed:
        assert packed.namelist() == ["SK-11111-6.docx"]


def test_drafts_are_in_no_paper(world: World) -> None:
    world.add("SK-11111-6", world.person(), state="writing")
    assert len(rows_of(make(world, "list"))) == 1


def test_a_maker_that_died_is_followed_by_another(world: World) -> None:
    world.add("SK-11111-6")
    params = exporting.pack(Wanted(), None)
    number = world.database.write(lambda connection: paper_jobs.ask(connection, 1, "list", params, world.hands()))
    dead = world.database.write(lambda connection: paper_jobs.claim(connection, world.hands()))
    assert dead is not None
    assert not world.exporter.work()
    world.hands.pass_by(seconds=61)
    assert world.exporter.work()
    job = world.look(lambda connection: paper_jobs.get(connection, number))
    assert (job.state, job.attempts) == ("done", 2)
    late = world.database.write(
        lambda connection: paper_jobs.finish(connection, dead, world.hands(), state="failed", code="x")
    )
    assert not late


def test_a_process_that_ends_gives_its_paper_back_at_once(world: World) -> None:
    world.add("SK-11111-6")
    params = exporting.pack(Wanted(), None)
    number = world.database.write(lambda connection: paper_jobs.ask(connection, 1, "list", params, world.hands()))
    world.exporter.stop()
    assert world.exporter.work()
    job = world.look(lambda connection: paper_jobs.get(connection, number))
    assert (job.state, job.attempts, job.key) == ("queued", 0, "")
    world.exporter._stopping.clear()
    assert world.exporter.work()
    assert world.look(lambda connection: paper_jobs.get(connection, number)).state == "done"


def test_what_never_succeeds_is_given_up(world: World) -> None:
    params = exporting.pack(Wanted(), None)
    number = world.database.write(lambda connection: paper_jobs.ask(connection, 1, "list", params, world.hands()))
    for _ in range(3):
        world.database.write(lambda connection: paper_jobs.claim(connection, world.hands()))
        world.hands.pass_by(seconds=61)
    assert world.exporter.work()
    assert world.look(lambda connection: paper_jobs.get(connection, number)).code == "papers.gave_up"


def test_an_officers_template_may_fill_in_and_nothing_more(world: World) -> None:
    def template(text: str) -> bytes:
        document = Document()
        document.add_paragraph(text)
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()

    word.check_template(template("{{ ten }} của {{ tac_gia[0].ho_ten }}"), world.form)
    for faulty in ("{{ ten", "{% for x in %}", "{{ ten.__class__.__mro__[1].__subclasses__() }}"):
        with pytest.raises(BotError, match="template_faulty"):
            word.check_template(template(faulty), world.form)
    hidden = template("[{{ ten.__class__ }}]")  # nothing is told, and nothing breaks
    made = word.form_of(hidden, SAMPLE, world.form, unit="", organisation="", today=date(2026, 5, 18))
    assert "[]" in words_of(made)
    with pytest.raises(BotError, match="not_word"):
        word.check_template(b"PK\x03\x04", world.form)


def test_reports_of_units_are_merged_and_the_missing_are_named(world: World) -> None:
    def op(connection: Connection) -> tuple[int, int, int]:
        first = units.save(connection, world.hands(), None, Unit(name="Công đoàn A"))
        second = units.save(connection, world.hands(), None, Unit(name="Công đoàn B"))
        number = unit_reports.ask(
            connection, world.hands(), [first, second], title="Báo cáo 6 tháng", document="123/LĐLĐ",
            since=date(2026, 1, 1), until=date(2026, 6, 30), due_on=date(2026, 7, 5), questions=["Khó khăn?"],
        )  # fmt: skip
        figures = {"received": 3, "ideas": 1, "filed": 1, "recognised": 0, "gain": None}
        assert unit_reports.send(connection, number, first, 1, world.hands(), figures, {"0": "=Thiếu máy"})
        assert not unit_reports.send(connection, number, 999, 1, world.hands(), figures, {})
        return number, first, second

    number, first, second = world.database.write(op)
    request = world.look(lambda connection: unit_reports.get(connection, number))
    replies = world.look(lambda connection: unit_reports.replies(connection, number))
    names = {first: "Công đoàn A", second: "Công đoàn B"}
    rows = rows_of(asked.merged_excel(request, replies, names, ""))
    assert rows[1][:7] == ("Công đoàn A", 3, 1, 1, 0, None, "=Thiếu máy")
    assert rows[2][0::7] == ("Công đoàn B", "Chưa gửi")
    text = words_of(asked.merged_word(request, replies, names, "LĐLĐ"))
    assert "Chưa gửi: Công đoàn B" in text
    assert "không có số liệu" in text
