"""300,000 recipients over three accounts: fan-out, progress count, claim; and that it is linear from 3,000 on.

Run `python -m tests.benchmarks.announcement_fan_out [--postgres]`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from bot.announcements import account, approval, running
from bot.announcements.announcing import Announcing
from bot.store import accounts, announcements, tables
from bot.store.database import Database
from bot.store.schema import accounts as account_table
from bot.store.schema import apps, persons
from bot.store.upgrade import upgrade
from tests import postgres
from tests.announcements.crowd import office
from tests.conftest import new_postgres

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SIZES = (3_000, 30_000, 300_000)
CLAIMS = 100


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--postgres", action="store_true")
    asked.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options = asked.parse_args()
    with _database(on_postgres=options.postgres) as new:
        for size in options.sizes:
            _measure(new(), size)
    return 0


@contextmanager
def _database(*, on_postgres: bool) -> Iterator[Callable[[], str]]:
    if on_postgres:
        with postgres.server() as server:
            yield lambda: new_postgres(server)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield lambda: f"sqlite:///{Path(folder) / str(time.monotonic_ns())}.db"


def _measure(url: str, size: int) -> None:
    database = Database(url)
    upgrade(database)
    database.write(tables.metadata.create_all)
    _fill(database, size)
    announcing = office(database, lambda: NOW)
    number = database.write(lambda connection: announcements.add(connection, NOW, 1, title="Thông báo", body="Họp."))
    submit_s = _timed(lambda: approval.submit(announcing, number, 1))
    with database.read() as connection:
        digest = approval.need(connection, number).digest
    approve_s = _timed(lambda: approval.approve(announcing, number, digest, 2))
    start_s = _timed(lambda: running.start(announcing, number))
    longest, fan_out_s = 0.0, 0.0
    while True:
        with database.read() as connection:
            one = approval.need(connection, number)
        if one.fanned_out:
            break
        step = _timed(lambda one=one: running._step(announcing, one))  # type: ignore[misc]
        longest, fan_out_s = max(longest, step), fan_out_s + step
    counts = [_timed(lambda: running.progress(announcing, number)) for _ in range(9)]
    claims = [_timed(lambda at=at: _claim(database, announcing, number, at)) for at in range(CLAIMS)]  # type: ignore[misc]
    closing_s = _timed(lambda: account.closing(announcing, number))
    print(
        f"{database.engine.dialect.name} {size:>7}: submit {submit_s:.2f} s, approve {approve_s:.2f} s, "
        f"start {start_s:.2f} s, fan-out {fan_out_s:.2f} s (longest step {longest * 1000:.0f} ms), "
        f"progress p50 {statistics.median(counts) * 1000:.0f} ms, claim of 20 p50 "
        f"{statistics.median(claims) * 1000:.1f} ms, max {max(claims) * 1000:.0f} ms, closing {closing_s:.2f} s",
        flush=True,
    )
    assert account.closing(announcing, number).right
    database.close()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _claim(database: Database, announcing: Announcing, number: int, at: int) -> None:
    now = NOW + timedelta(seconds=at)
    with database.read() as connection:
        pairs = running.claimable(announcing, connection)
    account_id = pairs[at % len(pairs)][0]
    rows = database.write(lambda connection: announcements.claim(connection, account_id, "w", now, 20, number, 3))
    assert len(rows) == 20


def _fill(database: Database, size: int) -> None:
    for at, platform in enumerate(("zalo", "zalo", "messenger")):
        number = database.write(lambda connection, at=at, platform=platform: _account(connection, at, platform))  # type: ignore[misc]
        people = [
            {
                "account_id": number, "user_id": str(one), "created_at": NOW, "subscribed": True,
                "wrote_at": NOW - timedelta(hours=1 if one % 10 else 200), "unit_said": f"Công ty {one % 500}",
            }
            for one in range(size // 3)
        ]  # fmt: skip
        for start in range(0, len(people), 5_000):
            some = people[start : start + 5_000]
            database.write(lambda connection, some=some: connection.execute(insert(persons), some))  # type: ignore[misc]


def _account(connection: Connection, at: int, platform: str) -> int:
    row = {"platform": platform, "app_id": str(at), "secrets": b"", "created_at": NOW}
    pk = connection.execute(insert(apps).values(row).returning(apps.c.id)).scalar_one()
    number = accounts.save_account(connection, platform=platform, external_id=str(at), app_pk=pk, now=NOW)
    connection.execute(account_table.update().values(rate=1e6, burst=1e6, allowance=1e6))
    return number


if __name__ == "__main__":
    sys.exit(main())
