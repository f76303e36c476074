"""After Meta's 24 hours: an officer's own words may go where the account was granted it, the bot's never."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from bot import clock
from bot.delivery.outbox import Outbox
from bot.delivery.tally import Tally
from bot.delivery.tokens import Tokens
from bot.platforms.rules import HUMAN_AGENT, Rules
from bot.runtime import Store
from bot.settings import load
from bot.states import Origin
from bot.store import accounts, outbox, persons
from bot.store.outbox import Draft
from bot.store.schema import outbox as outgoing
from bot.store.schema import persons as people
from tests.running import Doubles, doubles

MEMBER = "7000000000000001"


@dataclass
class World:
    store: Store
    platforms: Doubles
    account: int

    def granted(self, on: bool) -> None:
        self.platforms.knobs("messenger", human_agent=on)
        self.store.database.write(lambda connection: accounts.change(connection, self.account, human_agent=on))
        self.store.directory.changed()

    def sends(self, hours_ago: float, *, human: bool) -> tuple[str, str]:
        """What becomes of one message to somebody who wrote so long ago: its state and code."""
        now, seconds = clock.now(), hours_ago * 3600
        crowd = {"platform": "messenger", "ids": [MEMBER], "last_act_s_ago": seconds}
        self.platforms.control("POST", "people", crowd)

        def op(connection: Connection) -> int:
            person = persons.ensure(connection, self.account, MEMBER, now)
            wrote = {"wrote_at": now - timedelta(hours=hours_ago)}
            connection.execute(update(people).where(people.c.id == person).values(wrote))
            origin = Origin.STAFF if human else Origin.REPLY
            return outbox.add(connection, [Draft(self.account, person, origin, {"text": "Dạ"}, human=human)], now)[0]

        number = self.store.database.write(op)
        (row,) = self.store.database.write(
            lambda connection: outbox.claim(connection, self.account, "test", clock.now(), 1)
        )
        self._outbox().attempt(row)
        with self.store.database.read() as connection:
            found = connection.execute(select(outgoing.c.state, outgoing.c.code).where(outgoing.c.id == number)).one()
        return found.state, found.code

    def _outbox(self) -> Outbox:
        store = self.store
        tokens = Tokens(store.database, store.vault, store.directory, clock.now, "test")
        return Outbox(store.database, store.directory, tokens, Rules.load(), clock.now, Tally())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with doubles("http://127.0.0.1:9", tmp_path) as platforms:
        store = Store(load({**platforms.environment, "BOT_DATA_DIR": str(tmp_path / "data")}))
        account = next(one for one in store.directory.accounts() if one.platform == "messenger")
        yield World(store, platforms, account.id)
        store.close()


def test_who_may_write_when(world: World) -> None:
    world.granted(on=False)
    assert world.sends(2, human=True)[0] == "sent"
    assert world.sends(30, human=True) == ("held", "window.closed")
    world.granted(on=True)
    assert world.sends(30, human=True)[0] == "sent"
    assert world.sends(30, human=False) == ("held", "window.closed")
    assert world.sends(24 * 8, human=True) == ("held", "window.closed")


def test_the_tag_goes_only_where_it_is_needed(world: World) -> None:
    world.granted(on=True)
    world.sends(2, human=True)
    world.sends(30, human=True)
    asked = [str(one) for one in world.platforms.control("GET", "exchanges") if "/messages" in str(one)]
    assert ["HUMAN_AGENT" in body for body in asked] == [False, True]


def test_an_account_that_was_not_granted_it_after_all_says_so(world: World) -> None:
    world.granted(on=True)
    world.platforms.knobs("messenger", human_agent=False)
    state, code = world.sends(30, human=True)
    assert (state, code) == ("waiting", "messenger.10")


def test_only_messenger_knows_the_grant() -> None:
    rules, today = Rules.load().windows, clock.now().date()
    assert rules.length("messenger", Origin.STAFF, today, grant=HUMAN_AGENT) > timedelta(days=6)
    assert rules.length("messenger", Origin.ANNOUNCEMENT, today, grant=HUMAN_AGENT) == timedelta()
    assert rules.length("zalo", Origin.STAFF, today, grant=HUMAN_AGENT) == timedelta()
