"""Whatever people write into the form: it never breaks, never loses what was there, never sends by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation.engine import Engine, Standing
from bot.messages import PAYLOAD_PREFIX, Inbound, InboundKind
from bot.talk import DropDraft, HandIn, KeepDraft, Person
from handlers import initiative_reading as reading
from tests.handlers.initiatives import KNOWN, MINE

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PRESSES = st.sampled_from(
    ["initiative", "initiative:yes", "initiative:use:used", "initiative:use:untried", "initiative:edit",
     "initiative:edit:before", "initiative:review", "initiative:pause", "initiative:resume", "initiative:since:skip",
     "initiative:place:other", "initiative:place:99", "initiative:place:x", "initiative:grown:yes", "initiative:skip",
     "initiative:enough", "initiative:nothing", "initiative:show:SK-00000-0", "initiative:drop", "initiative:", "menu",
     "initiative:permit:x:SK-11111-6:yes", "initiative:who:SK-11111-6:everybody", "initiative:story:x",
     "initiative:trade:99", "initiative:news:here", "initiative:claim:yes"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        ["dùng từ 3/2026", "Nguyễn Thị Hoa 1990", "31/02/2026", "tháng 13", "sinh năm 1790", "ok", "thôi", "DỪNG",
         "Trước đây: x. Kết quả: y; Nơi làm việc: z; Họ tên: A 1990", "xác nhận SK-48273-3 4821", "9" * 500]
    ),
)  # fmt: skip
ACTS = st.lists(st.one_of(TEXTS.map(lambda text: ("text", text)), PRESSES.map(lambda act: ("press", act))), max_size=8)
START = [("text", "tui chế cái máng hứng mủ, mưa không tràn"), ("press", "initiative:yes")]


def event(kind: str, said: str) -> Inbound:
    if kind == "press":
        return Inbound(InboundKind.CHOICE, "u", NOW, payload=PAYLOAD_PREFIX + said)
    return Inbound(InboundKind.TEXT, "u", NOW, text=said)


@given(ACTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_input_breaks_the_form_or_sends_it(engine: Engine, acts: list[tuple[str, str]]) -> None:
    standing = Standing(Person(id=1), {"met": True}, None, "zalo", {"initiatives": replace(KNOWN, mine=(MINE,))})
    dropped = False
    for kind, said in [*START, *acts]:
        outcome = engine.answer([event(kind, said)], standing, NOW)
        assert not any(isinstance(effect, HandIn) for effect in outcome.effects)
        dropped = dropped or any(isinstance(effect, DropDraft) for effect in outcome.effects)
        kept = [effect for effect in outcome.effects if isinstance(effect, KeepDraft)]
        assert dropped or all(effect.fields.get("what") for effect in kept)
        assert len(kept) <= 1
        standing = replace(standing, memory=outcome.memory)


@given(st.text(max_size=200), st.dates(date(2000, 1, 1), date(2040, 1, 1)))
def test_no_words_break_the_reading_of_dates(said: str, today: date) -> None:
    found = reading.since_of(said, today)
    assert found is None or found.precision in {"day", "month", "year"}


@given(st.dates(date(1990, 1, 1), date(2026, 11, 24)))
def test_a_written_day_is_read_as_that_day(day: date) -> None:
    today = date(2026, 11, 24)
    words = f"ngày {day.day} tháng {day.month} năm {day.year}"
    for said in (f"{day:%d/%m/%Y}", words, f"từ {day.day}-{day.month}-{day.year}"):
        assert reading.since_of(said, today) == reading.Since(day, "day")
    assert reading.since_of(f"t{day.month}/{day.year}" if day.year >= 2000 else f"{day:%d/%m/%Y}", today) is not None


@pytest.mark.parametrize(
    ("said", "day", "precision"),
    [
        ("dùng từ 3/2026", date(2026, 3, 1), "month"),
        ("hồi tháng 12", date(2025, 12, 1), "month"),
        ("tháng 3 năm ngoái", date(2025, 3, 1), "month"),
        ("3 tháng nay", date(2026, 8, 1), "month"),
        ("hôm qua", date(2026, 11, 23), "day"),
        ("được 2 năm rồi", date(2024, 1, 1), "year"),
        ("năm ngoái", date(2025, 1, 1), "year"),
    ],
)
def test_dates_as_people_say_them(said: str, day: date, precision: str) -> None:
    assert reading.since_of(said, date(2026, 11, 24)) == reading.Since(day, precision)


@pytest.mark.parametrize(
    ("said", "author"),
    [
        ("Nguyễn Thị Hoa 1990", ("Nguyễn Thị Hoa", 1990)),
        ("em tên Lê Văn Ba, sn 88", ("Lê Văn Ba", 1988)),
        ("Trần B sinh ngày 12/5/1975", ("Trần B", 1975)),
        ("Hoàng Sinh 1985", ("Hoàng Sinh", 1985)),
        ("1990", ("", 1990)),
        ("Lê Văn Ba", ("Lê Văn Ba", None)),
        ("http://x.vn 1990", ("", 1990)),
    ],
)
def test_name_and_year_stay_as_they_were_written(said: str, author: tuple[str, int | None]) -> None:
    assert reading.author_of(said, date(2026, 11, 24)) == author


@pytest.mark.parametrize(
    ("said", "number"),
    [("0912 345 678", "0912345678"), ("+84 912.345.678", "0912345678"), ("12345", ""), ("so 09123456789", "")],
)
def test_a_phone_number_has_ten_figures(said: str, number: str) -> None:
    assert reading.phone_of(said) == number


def test_an_answer_within_a_day_or_after_a_week_goes_to_the_same_step(engine: Engine) -> None:
    standing = Standing(Person(id=1), {"met": True}, None, "zalo", {"initiatives": KNOWN})
    for kind, said in START:
        standing = replace(standing, memory=engine.answer([event(kind, said)], standing, NOW).memory)
    late = engine.answer([event("text", "mưa là tràn hết")], standing, NOW + timedelta(days=7))
    (kept,) = [effect for effect in late.effects if isinstance(effect, KeepDraft)]
    assert kept.fields["before"] == "mưa là tràn hết"
