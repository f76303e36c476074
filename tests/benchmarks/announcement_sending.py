"""An announcement on its way, measured: `python -m tests.benchmarks.announcement_sending [--postgres]`.

The platform answers in 50 ms; the account may send so many messages a second, replies included. Meanwhile members
write, and with `--receipts 80` the platform tells of the messages that went out before. Prints the rate over the busy
time against the allowance, the fullest second, how soon replies leave and webhooks are acknowledged.
"""

from __future__ import annotations

import argparse
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from bot import clock
from bot.announcements import running
from bot.store.database import Database
from bot.store.schema import accounts, outbox, persons
from tests.announcements.crowd import approved, noon_zone, office
from tests.benchmarks import load
from tests.benchmarks.load import Platform, environment, new_user, quantile, question, row
from tests.running import Bot, free_port, start_all, until

PEOPLE, RATE, BURST, REPLIES = 5000, 300.0, 30.0, 20
LATENCY_S = 0.05


def main() -> None:
    options = _options()
    databases = load.database(on_postgres=options.postgres)
    with tempfile.TemporaryDirectory() as name, load.platform(LATENCY_S) as made, databases as url:
        folder, zone = Path(name), noon_zone()
        ports = [free_port() for _ in range(2 if url else 1)]
        variables = {**environment(folder, made, url), "BOT_TIMEZONE": zone}
        bot = Bot({**variables, "BOT_SENDERS": str(options.senders)}, folder, ports)
        clock.use_zone(ZoneInfo(zone))
        try:
            start_all(bot, workers=2 if url else 1)
            database = Database(url or f"sqlite:///{folder / 'data' / 'bot.db'}")
            _measure(bot, made, database, options)
            database.close()
        finally:
            bot.close()


def _measure(bot: Bot, made: Platform, database: Database, options: argparse.Namespace) -> None:
    load.open_loop(bot.ports, map(question, [new_user() for _ in range(50)]), 25)  # all is made
    until(lambda: len(made.taken) >= 50)
    database.write(lambda connection: _gather(connection, options.people, options.rate))
    announcing, before, announced = office(database), set(made.taken), clock.now()
    number = approved(announcing)
    assert running.start(announcing, number)
    until(lambda: len(made.taken) > len(before) + 100, within_s=60)
    seconds = int(options.people / options.rate) - 3
    users = [new_user() for _ in range(REPLIES * seconds)]
    sent = load.open_loop(bot.ports, _traffic(made, users, options.receipts), REPLIES + options.receipts)
    assert all(one.status == 200 for one in sent), "a webhook was refused"
    until(lambda: len(made.taken) >= len(before) + options.people + len(users), within_s=300)
    _report("as the platform sees it", [at for user, at in made.taken.items() if user not in before], options.rate)
    began = outbox.c.begun_at > announced
    with database.read() as connection:
        times = [at.timestamp() for at in connection.scalars(select(outbox.c.begun_at).where(began))]
    _report("as requests begin", times, options.rate)
    asked = set(users)
    leaves = [made.taken[one.user] - one.at for one in sent if one.user in asked]
    row("reply during an announcement leaves", _times(leaves), "p95 1 s")
    what = f"acknowledged during an announcement, {REPLIES + options.receipts:.0f} webhooks/s"
    row(what, _times([one.took_s for one in sent]), "p99 100 ms, never 2 s")
    row("the same, since each was due in the open loop", _times([one.since_due_s for one in sent]), "")


def _traffic(made: Platform, users: list[str], receipts: float) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Questions, each followed by its share of receipts and echoes for what was sent before."""
    for number, user in enumerate(users):
        yield question(user)
        for more in range(round(receipts / REPLIES)):
            yield "", lambda at=number * 7 + more: _told(made, at)  # type: ignore[misc]


def _told(made: Platform, number: int) -> bytes:
    user, mid = made.answered[-1 - number % min(len(made.answered), 500)]
    return load.echo(user, mid) if number % 2 else load.receipt(user, mid)


def _report(how: str, moments: list[float], rate: float) -> None:
    """The rate between the first and the last message, and the fullest second anywhere.

    A platform that shares two cores with the bot sees requests late and in bunches; when they began is our own note.
    """
    times = sorted(moments)
    begin, end = times[len(times) // 20], times[-len(times) // 20]  # without its first and last twentieth
    steady = (bisect_left(times, end) - bisect_left(times, begin)) / (end - begin)
    fullest = max(bisect_left(times, at + 1.0) - index for index, at in enumerate(times))
    row(f"messages/s of {rate:.0f} allowed, replies included, {how}", f"{steady:.1f} = {steady / rate:.3f}", "0.97")
    row(f"the fullest second, {how}", f"{fullest}", f"{rate + BURST:.0f}")


def _times(seconds: list[float]) -> str:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return " ".join(f"{name} {quantile(seconds, share) * 1000:.0f}" for name, share in shares.items()) + " ms"


def _gather(connection: Connection, people: int, rate: float) -> None:
    now = datetime.now(UTC)
    account = connection.scalar(select(accounts.c.id))
    facts = {"account_id": account, "created_at": now, "subscribed": True, "turns": 1}
    rows = [{**facts, "user_id": new_user(), "wrote_at": now - timedelta(hours=1)} for _ in range(people)]
    connection.execute(insert(persons), rows)
    connection.execute(accounts.update().values(rate=rate, burst=BURST, allowance=0, refilled_at=now))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="two web processes, two workers, a server of its own")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--receipts", type=float, default=0.0, help="receipts and echoes a second")
    parser.add_argument("--senders", type=int, default=32)
    return parser.parse_args()


if __name__ == "__main__":
    main()
