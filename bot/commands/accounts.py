"""`accounts` and `doctor`: the OAs and Pages without the console."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from bot import settings
from bot.delivery import seeding
from bot.delivery.alarms import explanations
from bot.delivery.doctor import Doctor, activate
from bot.delivery.seeding import Seed
from bot.errors import BotError
from bot.runtime import Store
from bot.store import accounts, marks
from bot.store.accounts import Account

#: What is read from standard input, a line each, so that no secret stands in a process list or a shell's history.
SECRETS = {
    "zalo": ("app secret", "OA secret key", "access token", "refresh token"),
    "messenger": ("app secret", "verify token", "page access token"),
}


def list_(_options: argparse.Namespace) -> int:
    store = Store(settings.load())
    with store.database.read() as connection:
        for one in accounts.all_accounts(connection):
            state = f"{one.state} {one.state_code}".strip()
            print(one.id, one.platform, one.external_id, one.name or "-", state, f"{one.rate:g}/s", sep="\t")
    store.close()
    return 0


def add(options: argparse.Namespace) -> int:
    store = Store(settings.load())
    given = dict(zip(SECRETS[options.platform], _read(SECRETS[options.platform]), strict=True))
    signing = given.get("OA secret key", given["app secret"])
    seed = Seed(
        platform=options.platform,
        app_id=options.app_id,
        external_id=options.external_id,
        keys=seeding.keys([given["app secret"]], [signing], given.get("verify token", "")),
        access=given.get("access token") or given.get("page access token", ""),
        refresh=given.get("refresh token", ""),
        facts=_default_hosts(store, options.platform) | _facts(options),
    )
    store.plant([seed])
    store.close()
    print(f"{options.platform} {options.external_id} is added; run: python -m bot doctor")
    return 0


def update(options: argparse.Namespace) -> int:
    store = Store(settings.load())
    account = _find(store, options.account)
    tokens = (
        _read(("access token", "refresh token")[: 2 if account.platform == "zalo" else 1]) if options.tokens else []
    )

    def op(connection: Connection) -> None:
        if facts := _facts(options):
            accounts.change(connection, account.id, **facts)
        if tokens:
            access, refresh = tokens[0], tokens[1] if len(tokens) > 1 else ""
            accounts.set_tokens(
                connection, store.vault, account.id, access=access, refresh=refresh, at=store.clock(), until=None
            )
        if tokens or options.activate:
            activate(connection, account, store.clock())

    store.database.write(op)
    store.close()
    print(f"account {account.id} is changed")
    return 0


def remove(options: argparse.Namespace) -> int:
    store = Store(settings.load())
    account = _find(store, options.account)
    store.database.write(
        lambda connection: accounts.change(connection, account.id, state=accounts.REMOVED, tokens=None)
    )
    store.close()
    print(f"account {account.id} is no longer served")
    return 0


def doctor(options: argparse.Namespace) -> int:
    """0 when nothing is missing."""
    store = Store(settings.load())
    words = explanations()
    missing = 0
    for account in store.directory.accounts():
        print(f"{account.platform} {account.external_id} {account.name}".strip())
        for check in Doctor(store.database, store.directory, store.clock).examine(account, fix=options.fix):
            missing += not check.ok
            told = words.get(check.code, {})
            print(f"  {'ok ' if check.ok else 'NO '} {check.name}{f'  {check.code}' if check.code else ''}")
            for line in (told.get("means"), told.get("do")) if not check.ok else ():
                if line:
                    print(f"       {line}")
    missing += _refused_hosts(store, words)
    if not store.directory.accounts():
        print("no account yet: python -m bot accounts add, or the console")
        missing = 1
    store.close()
    return 1 if missing else 0


def _refused_hosts(store: Store, words: Mapping[str, Mapping[str, str]]) -> int:
    """Say where members' files lay that were not fetched; how many such hosts."""
    with store.database.read() as connection:
        refused = [alarm for alarm in marks.open_alarms(connection) if alarm.code == "files.unknown_host"]
    for alarm in refused:
        print(f"  NO  files  {alarm.code}  {alarm.facts['platform']} {alarm.facts['host']}")
        print(f"       {words[alarm.code]['means']}\n       {words[alarm.code]['do']}")
    return len(refused)


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    facts = {
        name: getattr(options, name)
        for name in ("name", "rate", "burst", "api_url", "oauth_url", "api_version")
        if getattr(options, name) is not None
    }
    if options.buttons is not None:
        facts["buttons"] = options.buttons == "on"
    return facts


def _default_hosts(store: Store, platform: str) -> dict[str, Any]:
    chosen = store.settings
    if platform == "zalo":
        return {"api_url": chosen.zalo_api_url, "oauth_url": chosen.zalo_oauth_url}
    return {"api_url": chosen.messenger_api_url, "api_version": chosen.messenger_api_version}


def _find(store: Store, number: int) -> Account:
    with store.database.read() as connection:
        found = accounts.get(connection, number)
    if found is None or found.state == accounts.REMOVED:
        raise BotError("account.unknown", account=number)
    return found


def _read(names: tuple[str, ...]) -> list[str]:
    """One line each from standard input. Raises BotError naming what is missing."""
    values = []
    for name in names:
        if sys.stdin.isatty():
            print(f"{name}: ", end="", file=sys.stderr, flush=True)
        value = sys.stdin.readline().strip()
        if not value:
            raise BotError("account.missing_secret", which=name)
        values.append(value)
    return values
