"""A member's whole journey and the officers' screens in a real browser, on a desk and on a phone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import create_engine

from bot.store.tables import metadata
from tests.browser.test_console_first_day import SIZES, Officer, _listen
from tests.browser.test_simulator_page import browser
from tests.running import SECRET, Bot, free_port

__all__ = ["browser"]  # a fixture

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("BOT_TEST_PICTURES", "")


@dataclass
class Whole:
    """The bot as it is installed: the chat page, the console, real files."""

    root: str
    invitation: str
    log: Path


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    port = free_port()
    bot = Bot({"BOT_DATA_DIR": str(tmp_path / "data"), "SECRET_KEY": SECRET}, tmp_path, [port])
    program = bot.start("serve")
    link = bot.first_sign_in()
    engine = create_engine(f"sqlite:///{tmp_path / 'data' / 'bot.db'}")
    metadata.create_all(engine)
    engine.dispose()
    yield Whole(bot.url, link, program.log)
    bot.close()


def say(phone: Locator, text: str, answer: str) -> None:
    """Write one message and wait for what the bot says."""
    field = phone.get_by_label("Tin nhắn", exact=True)
    field.fill(text)
    field.press("Enter")
    expect(phone.locator(".turn.them .bubble").last).to_contain_text(answer, timeout=15_000)


def hand_in(page: Page, root: str) -> str:
    """From the first word to the code, as a member on Zalo does it."""
    page.goto(f"{root}/simulator/")
    phone = page.locator(".seat[data-platform=zalo]")
    begin(phone)
    describe(phone)
    return send(phone)


def begin(phone: Locator) -> None:
    """To the consent and the first question behind it."""
    say(phone, "em làm cái gá kẹp tiết kiệm 2p mỗi sp, nộp ở đâu", "đồng ý không?")
    say(phone, "1", "Lúc trước làm thế nào")


def describe(phone: Locator) -> None:
    """From there to the summary that waits to be sent."""
    say(phone, "trước phải giữ tay, hàn hay lệch", "Nay được lợi gì")
    say(phone, "trước 5 phút 1 cái, nay 3 phút", "từ khi nào")
    say(phone, "dùng từ 3/2026", "làm ở đâu")
    say(phone, "cty Hoa Mai", "năm sinh")
    say(phone, "Nguyễn Thị Hoa 1990", "bấm Gửi")


def send(phone: Locator) -> str:
    """Press "Gửi" in the summary; the code."""
    say(phone, "1", "báo cách nào")
    receipt = phone.locator(".turn.them .bubble").filter(has_text="Mã theo dõi").last.inner_text()
    found = re.search(r"SK-\d{5}-\d", receipt)
    assert found
    say(phone, "1", "nhắn tại đây")
    return found.group(0)


@pytest.fixture(params=list(SIZES))
def officer(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Officer]:
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN")
    made = Officer(context.new_page(), request.param, [])
    _listen(made)
    yield made
    context.close()
    assert made.complaints == []


def test_from_the_first_word_to_the_answer(whole: Whole, officer: Officer, browser: Browser) -> None:
    member = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN").new_page()
    code = hand_in(member, whole.root)
    page = officer.page
    officer.create_account(whole.invitation, "Trần Văn Tỉnh", "can.bo.tinh")
    expect(page.get_by_text("1 hồ sơ mới nhận")).to_be_visible()
    officer.go("Sáng kiến")
    expect(page.get_by_text("1 hồ sơ.")).to_be_visible()
    officer.picture("initiatives")
    page.get_by_role("link", name=re.compile("em làm cái gá kẹp")).click()
    expect(page.get_by_text(code, exact=True).first).to_be_visible()
    officer.picture("initiative")
    page.get_by_label("Chuyển sang").select_option(label="Cần bổ sung")
    page.get_by_label("Lời nhắn, câu hỏi hoặc lý do").fill("Bao nhiêu máy đang dùng?")
    page.get_by_role("button", name="Chuyển và báo tác giả").click()
    expect(page.get_by_text("Đã đổi trạng thái và báo tác giả")).to_be_visible()
    phone = member.locator(".seat[data-platform=zalo]")
    expect(phone.locator(".turn.them .bubble").last).to_contain_text("Bao nhiêu máy đang dùng?", timeout=15_000)
    say(phone, "1", "Bao nhiêu máy đang dùng?")
    say(phone, "12 máy ở chuyền 3", "chuyển cho cán bộ")
    page.reload()
    expect(page.get_by_text("12 máy ở chuyền 3")).to_be_visible()
    expect(page.get_by_text("Đang xem").first).to_be_visible()
    page.get_by_label("Chuyển sang").select_option(label="Đã hướng dẫn")
    page.get_by_label("Lời nhắn, câu hỏi hoặc lý do").fill("Chị nộp đơn ở phòng kỹ thuật nha.")
    page.get_by_role("button", name="Chuyển và báo tác giả").click()
    expect(phone.locator(".turn.them .bubble").last).to_contain_text("Chị nộp đơn ở phòng kỹ thuật", timeout=15_000)
    member.set_viewport_size(dict(zip(("width", "height"), SIZES[officer.size], strict=True)))  # type: ignore[arg-type]
    if PICTURES:
        member.screenshot(path=f"{PICTURES}/{officer.size}-chat.png")
    officer.go("Sáng kiến")
    page.get_by_role("button", name="Danh sách Excel").click()
    expect(page.get_by_role("link", name="Tải về")).to_be_visible(timeout=20_000)
    officer.picture("papers")
    with page.expect_download() as got:
        page.get_by_role("link", name="Tải về").click()
    assert got.value.suggested_filename.endswith(".xlsx")
    for name, address in (
        ("entry", "/console/initiatives/add"),
        ("settings", "/console/initiatives/settings"),
        ("field", "/console/initiatives/settings/fields/before"),
        ("stories", "/console/initiatives/stories"),
        ("story", "/console/initiatives/1/story"),
        ("reports", "/console/reports"),
        ("report-add", "/console/reports/add"),
    ):
        page.goto(whole.root + address)
        expect(page.locator("h1")).to_be_visible()
        officer.picture(name)
    member.context.close()
