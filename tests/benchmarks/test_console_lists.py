"""The console's lists on 100,000 people, 1,000,000 messages and 300 units: at most 200 ms each, on both databases.

BOT_TEST_DEMO names a folder that `python -m bot seed-demo` has filled, BOT_TEST_DEMO_URL a PostgreSQL database that it
has filled with the tests' SECRET_KEY; what is not named is filled first. Prints a table: the first look, and the
middle of the next seven.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.cli import main
from bot.store.schema import units
from bot.store.staff import Role
from tests.conftest import new_postgres
from tests.console.conftest import KEY, Office, Visitor, open_office

pytestmark = pytest.mark.long
BAR_MS = 200
TIMES = 7
PAGES = (
    "/", "/conversations", "/conversations?tab=mine", "/conversations?tab=all", "/conversations?tab=all&account=1",
    "/conversations?tab=all&unit=2", "/conversations?q=tang+ca", "/conversations?q=em", "/conversations?q=c%C3%B4ng+ty",
    "/conversations?q=xa+xoi", "/conversations?q=ca+kep+tiet+kiem", "/conversations?q=alo",
    "/conversations?q=khong+ai+noi+nhu+vay", "/conversations?q=may+ep+tang+ca", "/conversations?start=160",
    "/conversations?tab=all&before=2026-06-15T03:00:00%2B00:00~1", "/conversations/77", "/conversations/77/live",
    "/conversations/stuck", "/conversations/canned", "/people", "/people?unit=2", "/people?account=2",
    "/people?unclear=1", "/people?q=77", "/people/77", "/data-requests", "/incidents", "/questions",
    "/questions?order=new", "/answers", "/documents", "/content", "/initiatives", "/initiatives?q=kep",
    "/initiatives?state=received&order=old", "/initiatives?unit=2", "/initiatives/77", "/initiatives/papers",
    "/initiatives/stories", "/reports", "/announcements", "/announcements/testers", "/announcements/new",
    "/campaigns", "/campaigns/honoured", "/events", "/units", "/units/2", "/accounts", "/staff", "/audit",
    "/audit?act=staff", "/settings", "/notices", "/me",
)  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = Path(os.environ.get("BOT_TEST_DEMO") or tmp_path_factory.mktemp("demo"))
    url, key, filled = "", "", (folder / "bot.db").exists()  # with the key that lies in the folder
    if request.param == "postgres":
        url, key = os.environ.get("BOT_TEST_DEMO_URL", ""), KEY
        filled = bool(url)
        url = url or new_postgres(request.getfixturevalue("postgres_server"))
    if not filled:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("BOT_DATA_DIR", str(folder))
            environment.setenv("DATABASE_URL", url)
            environment.setenv("SECRET_KEY", key)
            assert main(["seed-demo"]) == 0
    with open_office(folder, key, url) as office:
        office.time.at = datetime.now(UTC)
        yield office


@dataclass(frozen=True, slots=True)
class Look:
    """`first` and `middle` in milliseconds."""

    page: str
    status: int
    first: float
    middle: float


@pytest.mark.parametrize("who", ["administrator", "unit"])
def test_lists_answer_in_time(demo: Office, who: str) -> None:
    visitor = _signed_in(demo, who)
    looks = [_look(visitor, page) for page in PAGES]
    engine = "SQLite" if demo.database.on_sqlite else "PostgreSQL"
    print(f"\n{engine}, {who}\n  first ms  then ms  status  page")
    for one in looks:
        print(f"{one.first:10.1f}{one.middle:9.1f}{one.status:8}  {one.page}{'  SLOW' if one.middle > BAR_MS else ''}")
    slowest = max(looks, key=lambda one: one.middle)
    print(f"slowest of {len(looks)}: {slowest.middle:.0f} ms, {slowest.page}")
    assert {one.status for one in looks} <= {200, 302, 403, 404}
    assert [one.page for one in looks if one.middle > BAR_MS] == []


def _signed_in(demo: Office, who: str) -> Visitor:
    login = f"{who}.{time.time_ns()}"
    if who == "administrator":
        return demo.join(Role.ADMINISTRATOR, login)
    with demo.database.read() as connection:
        middle = connection.scalar(select(units.c.id).where(units.c.kind == "commune").order_by(units.c.id).limit(1))
    assert middle is not None
    return demo.join(Role.UNIT, login, (middle,))


def _look(visitor: Visitor, page: str) -> Look:
    took = []
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        status = visitor.get(page).status_code
        took.append((time.perf_counter() - began) * 1000)
    return Look(page, status, took[0], statistics.median(took[1:]))
