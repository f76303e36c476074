"""Apps and accounts as the adapters want them, read from the store and kept for a moment."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bot.platforms.contract import Access, AppKeys, Platform
from bot.store import accounts
from bot.store.accounts import Account, App
from bot.store.database import Database, DatabaseAway
from bot.store.vault import Vault

KEPT_S = 2.0  # another process's change is seen so soon
READ_S = 1.0  # a server that stands still must not hold up every webhook behind this one look
AWAY_S = 1.0  # so long nobody asks a database that did not answer


@dataclass(frozen=True, slots=True)
class _Snapshot:
    at: float
    apps: Mapping[int, App] = field(default_factory=dict)
    accounts: Mapping[int, Account] = field(default_factory=dict)
    by_external: Mapping[tuple[str, str], int] = field(default_factory=dict)
    keys: Mapping[str, list[AppKeys]] = field(default_factory=dict)  # by platform, as the ids below
    app_ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    account_ids: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, at: float, apps: Sequence[App], rows: Sequence[Account]) -> _Snapshot:
        """Sorted by platform here, not at each of the many questions."""
        keys: dict[str, list[AppKeys]] = defaultdict(list)
        for app in apps:
            keys[app.platform].append(_keys(app))
        accounts: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            accounts[row.platform].add(row.external_id)
        return cls(
            at,
            apps={app.pk: app for app in apps},
            accounts={row.id: row for row in rows},
            by_external={(row.platform, row.external_id): row.id for row in rows},
            keys=keys,
            app_ids={name: frozenset(one.app_id for one in known) for name, known in keys.items()},
            account_ids={name: frozenset(known) for name, known in accounts.items()},
        )


class Directory:
    """Who we are on each platform. Signing keys are opened once a snapshot; a token at each call."""

    def __init__(self, database: Database, vault: Vault, platforms: Mapping[str, Platform]) -> None:
        self.platforms = platforms
        self._database = database
        self._vault = vault
        self._opened = lru_cache(maxsize=256)(vault.open)  # opening costs more than anything else about a call
        self._lock = threading.Lock()
        self._snapshot = _Snapshot(at=float("-inf"))
        self._away_until = float("-inf")

    def platform(self, account: Account) -> Platform:
        return self.platforms[account.platform]

    def account(self, account_id: int) -> Account | None:
        return self._current().accounts.get(account_id)

    def accounts(self) -> list[Account]:
        return list(self._current().accounts.values())

    def account_of_app(self, platform: str, external_id: str | None, app: AppKeys) -> int | None:
        """The account's number, if this app may speak for it: another app's signature says nothing about it."""
        snapshot = self._current()
        number = snapshot.by_external.get((platform, external_id or ""))
        owner = snapshot.apps.get(snapshot.accounts[number].app_pk) if number is not None else None
        return number if owner is not None and owner.app_id == app.app_id else None

    def keys(self, platform: str) -> list[AppKeys]:
        """The keys that may have signed a webhook of this platform."""
        return self._current().keys.get(platform, [])

    def account_ids(self, platform: str) -> frozenset[str]:
        return self._current().account_ids.get(platform, frozenset())

    def app_ids(self, platform: str) -> frozenset[str]:
        return self._current().app_ids.get(platform, frozenset())

    def access(self, account: Account) -> Access:
        """What a call needs. `account` comes fresh from the store, and so does its token."""
        app = self._current().apps.get(account.app_pk)
        return Access(
            account=account.external_id,
            app=_keys(app) if app else AppKeys("", (), ()),
            token=str(self._opened(account.tokens).get("access", "")),
            api_url=account.api_url,
            api_version=account.api_version,
            buttons=account.buttons,
        )

    def refresh_token(self, account: Account) -> str:
        return str(self._opened(account.tokens).get("refresh", ""))

    def changed(self) -> None:
        """Look again at the next question."""
        self._snapshot = replace(self._snapshot, at=float("-inf"))

    def _current(self) -> _Snapshot:
        snapshot = self._snapshot
        if time.monotonic() - snapshot.at < KEPT_S:
            return snapshot
        with self._lock:
            if time.monotonic() - self._snapshot.at >= KEPT_S:
                self._snapshot = self._look()
            return self._snapshot

    def _look(self) -> _Snapshot:
        """While the database is away what was known goes on; who knows nothing yet does not ask once for each call."""
        if time.monotonic() < self._away_until:
            raise DatabaseAway
        try:
            return self._read()
        except DatabaseAway:
            if not self._snapshot.apps:
                self._away_until = time.monotonic() + AWAY_S
                raise
            return replace(self._snapshot, at=time.monotonic())

    def _read(self) -> _Snapshot:
        with self._database.read(within_s=READ_S) as connection:
            apps, rows = accounts.all_apps(connection, self._vault), accounts.all_accounts(connection)
        return _Snapshot.of(time.monotonic(), apps, rows)


def _keys(app: App) -> AppKeys:
    return AppKeys(app.app_id, app.secrets, app.signing, app.verify_token)
