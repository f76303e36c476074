"""Ways beyond the window in a real browser: switched on, a template written down, chosen, and read on the phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Connection, insert, select

from bot.store import events
from bot.store.database import Database
from bot.store.schema import persons
from tests.announcements.crowd import gather, noon_zone
from tests.browser.test_announcements import Town, _fresh_code, _window
from tests.browser.test_console_first_day import Officer
from tests.browser.test_simulator_page import browser
from tests.running import bot_and_doubles, start_all, until

__all__ = ["browser"]  # a fixture

pytestmark = pytest.mark.browser
PEOPLE = 12
MONTH_S = 30 * 24 * 3600


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with bot_and_doubles("", tmp_path, BOT_TIMEZONE=noon_zone()) as (bot, doubles):
        start_all(bot)
        bot.first_sign_in()
        database = Database(f"sqlite:///{tmp_path / 'data' / 'bot.db'}")
        gather(database, doubles, "messenger", PEOPLE, wrote_s_ago=MONTH_S)
        database.write(_all_registered)
        database.close()
        yield Town(bot, doubles)


def _all_registered(connection: Connection) -> None:
    now = datetime.now(UTC)
    facts = {"title": "Lớp an toàn lao động", "state": "open"}
    times = {"starts_at": now + timedelta(days=2), "closes_at": now + timedelta(days=1)}
    number = events.save(connection, now, None, 0, **facts, **times)
    rows = [
        {"event_id": number, "person_id": person, "name": "Chị Hoa", "at": now}
        for person in connection.scalars(select(persons.c.id))
    ]
    connection.execute(insert(events.event_registrations), rows)


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_from_the_settings_to_the_phone(town: Town, browser: Browser, size: str) -> None:
    officer = _window(browser, size)
    officer.create_account(town.invitation, "Trần Thị Lan", "lan.tran")
    _set_up(officer, town)
    _write(officer, town)
    link = _link(officer)
    leader = _window(browser, "phone")
    leader.page.goto(link)
    expect(leader.page.get_by_text("Nhận ngay, theo mẫu của Messenger").first).to_be_visible()
    leader.picture("routes-approve")
    leader.page.get_by_role("button", name="Duyệt", exact=True).click()
    officer.page.get_by_role("link", name="Nhắc lớp an toàn").click()
    officer.page.get_by_role("button", name="Bắt đầu gửi").click()
    until(lambda: len(town.doubles.calls()) >= PEOPLE, within_s=60)
    text = "Công đoàn xin nhắc anh/chị Lớp an toàn: 8 giờ thứ Bảy tại hội trường. Hẹn gặp anh/chị."
    assert {call["text"] for call in town.doubles.calls()} == {text}
    assert officer.complaints == []


def _set_up(officer: Officer, town: Town) -> None:
    page = officer.page
    page.goto(f"{town.bot.url}/console/settings")
    page.get_by_role("link", name="Cách gửi khác").click()
    for box in page.get_by_role("checkbox").all():
        expect(box).not_to_be_checked()
    officer.picture("routes-off")
    page.get_by_label("Mẫu tin của Messenger (utility)").check()
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_label("Mẫu tin của Messenger (utility)")).to_be_checked()
    page.get_by_role("link", name="Thêm mẫu").click()
    page.get_by_label("Kênh đã duyệt mẫu").select_option(index=2)
    if "Messenger" not in page.get_by_label("Kênh đã duyệt mẫu").locator("option:checked").inner_text():
        page.get_by_label("Kênh đã duyệt mẫu").select_option(index=1)
    page.get_by_label("Tên mẫu (Messenger)").fill("nhac_su_kien")
    page.get_by_label("Nội dung mẫu").fill("Công đoàn xin nhắc anh/chị {{1}}: {{2}}. Hẹn gặp anh/chị.")
    page.get_by_role("button", name="Tiếp tục").click()
    places = page.get_by_role("group", name="Chỗ cần điền")
    expect(places).to_have_count(2)
    officer.picture("routes-places")
    places.nth(0).get_by_label("Bot điền").select_option(label="Chữ cố định")
    places.nth(0).get_by_label("Chữ cố định").fill("Lớp an toàn")
    places.nth(1).get_by_label("Bot điền").select_option(label="Nội dung thông báo")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("Người nhận sẽ thấy")).to_be_visible()
    officer.picture("routes-template")


def _write(officer: Officer, town: Town) -> None:
    page = officer.page
    page.goto(f"{town.bot.url}/console/announcements/new")
    page.get_by_label("Tiêu đề").fill("Nhắc lớp an toàn")
    page.get_by_label("Nội dung").fill("8 giờ thứ Bảy tại hội trường")
    page.get_by_text("Nâng cao").click()
    page.get_by_label("Lớp an toàn lao động").check()
    page.get_by_label("nhac_su_kien").check()
    officer.picture("routes-write")
    page.get_by_role("button", name="Lưu và xem trước").click()
    expect(page.get_by_text("Người lâu rồi không nhắn: theo mẫu đã duyệt")).to_be_visible()
    expect(page.get_by_role("row", name="Nhận ngay").first).to_contain_text(str(PEOPLE))
    officer.picture("routes-preview")
    if page.get_by_label("Mã 6 số trên điện thoại").count():
        page.get_by_label("Mã 6 số trên điện thoại").fill(_fresh_code(officer))
    page.get_by_role("button", name="Gửi duyệt").click()


def _link(officer: Officer) -> str:
    page = officer.page
    page.get_by_label("Mời lãnh đạo duyệt bằng liên kết").fill("Ông Nguyễn Văn Ba, Phó Chủ tịch")
    page.get_by_role("button", name="Tạo liên kết").click()
    return page.get_by_label("Liên kết").input_value()
