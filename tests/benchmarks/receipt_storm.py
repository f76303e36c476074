"""Receipts by the thousand, as after an announcement: `python -m tests.benchmarks.receipt_storm`.

Two web processes and a worker on a PostgreSQL server of their own. So many receipts a second come in for messages that
were sent, while some members write. Nothing may be lost: in the end every message is known as delivered.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from bot.store.database import Database
from bot.store.schema import accounts, outbox, persons
from tests.benchmarks import load
from tests.benchmarks.load import environment, new_user, quantile, question, row
from tests.running import Bot, free_port, start_all, until

ASKED = 10.0  # questions a second meanwhile


def main() -> None:
    options = _options()
    databases = load.database(on_postgres=True)
    with tempfile.TemporaryDirectory() as name, load.platform(0.05) as made, databases as url:
        folder = Path(name)
        bot = Bot(environment(folder, made, url), folder, [free_port(), free_port()])
        database = Database(url)
        try:
            start_all(bot)
            load.open_loop(bot.ports, map(question, [new_user() for _ in range(50)]), 25)  # all is made
            until(lambda: len(made.taken) >= 50)
            users = [new_user() for _ in range(int(options.rate * options.seconds))]
            database.write(lambda connection: _sent(connection, users))
            _storm(bot, made, database, users, options)
        finally:
            database.close()
            bot.close()


def _storm(bot: Bot, made: load.Platform, database: Database, users: list[str], options: argparse.Namespace) -> None:
    askers = [new_user() for _ in range(int(ASKED * options.seconds))]
    began = time.time()
    sent = load.open_loop(bot.ports, _mixed(users, askers), options.rate + ASKED)
    row("webhooks/s that came in", f"{len(sent) / (time.time() - began):.0f}", f"{options.rate + ASKED:.0f}")
    assert all(one.status == 200 for one in sent), "a webhook was refused"
    took = [one.took_s * 1000 for one in sent]
    row("acknowledged", f"p50 {quantile(took, 0.5):.0f} p99 {quantile(took, 0.99):.0f} max {max(took):.0f} ms", "")
    asked = set(askers)
    until(lambda: asked <= made.taken.keys(), within_s=60)
    leaves = [made.taken[one.user] - one.at for one in sent if one.user in asked]
    row(
        "the reply leaves",
        f"p50 {quantile(leaves, 0.5) * 1000:.0f} p95 {quantile(leaves, 0.95) * 1000:.0f} ms",
        "p95 1 s",
    )
    until(lambda: _delivered(database) == len(users), within_s=300)
    row("every receipt is applied after the storm's end", f"{time.time() - began - options.seconds:.1f} s", "none lost")


def _mixed(users: list[str], askers: list[str]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    each = len(users) // len(askers)
    for number, user in enumerate(users):
        if number % each == 0 and number // each < len(askers):
            yield question(askers[number // each])
        yield "", lambda user=user: load.receipt(user, f"m_sent_{user}")  # type: ignore[misc]


def _delivered(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).where(outbox.c.state == "delivered")) or 0


def _sent(connection: Connection, users: list[str]) -> None:
    """A message to each that the platform took a moment ago."""
    now = datetime.now(UTC)
    account = connection.scalar(select(accounts.c.id))
    people = [{"account_id": account, "user_id": user, "created_at": now, "turns": 1} for user in users]
    made = connection.execute(insert(persons).returning(persons.c.id, persons.c.user_id), people).all()
    times = dict.fromkeys(("queued_at", "due_at", "created_at", "begun_at", "sent_at", "finished_at"), now)
    row_of = {"account_id": account, "origin": "notice", "priority": 1, "body": "{}", "state": "sent", "blocks": False}
    sent = [{**row_of, **times, "person_id": one.id, "message_id": f"m_sent_{one.user_id}"} for one in made]
    connection.execute(insert(outbox), sent)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=600.0)
    parser.add_argument("--seconds", type=float, default=15.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
