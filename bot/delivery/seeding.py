"""Accounts that come from outside the console: the environment's, and the simulator's.

A seed is used when its account is absent or when its value differs from the one last seeded; otherwise the stored
token pair wins: tokens rotate, and the environment's is soon the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.settings import Settings
from bot.store import accounts
from bot.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Seed:
    platform: str
    app_id: str
    external_id: str
    keys: Mapping[str, Any] = field(repr=False)  # secrets, signing, verify_token
    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)  # other columns of the account
    simulated: bool = False


def keys(secrets: Iterable[str], signing: Iterable[str], verify_token: str = "") -> dict[str, Any]:
    """Put an app's keys as they are stored; empty ones are left out."""
    return {
        "secrets": [one.strip() for one in secrets if one.strip()],
        "signing": [one.strip() for one in signing if one.strip()],
        "verify_token": verify_token,
    }


def from_environment(settings: Settings) -> list[Seed]:
    """What the variables of the settings say; a platform without its id says nothing."""
    found = []
    if settings.zalo_oa_id and settings.zalo_app_id:
        found.append(
            Seed(
                platform="zalo",
                app_id=settings.zalo_app_id,
                external_id=settings.zalo_oa_id,
                keys=keys([settings.zalo_app_secret], settings.zalo_oa_secret_key.split(",")),
                access=settings.zalo_access_token,
                refresh=settings.zalo_refresh_token,
                facts={"api_url": settings.zalo_api_url, "oauth_url": settings.zalo_oauth_url},
            )
        )
    if settings.messenger_page_id and settings.messenger_app_secret:
        secrets = settings.messenger_app_secret.split(",")
        found.append(
            Seed(
                platform="messenger",
                app_id=settings.messenger_app_id,
                external_id=settings.messenger_page_id,
                keys=keys(secrets, secrets, settings.messenger_verify_token),
                access=settings.messenger_page_access_token,
                facts={"api_url": settings.messenger_api_url, "api_version": settings.messenger_api_version},
            )
        )
    return found


def plant(connection: Connection, vault: Vault, seeds: Iterable[Seed], now: datetime) -> None:
    for seed in seeds:
        _plant(connection, vault, seed, now)


def _plant(connection: Connection, vault: Vault, seed: Seed, now: datetime) -> None:
    tokens = {"access": seed.access, "refresh": seed.refresh}
    app_pk = accounts.save_app(
        connection,
        vault,
        platform=seed.platform,
        app_id=seed.app_id,
        keys=seed.keys,
        simulated=seed.simulated,
        now=now,
    )
    known = accounts.seeded(connection, seed.platform, seed.external_id)
    if known is not None and known[1] == accounts.digest(tokens):
        accounts.change(connection, known[0], app_pk=app_pk, **seed.facts)
        return
    number = accounts.save_account(
        connection,
        platform=seed.platform,
        external_id=seed.external_id,
        app_pk=app_pk,
        now=now,
        simulated=seed.simulated,
        seeded=accounts.digest(tokens),
        **seed.facts,
    )
    accounts.set_tokens(connection, vault, number, **tokens, at=now, until=None)


def real_accounts(connection: Connection) -> int:
    return sum(not account.simulated for account in accounts.all_accounts(connection))


def revive_simulated(connection: Connection) -> None:
    """A fault tried out yesterday must not keep the simulator's accounts from sending today."""
    for account in accounts.all_accounts(connection):
        if account.simulated:
            accounts.change(connection, account.id, state=accounts.ACTIVE, state_code="", paused_until=None)


def clear_simulated(connection: Connection) -> None:
    """The simulator is off: its accounts must not try to send anywhere."""
    for account in accounts.all_accounts(connection):
        if account.simulated:
            accounts.change(connection, account.id, state=accounts.REMOVED)
