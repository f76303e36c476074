"""The officers' loop in a real browser on a real `serve`: asked in vain, answered once for all, asked again and met."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from docx import Document as Word
from playwright.sync_api import expect

from bot.library.load import CONTENT
from tests.browser.test_console_first_day import Officer, officers
from tests.browser.test_simulator_page import browser
from tests.running import Bot, Doubles, bot_and_doubles, start_all, until

__all__ = ["browser", "officers"]  # fixtures

pytestmark = pytest.mark.browser
FIRST, SECOND, THIRD = ("7000000000000000001", "7000000000000000002", "7000000000000000003")
#: A trial trains two libraries in a process of its own.
TRIAL_MS = 120_000


@dataclass
class Town:
    bot: Bot
    doubles: Doubles

    @property
    def link(self) -> str:
        return self.bot.first_sign_in()

    def ask(self, user: str, text: str) -> str:
        """Ask, and give what the bot answers."""
        before = len(self.doubles.calls(user))
        self.doubles.say("zalo", user, text)
        return "\n".join(str(call["text"]) for call in self.doubles.wait_for(user, before + 1)[before:])


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with bot_and_doubles("", tmp_path) as (bot, doubles):
        start_all(bot)
        bot.first_sign_in()
        yield Town(bot, doubles)


def test_asked_in_vain_then_answered_once_for_all(town: Town, officers: list[Officer], tmp_path: Path) -> None:
    officer = officers[0]
    assert "5 giờ 30" not in town.ask(FIRST, "xe đưa rước công nhân mấy giờ chạy vậy ad")
    town.ask(SECOND, "xe dua ruoc ca sang may gio co vay")
    officer.create_account(town.link, "Lê Thị Hòa", "le.hoa")
    expect(officer.page.get_by_role("link", name="2 câu bot chưa trả lời được")).to_be_visible()
    officer.go("Câu chưa trả lời được")
    _write(officer)
    _publish(officer)
    until(lambda: "words.reloaded" in town.bot.logs(), within_s=60)
    assert "5 giờ 30" in town.ask(THIRD, "mấy giờ xe đưa rước tới cổng vậy em")
    until(lambda: any("Chuyện anh/chị hỏi hôm trước" in str(call["text"]) for call in town.doubles.calls(FIRST)))
    _use(officer)
    _undo(officer)
    _document(town, officer, tmp_path)


def _write(officer: Officer) -> None:
    page = officer.page
    expect(page.get_by_text("2 người, 2 lượt")).to_be_visible()
    officer.picture("questions")
    page.get_by_role("button", name="Viết câu trả lời", exact=True).click()
    page.get_by_label("Câu hỏi", exact=True).fill("Xe đưa rước công nhân chạy lúc mấy giờ?")
    page.get_by_label("Chữ trên nút").fill("Giờ xe đưa rước")
    page.get_by_label("Trả lời ngắn").fill("Xe chạy lúc 5 giờ 30 sáng, {anh_chi} đón ở cổng chợ nha.")
    page.get_by_role("button", name="Lưu bản nháp").click()
    expect(page.get_by_text("Xin chọn mục văn bản làm căn cứ")).to_be_visible()
    officer.picture("draft-fault")
    page.get_by_label("Văn bản không nói chuyện này").check()
    lines = page.get_by_label("Các cách hỏi")
    lines.fill(f"{lines.input_value()}\ngiờ xe đưa rước ca sáng\nlịch xe rước công nhân\nxe đưa rước đón lúc mấy giờ")
    page.get_by_label("Báo cho những người đã hỏi").check()
    page.get_by_role("button", name="Lưu bản nháp").click()
    expect(page.get_by_text("Đã lưu bản nháp. Đoàn viên chưa thấy gì.")).to_be_visible()
    expect(page.locator(".chat .bubble")).to_contain_text("Xe chạy lúc 5 giờ 30 sáng, anh/chị đón ở cổng chợ nha.")
    expect(page.get_by_role("button", name="Phát hành")).to_have_count(0)


def _publish(officer: Officer) -> None:
    page = officer.page
    page.get_by_role("button", name="Xem sẽ đổi gì").click(timeout=TRIAL_MS)
    expect(page.get_by_text("5 trên 5 cách hỏi ở trên nay được trả lời.")).to_be_visible(timeout=TRIAL_MS)
    officer.picture("trial")
    page.get_by_role("button", name="Phát hành").click()
    expect(page.get_by_text("Đã phát hành.", exact=False)).to_be_visible()
    officer.picture("published")


def _use(officer: Officer) -> None:
    """The figures are written down every few seconds."""
    page = officer.page
    page.get_by_role("link", name="Xem lượt dùng").click()

    def counted() -> bool:
        page.reload()
        return page.get_by_text(re.compile(r"^[1-9]\d* lượt trả lời")).count() == 1

    until(counted, within_s=30, every_s=0.5)
    officer.picture("answer")
    officer.go("Câu trả lời")
    expect(page.get_by_text("Tự soạn ·", exact=False)).to_be_visible()
    officer.picture("answers")


def _undo(officer: Officer) -> None:
    page = officer.page
    officer.go("Câu chưa trả lời được")
    expect(page.get_by_text("Không có câu nào đang chờ.", exact=False)).to_be_visible()
    page.get_by_role("link", name="Giờ xe đưa rước").click()
    page.get_by_role("button", name="Hoàn tác").click()
    expect(page.get_by_text("Đã hoàn tác.", exact=False)).to_be_visible()


def _document(town: Town, officer: Officer, folder: Path) -> None:
    """A newer version of the Plan, as Word; the next member who asks reads its words."""
    page = officer.page
    officer.go("Văn bản")
    officer.picture("documents")
    page.get_by_role("link", name="Nạp văn bản").click()
    page.get_by_label("Tệp Word", exact=False).set_input_files(_newer(folder))
    page.get_by_role("button", name="Xem các mục").click()
    expect(page.get_by_text("So với bản 1: 1 mục đổi (II.3.4)", exact=False)).to_be_visible()
    page.locator("details", has_text="Mục II.3.4").first.locator("summary").click()
    officer.picture("document-preview")
    page.get_by_role("button", name="Giữ bản này").click()
    expect(page.get_by_text("Đang xem bản 2", exact=False)).to_be_visible()
    officer.picture("document")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Tải bản gốc").click()
    assert Path(fetched.value.path()).read_bytes() == (folder / "ke-hoach.docx").read_bytes()

    def shown() -> bool:
        town.ask(THIRD, "mỗi năm có tôn vinh người sáng tạo không")
        return "Mỗi quý, tổ chức" in town.ask(THIRD, "Xem nguyên văn")

    until(shown, within_s=60, every_s=1)


def _newer(folder: Path) -> Path:
    plan = (CONTENT / "documents" / "487-kh-ldld" / "1.txt").read_text(encoding="utf-8")
    start = plan.index("3.4. ") + len("3.4. ")
    changed = f"{plan[:start]}Mỗi quý, tổ chức {plan[start:]}"
    word = Word()
    for line in changed.splitlines():
        word.add_paragraph(line)
    out = io.BytesIO()
    word.save(out)
    path = folder / "ke-hoach.docx"
    path.write_bytes(out.getvalue())
    return path
