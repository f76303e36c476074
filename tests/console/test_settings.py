"""Settings, texts, menus, answers: changed, previewed, brought back, written into files again."""

from __future__ import annotations

import io
import json
import re
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest

from bot.console import shipped
from bot.library.load import CONTENT, edited, faults
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.library.texts import faults as text_faults
from bot.store import options
from bot.store.staff import Role
from tests.console.conftest import Office, Visitor


def _overlay(office: Office, area: str) -> dict[str, object]:
    with office.database.read() as connection:
        return options.overlay(connection, area)


def _version(office: Office) -> int:
    with office.database.read() as connection:
        return options.version(connection)


HOURS = {f"hours__{day}": "" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


def test_names_are_saved_and_spoken(office: Office, administrator: Visitor) -> None:
    form = {"name": "Liên đoàn Lao động tỉnh Thử", "short_name": "LĐLĐ Thử", "phone": "0276 000"}
    assert administrator.post("/settings/identity", form).headers["Location"].endswith("done=saved")
    organisation = Organisation.open(edits=_overlay(office, "organisation"))
    assert organisation.name == "Liên đoàn Lao động tỉnh Thử"
    assert "LĐLĐ Thử" in administrator.get("/").text


def test_hours_are_read_as_people_write_them(office: Office, administrator: Visitor) -> None:
    form = {**HOURS, "hours__mon": "7:30-11:30, 13h30 – 17h", "holidays": "02/09/2026\n01/01/2027"}
    form["staff_pause_minutes"] = "45"
    assert administrator.post("/settings/hours", form).status_code == 302
    organisation = Organisation.open(edits=_overlay(office, "organisation"))
    assert organisation.hours["mon"] == ("07:30-11:30", "13:30-17:00")
    assert {f"{day}" for day in organisation.holidays} == {"2026-09-02", "2027-01-01"}
    assert organisation.staff_pause_minutes == 45
    page = administrator.get("/settings/hours").text
    assert "07:30-11:30, 13:30-17:00" in page
    assert "02/09/2026" in page


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("hours__mon", "sáng chiều", "Giờ chưa đúng"),
        ("hours__mon", "17:00-07:30", "Giờ chưa đúng"),
        ("hours__mon", "25:00-26:00", "Giờ chưa đúng"),
        ("holidays", "31/02/2026", "Ngày nghỉ chưa đúng"),
        ("staff_pause_minutes", "0", "ngoài khoảng"),
        ("staff_pause_minutes", "nhiều", "ngoài khoảng"),
    ],
)
def test_what_cannot_be_read_is_told_and_nothing_is_stored(
    office: Office, administrator: Visitor, field: str, value: str, says: str
) -> None:
    form = {**HOURS, "staff_pause_minutes": "30", "holidays": "", field: value}
    answer = administrator.post("/settings/hours", form)
    assert answer.status_code == 422
    assert says in answer.text
    assert not _overlay(office, "organisation")


def test_saving_nothing_new_makes_no_version(office: Office, administrator: Visitor) -> None:
    form = {"name": "A", "short_name": ""}
    administrator.post("/settings/identity", form)
    before = _version(office)
    assert administrator.post("/settings/identity", form).headers["Location"].endswith("done=unchanged")
    assert _version(office) == before


def test_a_setting_is_brought_back(office: Office, administrator: Visitor) -> None:
    for name in ("Tên cũ", "Tên mới"):
        administrator.post("/settings/identity", {"name": name})
    found = re.search(r"/settings/undo/(\d+)", administrator.get("/settings/identity").text)
    assert found
    assert administrator.post(f"/settings/undo/{found.group(1)}").status_code == 302
    assert _overlay(office, "organisation")["name"] == "Tên cũ"


def test_new_words_of_consent_need_a_new_version(office: Office, administrator: Visitor) -> None:
    page = {
        "consent_version": "1", "data_contact": "", "data_person": "", "consent": "{Anh_chi} đồng ý nhận tin không?",
        "retention__messages": "365", "retention__exports": "7", "retention__consents": "1095",
    }  # fmt: skip
    refused = administrator.post("/settings/privacy", page)
    assert refused.status_code == 422
    assert "số phiên bản mới" in refused.text
    assert administrator.post("/settings/privacy", {**page, "consent_version": "2"}).status_code == 302
    assert _overlay(office, "organisation")["consent_version"] == "2"


def test_one_contact_changes_and_the_others_stay(office: Office, administrator: Visitor) -> None:
    before = Organisation.open()
    form = {f"contacts__{subject}": text for subject, text in before.contacts.items()}
    form |= {"ask_today": "", "emergency": before.emergency, "contacts__pay": "Ban Quan hệ lao động"}
    assert administrator.post("/settings/answers", form).status_code == 302
    after = Organisation.open(edits=_overlay(office, "organisation"))
    assert after.contacts == {**before.contacts, "pay": "Ban Quan hệ lao động"}


def test_a_content_version_is_not_brought_back_through_the_settings(office: Office, administrator: Visitor) -> None:
    key = "person.asked" if "person.asked" in shipped.of("texts", CONTENT) else next(iter(shipped.of("texts", CONTENT)))
    administrator.post(f"/content/texts/{key}", {"text": "Câu khác", "version": "0"})
    with office.database.read() as connection:
        made = options.history(connection, "texts", key)[0].id
    assert administrator.post(f"/settings/undo/{made}").status_code == 409


# ---- texts, menus, answers, documents ----


def _some_text() -> str:
    return next(key for key, text in shipped.of("texts", CONTENT).items() if "{anh_chi}" in text)


def test_a_text_is_changed_previewed_and_brought_back(office: Office, administrator: Visitor) -> None:
    key = _some_text()
    new = "Dạ, {em} chào {anh_chi} ạ."
    preview = administrator.post(f"/content/preview/texts/{key}", {"text": new})
    assert "Dạ, em chào anh/chị ạ." in preview.text
    assert administrator.post(f"/content/texts/{key}", {"text": new, "version": "0"}).status_code == 302
    texts = Texts.open(Organisation.open(), texts=_overlay(office, "texts"))  # type: ignore[arg-type]
    assert texts(key) == "Dạ, em chào anh/chị ạ."
    assert "Dạ, em chào anh/chị ạ." in administrator.get(f"/content/texts/{key}").text
    assert administrator.post(f"/content/reset/texts/{key}").status_code == 302
    assert not _overlay(office, "texts")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Chào {ban}", "không biết chữ trong ngoặc “ban”"),
        ("Chào {anh_chi", "ngoặc nhọn chưa đủ cặp"),
        ("a" * 700, "640 ký tự"),
    ],
)
def test_a_text_the_bot_could_not_say_is_refused(office: Office, administrator: Visitor, text: str, says: str) -> None:
    key = _some_text()
    answer = administrator.post(f"/content/texts/{key}", {"text": text, "version": "0"})
    assert answer.status_code == 422
    assert says in answer.text
    assert not _overlay(office, "texts")
    assert says in administrator.post(f"/content/preview/texts/{key}", {"text": text}).text


def test_who_saves_over_a_colleagues_change_is_told(office: Office, administrator: Visitor) -> None:
    key = _some_text()
    administrator.post(f"/content/texts/{key}", {"text": "Của người trước", "version": "0"})
    late = administrator.post(f"/content/texts/{key}", {"text": "Của người sau", "version": "0"})
    assert late.status_code == 409
    assert "Người khác vừa sửa" in late.text
    assert "Của người sau" in late.text
    assert _overlay(office, "texts") == {key: "Của người trước"}


def test_what_is_typed_is_shown_as_text(administrator: Visitor) -> None:
    key = _some_text()
    harm = "<script>alert(1)</script>"
    assert "<script>alert" not in administrator.post(f"/content/preview/texts/{key}", {"text": harm}).text
    administrator.post(f"/content/texts/{key}", {"text": harm, "version": "0"})
    assert "<script>alert" not in administrator.get(f"/content/texts/{key}").text


def test_a_menu_gets_a_link_and_loses_a_button(office: Office, administrator: Visitor) -> None:
    shown = shipped.of("menus", CONTENT)["main"]
    form: dict[str, object] = {"version": "0"}
    for number, choice in enumerate(shown):
        form |= {f"choices-{number}-title": choice["title"], f"choices-{number}-action": choice.get("action", "")}
    form |= {"choices-0-title": "", "choices-0-action": ""}
    form |= {f"choices-{len(shown)}-title": "Trang web", f"choices-{len(shown)}-url": "https://congdoan.example.vn"}
    assert administrator.post("/content/menus/main", form).status_code == 302
    texts = Texts.open(Organisation.open(), menus=_overlay(office, "menus"))
    titles = [button.title for button in texts.choices("main")]
    assert titles == [*(choice["title"] for choice in shown[1:]), "Trang web"]
    bad = {**form, f"choices-{len(shown)}-url": "javascript:alert(1)", "version": "1"}
    assert administrator.post("/content/menus/main", bad).status_code == 422


def test_an_answer_is_changed_and_dated(office: Office, administrator: Visitor) -> None:
    key, before = next((key, entry) for key, entry in shipped.of("knowledge", CONTENT).items() if entry["longer"])
    form = {name: before[name] for name in ("title", "question", "longer")} | {"short": "Ngắn gọn.", "version": "0"}
    preview = administrator.post(f"/content/preview/knowledge/{key}", form).text
    assert "Ngắn gọn." in preview
    assert "Xem thêm" in preview
    assert administrator.post(f"/content/knowledge/{key}", form).status_code == 302
    answers = edited(_overlay(office, "knowledge"), {})  # type: ignore[arg-type]
    assert answers[key].short == "Ngắn gọn."
    assert answers[key].citations == edited({}, {})[key].citations
    stored = _overlay(office, "knowledge")[key]
    assert isinstance(stored, dict)
    assert stored["reviewed"] == "2026-11-24"
    long = administrator.post(f"/content/knowledge/{key}", {**form, "short": "từ " * 71, "version": "1"})
    assert long.status_code == 422
    assert "71 từ" in long.text


def test_a_document_is_replaced_in_one_place(office: Office, administrator: Visitor) -> None:
    stem, before = next(pair for pair in shipped.of("documents", CONTENT).items() if "487" in pair[1]["number"])
    form = {**before, "issued": "08/05/2023", "label": "Kế hoạch mới", "number": "1/KH-LĐLĐ", "version": "0"}
    assert administrator.post(f"/content/documents/{stem}", form).status_code == 302
    answers = edited({}, _overlay(office, "documents"))  # type: ignore[arg-type]
    assert answers["II.3.4"].source == "(Kế hoạch mới, mục II.3.4)"
    assert answers["nq16.what"].citations[0].document == "1/KH-LĐLĐ"
    assert administrator.post(f"/content/documents/{stem}", {**form, "issued": "31/02/2023"}).status_code == 422


@pytest.mark.parametrize("area", shipped.AREAS)
def test_lists_find_with_and_without_tone_marks(administrator: Visitor, area: str) -> None:
    whole = administrator.get(f"/content?area={area}").text.count("<li>")
    assert whole > 3
    for query in ("sáng kiến", "sang kien"):
        found = administrator.get("/content", query_string={"area": "knowledge", "q": query}).text
        assert 1 < found.count("<li>") < administrator.get("/content?area=knowledge").text.count("<li>") + 1


def test_every_thing_can_be_opened_and_saved_as_it_is(office: Office, administrator: Visitor) -> None:
    for area in shipped.AREAS:
        for key in shipped.of(area, CONTENT):
            page = administrator.get(f"/content/{area}/{key}")
            assert page.status_code == 200, (area, key)
            assert 'class="bubble"' in page.text, (area, key)
            assert "(mã " not in page.text, (area, key)


def test_the_export_is_content_that_loads_and_says_the_same(
    office: Office, administrator: Visitor, tmp_path: Path
) -> None:
    text, (answer, entry) = _some_text(), next(iter(shipped.of("knowledge", CONTENT).items()))
    administrator.post(f"/content/texts/{text}", {"text": "Dòng một\nDòng hai cho {anh_chi}", "version": "0"})
    form = {**{name: entry[name] for name in ("title", "question", "longer")}, "short": "Một.\nHai.", "version": "0"}
    administrator.post(f"/content/knowledge/{answer}", form)
    administrator.post(
        "/content/menus/main", {"choices-0-title": "Web", "choices-0-url": "https://a.vn", "version": "0"}
    )
    administrator.post("/settings/identity", {"name": "Liên đoàn “Thử”", "phone": "0276"})
    administrator.post("/settings/hours", {**HOURS, "hours__sat": "07:00-11:00", "staff_pause_minutes": "30"})
    sent = administrator.get("/content/content.zip")
    shutil.copytree(CONTENT, tmp_path / "content")
    with zipfile.ZipFile(io.BytesIO(sent.data)) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "content"
    organisation = Organisation.open(folder)
    assert organisation == Organisation.open(edits=_overlay(office, "organisation"))
    texts = Texts.open(organisation, folder)
    assert texts(text) == "Dòng một\nDòng hai cho anh/chị"
    assert [button.title for button in texts.choices("main")] == ["Web"]
    assert edited({}, {}, folder)[answer].short == "Một.\nHai."
    assert not faults(folder)
    assert not text_faults(folder)
    kept = (folder / "organisation.toml").read_text(encoding="utf-8")
    assert "# Who the union is." in kept
    assert tomllib.loads(kept)["name"] == "Liên đoàn “Thử”"


def test_a_reader_may_not_change_what_the_bot_says(office: Office, administrator: Visitor) -> None:
    officer = office.join(Role.UNIT, "can.bo", (office.unit("A"),))
    for path in ("/content", "/settings", f"/content/texts/{_some_text()}", "/content/content.zip"):
        assert officer.get(path).status_code == 403


def test_options_of_two_processes_do_not_overwrite_each_other(office: Office) -> None:
    office.database.write(lambda connection: options.put(connection, office.time(), None, "texts", "a.b", "một"))
    with pytest.raises(Exception, match="changed_meanwhile"):
        office.database.write(
            lambda connection: options.put(connection, office.time(), None, "texts", "a.b", "hai", over=0)
        )
    assert json.dumps(_overlay(office, "texts"), ensure_ascii=False) == '{"a.b": "một"}'


def test_what_the_bot_fills_in_is_named_and_not_filled_in_here(administrator: Visitor) -> None:
    assert "Dùng được {anh_chi}, {em}, {channel}." in administrator.get("/settings/privacy").text
    assert "ngoặc nhọn như {anh_chi}" in administrator.get("/content/texts/privacy.erased").text


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("header.overview", "Căn cứ: Kế hoạch 487/KH-LĐLĐ, phần đầu."),
        ("II.3.4", "Căn cứ: Kế hoạch 487/KH-LĐLĐ, mục II.3.4."),
    ],
)
def test_an_answer_names_its_clause_as_members_see_it(administrator: Visitor, key: str, says: str) -> None:
    assert says in administrator.get(f"/content/knowledge/{key}").text
