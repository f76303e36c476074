"""The chat page in a real browser: a member on each platform, the raw exchange, faults, a phone-size screen."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.simulator.conftest import Desk, bot, desk

__all__ = ["bot", "desk"]  # fixtures

pytestmark = pytest.mark.browser
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MENU = "Anh/chị chọn giúp em:\n1. Hỏi về Kế hoạch 487\n2. Gửi sáng kiến\nAnh/chị nhắn số để chọn."


def chromium() -> str | None:
    named = os.environ.get("BOT_TEST_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: set BOT_TEST_CHROMIUM or put chromium on PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser says against the page: errors, and what the content policy stopped."""
    return []


@pytest.fixture
def page(browser: Browser, desk: Desk, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="vi-VN")
    opened = context.new_page()
    opened.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{desk.root}/")
    for platform in ("zalo", "messenger"):  # somebody holds the phone
        expect(seat(opened, platform).locator(".who")).to_have_value(re.compile(r"\d+"))
    yield opened
    context.close()
    assert complaints == []


def seat(page: Page, platform: str) -> Locator:
    return page.locator(f".seat[data-platform={platform}]")


def write(page: Page, platform: str, text: str) -> None:
    field = seat(page, platform).get_by_label("Tin nhắn", exact=True)
    field.fill(text)
    field.press("Enter")


def person(desk: Desk, platform: str) -> str:
    """Find the one person who wrote."""
    double = desk.simulator.double(platform)
    (only,) = [found for found in double.people.all() if found.wrote]
    return only.id


def test_a_member_on_zalo(page: Page, desk: Desk) -> None:
    phone = seat(page, "zalo")
    write(page, "zalo", "chào em")
    expect(phone.locator(".turn.me .bubble")).to_contain_text("chào em")
    expect(phone.locator(".turn.me .state")).to_have_text("Đã nhận")
    desk.cs({"text": MENU}, user=person(desk, "zalo"))
    expect(phone.locator(".turn.them .bubble")).to_contain_text("Anh/chị chọn giúp em:")
    phone.get_by_role("button", name="2. Gửi sáng kiến").click()
    expect(phone.locator(".turn.me .bubble").last).to_contain_text("2")
    expect(phone.get_by_role("button", name="2. Gửi sáng kiến")).to_have_count(0)  # an old menu is text
    seen, said = desk.bot.wait_for("user_seen_message", "user_send_text")
    assert seen.signed
    assert said.json["message"]["text"] == "chào em"
    texts = [item.json["message"]["text"] for item in desk.bot.seen if item.event == "user_send_text"]
    assert texts == ["chào em", "2"]


def test_follow_and_unfollow(page: Page, desk: Desk) -> None:
    phone = seat(page, "zalo")
    phone.get_by_role("button", name="Quan tâm", exact=True).click()
    expect(phone.locator(".follow")).to_have_text("Bỏ quan tâm")
    phone.locator(".follow").click()
    expect(phone.locator(".follow")).to_have_text("Quan tâm")
    desk.bot.wait_for("follow", "unfollow")


def test_a_member_on_messenger(page: Page, desk: Desk) -> None:
    phone = seat(page, "messenger")
    phone.get_by_role("button", name="Bắt đầu").click()
    (start,) = desk.bot.wait_for("postback")
    assert start.item["postback"]["payload"] == "START"
    user = person(desk, "messenger")
    path = f"v25.0/{desk.page.external_id}/messages"
    desk.graph("POST", path, body={"recipient": {"id": user}, "sender_action": "typing_on"})
    expect(phone.locator(".dots")).to_be_visible()
    replies = [{"content_type": "text", "title": title, "payload": f"@@1:{title}"} for title in ("Có", "Không")]
    desk.send({"text": "Gửi luôn nhé?", "quick_replies": replies}, user=user)
    expect(phone.locator(".dots")).to_have_count(0)
    phone.locator(".choices").get_by_role("button", name="Có").click()
    expect(phone.locator(".choices")).to_be_hidden()
    (tapped,) = desk.bot.wait_for("message")
    assert tapped.item["message"]["quick_reply"] == {"payload": "@@1:Có"}
    desk.bot.wait_for("read")


def test_buttons_links_and_the_menu(page: Page, desk: Desk) -> None:
    actions = [{"type": "postback", "title": "Hỏi đáp", "payload": "@@1:ask"}]
    menu = [{"locale": "default", "composer_input_disabled": False, "call_to_actions": actions}]
    greeting = [{"locale": "default", "text": "Chào anh/chị đoàn viên"}]
    desk.graph("POST", "v25.0/me/messenger_profile", body={"persistent_menu": menu, "greeting": greeting})
    phone = seat(page, "messenger")
    expect(phone.locator(".greeting")).to_have_text("Chào anh/chị đoàn viên")
    phone.get_by_role("button", name="Bắt đầu").click()
    desk.bot.wait_for("postback")
    buttons = [
        {"type": "web_url", "title": "Mở Kế hoạch", "url": "https://example.vn/"},
        {"type": "postback", "title": "Xem thêm", "payload": "@@1:more"},
    ]
    payload = {"template_type": "button", "text": "Toàn văn đây ạ", "buttons": buttons}
    desk.send({"attachment": {"type": "template", "payload": payload}}, user=person(desk, "messenger"))
    expect(phone.get_by_role("link", name="Mở Kế hoạch")).to_have_attribute("href", "https://example.vn/")
    phone.get_by_role("button", name="Xem thêm").click()
    phone.get_by_role("button", name="Menu").click()
    phone.locator(".sheet").get_by_role("button", name="Hỏi đáp").click()
    seen = desk.bot.wait(lambda seen: sum(item.event == "postback" for item in seen) == 3)
    payloads = [item.item["postback"]["payload"] for item in seen if item.event == "postback"]
    assert payloads == ["START", "@@1:more", "@@1:ask"]


@pytest.mark.parametrize(("name", "event"), [("Ảnh", "user_send_image"), ("Ghi âm", "user_send_audio")])
def test_a_picture_and_a_voice(page: Page, desk: Desk, name: str, event: str) -> None:
    phone = seat(page, "zalo")
    phone.get_by_role("button", name="Gửi ảnh, nhãn dán, ghi âm").click()
    phone.locator(".sheet").get_by_role("button", name=name, exact=True).click()
    (came,) = desk.bot.wait_for(event)
    url = came.json["message"]["attachments"][0]["payload"]["url"]
    assert desk.http.get(url, timeout=5).status_code == 200
    expect(phone.locator(".turn.me .bubble")).to_be_visible()
    expect(phone.locator(".sheet")).to_be_hidden()


def test_what_a_member_writes_is_only_text(page: Page) -> None:
    write(page, "zalo", "<img src=x onerror=alert(1)> https://example.vn/a?b=1.")
    bubble = seat(page, "zalo").locator(".turn.me .bubble")
    expect(bubble).to_contain_text("<img src=x onerror=alert(1)>")
    expect(bubble.locator("img")).to_have_count(0)
    expect(bubble.locator("a")).to_have_attribute("href", "https://example.vn/a?b=1")


def test_somebody_else_and_back(page: Page, desk: Desk) -> None:
    write(page, "zalo", "tôi là người đầu")
    phone = seat(page, "zalo")
    expect(phone.locator(".turn.me .bubble")).to_be_visible()
    first = phone.locator(".who").input_value()
    phone.locator(".who").select_option("")
    expect(phone.locator(".hello")).to_be_visible()
    expect(phone.locator(".who")).to_have_value(re.compile(r"\d+"))
    assert phone.locator(".who").input_value() != first
    page.reload()
    expect(phone.locator(".who option")).to_have_count(3)
    phone.locator(".who").select_option(first)
    expect(phone.locator(".turn.me .bubble")).to_contain_text("tôi là người đầu")
    assert len(desk.simulator.zalo.people) == 2


def test_the_raw_exchange(page: Page, desk: Desk) -> None:
    write(page, "zalo", "sáng kiến")
    row = page.locator("#exchanges li", has_text="user_send_text")
    row.locator("summary").click()
    expect(row.locator("pre")).to_have_count(2)
    request, answer = row.locator("pre").all()
    expect(request).to_contain_text('"text": "sáng kiến"')
    expect(request.locator(".signature")).to_contain_text("X-ZEvent-Signature: mac=")
    expect(answer).to_contain_text("HTTP 200")
    page.locator("#only").select_option("messenger")
    expect(row).to_be_hidden()


def test_a_fault_from_the_drawer(page: Page, desk: Desk) -> None:
    page.get_by_role("button", name="Tạo sự cố").click()
    page.get_by_label("Chuyện gì xảy ra").select_option("duplicate")
    page.get_by_role("button", name="Thêm sự cố").click()
    expect(page.locator("#faults li")).to_have_text("Zalo: Đến hai lần, 1 lần nữa")
    page.get_by_role("button", name="Kiểm tra webhook").click()
    expect(page.locator("#account-said")).to_have_text("HTTP 200, HTTP 200")
    page.get_by_role("button", name="Đóng").click()
    write(page, "zalo", "hai lần")
    desk.bot.wait(lambda seen: sum("hai lần".encode() in item.raw for item in seen) == 2)
    expect(page.locator("#fault-count")).to_be_hidden()


def test_time_goes_by_and_staff_write(page: Page, desk: Desk) -> None:
    write(page, "zalo", "chào")
    phone = seat(page, "zalo")
    expect(phone.locator(".window")).to_have_text("Được nhắn tự do")
    page.get_by_role("button", name="Tạo sự cố").click()
    page.get_by_role("button", name="8 ngày trôi qua").click()
    expect(phone.locator(".window")).to_have_text("Hết hạn nhắn tự do")
    page.get_by_label("Lời cán bộ").fill("Tôi là cán bộ")
    page.get_by_role("button", name="Nhắn", exact=True).click()
    expect(phone.locator(".turn.them .by")).to_have_text("Cán bộ công đoàn")
    (echo,) = desk.bot.wait_for("oa_send_text")
    assert echo.json["sender"]["admin_id"]


def test_the_server_goes_and_comes(page: Page, complaints: list[str]) -> None:
    page.route("**/page/state*", lambda route: route.abort())
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/page/state*")
    expect(page.locator("#offline")).to_be_hidden()
    complaints.clear()  # the browser reports the calls that failed


@pytest.mark.parametrize("width", [360, 390, 720, 1000, 1400])
def test_it_fits_the_screen(page: Page, desk: Desk, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 760})
    write(page, "zalo", "một tin khá dài để xem bong bóng có tràn ra ngoài màn hình điện thoại nhỏ hay không " * 3)
    expect(seat(page, "zalo").locator(".turn.me .bubble")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if width <= 720:
        expect(seat(page, "messenger")).to_be_hidden()
        page.get_by_role("button", name="Messenger", exact=True).click()
        expect(seat(page, "messenger")).to_be_visible()
        expect(seat(page, "zalo")).to_be_hidden()
