"""The way of a message through real processes: both platforms, both databases, as it is started in production."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import new_postgres
from tests.running import Bot, Doubles, bot_and_doubles, start_all, until

PEOPLE = {"zalo": "7200000000000000001", "messenger": "7200000000000001"}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Bot, Doubles]]:
    """On SQLite one `serve`; on PostgreSQL two web processes, two workers and a clock."""
    many = request.param == "postgres"
    url = new_postgres(request.getfixturevalue("postgres_server")) if many else ""
    with bot_and_doubles(url, tmp_path, webs=2 if many else 1) as (bot, doubles):
        if many:
            bot.start("migrate").process.wait(timeout=60)
            bot.programs.clear()
        start_all(bot, workers=2 if many else 1)
        yield bot, doubles


def test_a_conversation_on_both_platforms(running: tuple[Bot, Doubles]) -> None:
    bot, doubles = running
    for platform, person in PEOPLE.items():
        doubles.say(platform, person, "ai ký kế hoạch 487 vậy ad")
        (first,) = doubles.wait_for(person, 1)
        assert "tự động" in first["text"]
        assert "(Kế hoạch 487/KH-LĐLĐ, phần đầu)" in first["text"]
        doubles.say(platform, person, "nhận thông báo giùm em")
        doubles.wait_for(person, 2)
        doubles.say(platform, person, "đồng ý")
        doubles.wait_for(person, 3)
        doubles.say(platform, person, "DỪNG")
        last = doubles.wait_for(person, 4)[-1]
        assert "thông báo" in last["text"]
    until(doubles.quiet)
    assert {hook["status"] for hook in doubles.webhooks()} == {200}
    assert "Traceback" not in bot.logs()


def test_no_words_of_a_member_stand_in_the_log(running: tuple[Bot, Doubles]) -> None:
    bot, doubles = running
    doubles.say("zalo", PEOPLE["zalo"], "chuyện riêng tư khoai mì nướng 0912345678")
    doubles.wait_for(PEOPLE["zalo"], 1)
    logs = "".join(program.log.read_text(encoding="utf-8") for program in bot.programs.values())
    assert "turn.done" in logs
    for secret in ("khoai mì", "0912345678", doubles.environment["ZALO_ACCESS_TOKEN"]):
        assert secret not in logs


def test_a_stop_finishes_what_is_in_flight(running: tuple[Bot, Doubles]) -> None:
    """Thirty people write, the process is told to stop at once; after a new start everybody has one answer."""
    bot, doubles = running
    people = [str(7300000000000001 + n) for n in range(30)]
    doubles.knobs("messenger", latency_ms=200)
    doubles.say_all([{"platform": "messenger", "user": one, "act": "text", "text": "menu"} for one in people])
    codes = [program.stop() for program in bot.programs.values()]
    assert set(codes) == {0}
    bot.programs.clear()
    start_all(bot, workers=1)
    for one in people:
        doubles.wait_for(one, 1)
    until(doubles.quiet)
    assert sorted(call["user"] for call in doubles.calls()) == sorted(people)


def test_a_dead_token_is_renewed_and_the_answer_arrives(running: tuple[Bot, Doubles]) -> None:
    _, doubles = running
    doubles.control("POST", "token", {"platform": "zalo", "state": "dead"})
    doubles.say("zalo", PEOPLE["zalo"], "menu")
    assert len(doubles.wait_for(PEOPLE["zalo"], 1)) == 1
