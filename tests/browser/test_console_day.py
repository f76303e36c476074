"""An officer's day in a real browser on a real `serve`: both channels connected, a member answered, duties kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_console_first_day import Officer, officers
from tests.browser.test_simulator_page import browser
from tests.running import Bot, Doubles, bot_and_doubles, start_all, until

__all__ = ["browser", "officers"]  # fixtures

pytestmark = pytest.mark.browser
WORKER = "7000000000000000001"
OWN = "7000000000000000009"
#: The console is told where the platforms are; who we are there it learns from the officer.
HOSTS = ("ZALO_API_URL", "ZALO_OAUTH_URL", "MESSENGER_API_URL", "MESSENGER_API_VERSION")


@dataclass
class World:
    bot: Bot
    platforms: Doubles
    keys: dict[str, str]

    @property
    def link(self) -> str:
        """The line that `serve` prints for the first officer."""
        return self.bot.first_sign_in()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with bot_and_doubles("", tmp_path, BOT_SIMULATOR="0") as (bot, platforms):
        keys = dict(bot.environment)
        for name in platforms.environment:
            if name not in HOSTS:
                del bot.environment[name]
        start_all(bot)
        bot.first_sign_in()
        yield World(bot, platforms, keys)


def test_a_day(world: World, officers: list[Officer]) -> None:
    officer = officers[0]
    page = officer.page
    officer.create_account(world.link, "Lê Thị Hòa", "le.hoa")
    _connect_page(world, officer)
    _connect_oa(world, officer)
    _answer(world, officer)
    _link_own_chat(world, officer)
    _duties(officer)
    officer.go("Hôm nay")
    expect(page.get_by_text("Đang hoạt động").first).to_be_visible()
    officer.picture("today")


def _connect_page(world: World, officer: Officer) -> None:
    page, keys = officer.page, world.keys
    officer.go("Kênh Zalo, Facebook")
    officer.picture("channels-empty")
    page.get_by_role("link", name="Kết nối trang Facebook").click()
    page.get_by_label("Mã ứng dụng (App ID)").fill(keys["MESSENGER_APP_ID"])
    page.get_by_label("App Secret").fill(keys["MESSENGER_APP_SECRET"])
    page.get_by_label("Mã trang (Page ID)").fill(keys["MESSENGER_PAGE_ID"])
    page.get_by_label("Page Access Token").fill(keys["MESSENGER_PAGE_ACCESS_TOKEN"])
    page.get_by_label("Tên để dễ nhận").fill("LĐLĐ tỉnh")
    officer.picture("channel-page")
    page.get_by_role("button", name="Lưu và kiểm tra").click()
    expect(page.get_by_text("Mọi bước đã xong")).to_be_visible()
    officer.picture("channel-page-checked")
    page.get_by_role("button", name="Chép").first.click()
    expect(page.get_by_role("button", name="Đã chép")).to_be_visible()


def _connect_oa(world: World, officer: Officer) -> None:
    page, keys = officer.page, world.keys
    officer.go("Kênh Zalo, Facebook")
    page.get_by_role("link", name="Kết nối Zalo OA").click()
    page.get_by_label("Mã ứng dụng (App ID)").fill(keys["ZALO_APP_ID"])
    page.get_by_label("Khóa bí mật của ứng dụng").fill(keys["ZALO_APP_SECRET"])
    page.get_by_label("Mã OA").fill(keys["ZALO_OA_ID"])
    page.get_by_label("OA Secret Key").fill(keys["ZALO_OA_SECRET_KEY"])
    officer.picture("channel-oa")
    page.get_by_role("button", name="Lưu và kiểm tra").click()
    page.get_by_role("button", name="Lấy đồng ý trên Zalo").click()
    officer.picture("channel-consent")
    page.get_by_role("link", name="Mở trang đồng ý của Zalo").click()
    page.get_by_role("link", name="Đồng ý cấp quyền").click()
    expect(page.get_by_text("Mọi bước đã xong")).to_be_visible()
    officer.picture("channel-oa-checked")


def _answer(world: World, officer: Officer) -> None:
    page, platforms = officer.page, world.platforms
    platforms.say("zalo", WORKER, "cho em gặp cán bộ ạ")
    before = len(platforms.wait_for(WORKER, 1))
    platforms.say("zalo", WORKER, "công ty không trả tiền tăng ca")
    first = len(platforms.wait_for(WORKER, before + 1))
    officer.go("Hôm nay")
    officer.picture("today-waiting")
    page.get_by_role("link", name="Người nhắn số 1").click()
    expect(page.get_by_text("công ty không trả tiền tăng ca")).to_be_visible()
    expect(page.get_by_text("Gửi được ngay")).to_be_visible()
    officer.picture("conversation")
    page.get_by_label("Trả lời").fill("Chào anh, tôi là Hòa, cán bộ công đoàn. Anh làm ở công ty nào ạ?")
    page.get_by_role("button", name="Gửi", exact=True).click()
    sent = platforms.wait_for(WORKER, first + 1)
    assert "tôi là Hòa" in str(sent[-1])
    platforms.say("zalo", WORKER, "dạ em làm ở Hoa Mai")
    expect(page.get_by_text("dạ em làm ở Hoa Mai")).to_be_visible(timeout=15_000)  # the page renews itself
    expect(page.get_by_text(re.compile("Đã tới máy|Đã xem|Đã gửi")).first).to_be_visible()
    officer.picture("conversation-live")
    page.get_by_text("Giao việc và ghi chú").click()
    page.get_by_label("Ghi chú cho đồng nghiệp").fill("Gọi công ty Hoa Mai chiều nay")
    page.get_by_role("button", name="Lưu ghi chú").click()
    expect(page.get_by_text("Gọi công ty Hoa Mai chiều nay")).to_be_visible()
    page.get_by_role("button", name="Giao lại cho bot").click()
    expect(page.get_by_text("Đã giao lại cho bot")).to_be_visible()
    officer.go("Hội thoại")
    page.get_by_label("Tìm trong lời đoàn viên và cán bộ").fill("tang ca")
    page.get_by_role("button", name="Tìm").click()
    expect(page.get_by_role("link", name="Người nhắn số 1")).to_be_visible()
    officer.picture("conversations")


def _link_own_chat(world: World, officer: Officer) -> None:
    page, platforms = officer.page, world.platforms
    officer.go("Báo việc cho tôi")
    page.get_by_role("button", name="Lấy mã để nối").click()
    code = page.locator("strong.key").inner_text()
    officer.picture("notices")
    platforms.say("zalo", OWN, code)
    told = platforms.wait_for(OWN, 1)
    assert "Đã nối" in str(told[0])
    platforms.say("messenger", WORKER, "có người dọa giết em")
    heard = until(lambda: [one for one in platforms.calls(OWN) if "/console/conversations/" in str(one)], within_s=60)
    assert heard


def _duties(officer: Officer) -> None:
    page = officer.page
    officer.go("Đoàn viên")
    officer.picture("people")
    page.get_by_role("link", name="Người nhắn số 1", exact=True).click()
    officer.picture("person")
    page.get_by_role("link", name="Ghi một yêu cầu").click()
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("Đã ghi yêu cầu")).to_be_visible()
    officer.picture("request")
    officer.go("Dữ liệu cá nhân")
    officer.picture("requests")
    page.get_by_role("link", name="Sự cố", exact=True).click()
    page.get_by_role("link", name="Ghi một sự cố").click()
    page.get_by_label("Tên sự cố").fill("Mất điện thoại có mở bảng điều khiển")
    page.get_by_role("button", name="Lưu và bắt đầu tính giờ").click()
    expect(page.get_by_text("Đồng hồ 72 giờ đang chạy")).to_be_visible()
    page.get_by_label("Hoặc số của từng người").fill("1")
    page.get_by_role("button", name="Thêm vào danh sách").click()
    expect(page.get_by_role("heading", name="Người bị ảnh hưởng: 1")).to_be_visible()
    officer.picture("incident")
