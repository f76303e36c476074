"""Apps and accounts: keys and tokens sealed, seeds used once, and the environment's only when it changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.delivery import seeding
from bot.delivery.seeding import Seed
from bot.errors import BotError
from bot.settings import load
from bot.store import accounts
from bot.store.accounts import Account
from bot.store.database import Database
from bot.store.schema import accounts as table
from bot.store.schema import apps
from bot.store.vault import Vault
from tests.conftest import Hands

SEED = Seed(
    platform="zalo",
    app_id="70",
    external_id="73",
    keys=seeding.keys(["app-secret"], ["oa-secret"]),
    access="access-1",
    refresh="refresh-1",
    facts={"api_url": "https://example.vn/zalo"},
)


class Planted:
    """Seeds put into a database, and what stands there afterwards."""

    def __init__(self, database: Database, vault: Vault, hands: Hands) -> None:
        self.database, self.vault, self.hands = database, vault, hands

    def plant(self, *seeds: Seed) -> None:
        self.database.write(lambda connection: seeding.plant(connection, self.vault, seeds, self.hands()))

    def rotate(self, access: str, refresh: str) -> None:
        """Do what a refresh does."""
        pair = {"access": access, "refresh": refresh}
        number = self.account().id
        self.database.write(
            lambda connection: accounts.set_tokens(
                connection, self.vault, number, **pair, at=self.hands(), until=self.hands() + timedelta(hours=25)
            )
        )

    def account(self) -> Account:
        with self.database.read() as connection:
            [found] = accounts.all_accounts(connection)
        return found

    def tokens(self) -> tuple[str, str]:
        opened = self.vault.open(self.account().tokens)
        return opened["access"], opened["refresh"]


@pytest.fixture
def planted(database: Database, vault: Vault, hands: Hands) -> Planted:
    made = Planted(database, vault, hands)
    made.plant(SEED)
    return made


def test_a_seed_makes_its_app_and_account(planted: Planted) -> None:
    account = planted.account()
    assert (account.platform, account.external_id, account.api_url) == ("zalo", "73", "https://example.vn/zalo")
    assert (account.state, account.rate, account.tokens_version) == ("active", 66.0, 1)
    assert planted.tokens() == ("access-1", "refresh-1")
    with planted.database.read() as connection:
        [app] = accounts.all_apps(connection, planted.vault)
    assert (app.app_id, app.secrets, app.signing) == ("70", ("app-secret",), ("oa-secret",))


def test_the_stored_pair_wins_over_the_same_old_seed(planted: Planted) -> None:
    planted.rotate("access-2", "refresh-2")
    planted.plant(SEED)
    assert planted.tokens() == ("access-2", "refresh-2")
    assert planted.account().tokens_version == 2


def test_a_seed_whose_token_was_changed_wins_and_revives_a_held_account(planted: Planted) -> None:
    planted.rotate("access-2", "refresh-2")
    number = planted.account().id
    planted.database.write(lambda connection: accounts.change(connection, number, state="held", state_code="x"))
    planted.plant(replace(SEED, access="access-9", refresh="refresh-9"))
    assert planted.tokens() == ("access-9", "refresh-9")
    assert (planted.account().state, planted.account().id) == ("active", number)


def test_other_facts_of_a_seed_are_taken_over_at_each_start(planted: Planted) -> None:
    planted.rotate("access-2", "refresh-2")
    planted.plant(replace(SEED, facts={"api_url": "https://other.vn"}, keys=seeding.keys(["new", "app-secret"], ["k"])))
    assert planted.account().api_url == "https://other.vn"
    assert planted.tokens() == ("access-2", "refresh-2")
    with planted.database.read() as connection:
        [app] = accounts.all_apps(connection, planted.vault)
    assert app.secrets == ("new", "app-secret")


def test_a_removed_account_is_absent_and_a_seed_brings_it_back(planted: Planted) -> None:
    number = planted.account().id
    planted.database.write(lambda connection: accounts.change(connection, number, state=accounts.REMOVED, tokens=None))
    with planted.database.read() as connection:
        assert accounts.all_accounts(connection) == []
    planted.plant(SEED)
    assert (planted.account().id, planted.tokens()) == (number, ("access-1", "refresh-1"))


def test_two_accounts_of_one_app_share_its_keys(planted: Planted) -> None:
    planted.plant(replace(SEED, external_id="74", access="other"))
    with planted.database.read() as connection:
        first, second = accounts.all_accounts(connection)
        assert len(accounts.all_apps(connection, planted.vault)) == 1
    assert first.app_pk == second.app_pk


def test_nothing_secret_stands_in_the_clear(planted: Planted) -> None:
    with planted.database.read() as connection:
        raw = str(connection.execute(select(apps)).all()) + str(connection.execute(select(table)).all())
    for secret in ("app-secret", "oa-secret", "access-1", "refresh-1"):
        assert secret not in raw
        assert secret not in repr(SEED)


def test_another_key_cannot_open_what_was_sealed(planted: Planted) -> None:
    with pytest.raises(BotError, match=r"vault\.wrong_key"):
        Vault(["somebody else's key, long enough"]).open(planted.account().tokens)


def test_an_officers_pause_outlives_a_new_token(planted: Planted) -> None:
    number = planted.account().id
    paused = {"state": accounts.HELD, "state_code": accounts.PAUSED}
    planted.database.write(lambda connection: accounts.change(connection, number, **paused))
    planted.rotate("access-2", "refresh-2")
    assert (planted.account().state, planted.account().state_code) == (accounts.HELD, accounts.PAUSED)


def test_the_simulators_accounts_come_and_go_and_are_not_real(planted: Planted) -> None:
    def real() -> int:
        return planted.database.write(seeding.real_accounts)

    assert real() == 1
    planted.plant(replace(SEED, app_id="1", external_id="2", simulated=True))
    assert real() == 1
    planted.database.write(seeding.clear_simulated)
    assert planted.account().external_id == "73"


@pytest.mark.parametrize(
    ("variables", "platforms"),
    [
        ({}, []),
        ({"ZALO_OA_ID": "73", "ZALO_APP_ID": "70"}, ["zalo"]),
        ({"ZALO_OA_ID": "73"}, []),
        ({"MESSENGER_PAGE_ID": "9", "MESSENGER_APP_SECRET": "new,old"}, ["messenger"]),
    ],
)
def test_the_environment_says_what_it_can(variables: dict[str, str], platforms: list[str]) -> None:
    seeds = seeding.from_environment(load(variables))
    assert [seed.platform for seed in seeds] == platforms
    for seed in seeds:
        if seed.platform == "messenger":
            assert seed.keys["secrets"] == seed.keys["signing"] == ["new", "old"]
