"""The whole bot in one process against the doubles over HTTP, moved step by step under a clock that stands.

Nothing runs by itself: `settle` does what the worker's threads would do until nothing is left to do, so each test says
when time passes and what the platforms answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from waitress.server import create_server

from bot.app import create_app
from bot.conversation.engine import Engine
from bot.delivery import seeding
from bot.delivery.seeding import Seed
from bot.runtime import Runtime, Voice
from bot.settings import load
from bot.simulator import Simulator, admit
from bot.simulator.acts import Act
from bot.simulator.faults import Rule
from bot.states import Origin
from bot.store import accounts, marks, outbox, persons
from bot.store.accounts import Account
from bot.store.outbox import Claimed, Draft
from bot.store.schema import outbox as table
from tests.conftest import Hands, new_postgres
from tests.running import SECRET, free_port, until

#: Zalo shows no buttons, Messenger no numbers; everything else is the same on both.
PLATFORMS = ("zalo", "messenger")
USER = {"zalo": "7200000000000000001", "messenger": "7300000000000001"}


@dataclass
class Stage:
    """A bot, the doubles, and the hands of their one clock."""

    runtime: Runtime
    simulator: Simulator
    hands: Hands

    # ---- the member ----

    def say(self, platform: str, text: str = "menu", act: str = "text", **more: Any) -> str:
        said = Act.model_validate({"act": act, "text": text, **more})
        mid = self.simulator.double(platform).do(USER[platform], said)
        self.quiet()
        return mid

    def quiet(self) -> None:
        """Wait until the doubles have delivered every webhook."""
        until(lambda: self.simulator.tools.deliveries.waiting == 0, within_s=30, every_s=0.005)

    def texts(self, platform: str) -> list[str]:
        """What arrived on the member's phone."""
        calls = self.simulator.tools.journal.calls()
        return [str(call["text"]) for call in calls if call["user"] == USER[platform]]

    def fault(self, platform: str, kind: str, **rule: Any) -> None:
        self.simulator.tools.faults.add(Rule.model_validate({"platform": platform, "kind": kind, **rule}))

    def counted(self, what: str) -> int:
        return self.simulator.tools.journal.counts().get(what, 0)

    # ---- the worker, by hand ----

    def turns(self) -> int:
        rows = self.runtime.worker._inbox.claim(10)
        for row in rows:
            self.runtime.worker._inbox.handle(row)
        return len(rows)

    def claim(self) -> list[Claimed]:
        now, owner = self.hands(), self.runtime.owner
        with self.runtime.database.read() as connection:
            busy = outbox.accounts_with_work(connection, now)
        claims = [partial(outbox.claim, account_id=number, owner=owner, now=now, limit=10) for number in busy]
        return [row for claim in claims for row in self.runtime.database.write(claim)]

    def send(self) -> int:
        rows = self.claim()
        for row in rows:
            self.runtime.worker._outbox.attempt(row)
        return len(rows)

    def settle(self) -> None:
        """Do all that is due now, as the worker's threads would."""
        done = 1
        while done:
            self.quiet()
            done = self.turns() + self.send()
            self.quiet()
            done += self.runtime.worker._receipts.work()
            self.hands.pass_by(milliseconds=1)

    def later(self, **length: float) -> None:
        """Let time pass, and everything happen that becomes due by it."""
        self.hands.pass_by(**length)
        self.runtime.directory.changed()
        self.runtime.worker._repair.work()
        self.settle()

    # ---- what stands in the database ----

    def rows(self, platform: str | None = None) -> list[Any]:
        query = select(table).order_by(table.c.id)
        if platform is not None:
            query = query.where(table.c.account_id == self.account(platform).id)
        with self.runtime.database.read() as connection:
            return list(connection.execute(query))

    def states(self, platform: str | None = None) -> list[str]:
        return [row.state for row in self.rows(platform)]

    def account(self, platform: str) -> Account:
        with self.runtime.database.read() as connection:
            return next(one for one in accounts.all_accounts(connection) if one.platform == platform)

    def person(self, platform: str) -> persons.Person:
        with self.runtime.database.read() as connection:
            found = persons.find(connection, self.account(platform).id, USER[platform])
        assert found is not None
        return found

    def alarms(self) -> dict[str, str]:
        with self.runtime.database.read() as connection:
            return {one.cause: one.code for one in marks.open_alarms(connection)}

    def notify(self, platform: str, text: str, **more: Any) -> int:
        """Queue news of the member's own matter."""
        person = self.person(platform)
        draft = Draft(person.account_id, person.id, Origin.NOTICE, {"text": text}, **more)
        return self.runtime.database.write(lambda connection: outbox.add(connection, [draft], self.hands()))[0]


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The real one, with the texts as shipped; it takes seconds to learn them, so all tests share it."""
    return Voice().engine


@pytest.fixture
def stage(tmp_path: Path, hands: Hands, engine: Engine) -> Iterator[Stage]:
    yield from _stage("", tmp_path, hands, engine)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stage_on_each(request: pytest.FixtureRequest, tmp_path: Path, hands: Hands, engine: Engine) -> Iterator[Stage]:
    """The same on either database."""
    url = "" if request.param == "sqlite" else new_postgres(request.getfixturevalue("postgres_server"))
    yield from _stage(url, tmp_path, hands, engine)


def _stage(url: str, folder: Path, hands: Hands, engine: Engine) -> Iterator[Stage]:
    port = free_port()
    local = f"http://127.0.0.1:{port}"
    variables = {"BOT_DATA_DIR": str(folder), "DATABASE_URL": url, "SECRET_KEY": SECRET, "PORT": str(port)}
    runtime = Runtime(load({name: value for name, value in variables.items() if value}), clock=hands)
    runtime.voice._engine = engine
    simulator = Simulator(local, own_url=f"{local}/simulator", secret="tests", now=lambda: hands().timestamp())
    runtime.plant([_seed(simulator, platform) for platform in PLATFORMS])
    app = create_app(runtime, simulator)
    server = create_server(app, host="127.0.0.1", port=port, threads=8, asyncore_use_poll=True)
    admit(server)
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    simulator.start()
    try:
        yield Stage(runtime, simulator, hands)
    finally:
        simulator.stop()
        for channel in list(server.active_channels.values()):
            channel.close()  # connections kept alive would hold the server up
        server.close()
        serving.join(timeout=10)
        runtime.stop()


def _seed(simulator: Simulator, platform: str) -> Seed:
    account = simulator.double(platform).account
    signing = account.oa_secret_key or account.app_secret
    return Seed(
        platform=account.platform,
        app_id=account.app_id,
        external_id=account.external_id,
        keys=seeding.keys([account.app_secret], [signing], account.verify_token),
        access=account.access_token,
        refresh=account.refresh_token,
        facts={
            "api_url": account.api_url,
            "oauth_url": account.oauth_url,
            "api_version": account.api_version,
        },
    )
