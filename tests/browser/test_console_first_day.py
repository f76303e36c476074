"""An officer's first day in a real browser: the printed link, a colleague, units, a text; also on a phone."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from openpyxl import load_workbook
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from werkzeug.serving import make_server

from bot import clock
from bot.runtime import Store
from bot.settings import load
from bot.store import invitations
from tests.browser.test_simulator_page import browser
from tests.console.conftest import mount

__all__ = ["browser"]  # a fixture

pytestmark = pytest.mark.browser
PASSWORD = "lúa chín vàng đồng"
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
#: Set it to a folder and the pages are kept there as pictures, to be looked at.
PICTURES = os.environ.get("BOT_TEST_PICTURES", "")


@dataclass
class Site:
    root: str
    link: str  # what `serve` prints


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    store = Store(load({"SECRET_KEY": "k" * 40, "BOT_DATA_DIR": str(tmp_path)}))
    app = Flask("test")
    mount(app, store)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    root = f"http://127.0.0.1:{server.server_port}"
    token = invitations.first_invitation(store.database, clock.now())
    yield Site(root, f"{root}/console/invitation/{token}")
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()
    store.close()


@dataclass
class Officer:
    """Somebody with a browser window and, once set up, a phone with an authenticator."""

    page: Page
    size: str
    complaints: list[str]
    secret: str = ""

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=f"{PICTURES}/{self.size}-{name}.png", full_page=True)
        wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not self.page.evaluate(wider), f"{name} is wider than the screen"

    def go(self, label: str) -> None:
        if self.size == "phone":
            self.page.get_by_role("button", name="Danh mục", exact=True).click()
            expect(self.page.get_by_role("button", name="Đóng danh mục")).to_be_visible()
        self.page.locator("#menu").get_by_role("link", name=label, exact=True).click()

    def create_account(self, link: str, name: str, login: str) -> None:
        self.page.goto(link)
        self.page.get_by_label("Họ và tên").fill(name)
        self.page.get_by_label("Tên đăng nhập").fill(login)
        self.page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
        self.page.get_by_label("Nhập lại mật khẩu").fill(PASSWORD)
        self.picture("invitation")
        self.page.get_by_role("button", name="Tiếp tục").click()
        self.page.get_by_text("Không quét được?").click()
        self.secret = self.page.locator("code.key").inner_text()
        self.picture("phone")
        self.page.get_by_label("Mã 6 số").fill(pyotp.TOTP(self.secret).now())
        self.page.get_by_role("button", name="Bật và tiếp tục").click()
        expect(self.page.locator(".codes li")).to_have_count(10)
        self.picture("codes")
        self.page.get_by_role("link", name="Tôi đã cất mã").click()
        expect(self.page.get_by_role("heading", name="Hôm nay")).to_be_visible()


@pytest.fixture(params=list(SIZES))
def officers(request: pytest.FixtureRequest, browser: Browser) -> Iterator[list[Officer]]:
    """Two people, each with their own browser; whatever the pages complain of fails the test."""
    width, height = SIZES[request.param]
    contexts = [browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN") for _ in range(2)]
    made = [Officer(context.new_page(), request.param, []) for context in contexts]
    for officer in made:
        _listen(officer)
    yield made
    for context in contexts:
        context.close()
    assert [officer.complaints for officer in made] == [[], []]


def _listen(officer: Officer) -> None:
    def heard(said: ConsoleMessage) -> None:
        if said.type == "error" and "status of 422" not in said.text:  # a form with a fault, as meant
            officer.complaints.append(said.text)

    officer.page.on("console", heard)
    officer.page.on("pageerror", lambda error: officer.complaints.append(str(error)))


def test_from_the_printed_link_to_a_colleague_at_work(site: Site, officers: list[Officer], tmp_path: Path) -> None:
    first, second = officers
    first.create_account(site.link, "Nguyễn Thị Lan", "lan.nguyen")
    expect(first.page.get_by_text("Mới có một quản trị viên")).to_be_visible()
    first.picture("today")
    _units(first, tmp_path)
    link = _invite(first)
    second.create_account(link, "Trần Văn Bình", "binh.tran")
    second.go("Đơn vị")
    expect(second.page.get_by_text("Công đoàn Công ty B")).to_be_visible()
    expect(second.page.get_by_role("link", name="Nhập từ Excel")).to_have_count(0)
    _sign_in_again(second, site)
    _text(first)
    _settings(first)
    first.go("Nhật ký")
    first.page.get_by_role("button", name="Kiểm tra nhật ký").click()
    expect(first.page.get_by_text("Nhật ký nguyên vẹn")).to_be_visible()
    first.picture("audit")


def _units(officer: Officer, folder: Path) -> None:
    """The template as it comes, with one fault put in and taken out again."""
    officer.go("Đơn vị")
    officer.page.get_by_role("link", name="Nhập từ Excel").first.click()
    officer.picture("units-load")
    with officer.page.expect_download() as download:
        officer.page.get_by_role("link", name="Tải tệp mẫu").click()
    good, bad = folder / "good.xlsx", folder / "bad.xlsx"
    download.value.save_as(good)
    book = load_workbook(good)
    book.worksheets[0]["C3"] = "không có"
    book.save(bad)
    officer.page.get_by_label("Tệp Excel").set_input_files(bad)
    officer.page.get_by_role("button", name="Kiểm tra").click()
    expect(officer.page.get_by_text("Không thấy đơn vị cấp trên")).to_be_visible()
    officer.picture("units-check")
    officer.page.get_by_role("link", name="Gửi tệp khác").click()
    officer.page.get_by_label("Tệp Excel").set_input_files(good)
    officer.page.get_by_role("button", name="Kiểm tra").click()
    officer.page.get_by_role("button", name="Nhập 2 đơn vị").click()
    expect(officer.page.get_by_text("Đã nhập danh sách đơn vị")).to_be_visible()
    officer.picture("units")
    officer.page.get_by_role("link", name="Công đoàn Công ty B", exact=True).click()
    officer.picture("unit")
    officer.page.get_by_role("link", name="Áp phích có mã QR").click()
    expect(officer.page.get_by_text("Chưa có OA Zalo")).to_be_visible()


def _invite(officer: Officer) -> str:
    officer.go("Cán bộ")
    officer.page.get_by_role("link", name="Mời đồng nghiệp").click()
    officer.page.get_by_label("Họ và tên người được mời").fill("Trần Văn Bình")
    officer.page.get_by_label(re.compile("^Cán bộ đơn vị")).check()
    officer.page.get_by_role("button", name="Tạo liên kết mời").click()
    expect(officer.page.get_by_role("alert")).to_contain_text("ít nhất một đơn vị")
    officer.page.get_by_label("Công đoàn khu công nghiệp A").check()
    officer.picture("invite")
    officer.page.get_by_role("button", name="Tạo liên kết mời").click()
    expect(officer.page.locator(".qr-box svg")).to_be_visible()
    officer.picture("link")
    return officer.page.get_by_label("Liên kết").input_value()


def _sign_in_again(officer: Officer, site: Site) -> None:
    if officer.size == "phone":
        officer.page.get_by_role("button", name="Danh mục", exact=True).click()
    officer.page.get_by_role("button", name="Đăng xuất").click()
    expect(officer.page.get_by_text("Anh/chị đã đăng xuất")).to_be_visible()
    officer.page.goto(f"{site.root}/console/units")
    officer.page.get_by_label("Tên đăng nhập").fill("binh.tran")
    officer.page.get_by_label("Mật khẩu").fill(PASSWORD)
    officer.picture("sign-in")
    officer.page.keyboard.press("Enter")
    used = pyotp.TOTP(officer.secret)
    # the code of this half minute is used up; the next one is taken already, as the clocks of phones may be ahead
    officer.page.get_by_label("Mã 6 số trên điện thoại").fill(used.at(clock.now() + timedelta(seconds=30)))
    officer.picture("code")
    officer.page.keyboard.press("Enter")
    expect(officer.page.get_by_role("heading", name="Đơn vị")).to_be_visible()


def _text(officer: Officer) -> None:
    officer.go("Câu chữ và trả lời")
    officer.picture("content")
    officer.page.get_by_label("Tìm").fill("ngay 18/5")
    officer.page.get_by_role("button", name="Tìm").click()
    officer.page.locator(".rows a").first.click()
    officer.page.get_by_label("Trả lời ngắn").fill("Dạ {anh_chi} ơi, {em} thử câu mới.")
    expect(officer.page.locator("#preview .bubble").first).to_contain_text("Dạ anh/chị ơi, em thử câu mới.")
    officer.picture("answer")
    officer.page.get_by_role("button", name="Lưu").click()
    expect(officer.page.get_by_text("Bot dùng nội dung mới")).to_be_visible()
    officer.page.get_by_role("button", name="Về bản gốc").click()
    expect(officer.page.get_by_text("Đã khôi phục")).to_be_visible()
    officer.picture("versions")


def _settings(officer: Officer) -> None:
    officer.go("Cài đặt")
    officer.picture("settings")
    officer.page.get_by_role("link", name="Giờ làm việc").click()
    officer.page.get_by_label("Thứ Hai").fill("sáng")
    officer.page.get_by_role("button", name="Lưu").click()
    expect(officer.page.get_by_text("Giờ chưa đúng")).to_be_visible()
    officer.picture("hours-fault")
    officer.page.get_by_label("Thứ Hai").fill("7h30-11h30")
    officer.page.get_by_role("button", name="Lưu").click()
    expect(officer.page.get_by_label("Thứ Hai")).to_have_value("07:30-11:30")
    officer.picture("hours")
