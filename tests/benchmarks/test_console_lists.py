"""The console's lists on 100,000 people, 1,000,000 messages and 300 units: at most 200 ms each.

BOT_TEST_DEMO names a folder that `python -m bot seed-demo` has filled; without it one is filled first.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.cli import main
from bot.store.schema import units
from bot.store.staff import Role
from tests.console.conftest import Office, Visitor, open_office

pytestmark = pytest.mark.long
BAR_MS = 200
TIMES = 7
PAGES = (
    "/", "/conversations", "/conversations?tab=mine", "/conversations?tab=all", "/conversations?tab=all&account=1",
    "/conversations?tab=all&unit=2", "/conversations?q=tang+ca", "/conversations?q=em", "/conversations?q=c%C3%B4ng+ty",
    "/conversations?q=xa+xoi", "/conversations?q=ca+kep+tiet+kiem", "/conversations?q=alo", "/conversations/77",
    "/conversations/77/live", "/conversations/stuck", "/people", "/people?unit=2", "/people?unclear=1", "/people/77",
    "/data-requests", "/incidents", "/units", "/accounts",
)  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = Path(os.environ.get("BOT_TEST_DEMO") or tmp_path_factory.mktemp("demo"))
    if not (folder / "bot.db").exists():
        before = {name: os.environ.get(name) for name in ("BOT_DATA_DIR", "DATABASE_URL")}
        os.environ["BOT_DATA_DIR"] = str(folder)
        os.environ.pop("DATABASE_URL", None)
        assert main(["seed-demo"]) == 0
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    with open_office(folder, key="") as office:
        office.time.at = datetime.now(UTC)
        yield office


@pytest.mark.parametrize("who", ["administrator", "unit"])
def test_lists_answer_in_time(demo: Office, who: str) -> None:
    visitor = _signed_in(demo, who)
    slow = {}
    for page in PAGES:
        status, took = _timed(visitor, page)
        print(f"{who:14} {took:7.1f} ms  {status}  {page}")
        assert status in {200, 403, 404}
        if took > BAR_MS:
            slow[page] = took
    assert not slow


def _signed_in(demo: Office, who: str) -> Visitor:
    login = f"{who}.{time.time_ns()}"
    if who == "administrator":
        return demo.join(Role.ADMINISTRATOR, login)
    with demo.database.read() as connection:
        middle = connection.scalar(select(units.c.id).where(units.c.kind == "commune").order_by(units.c.id).limit(1))
    assert middle is not None
    return demo.join(Role.UNIT, login, (middle,))


def _timed(visitor: Visitor, page: str) -> tuple[int, float]:
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        status = visitor.get(page).status_code
        took.append((time.perf_counter() - began) * 1000)
    return status, statistics.median(took)
