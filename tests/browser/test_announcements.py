"""The whole path of an announcement in a real browser, with the real bot and the platforms' doubles.

Written, previewed, approved by a leader on a phone, started, paused, resumed, accounted for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, expect

from bot.store.database import Database
from tests.announcements.crowd import gather, noon_zone
from tests.browser.test_console_first_day import Officer
from tests.browser.test_simulator_page import browser
from tests.running import Bot, Doubles, bot_and_doubles, start_all, until

__all__ = ["browser"]  # a fixture

pytestmark = pytest.mark.browser
PEOPLE = 300


@dataclass
class Town:
    bot: Bot
    doubles: Doubles

    @property
    def invitation(self) -> str:
        return self.bot.first_sign_in()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with bot_and_doubles("", tmp_path, BOT_TIMEZONE=noon_zone()) as (bot, doubles):
        start_all(bot)
        database = Database(f"sqlite:///{tmp_path / 'data' / 'bot.db'}")
        gather(database, doubles, "messenger", PEOPLE)
        gather(database, doubles, "zalo", 20, wrote_s_ago=3 * 24 * 3600)
        database.close()
        yield Town(bot, doubles)


def test_from_writing_to_the_closing_account(town: Town, browser: Browser) -> None:
    officer = _window(browser, "desk")
    officer.create_account(town.invitation, "Trần Thị Lan", "lan.tran")
    officer.page.goto(f"{town.bot.url}/console/announcements")
    officer.page.get_by_role("link", name="Viết thông báo").click()
    _write(officer)
    _preview_and_submit(officer, town)
    link = _leaders_link(officer)

    leader = _window(browser, "phone")
    leader.page.goto(link)
    expect(leader.page.get_by_role("heading", name="Duyệt thông báo")).to_be_visible()
    expect(leader.page.get_by_role("row", name="Người nhận")).to_contain_text(str(PEOPLE + 20))
    leader.picture("approve")
    leader.page.get_by_role("button", name="Duyệt", exact=True).click()
    expect(leader.page.get_by_role("heading", name="Đã duyệt")).to_be_visible()
    leader.page.goto(link)
    expect(leader.page.get_by_text("Liên kết không còn dùng được").first).to_be_visible()

    _send(officer, town)
    assert officer.complaints == []
    assert [said for said in leader.complaints if "410" not in said] == []


def _window(browser: Browser, size: str) -> Officer:
    wide = {"desk": (1280, 900), "phone": (390, 844)}[size]
    context = browser.new_context(viewport={"width": wide[0], "height": wide[1]}, locale="vi-VN")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return Officer(page, size, complaints)


def _write(officer: Officer) -> None:
    page = officer.page
    page.get_by_label("Tiêu đề").fill("Mời dự lễ tôn vinh")
    page.get_by_label("Nội dung").fill("Chào {tên} ở {đơn vị}.\nMời đến dự lễ lúc 8 giờ sáng thứ Bảy.")
    page.get_by_label("Nút", exact=False).first.fill("Xem chương trình | https://congdoan.example.vn/le")
    page.get_by_text("Nâng cao").click()
    page.get_by_label("Câu hỏi kèm theo").fill("Em đi được\nEm bận")
    page.get_by_label("Tốc độ tối đa").fill("40")
    officer.picture("write")
    page.get_by_role("button", name="Lưu và xem trước").click()


def _preview_and_submit(officer: Officer, town: Town) -> None:
    page = officer.page
    expect(page.get_by_text("Đã lưu. Xem trước bên dưới rồi gửi duyệt.")).to_be_visible()
    expect(page.get_by_text("3 nút thành danh sách đánh số.")).to_be_visible()
    expect(page.get_by_text("Khi không có thông tin của người nhận").first).to_be_visible()
    expect(page.get_by_role("row", name="Người nhận")).to_contain_text(str(PEOPLE + 20))
    expect(page.get_by_role("row", name="Nhận ngay").first).to_contain_text(str(PEOPLE))
    expect(page.get_by_role("row", name="Giữ lại")).to_contain_text("20")
    officer.picture("preview")
    page.get_by_label("Mã 6 số trên điện thoại").fill(_fresh_code(officer))
    page.get_by_role("button", name="Gửi duyệt").click()
    expect(page.get_by_text("Đã gửi duyệt. Một người khác cần xem và duyệt.")).to_be_visible()
    expect(page.get_by_role("button", name="Duyệt", exact=True)).to_have_count(0)  # one's own is not approved


def _leaders_link(officer: Officer) -> str:
    page = officer.page
    page.get_by_label("Mời lãnh đạo duyệt bằng liên kết").fill("Ông Nguyễn Văn Ba, Phó Chủ tịch")
    page.get_by_role("button", name="Tạo liên kết").click()
    link = page.get_by_label("Liên kết").input_value()
    officer.picture("link")
    page.get_by_role("link", name="Mời dự lễ tôn vinh").click()
    return link


def _send(officer: Officer, town: Town) -> None:
    page = officer.page
    page.reload()
    page.get_by_label("Mã 6 số trên điện thoại").fill(_fresh_code(officer))
    page.get_by_role("button", name="Bắt đầu gửi").click()
    until(lambda: len(town.doubles.calls()) > 30, within_s=60)
    page.get_by_role("button", name="Tạm dừng").click()
    expect(page.get_by_role("button", name="Gửi tiếp")).to_be_visible()
    officer.picture("paused")
    town.bot.ready()
    until(lambda: _still(town))
    sent = len(town.doubles.calls())
    page.reload()
    expect(page.locator('[data-is="sent"]')).to_have_text(str(sent))
    page.get_by_role("button", name="Gửi tiếp").click()
    expect(page.get_by_text("Kết quả gửi").first).to_be_visible(timeout=60_000)
    page.reload()
    calls = town.doubles.calls()
    assert len(calls) == len({call["user"] for call in calls}) == PEOPLE
    expect(page.get_by_role("row", name="Cộng")).to_contain_text(f"{PEOPLE + 20} / {PEOPLE + 20}")
    expect(page.get_by_role("row", name="Giữ lại, chờ họ nhắn")).to_contain_text("20")
    expect(page.locator("svg.sending-plot")).to_be_visible()
    officer.picture("closing")
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải kết quả về Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")


def _still(town: Town) -> bool:
    """Nothing more leaves: two looks a second apart see the same."""
    before = len(town.doubles.calls())
    time.sleep(1.0)
    return len(town.doubles.calls()) == before


#: Login to the newest half minute whose code was used: none is taken twice.
_used: dict[str, int] = {}


def _fresh_code(officer: Officer) -> str:
    """A code that was not used yet: of the next half minute, which the bot takes as clocks differ."""
    step = max(_used.get(officer.secret, 0), int(time.time()) // 30) + 1
    _used[officer.secret] = step
    until(lambda: step <= int(time.time()) // 30 + 1, within_s=40)
    return pyotp.TOTP(officer.secret).at(step * 30)
