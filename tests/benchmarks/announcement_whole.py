"""300,000 people over three accounts, sent once, with refusals, silence and kills in between.

`python -m tests.benchmarks.announcement_whole [--people 300000] [--rate 150] [--postgres]`: takes most of an hour. The
platforms here answer 1 % with 429 and a second's rest for the whole account, 1 % with a bare 500 (and have taken half
of those), and 0.5 % never; the process that sends is killed ten times. In the end the closing account is held against
what the platforms took.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import tempfile
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from bot import clock
from bot.announcements import account, running
from bot.delivery import seeding
from bot.delivery.seeding import Seed
from bot.store import accounts
from bot.store.announcements import State
from bot.store.database import Database
from bot.store.schema import accounts as account_table
from bot.store.schema import persons
from bot.store.vault import Vault
from tests.announcements.crowd import approved, noon_zone, office, state, told
from tests.benchmarks import load
from tests.benchmarks.load import Door, Platform, environment, message, new_user, quantile, row
from tests.running import SECRET, Bot, free_port, start_all, until

THROTTLED, SERVER_ERROR, NEVER, NEVER_S = 0.01, 0.01, 0.005, 12.0
SENDERS, LATENCY_S, BURST = 48, 0.02, 20.0
PEOPLE_STEP = 5000


@dataclass
class Faulty(Platform):
    """Takes messages for both platforms, mostly. `times`: account's token to when its messages were taken."""

    got: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def __call__(self, environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]) -> list[bytes]:
        at = time.time()
        body = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        user = body["recipient"].get("id") or body["recipient"].get("user_id")
        fault = self._fault(user) if "message" in body else ""
        if fault == "429":
            start("429 Too Many Requests", [("Content-Length", "0"), ("Retry-After", "1")])
            return [b""]
        if "message" in body and fault != "500":
            self._take(user, environ, at)
        if fault == "never":
            time.sleep(NEVER_S)
            start("200 OK", [("Content-Length", "100")])  # waitress cuts the connection when less comes
            return [b""]
        time.sleep(LATENCY_S)
        if fault:
            start("500 Internal Server Error", [("Content-Length", "0")])
            return [b""]
        mid = f"m_{user}_{self.got[user]}"
        zalo = {"error": 0, "message": "Success", "data": {"message_id": mid, "user_id": user}}
        answer = json.dumps(zalo if "/oa/" in environ["PATH_INFO"] else {"recipient_id": user, "message_id": mid})
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
        return [answer.encode()]

    def _fault(self, user: str) -> str:
        """Only announcements meet faults: what is asked meanwhile shows how long replies take."""
        if user in self.waiting:
            return ""
        drawn = self.chance.random()
        for name, share in (("429", THROTTLED), ("500", SERVER_ERROR / 2), ("500 taken", SERVER_ERROR / 2)):
            if drawn < share:
                self.faults[name] += 1
                return name
            drawn -= share
        if drawn < NEVER:
            self.faults["never"] += 1
            return "never"
        return ""

    def _take(self, user: str, environ: dict[str, Any], at: float) -> None:
        self.got[user] += 1
        token = environ.get("HTTP_ACCESS_TOKEN") or environ["PATH_INFO"]
        self.times.setdefault(token, []).append(at)
        self.taken.setdefault(user, at)
        if event := self.waiting.get(user):
            event.set()


def main() -> None:
    options = _options()
    made = Faulty(free_port())
    logging.getLogger("waitress").setLevel(logging.CRITICAL)  # it tells of each answer that is cut
    databases = load.database(on_postgres=options.postgres)
    with tempfile.TemporaryDirectory() as name, load.platform(made=made), databases as url:
        folder, zone = Path(name), noon_zone()
        variables = {**environment(folder, made, url), "BOT_TIMEZONE": zone, "BOT_SENDERS": str(SENDERS)}
        bot = Bot(variables, folder, [free_port()])
        clock.use_zone(ZoneInfo(zone))
        try:
            start_all(bot)
            database = Database(url or f"sqlite:///{folder / 'data' / 'bot.db'}")
            _measure(bot, made, database, options)
            database.close()
        finally:
            bot.close()


def _measure(bot: Bot, made: Faulty, database: Database, options: argparse.Namespace) -> None:
    people = _gather(database, made, options.people, options.rate)
    announcing = office(database)
    number = approved(announcing, trial=20)
    assert running.start(announcing, number)
    began, asking = time.time(), threading.Event()
    waits: list[float] = []
    asker = threading.Thread(target=_ask, args=(bot, made, asking, waits))
    asker.start()
    _kill_in_between(bot, made, options.people, options.kills)
    until(lambda: state(announcing, number) in {State.SENT, State.CLOSED}, within_s=7200, every_s=1.0)
    took = time.time() - began
    asking.set()
    asker.join()

    closed = account.closing(announcing, number)
    said = dict(closed.buckets)
    print(f"{database.engine.dialect.name}: {took:.0f} s, {said}, {dict(closed.reasons)}, faults {dict(made.faults)}")
    row("people in the account, sums right", f"{closed.people}, {closed.right}", f"{options.people}, True")
    row("sent twice by our act", f"{sum(made.got[one] > 1 for one in people)}", "0")
    missing = told(database, number) - {one for one in people if made.got[one]}
    row("called sent and not taken", f"{len(missing)}", "0")
    doubts = made.faults["500"] + made.faults["500 taken"] + made.faults["never"] + options.kills * SENDERS
    row("unsure", f"{said.get('unsure', 0)}", f"{doubts}")
    for times in made.times.values():
        rate, fullest = _rate(times)
        row("messages/s of one account, rests after a 429 included", f"{rate:.1f}", f"at most {options.rate:.0f}")
        row("its fullest second", f"{fullest}", f"{options.rate + BURST:.0f}")
    row(f"reply meanwhile ({len(waits)} asked)", f"p95 {quantile(waits, 0.95) * 1000:.0f} ms", "1000 ms")


def _ask(bot: Bot, made: Faulty, over: threading.Event, waits: list[float]) -> None:
    """Write once a second as somebody new; how long after the acknowledgement the reply came to the platform."""
    while not over.wait(1.0):
        user = new_user()
        event = made.waiting[user] = threading.Event()
        try:
            door = Door(bot.ports[0])
            kept = door.post(message(user)) == 200
            door.close()
        except OSError:  # it is being killed and started
            continue
        at = time.time()
        if kept and event.wait(60):
            waits.append(time.time() - at)


def _kill_in_between(bot: Bot, made: Faulty, people: int, kills: int) -> None:
    """Kill whatever sends, at moments spread over the way, and start it again."""
    for at in range(1, kills + 1):
        mark = people * at // (kills + 2)
        until(lambda mark=mark: len(made.got) >= mark, within_s=3600, every_s=0.5)  # type: ignore[misc]
        time.sleep(made.chance.random() * 0.2)
        name = "serve" if "serve" in bot.programs else "worker-0"
        bot.programs[name].kill()
        bot.start(name, name.partition("-")[0])
        print(f"killed at {len(made.got)}", flush=True)
    bot.ready()


def _rate(times: list[float]) -> tuple[float, int]:
    """The middle rate of all stretches of ten seconds, so that starts after kills do not count; the fullest second."""
    ordered = sorted(times)
    tens = Counter(int(at // 10) for at in ordered[len(ordered) // 20 : -len(ordered) // 20])
    return quantile(tens.values(), 0.5) / 10, max(bisect_left(ordered, at + 1.0) - n for n, at in enumerate(ordered))


def _gather(database: Database, made: Faulty, people: int, rate: float) -> list[str]:
    """A second Page and an OA beside the first; each with a third of the people, who wrote an hour ago."""
    now, url = datetime.now(UTC), f"http://127.0.0.1:{made.port}"
    page = seeding.keys([load.APP_SECRET], [load.APP_SECRET], "benchmark")
    oa = seeding.keys(["secret"], ["key"])
    reached = {"api_url": url, "oauth_url": url}
    seeds = [
        Seed("messenger", load.APP_ID, "200000000000003", page, "token-2", facts={"api_url": url}),
        Seed("zalo", "3000000000000001", "3000000000000002", oa, "token-3", "refresh", facts=reached),
    ]
    database.write(lambda connection: seeding.plant(connection, Vault([SECRET]), seeds, now))
    with database.read() as connection:
        numbers = [one.id for one in accounts.all_accounts(connection)]
    users = [new_user() for _ in range(people)]
    allowed = {"rate": rate, "burst": BURST, "allowance": 0, "refilled_at": now}

    def op(connection: Connection, some: list[str], first: int) -> None:
        facts = {"created_at": now, "subscribed": True, "turns": 1, "wrote_at": now - timedelta(hours=1)}
        rows = [
            {**facts, "user_id": one, "account_id": numbers[at % len(numbers)]} for at, one in enumerate(some, first)
        ]
        connection.execute(insert(persons), rows)
        connection.execute(account_table.update().values(**allowed))

    for first in range(0, people, PEOPLE_STEP):
        some = users[first : first + PEOPLE_STEP]
        database.write(lambda connection, some=some, first=first: op(connection, some, first))  # type: ignore[misc]
    return users


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300_000)
    parser.add_argument("--rate", type=float, default=150.0, help="messages a second of each account")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--postgres", action="store_true", help="web, worker and clock processes on PostgreSQL")
    return parser.parse_args()


if __name__ == "__main__":
    main()
