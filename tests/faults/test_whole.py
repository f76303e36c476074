"""The way of a message through real processes on either database, and a stop that finishes what is in flight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import new_postgres
from tests.faults.test_kill import ask, finished, waiting
from tests.running import PLATFORMS, Bot, Doubles, bot_and_doubles, session, start_all, until

CITED = "(Kế hoạch 487/KH-LĐLĐ, mục "

pytestmark = pytest.mark.long  # real processes of every kind: for a quiet machine


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Bot, Doubles]]:
    """One `serve` on SQLite; two web, two worker and a clock process on PostgreSQL."""
    url = "" if request.param == "sqlite" else new_postgres(request.getfixturevalue("postgres_server"))
    with bot_and_doubles(url, tmp_path, webs=2 if url else 1) as (bot, doubles):
        start_all(bot, workers=2)
        yield bot, doubles


def test_a_question_comes_back_with_its_clause_on_both_platforms(parts: tuple[Bot, Doubles]) -> None:
    bot, doubles = parts
    users = {platform: str(7300000000000001 + number) for number, platform in enumerate(PLATFORMS)}
    for platform, user in users.items():
        doubles.say(platform, user, "báo cáo kết quả gửi về ban nào của tỉnh")
        [answer] = doubles.wait_for(user, 1)
        assert CITED in answer["text"], platform
    until(doubles.quiet)
    until(lambda: ask(bot, "SELECT count(*) FROM outbox WHERE state = 'delivered'") == [(2,)])
    assert ask(bot, "SELECT count(*) FROM inbox WHERE state = 'parked'") == [(0,)]
    assert users[PLATFORMS[0]] not in bot.logs()  # ids of ours only, no one's platform id
    assert "báo cáo" not in bot.logs()


def test_an_event_at_every_web_process_is_one_event(parts: tuple[Bot, Doubles]) -> None:
    bot, doubles = parts
    doubles.knobs("messenger", repeats=[0.1])
    doubles.fault("messenger", "duplicate", probability=1.0)
    users = [str(7300000000000100 + number) for number in range(20)]
    doubles.say_all([{"platform": "messenger", "user": user, "act": "text", "text": "menu"} for user in users])
    until(lambda: finished(bot) == 20)
    until(doubles.quiet)
    until(lambda: waiting(bot) == 0)
    assert len(doubles.calls()) == 20


def test_health_and_figures_come_from_every_web_process(parts: tuple[Bot, Doubles]) -> None:
    bot, _ = parts
    with session() as http:
        for url in bot.urls:
            ready = http.get(f"{url}/health/ready", timeout=10).json()
            assert (ready["status"], ready["worker"], ready["clock"]) == ("ok", "ok", "ok")
            assert 'bot_up{part="database"} 1.0' in http.get(f"{url}/metrics", timeout=10).text


def test_a_stop_finishes_what_is_in_flight(parts: tuple[Bot, Doubles]) -> None:
    bot, doubles = parts
    doubles.knobs("messenger", latency_ms=1000, repeats=[1] * 60)
    users = [str(7300000000000200 + number) for number in range(30)]
    doubles.say_all([{"platform": "messenger", "user": user, "act": "text", "text": "menu"} for user in users])
    until(lambda: len(doubles.calls()) >= 1)
    for program in list(bot.programs.values()):
        assert program.stop() == 0
    # what was claimed was sent and written down; nothing is left in a worker's hands or in doubt
    assert ask(bot, "SELECT count(*) FROM outbox WHERE state IN ('sending', 'unsure')") == [(0,)]
    assert ask(bot, "SELECT count(*) FROM inbox WHERE state = 'working'") == [(0,)]
    assert "Traceback" not in bot.logs()
    bot.programs.clear()
    doubles.knobs("messenger", latency_ms=0)
    start_all(bot, workers=2)
    until(lambda: finished(bot) == 30)
    until(lambda: waiting(bot) == 0)
    assert sorted(call["user"] for call in doubles.calls()) == users  # each once
