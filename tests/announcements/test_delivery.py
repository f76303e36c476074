"""5,000 recipients through the real bot and the platforms' doubles, with refusals, silence and kills in between."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import clock
from bot.announcements import account, running
from bot.store.announcements import State
from bot.store.database import Database
from tests.announcements.crowd import approved, gather, noon_zone, office, state, told
from tests.conftest import new_postgres
from tests.running import Bot, Doubles, bot_and_doubles, start_all, until

pytestmark = pytest.mark.slow
PEOPLE = 5_000
KILLS = 10
SENDERS = 24
LATENCY_MS = 20
THROTTLED, SERVER_ERROR, NEVER = 0.01, 0.01, 0.005


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Bot, Doubles, Database]]:
    url = "" if request.param == "sqlite" else new_postgres(request.getfixturevalue("postgres_server"))
    with bot_and_doubles(url, tmp_path, BOT_TIMEZONE=noon_zone(), BOT_SENDERS=str(SENDERS)) as (bot, doubles):
        start_all(bot)
        clock.use_zone(ZoneInfo(noon_zone()))
        database = Database(url or f"sqlite:///{tmp_path / 'data' / 'bot.db'}")
        yield bot, doubles, database
        database.close()
        clock.use_zone(clock.VIETNAM)


def test_account_is_exact_and_nobody_gets_it_twice(town: tuple[Bot, Doubles, Database]) -> None:
    bot, doubles, database = town
    people = gather(database, doubles, "messenger", PEOPLE)
    doubles.knobs("messenger", latency_ms=LATENCY_MS)
    _faults(doubles)
    announcing = office(database)
    number = approved(announcing, trial=20)
    assert running.start(announcing, number)
    killed = _kill_in_between(bot, doubles, KILLS)
    until(lambda: state(announcing, number) in {State.SENT, State.CLOSED}, within_s=600, every_s=0.5)

    closed = account.closing(announcing, number)
    print(f"{database.engine.dialect.name}: {killed} kills, {dict(closed.buckets)}, {dict(closed.reasons)}")
    assert closed.right
    assert closed.people == PEOPLE
    taken = Counter(call["user"] for call in doubles.calls())
    assert [user for user, times in taken.items() if times > 1] == [], "twice by our act"
    arrived = set(taken)
    assert arrived <= set(people)
    called_sent = told(database, number)
    assert called_sent <= arrived, "what the account calls sent has arrived"
    doubtful = closed.buckets.get("unsure", 0)
    # hung, 5xx that explain nothing, and what was in flight at each kill
    assert doubtful <= PEOPLE * (NEVER + SERVER_ERROR) * 2 + killed * SENDERS
    assert len(arrived) + doubtful + closed.buckets.get("failed", 0) >= PEOPLE


def _faults(doubles: Doubles) -> None:
    doubles.fault("messenger", "throttled", probability=THROTTLED, body=False)
    doubles.fault("messenger", "server_error", probability=SERVER_ERROR, body=False)
    doubles.fault("messenger", "never", probability=NEVER, seconds=12)


def _kill_in_between(bot: Bot, doubles: Doubles, kills: int) -> int:
    """Kill whatever sends, at moments spread over the way, and start it again."""
    chance, done = random.Random(5), 0
    for at in range(1, kills + 1):
        mark = PEOPLE * at // (kills + 2)
        until(lambda mark=mark: len(doubles.calls()) >= mark, within_s=120)  # type: ignore[misc]
        time.sleep(chance.random() * 0.2)
        name = "serve" if "serve" in bot.programs else "worker-0"
        bot.programs[name].kill()
        bot.start(name, name.partition("-")[0])
        done += 1
    bot.ready()
    return done
