"""kill -9 at random moments: nothing is lost, nothing takes effect twice, each person's order is kept."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.conftest import new_postgres
from tests.running import Bot, Doubles, bot_and_doubles, start_all, until

SENDERS = 8  # so many calls can be in flight at a kill
REPEATS = [0.2, 0.5, 1, 1, 2, 2, 5, 5] + [10.0] * 60  # a restart on a busy machine takes its time


def run(bot: Bot, doubles: Doubles, *, messages: int, kills: int, seed: int) -> None:
    """Let `messages` be said by a crowd while the processes die and come back."""
    chance = random.Random(seed)
    doubles.knobs("messenger", repeats=REPEATS, latency_ms=20, per_second=1000)
    start_all(bot)
    people = [str(7300000000000001 + n) for n in range(messages // 5)]
    said = [
        {"platform": "messenger", "user": person, "act": "text", "text": f"xin số {turn}"}
        for turn in range(5)
        for person in people
    ]
    pause = max(1.0, messages / 250)
    for part in range(kills + 1):
        doubles.say_all(said[part * len(said) // (kills + 1) : (part + 1) * len(said) // (kills + 1)])
        if part < kills:
            time.sleep(chance.uniform(0.1, pause / 3))
            for program in bot.programs.values():
                program.kill()
            bot.programs.clear()
            start_all(bot)
    until(doubles.quiet, within_s=300)
    until(lambda: finished(bot) == len(said), within_s=300)
    until(lambda: waiting(bot) == 0, within_s=120)


def ask(bot: Bot, query: str) -> list[tuple[object, ...]]:
    url = bot.environment["DATABASE_URL"] or f"sqlite:///{bot.environment['BOT_DATA_DIR']}/bot.db"
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def finished(bot: Bot) -> int:
    return int(str(ask(bot, "SELECT count(*) FROM inbox WHERE lane = 'talk' AND state = 'done'")[0][0]))


def waiting(bot: Bot) -> int:
    open_states = "'queued', 'waiting', 'sending'"
    unsure = "state = 'unsure' AND blocks"
    return int(str(ask(bot, f"SELECT count(*) FROM outbox WHERE state IN ({open_states}) OR ({unsure})")[0][0]))  # noqa: S608


def check(bot: Bot, doubles: Doubles, *, messages: int, kills: int) -> None:
    turns = ask(bot, "SELECT user_id, turn, id FROM inbox WHERE lane = 'talk' ORDER BY id")
    assert len(turns) == messages  # lost 0, kept twice 0
    replies = ask(bot, "SELECT inbox_id, count(*) FROM outbox WHERE origin = 'reply' GROUP BY inbox_id, body")
    assert Counter(count for _, count in replies) == {1: len(replies)}  # no effect twice
    doubtful = int(str(ask(bot, "SELECT count(*) FROM outbox WHERE doubts > 0")[0][0]))
    rows = int(str(ask(bot, "SELECT count(*) FROM outbox")[0][0]))
    calls = doubles.calls()
    twice = sum(n - 1 for n in Counter(call["tag"] for call in calls).values())
    print(f"kills {kills}: rows {rows}, calls {len(calls)}, in doubt {doubtful}, sent again {twice}")
    assert len({call["tag"] for call in calls}) == rows  # every reply arrived
    assert twice <= doubtful <= kills * SENDERS
    order: dict[str, int] = {}
    for call in calls:  # a person's replies arrive in the order of the rows; one sent again is the same row
        number = int(call["tag"].removeprefix("out-"))
        assert number >= order.get(call["user"], 0)
        order[call["user"]] = number


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else new_postgres(request.getfixturevalue("postgres_server"))


@pytest.mark.long
def test_three_kills_in_300_messages(url: str, tmp_path: Path) -> None:
    with bot_and_doubles(url, tmp_path, BOT_SENDERS=str(SENDERS)) as (bot, doubles):
        run(bot, doubles, messages=300, kills=3, seed=1)
        check(bot, doubles, messages=300, kills=3)


@pytest.mark.long
def test_twenty_kills_in_5000_messages(url: str, tmp_path: Path) -> None:
    with bot_and_doubles(url, tmp_path, BOT_SENDERS=str(SENDERS)) as (bot, doubles):
        run(bot, doubles, messages=5000, kills=20, seed=2)
        check(bot, doubles, messages=5000, kills=20)


@pytest.mark.slow
def test_a_process_that_dies_while_it_learns_has_tried_nothing(tmp_path: Path) -> None:
    """A machine that restarts again and again after the installation must not give up on who wrote meanwhile."""
    with bot_and_doubles("", tmp_path) as (bot, doubles):
        doubles.knobs("messenger", repeats=REPEATS)
        for number in range(4):
            start_all(bot)  # ready comes before the answers are learnt
            if not number:
                doubles.say_all([{"platform": "messenger", "user": "7300000000000001", "act": "text", "text": "menu"}])
                until(lambda: ask(bot, "SELECT id FROM inbox"))
            time.sleep(0.3)  # the claim would come now
            assert not (tmp_path / "data" / "answers.npz").exists()
            bot.programs.pop("serve").kill()
        start_all(bot)
        until(lambda: finished(bot) == 1)
        until(lambda: len(doubles.calls()) == 1)
