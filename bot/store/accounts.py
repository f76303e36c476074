"""Apps (who own the signing keys) and accounts (an OA, a Page): their keys, tokens, rate and state."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, case, select, update

from bot.store.prepared import Prepared
from bot.store.schema import accounts, apps
from bot.store.sql import insert_or_ignore
from bot.store.vault import Vault

#: What the platforms allow (messages a second, burst): Meta 300 calls/s a Page, Zalo 4,000 a minute an app.
#: A lower limit that the platform names in its answers replaces it.
CEILINGS = {"messenger": (300.0, 30.0), "zalo": (66.0, 30.0)}

ACTIVE, HELD, REMOVED = "active", "held", "removed"
#: The state_code of an account that an officer stopped: only an officer lets it go on.
PAUSED = "account.paused"


@dataclass(frozen=True, slots=True)
class App:
    """One app at a platform. `secrets` and `signing` come newest first; two of them during a rotation."""

    pk: int
    platform: str
    app_id: str
    secrets: tuple[str, ...]
    signing: tuple[str, ...]
    verify_token: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class Account:
    """One OA or Page. `tokens` stay sealed until a call needs them."""

    id: int
    platform: str
    external_id: str
    app_pk: int
    name: str
    unit_id: int | None
    tokens: bytes | None
    tokens_version: int
    tokens_at: datetime | None
    tokens_until: datetime | None
    api_url: str
    oauth_url: str
    api_version: str
    buttons: bool
    human_agent: bool
    state: str
    state_code: str
    rate: float
    named_rate: float | None
    named_until: datetime | None
    burst: float
    allowance: float
    refilled_at: datetime
    paused_until: datetime | None
    simulated: bool

    def pace(self, now: datetime) -> float:
        """Messages a second: what officers set, or less while the platform says so."""
        named = self.named_rate if self.named_until is not None and self.named_until > now else None
        return self.rate if named is None else min(self.rate, named)


_ACCOUNT_COLUMNS = [accounts.c[name] for name in Account.__dataclass_fields__]


def all_apps(connection: Connection, vault: Vault) -> list[App]:
    return [_app(row, vault) for row in connection.execute(select(apps).order_by(apps.c.id)).mappings()]


def _app(row: RowMapping, vault: Vault) -> App:
    kept = vault.open(row["secrets"])
    return App(
        pk=row["id"],
        platform=row["platform"],
        app_id=row["app_id"],
        secrets=tuple(kept.get("secrets", ())),
        signing=tuple(kept.get("signing", ())),
        verify_token=kept.get("verify_token", ""),
        simulated=row["simulated"],
    )


def all_accounts(connection: Connection) -> list[Account]:
    """Every account that was not removed."""
    query = select(*_ACCOUNT_COLUMNS).where(accounts.c.state != REMOVED).order_by(accounts.c.id)
    return [Account(**row) for row in connection.execute(query).mappings()]


_GET = select(*_ACCOUNT_COLUMNS).where(accounts.c.id == bindparam("number"))
_LOOK = Prepared(lambda _: _GET)
#: SQLite leaves the lock out: it has one writer. `key_share`: rows that only point at the account go on being written;
#: a turn writes some and then claims, and two of them would wait for each other.
_LOCK = Prepared(lambda _: _GET.with_for_update(key_share=True))


def get(connection: Connection, account_id: int, *, lock: bool = False) -> Account | None:
    row = (_LOCK if lock else _LOOK).first(connection, number=account_id)
    return Account(*row) if row else None


def save_app(
    connection: Connection,
    vault: Vault,
    *,
    platform: str,
    app_id: str,
    keys: Mapping[str, Any],
    simulated: bool,
    now: datetime,
) -> int:
    """Add the app or replace its keys (`secrets`, `signing`, `verify_token`); the app's own number."""
    values = {"secrets": vault.seal(keys), "seeded": digest(keys), "simulated": simulated}
    connection.execute(
        insert_or_ignore(connection, apps).values(platform=platform, app_id=app_id, created_at=now, **values)
    )
    ours = (apps.c.platform == platform) & (apps.c.app_id == app_id)
    connection.execute(update(apps).where(ours).values(**values))
    pk: int = connection.execute(select(apps.c.id).where(ours)).scalar_one()
    return pk


def save_account(
    connection: Connection,
    *,
    platform: str,
    external_id: str,
    app_pk: int,
    now: datetime,
    simulated: bool = False,
    **facts: Any,
) -> int:
    """Add the account, or bring a removed one back; `facts` are other columns to set. Its number."""
    rate, burst = CEILINGS[platform]
    fresh = {"rate": rate, "burst": burst, "allowance": burst, "refilled_at": now, "created_at": now}
    ours = (accounts.c.platform == platform) & (accounts.c.external_id == external_id)
    connection.execute(
        insert_or_ignore(connection, accounts).values(
            platform=platform, external_id=external_id, app_pk=app_pk, **fresh
        )
    )
    facts = {"state": ACTIVE, "state_code": "", "app_pk": app_pk, "simulated": simulated, **facts}
    connection.execute(update(accounts).where(ours).values(**facts))
    number: int = connection.execute(select(accounts.c.id).where(ours)).scalar_one()
    return number


def set_tokens(
    connection: Connection,
    vault: Vault,
    account_id: int,
    *,
    access: str,
    refresh: str,
    at: datetime,
    until: datetime | None,
) -> None:
    """Store a new pair. The caller commits before anybody uses it: the old one is dead already."""
    connection.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(
            tokens=vault.seal({"access": access, "refresh": refresh}),
            tokens_version=accounts.c.tokens_version + 1,
            tokens_at=at,
            tokens_until=until,
            # an officer's pause outlives a new token
            state=case((accounts.c.state_code == PAUSED, accounts.c.state), else_=ACTIVE),
            state_code=case((accounts.c.state_code == PAUSED, PAUSED), else_=""),
        )
    )


def change(connection: Connection, account_id: int, **values: Any) -> None:
    if not values:
        return
    to = {f"to_{name}": value for name, value in values.items()}
    _changing(tuple(values)).count(connection, number=account_id, **to)


@cache
def _changing(names: tuple[str, ...]) -> Prepared:
    to: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names}
    return Prepared(lambda _: update(accounts).where(accounts.c.id == bindparam("number")).values(to))


def seeded(connection: Connection, platform: str, external_id: str) -> tuple[int, str] | None:
    """The account's number and the digest of what the environment seeded last; None when it is not there."""
    row = connection.execute(
        select(accounts.c.id, accounts.c.seeded).where(
            accounts.c.platform == platform, accounts.c.external_id == external_id, accounts.c.state != REMOVED
        )
    ).first()
    return (row[0], row[1]) if row else None


def app_seeded(connection: Connection, platform: str, app_id: str) -> str | None:
    query = select(apps.c.seeded).where(apps.c.platform == platform, apps.c.app_id == app_id)
    return connection.execute(query).scalar()


def digest(values: Mapping[str, Any]) -> str:
    """Tell whether a value was changed without keeping it."""
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()
