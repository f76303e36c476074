"""Ways beyond the window in the console: off as shipped, refused when faulty, offered when on."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert

from bot.announcements import approval, routes
from bot.announcements.announcing import Announcing
from bot.announcements.routes import Gallery
from bot.store import accounts, announcements, articles
from bot.store.schema import apps, persons
from bot.store.staff import Role
from bot.web import feed
from tests.console.conftest import Office, Visitor
from tests.console.test_announcements import MORNING

META = {
    "name": "nhac_su_kien",
    "language": "vi",
    "text": "Công đoàn xin nhắc {{1}}: {{2}}. Hẹn gặp anh/chị.",
    "value_1": "ten",
    "most_1": "30",
    "value_2": "tieu de",
    "most_2": "60",
}
ZBS = {"name": "487001", "text": "Xin chào <ten>.", "value_ten": "ten", "most_ten": "30", "cost": "250"}
ON = {"messenger_utility": "yes", "zalo_template": "yes", "zalo_broadcast": "yes"}


@pytest.fixture(autouse=True)
def known(office: Office) -> dict[str, int]:
    office.time.at = MORNING
    made: Announcing = office.app.extensions["announcing"]
    office.app.register_blueprint(feed.blueprint(feed.Feed(office.database, made.words, made.public_url)))

    def op(connection: Connection) -> dict[str, int]:
        found = {}
        for platform in ("zalo", "messenger"):
            app = {"platform": platform, "app_id": "1", "secrets": b"", "created_at": MORNING}
            pk = connection.execute(insert(apps).values(app).returning(apps.c.id)).scalar_one()
            found[platform] = accounts.save_account(
                connection, platform=platform, external_id="9", app_pk=pk, now=MORNING, name=f"Kênh {platform}"
            )
            row = {"account_id": found[platform], "user_id": "1", "created_at": MORNING, "subscribed": True}
            connection.execute(insert(persons).values(row | {"wrote_at": MORNING, "follows": True}))
        return found

    return office.database.write(op)


def gallery(office: Office) -> Gallery:
    with office.database.read() as connection:
        return Gallery.read(connection)


def add(visitor: Visitor, account: int, form: dict[str, str]) -> str:
    answer = visitor.post("/settings/routes/new", {"account": str(account), **form})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"].rpartition("/")[2].partition("?")[0]


def test_all_is_off_as_shipped(office: Office, administrator: Visitor) -> None:
    page = administrator.get("/settings/routes").text
    assert "checked" not in page
    assert "Chưa có mẫu nào" in page
    assert gallery(office) == Gallery()
    form = administrator.get("/announcements/new").text
    assert "Mẫu đã duyệt" not in form
    assert "Mã bài viết" not in form


def test_switches_are_kept_and_taken_back(office: Office, administrator: Visitor) -> None:
    assert administrator.post("/settings/routes", {**ON, "articles_a_month": "4"}).status_code == 302
    assert gallery(office).switches == set(ON)
    assert gallery(office).articles_a_month == 4
    assert administrator.post("/settings/routes", {"articles_a_month": "rất nhiều"}).status_code == 422
    assert administrator.post("/settings/routes", {}).status_code == 302
    assert gallery(office) == Gallery()


@pytest.mark.parametrize(("role", "status"), [(Role.READER, 403), (Role.UNIT, 403), (Role.PROVINCIAL, 302)])
def test_who_may_switch(office: Office, role: Role, status: int) -> None:
    visitor = office.join(role, "ai.do", (office.unit("Công đoàn A"),) if role is Role.UNIT else ())
    assert visitor.post("/settings/routes", ON).status_code == status


def test_a_template_is_asked_for_step_by_step(office: Office, administrator: Visitor, known: dict[str, int]) -> None:
    """First its text; then what stands in each of its places."""
    first = {name: META[name] for name in ("name", "language", "text")}
    page = administrator.post("/settings/routes/new", {"account": str(known["messenger"]), "act": "continue", **first})
    assert page.status_code == 200
    assert re.findall(r'name="(value_\w+)"', page.text) == ["value_1", "value_2"]
    assert gallery(office).templates == {}
    key = add(administrator, known["messenger"], META)
    (made,) = gallery(office).templates.values()
    assert (made.key, made.name, [one.value for one in made.parameters]) == (key, "nhac_su_kien", ["ten", "tieu de"])
    shown = administrator.get(f"/settings/routes/{key}").text
    assert "Công đoàn xin nhắc anh/chị: Mời dự lễ tôn vinh. Hẹn gặp anh/chị." in shown
    assert "Công đoàn xin nhắc Nguyễn Hoàng Phương Khánh Quỳ…: Mời dự lễ" in shown


@pytest.mark.parametrize(
    ("platform", "changed", "code"),
    [
        ("messenger", {"name": ""}, "ghi tên hoặc mã mẫu"),
        ("messenger", {"language": "tiếng Việt"}, "Mã ngôn ngữ"),
        ("messenger", {"text": ""}, "chép nội dung mẫu"),
        ("messenger", {"text": "{{1}} xin nhắc {{2}} nhé."}, "không đứng ở đầu hay cuối"),
        ("messenger", {"text": "Xin nhắc {{1}} {{2}}"}, "không đứng ở đầu hay cuối"),
        ("messenger", {"text": "Xin {{2}} nhắc {{3}} nhé.", "value_3": "ten", "most_3": "30"}, "liền nhau"),
        ("messenger", {"value_2": ""}, "bot điền gì vào từng chỗ"),
        ("messenger", {"value_2": "luong"}, "bot điền gì vào từng chỗ"),
        ("messenger", {"value_2": "=", "words_2": ""}, "Chữ cố định đang trống"),
        ("messenger", {"value_2": "=", "words_2": "x" * 61}, "Chữ cố định đang trống hoặc dài"),
        ("messenger", {"most_1": "0"}, "từ 1 đến 250"),
        ("messenger", {"most_1": "nhiều"}, "từ 1 đến 250"),
        ("zalo", {"name": "mau_so_1"}, "chỉ gồm chữ số"),
        ("zalo", {"cost": "ba trăm"}, "Giá là số đồng"),
        ("zalo", {"account": "0"}, "chọn kênh"),
    ],
)
def test_faulty_templates_are_refused_and_nothing_typed_is_lost(
    office: Office, administrator: Visitor, known: dict[str, int], platform: str, changed: dict[str, str], code: str
) -> None:
    form = {"account": str(known[platform]), **{"messenger": META, "zalo": ZBS}[platform], **changed}
    answer = administrator.post("/settings/routes/new", form)
    assert answer.status_code == 422
    assert code in answer.text
    assert ("value_" in answer.text) is ("{{" in form["text"] or (platform == "zalo" and form["account"] != "0"))
    assert gallery(office).templates == {}


def test_own_words_and_change_and_removal(office: Office, administrator: Visitor, known: dict[str, int]) -> None:
    key = add(administrator, known["messenger"], {**META, "value_2": "=", "words_2": "lễ tôn vinh"})
    assert gallery(office).templates[key].parameters[1].own_words == "lễ tôn vinh"
    form = {"account": str(known["messenger"]), **META}
    assert administrator.post(f"/settings/routes/{key}", form).status_code == 302
    assert gallery(office).templates[key].parameters[1].value == "tieu de"
    assert administrator.post(f"/settings/routes/{key}", {"act": "remove"}).status_code == 302
    assert gallery(office).templates == {}
    assert administrator.get(f"/settings/routes/{key}").status_code == 404


def write(visitor: Visitor, **more: object) -> tuple[int, str]:
    form = {"title": "Mời họp", "body": "Chào anh/chị.", "everybody": "y", "trial": "0", "edition": "0", **more}
    answer = visitor.post("/announcements/new", form)
    if answer.status_code != 302:
        return 0, answer.text
    number = int(answer.headers["Location"].split("/announcements/")[1].split("?")[0])
    return number, visitor.get(f"/announcements/{number}").text


def test_a_chosen_template_shows_counts_preview_and_its_conditions(
    office: Office, administrator: Visitor, known: dict[str, int]
) -> None:
    meta, zbs = add(administrator, known["messenger"], META), add(administrator, known["zalo"], ZBS)
    administrator.post("/settings/routes", ON)
    silent = persons.update().values(wrote_at=MORNING - timedelta(days=30), follows=False)
    office.database.write(lambda connection: connection.execute(silent))
    number, page = write(administrator, template=[meta, zbs])
    assert "chỉ dùng để báo việc riêng của người nhận" in page
    assert "Mẫu “487001” có phí" in page
    assert "Nhận ngay, theo mẫu của Zalo" not in page
    refused = administrator.post(f"/announcements/{number}/submit", _code(administrator))
    assert refused.status_code == 409

    number, page = write(administrator, template=[zbs], allow_cost="y")
    assert re.search(r"Nhận ngay, theo mẫu của Zalo, có phí</td><td>1<", page)
    assert "250 đ" in page
    assert "Xin chào Nguyễn Hoàng Phương Khánh Quỳ…." in page
    assert administrator.post(f"/announcements/{number}/submit", _code(administrator)).status_code == 302


def _code(visitor: Visitor) -> dict[str, str]:
    visitor.office.time.pass_by(seconds=60)
    return {"code": visitor.code()}


def test_one_template_for_each_account(office: Office, administrator: Visitor, known: dict[str, int]) -> None:
    keys = [add(administrator, known["zalo"], {**ZBS, "name": str(at)}) for at in (1, 2)]
    administrator.post("/settings/routes", ON)
    number, page = write(administrator, template=keys)
    assert number == 0
    assert "Mỗi kênh chỉ chọn được một mẫu" in page


def test_what_is_off_cannot_be_chosen(office: Office, administrator: Visitor, known: dict[str, int]) -> None:
    key = add(administrator, known["zalo"], ZBS)
    number, _ = write(administrator, template=[key], **{f"article_{known['zalo']}": "4870000001"})
    with office.database.read() as connection:
        assert approval.need(connection, number).routes == {}


def test_an_article_is_offered_counted_and_settled(
    office: Office, administrator: Visitor, known: dict[str, int]
) -> None:
    administrator.post("/settings/routes", ON)
    field = f"article_{known['zalo']}"
    assert field in administrator.get("/announcements/new").text
    number, page = write(administrator, **{field: "4870000001"})
    assert re.search(r"Nhận bằng bài viết gửi người quan tâm OA</td><td>1<", page)
    assert "sẽ dùng 1 trên 1 bài viết" in page
    assert "Bài tới cả người đã dừng nhận thông báo của bot" in page
    with office.database.read() as connection:
        assert routes.chosen(approval.need(connection, number)).articles == {known["zalo"]: "4870000001"}
    key, now = (number, known["zalo"]), office.time()

    def op(connection: Connection) -> None:
        articles.add(connection, number, {known["zalo"]: "4870000001"}, now)
        table = articles.announcement_articles
        connection.execute(table.update().values(state=articles.UNSURE, code="network.no_answer"))
        connection.execute(announcements.announcements.update().values(state="running", started_at=now))

    office.database.write(op)
    assert "Đã thấy bài" in administrator.get(f"/announcements/{number}").text
    form = {"account": str(known["zalo"]), "arrived": "yes"}
    assert administrator.post(f"/announcements/{number}/article", form).status_code == 302
    with office.database.read() as connection:
        (settled,) = articles.of(connection, number)
    assert (settled.key, settled.state) == (key, articles.SENT)


@pytest.mark.parametrize(
    ("account", "campaign", "cost", "good"),
    [
        ("870000000000001", "120000000000001", "90", True),
        ("870000000000001", "120000000000001", "", True),
        ("870000000000001", "", "", False),
        ("act_8700", "120000000000001", "", False),
        ("870000000000001", "120000000000001", "chín mươi", False),
    ],
)
def test_a_campaign_is_whole_or_none(
    office: Office, administrator: Visitor, known: dict[str, int], account: str, campaign: str, cost: str, *, good: bool
) -> None:
    page = known["messenger"]
    form = {f"ad_account_{page}": account, f"campaign_{page}": campaign, f"campaign_cost_{page}": cost}
    answer = administrator.post("/settings/routes", {"messenger_marketing": "yes", **form})
    assert answer.status_code == (302 if good else 422)
    assert (page in gallery(office).campaigns) is good
    if not good:
        assert f'value="{campaign}"' in answer.text
        return
    assert "Tin trả phí cho người đã bấm đồng ý trên Kênh messenger" in administrator.get("/announcements/new").text
    number, page_text = write(administrator, paid=[page])
    assert "Tin trả phí cần đánh dấu" in page_text
    with office.database.read() as connection:
        assert routes.chosen(approval.need(connection, number)).paid.keys() == {page}
    assert administrator.post("/settings/routes", {}).status_code == 302
    assert gallery(office) == Gallery()
