"""Units: found by old and new names, loaded from Excel with every fault told, exported, on a poster."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import insert

from bot.console.unit_sheet import HEADINGS
from bot.store import units as store
from bot.store.schema import accounts, apps
from bot.store.staff import Role
from bot.store.units import Unit
from tests.console.conftest import Office, Visitor

TODAY = date(2026, 11, 24)


def _file(*rows: tuple[object, ...], headings: tuple[str, ...] = HEADINGS) -> tuple[io.BytesIO, str]:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(headings))
    for row in rows:
        sheet.append([*row, *[None] * (len(headings) - len(row))])
    out = io.BytesIO()
    book.save(out)
    return io.BytesIO(out.getvalue()), "don-vi.xlsx"


def _units(office: Office) -> dict[str, Unit]:
    with office.database.read() as connection:
        return {unit.name: unit for unit in store.everything(connection).values()}


def _kept(page: str) -> str:
    found = re.search(r"<textarea name=\"rows\"[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found
    return found.group(1).replace("&#34;", '"').replace("&amp;", "&").replace("&#39;", "'")


def _load(visitor: Visitor, *rows: tuple[object, ...], write: str = "") -> Any:
    checked = visitor.post("/units/load", {"file": _file(*rows)}, content_type="multipart/form-data")
    if not write or checked.status_code != 200:
        return checked
    return visitor.post("/units/load", {"rows": _kept(checked.text), "write": write})


GOOD: tuple[tuple[object, ...], ...] = (
    ("CT1", "Công đoàn Công ty Một", "KCN", "Công đoàn cơ sở", "Cty Một; CĐ Một", "01/07/2025"),
    ("KCN", "Công đoàn khu công nghiệp", "", "Khu công nghiệp, khu kinh tế", "", date(2025, 7, 1)),
    (
        "",
        "Công đoàn xã Long Thử",
        "",
        "xa, phuong, dac khu",
        "LĐLĐ huyện Tân Thử",
        "",
        "",
        "",
        "quan.tri",
        "Chị Hoa 0276",
    ),
)


def test_a_good_list_is_shown_first_and_then_written(office: Office, administrator: Visitor) -> None:
    checked = _load(administrator, *GOOD)
    assert "Cả 3 dòng đều đúng" in checked.text
    assert not _units(office)
    assert _load(administrator, *GOOD, write="all").status_code == 302
    made = _units(office)
    factory, park = made["Công đoàn Công ty Một"], made["Công đoàn khu công nghiệp"]
    assert factory.parent_id == park.id
    assert factory.aliases == ("Cty Một", "CĐ Một")
    assert factory.valid_from == park.valid_from == date(2025, 7, 1)
    assert made["Công đoàn xã Long Thử"].in_charge_id == 1
    assert made["Công đoàn xã Long Thử"].contact == "Chị Hoa 0276"


def test_loading_again_changes_instead_of_doubling(office: Office, administrator: Visitor) -> None:
    _load(administrator, *GOOD, write="all")
    again = (("KCN", "Công đoàn khu kinh tế"), ("", "cong doan xa long thu", "KCN"))
    assert _load(administrator, *again, write="all").status_code == 302
    made = _units(office)
    assert len(made) == 3
    assert made["Công đoàn khu kinh tế"].code == "KCN"
    assert made["cong doan xa long thu"].parent_id == made["Công đoàn khu kinh tế"].id


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("", ""), "không có dòng nào"),
        (("X", ""), "Thiếu tên đơn vị"),
        (("", "A", "không có đâu"), "Không thấy đơn vị cấp trên “không có đâu”"),
        (("", "A", "A"), "cấp trên của chính mình"),
        (("", "A", "", "Loại lạ"), "Không có loại “Loại lạ”"),
        (("", "A", "", "", "", "hôm qua"), "Ngày “hôm qua” chưa đúng"),
        (("", "A", "", "", "", "02/01/2026", "01/01/2026"), "Ngày kết thúc trước"),
        (("", "A", "", "", "", "", "", "nơi nào"), "Không thấy đơn vị nhận việc"),
        (("", "A", "", "", "", "", "", "", "khong.co"), "Không có cán bộ nào"),
        (("", "Tên " * 60), "dài quá"),
    ],
)
def test_each_fault_is_told_and_nothing_is_written(
    office: Office, administrator: Visitor, row: tuple[object, ...], says: str
) -> None:
    checked = _load(administrator, row)
    assert says in checked.text
    assert _load(administrator, row, write="all").status_code in {200, 422}
    assert not _units(office)


def test_only_the_good_rows_when_the_officer_says_so(office: Office, administrator: Visitor) -> None:
    rows = (*GOOD, ("", "Lạc", "không có"), ("", "Dưới lạc", "Lạc"))
    assert "2 dòng chưa đúng, 3 dòng đúng" in _load(administrator, *rows).text
    assert _load(administrator, *rows, write="all").status_code == 200
    assert not _units(office)
    assert _load(administrator, *rows, write="good").status_code == 302
    assert len(_units(office)) == 3


def test_rows_for_one_unit_and_circles_are_refused(administrator: Visitor) -> None:
    page = _load(
        administrator, ("A", "Một", "B"), ("B", "Hai", "A"), ("C", "Ba"), ("C", "Ba khác"), ("", "Tư"), ("", "tu")
    )
    assert page.text.count("đi vòng") == 2
    assert page.text.count("có ở nhiều dòng. Mỗi đơn vị một mã") == 2
    assert page.text.count("Đơn vị này có ở nhiều dòng") == 2


def test_a_circle_through_what_is_stored_is_refused(office: Office, administrator: Visitor) -> None:
    top = office.unit("Trên", code="T")
    office.unit("Dưới", top, code="D")
    assert "đi vòng" in _load(administrator, ("T", "Trên", "D")).text
    form = {"name": "Trên", "code": "T", "parent": _units(office)["Dưới"].id, "successor": 0, "in_charge": 0}
    assert administrator.post(f"/units/{top}", form).status_code == 422


def test_rows_changed_on_the_way_are_checked_again(office: Office, administrator: Visitor) -> None:
    forged = json.dumps([[2, {"Tên đơn vị": "A", "Loại": "lạ"}], [3, {}]])
    answer = administrator.post("/units/load", {"rows": forged, "write": "all"})
    assert answer.status_code == 200
    assert "Thiếu tên đơn vị" in answer.text
    for odd in ("", "{", "[1]", '[["x", 1]]', "null"):
        assert administrator.post("/units/load", {"rows": odd, "write": "all"}).status_code == 422
    assert not _units(office)


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04 broken"])
def test_what_is_no_workbook_is_told(administrator: Visitor, content: bytes) -> None:
    form = {"file": (io.BytesIO(content), "a.xlsx")}
    assert administrator.post("/units/load", form, content_type="multipart/form-data").status_code == 422


def test_a_missing_column_is_named(administrator: Visitor) -> None:
    form = {"file": _file(("A",), headings=("Mã", "Tên đơn vị"))}
    answer = administrator.post("/units/load", form, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Đơn vị cấp trên" in answer.text


def test_the_export_loads_again_and_runs_no_formula(office: Office, administrator: Visitor) -> None:
    harm = '=HYPERLINK("http://xau.example","bấm")'
    top = office.unit(harm, code="007", contact="+84 276", aliases=("-1+1", "@lạ"))
    office.unit("Công ty", top, valid_from=date(2025, 7, 1), kind="grassroots")
    sent = administrator.get("/units/units.xlsx")
    sheet = load_workbook(io.BytesIO(sent.data)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert {"007", harm, "+84 276", "-1+1; @lạ"} <= {cell.value for cell in cells}
    again = administrator.post(
        "/units/load", {"file": (io.BytesIO(sent.data), "a.xlsx")}, content_type="multipart/form-data"
    )
    assert "Cả 2 dòng đều đúng" in again.text
    assert again.text.count("Sửa đơn vị đã có") == 2


def test_the_template_is_accepted_as_it_is(administrator: Visitor) -> None:
    sent = administrator.get("/units/template.xlsx").data
    form = {"file": (io.BytesIO(sent), "mau.xlsx")}
    page = administrator.post("/units/load", form, content_type="multipart/form-data").text
    assert "Cả 2 dòng đều đúng" in page


def test_a_unit_is_found_by_what_people_call_it(office: Office) -> None:
    heir = office.unit("Công đoàn xã Tân Thử", aliases=("LĐLĐ huyện Tân Châu",))
    gone = office.unit("LĐLĐ huyện Thử", valid_until=date(2025, 6, 30), successor_id=heir)
    office.unit("Công đoàn phường Tân Thử Đông", heir)
    with office.database.read() as connection:
        for said, expected in (
            ("cong doan xa tan thu", [heir]),
            ("ldld huyen tan chau", [heir]),
            ("Huyện Tân Châu", [heir]),
            ("LĐLĐ huyện Thử", [heir]),
            ("", []),
            ("không đâu", []),
        ):
            assert [unit.id for unit in store.find(connection, said, TODAY)] == expected, said
        assert len(store.find(connection, "tân thử", TODAY)) == 2
        assert [unit.id for unit in store.find(connection, "LĐLĐ huyện Thử", date(2025, 1, 1))] == [gone]


def test_the_list_finds_old_names_without_tone_marks(office: Office, administrator: Visitor) -> None:
    office.unit("Công đoàn xã Tân Thử", aliases=("LĐLĐ huyện Tân Châu",))
    office.unit("Công đoàn phường Khác")
    page = administrator.get("/units?q=tan chau").text
    assert "Tân Thử" in page
    assert "Khác" not in page


def test_an_odd_form_is_told_in_words(office: Office, administrator: Visitor) -> None:
    unit = office.unit("A", code="M1")
    other = office.unit("B", code="M2")
    base = {"name": "A", "code": "M1", "parent": 0, "successor": 0, "in_charge": 0}
    for change, says in (
        ({"code": "M2"}, "đã dùng cho đơn vị khác"),
        ({"valid_from": "2026-02-01", "valid_until": "2026-01-01"}, "Ngày kết thúc trước"),
        ({"name": ""}, "cần điền"),
        ({"parent": 999}, "chọn một mục"),
        ({"valid_from": "hôm qua"}, "Ngày chưa đúng"),
    ):
        answer = administrator.post(f"/units/{unit}", {**base, **change})
        assert answer.status_code == 422
        assert says in answer.text
    assert administrator.post(f"/units/{unit}", {**base, "successor": other}).status_code == 302


def _account(office: Office, platform: str, external_id: str, unit_id: int | None) -> None:
    def op(connection: Any) -> None:
        app = connection.execute(
            insert(apps).values(platform=platform, app_id=external_id, secrets=b"", created_at=office.time())
            .returning(apps.c.id)
        ).scalar_one()  # fmt: skip
        connection.execute(
            insert(accounts).values(
                platform=platform, external_id=external_id, app_pk=app, unit_id=unit_id, rate=1.0, burst=1.0,
                allowance=1.0, refilled_at=office.time(), created_at=office.time(),
            )
        )  # fmt: skip

    office.database.write(op)


def test_the_poster_leads_to_the_nearest_account(office: Office, administrator: Visitor) -> None:
    province = office.unit("Tỉnh")
    park = office.unit("Khu công nghiệp", province)
    factory = office.unit("Công ty", park)
    assert "Chưa có OA Zalo" in administrator.get(f"/units/{factory}/poster").text
    _account(office, "zalo", "111", None)
    _account(office, "zalo", "222", park)
    _account(office, "messenger", "333", province)
    page = administrator.get(f"/units/{factory}/poster").text
    assert "https://zalo.me/222" in page
    assert f"https://m.me/333?ref=u{factory}" in page
    assert page.count("<svg") == 2
    assert "https://zalo.me/111" in administrator.get(f"/units/{province}/poster").text


def test_a_unit_officer_cannot_load_lists(office: Office) -> None:
    officer = office.join(Role.UNIT, "can.bo", (office.unit("A"),))
    assert officer.get("/units/load").status_code == 403
    rows = [cell.value for cell in load_workbook(io.BytesIO(officer.get("/units/units.xlsx").data)).active["B"]]  # type: ignore[index]
    office.unit("Của người khác")
    assert rows == ["Tên đơn vị", "A"]
