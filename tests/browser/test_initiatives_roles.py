"""Each role's screens of the initiatives, and a story from the author's yes to the public page and its feed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Connection

from bot.clock import now
from bot.console import access
from bot.console.access import ROLES, SCREENS, May
from bot.store import invitations, options, units
from bot.store.database import Database
from bot.store.staff import Role
from bot.store.units import Unit
from bot.web.initiatives import ATOM
from tests.browser.test_console_first_day import SIZES, Officer
from tests.browser.test_initiatives import Whole, begin, describe, say, send, whole
from tests.browser.test_simulator_page import browser
from tests.running import session, until

__all__ = ["browser", "whole"]  # fixtures

pytestmark = pytest.mark.browser
#: Endpoint to an address below /console.
WALK = {
    "today.show": "/",
    "initiatives.index": "/initiatives",
    "initiatives.show": "/initiatives/1",
    "initiatives_entry.add": "/initiatives/add",
    "initiatives_papers.index": "/initiatives/papers",
    "initiatives_settings.show": "/initiatives/settings",
    "initiatives_settings.field": "/initiatives/settings/fields/before",
    "initiatives_stories.index": "/initiatives/stories",
    "initiatives_stories.edit": "/initiatives/1/story",
    "initiatives_reports.index": "/reports",
    "initiatives_reports.add": "/reports/add",
    "initiatives_reports.show": "/reports/1",
}
COMPANY = "Công đoàn Công ty TNHH Hoa Mai"


@dataclass
class SetUp:
    """The same database as the running bot's: what the first officers would set up by hand."""

    database: Database
    park: int
    links: dict[Role, str] = field(default_factory=dict)


@pytest.fixture
def set_up(whole: Whole) -> Iterator[SetUp]:
    database = Database(f"sqlite:///{whole.log.parent / 'data' / 'bot.db'}")

    def op(connection: Connection) -> SetUp:
        at = now()
        park = units.save(connection, at, None, Unit(name="Công đoàn các KCN tỉnh", kind="park"))
        units.save(connection, at, None, Unit(name=COMPANY, parent_id=park, kind="grassroots"))
        options.put(connection, at, None, "initiatives", "reviewers", True)
        options.put(connection, at, None, "console", "second_factor_for_all", True)
        made = SetUp(database, park)
        for role in set(Role) - {Role.ADMINISTRATOR}:
            scope = (park,) if role is Role.UNIT else ()
            token = invitations.invite(connection, at, role=role, name=f"Vai {role}", units_of=scope)
            made.links[role] = f"{whole.root}/console/invitation/{token}"
        return made

    made = database.write(op)
    made.links[Role.ADMINISTRATOR] = whole.invitation
    yield made
    database.close()


@contextmanager
def at_work(browser: Browser, root: str, link: str, login: str) -> Iterator[Officer]:
    """Somebody who has just come by a link; what their pages complain of fails the test, except a closed door."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    officer = Officer(context.new_page(), "desk", [])
    heard = officer.complaints
    officer.page.on("pageerror", lambda error: heard.append(str(error)))
    officer.page.on(
        "console", lambda one: heard.append(one.text) if one.type == "error" and " 403" not in one.text else None
    )
    officer.create_account(link, f"Người {login}", login)
    yield officer
    context.close()
    assert heard == []


def both_sizes(officer: Officer, name: str) -> None:
    for size, (width, height) in SIZES.items():
        officer.size = size
        officer.page.set_viewport_size({"width": width, "height": height})
        officer.picture(name)


def hand_in_with_a_photo(page: Page, root: str) -> str:
    """On a phone, for the union at the workplace to read too; the code."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{root}/simulator/")
    phone = page.locator(".seat[data-platform=zalo]")
    begin(phone)
    phone.get_by_role("button", name="Gửi ảnh, nhãn dán, ghi âm").click()
    phone.locator(".sheet").get_by_role("button", name="Ảnh", exact=True).click()
    expect(phone.locator(".turn.them .bubble").last).to_contain_text("Lúc trước làm thế nào", timeout=15_000)
    describe(phone)
    say(phone, "3", "Em đổi rồi")
    return send(phone)


def walk(officer: Officer, root: str, role: Role) -> None:
    for endpoint, address in WALK.items():
        answer = officer.page.goto(f"{root}/console{address}")
        assert answer is not None
        assert (answer.status == 403) == (access.needed(endpoint, "GET") not in ROLES[role]), (role, address)
        expect(officer.page.locator("h1")).to_be_visible()
        if answer.status == 200:
            expect(
                officer.page.locator("#menu").get_by_role("link", name="Hôm nay", include_hidden=True)
            ).to_have_count(1)
            both_sizes(officer, f"{role}-{endpoint}")
            closed_doors(officer.page, role)


def closed_doors(page: Page, role: Role) -> None:
    """No page shows a link or a form that the role may not use."""
    addresses = page.locator("#main a[href^='/console/'], #main form").evaluate_all(
        "found => found.map(one => [one.method ? one.method.toUpperCase() : 'GET', one.action || one.href])"
    )
    for method, address in addresses:
        path = re.sub(r"^https?://[^/]+/console", "", str(address)).partition("?")[0]
        need = next(
            (SCREENS[name] for name, where in WALK.items() if where == path.rstrip("/") and name in SCREENS), None
        )
        if need is not None:
            needed = need[method == "POST"] if isinstance(need, tuple) else need
            assert needed in ROLES[role] or needed is May.SIGN_IN, (role, page.url, method, path)


def test_each_role_sees_its_screens_at_a_desk_and_on_a_phone(whole: Whole, set_up: SetUp, browser: Browser) -> None:
    member = browser.new_context(locale="vi-VN").new_page()
    code = hand_in_with_a_photo(member, whole.root)
    for role in (Role.ADMINISTRATOR, *sorted(set(Role) - {Role.ADMINISTRATOR})):
        with at_work(browser, whole.root, set_up.links[role], f"vai.{role.replace('_', '.')}") as officer:
            if role is Role.ADMINISTRATOR:
                ask_for_a_report(officer, whole.root)
            walk(officer, whole.root, role)
            officer.page.goto(f"{whole.root}/console/initiatives/1")
            expect(officer.page.get_by_text(code, exact=True).first).to_be_visible()
            photo = officer.page.get_by_role("img", name="Hình gửi kèm số 1")
            photo.scroll_into_view_if_needed()
            officer.page.wait_for_function("document.querySelector('img.attachment').naturalWidth > 0")
    member.context.close()


def ask_for_a_report(officer: Officer, root: str) -> None:
    page = officer.page
    page.goto(f"{root}/console/reports/add")
    page.get_by_label("Tên báo cáo").fill("Sáng kiến năm 2026")
    page.get_by_label("Văn bản yêu cầu").fill("Công văn 12/LĐLĐ ngày 20/11/2026")
    page.get_by_label("Kỳ báo cáo từ ngày").fill("2026-01-01")
    page.get_by_label("đến hết ngày").fill("2026-12-31")
    page.get_by_label("Hạn gửi").fill("2027-01-10")
    page.get_by_label("Công đoàn các KCN tỉnh").check()
    page.get_by_role("button", name="Gửi yêu cầu").click()
    expect(page.get_by_role("heading", name="Sáng kiến năm 2026")).to_be_visible()


# ---- a story ----


def test_a_story_goes_from_the_authors_yes_to_the_public_page_and_its_feed(
    whole: Whole, set_up: SetUp, browser: Browser
) -> None:
    member = browser.new_context(locale="vi-VN").new_page()
    hand_in_with_a_photo(member, whole.root)
    with at_work(browser, whole.root, whole.invitation, "can.bo") as officer:
        page = officer.page
        for purpose in ("Kể thành chuyện", "Nêu tên trong danh sách tôn vinh"):
            permit(page, whole.root, purpose)
        page.goto(f"{whole.root}/console/initiatives/1/story")
        page.get_by_label("Tên chuyện").fill("Cái gá kẹp của chị Hoa")
        page.get_by_label("Nội dung ngắn gọn").fill(
            "Trước phải giữ tay, hàn hay lệch.\nNay kẹp một cái, 3 phút là xong."
        )
        page.get_by_label("Ngành").select_option(label="Cơ khí, điện")
        page.get_by_role("radio", name="Hình số 1").check()
        page.get_by_role("button", name="Lưu", exact=True).click()
        page.get_by_role("button", name="Đăng", exact=True).click()
        expect(page.get_by_text("Đã đăng chuyện")).to_be_visible()
        for channel in ("Bài đăng Trang Facebook", "Bài viết Zalo", "Cổng thông tin", "Chuyên mục phát thanh"):
            ready = page.get_by_label(channel).input_value()
            assert "3 phút là xong" in ready
            assert "Nguyễn Thị Hoa" in ready
        assert "https://m.me/" in page.get_by_label("Bài đăng Trang Facebook").input_value()
        assert "https://zalo.me/" in page.get_by_label("Bài viết Zalo").input_value()
        both_sizes(officer, "story-ready")
        with page.expect_download() as got:
            page.get_by_role("link", name="Tải hình").click()
        assert Path(got.value.path()).read_bytes().startswith(b"\xff\xd8\xff")
        page.goto(f"{whole.root}/console/initiatives/stories")
        both_sizes(officer, "stories-one")
        public(officer, whole.root)
    feed(whole.root)
    phone = member.locator(".seat[data-platform=zalo]")
    until(lambda: told_of(phone, "Cơ khí, điện"), within_s=120, every_s=5)  # the chat looks for new ones now and then
    say(phone, "1", "Cái gá kẹp của chị Hoa")
    member.context.close()


def told_of(phone: Locator, trade: str) -> bool:
    say(phone, "xem sáng kiến hay", "sáng kiến")
    return trade in phone.locator(".turn.them .bubble").last.inner_text()


def permit(page: Page, root: str, purpose: str) -> None:
    page.goto(f"{root}/console/initiatives/1")
    page.get_by_text("Xin phép tác giả").click()
    page.get_by_label("Việc cần xin phép").select_option(label=purpose)
    page.get_by_label("Hoặc ghi lại câu trả lời đã có").fill("gọi điện ngày 24/11/2026")
    page.get_by_role("button", name="Ghi: đồng ý").click()
    expect(page.locator(".notice.good")).to_be_visible()


def public(officer: Officer, root: str) -> None:
    page = officer.page
    page.goto(f"{root}/stories")
    both_sizes(officer, "public-stories")
    page.get_by_role("link", name="Cái gá kẹp của chị Hoa").click()
    page.wait_for_function("document.querySelector('main img').naturalWidth > 0")
    expect(page.get_by_text("Tác giả: Nguyễn Thị Hoa")).to_be_visible()
    both_sizes(officer, "public-story")


def feed(root: str) -> None:
    """As a reader of feeds takes it."""
    with session() as http:
        page = http.get(f"{root}/stories", timeout=10).text
        link = re.search(r'type="application/atom\+xml"[^>]*href="([^"]+)"', page)
        assert link
        answer = http.get(root + link.group(1), timeout=10)
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    whole_feed = fromstring(answer.content)
    (entry,) = whole_feed.findall(f"{{{ATOM}}}entry")
    for one in (whole_feed, entry):
        assert value(one, "id").startswith(root)
        assert value(one, "title")
        assert abs(datetime.now(UTC) - datetime.fromisoformat(value(one, "updated"))).total_seconds() < 600
    assert value(entry, "title") == "Cái gá kẹp của chị Hoa"
    assert "3 phút là xong" in value(entry, "summary")


def value(one: Element, name: str) -> str:
    return one.findtext(f"{{{ATOM}}}{name}") or ""
