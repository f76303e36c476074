"""Keeps an account's token alive: one refresh at a time, the new pair on disk before anybody uses it."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot import logs
from bot.clock import Clock
from bot.delivery.directory import Directory
from bot.platforms.contract import TokenPair
from bot.platforms.errors import Refusal, SendError
from bot.store import accounts, marks
from bot.store.accounts import Account
from bot.store.database import Database
from bot.store.vault import Vault

#: Refreshed so long after its issue, well before its 25 hours are over.
REFRESH_AFTER = timedelta(hours=10)
#: Longer than the refresh call's time-outs, twice: it may be tried again under the same lock.
LOCK = timedelta(seconds=60)
TRIES = 2
#: A pair that came from a refresh may take so long until the platform knows it everywhere.
SETTLES = timedelta(seconds=5)
#: One that is refused so soon after its issue is not old: something else is wrong, and another would be refused too.
NEW = timedelta(minutes=1)


class Tokens:
    def __init__(self, database: Database, vault: Vault, directory: Directory, clock: Clock, owner: str) -> None:
        self._database = database
        self._vault = vault
        self._directory = directory
        self._clock = clock
        self._owner = owner

    def renew(self, account: Account) -> bool:
        """After a call with `account`'s token was refused: True when the store holds a newer one to try with.

        False: wait a moment. When no token can help, the account is held and a person called.
        """
        lease = f"token:{account.id}"
        holder = f"{self._owner}:{secrets.token_hex(4)}"  # two threads of one process are two holders
        if not self._locked(lease, holder):
            return False  # somebody else is at it; the message waits a moment
        try:
            current = self._fresh(account.id)
            if current is None:
                return False
            if current.tokens_version != account.tokens_version:
                return True
            age = self._age(current)
            if age < SETTLES:
                return False
            if age < NEW:
                self._give_up(current, f"{current.platform}.token_dead")
                return False
            return self._refresh(current)
        finally:
            self._database.write(lambda connection: marks.drop_lease(connection, lease, holder))

    def renew_due(self) -> None:
        """Refresh what is old; called by the clock."""
        now = self._clock()
        with self._database.read() as connection:
            rows = accounts.all_accounts(connection)
        for account in rows:
            due = account.tokens_at is None or now - account.tokens_at > REFRESH_AFTER
            if due and account.state == accounts.ACTIVE and self._directory.refresh_token(account):
                self.renew(account)

    def _age(self, account: Account) -> timedelta:
        """How long ago the platform gave us this pair; one that a person typed in may have been old already."""
        if account.tokens_at is None or account.tokens_until is None:
            return timedelta.max
        return self._clock() - account.tokens_at

    def _refresh(self, account: Account) -> bool:
        refresh_token = self._directory.refresh_token(account)
        try:
            pair = self._ask(account, refresh_token) if refresh_token else None
        except SendError as error:
            logs.warn("token.refresh_refused", account=account.id, code=error.code, vendor=error.vendor)
            if error.refusal is Refusal.THROTTLED:  # it never left; the pair is as good as before
                return False
            self._give_up(account, error.code)
            return False
        if pair is None:
            self._give_up(account, f"{account.platform}.token_dead")
            return False
        self._keep(account, pair)
        logs.event("token.refreshed", account=account.id)
        return True

    def _ask(self, account: Account, refresh_token: str) -> TokenPair | None:
        """A refresh without an answer may or may not have spent the token: the old one is tried once more."""
        platform = self._directory.platform(account)
        for attempt in range(TRIES):
            try:
                return platform.refresh(self._directory.access(account), refresh_token, account.oauth_url)
            except SendError as error:
                if error.refusal is not Refusal.UNSURE or attempt == TRIES - 1:
                    raise
                time.sleep(1)
        return None

    def _keep(self, account: Account, pair: TokenPair) -> None:
        now = self._clock()

        def store(connection: Connection) -> None:
            accounts.set_tokens(
                connection,
                self._vault,
                account.id,
                access=pair.access,
                refresh=pair.refresh,
                at=now,
                until=now + pair.expires_in,
            )
            marks.end_alarm(connection, f"account:{account.id}", now)

        self._database.write(store)
        self._directory.changed()

    def _give_up(self, account: Account, code: str) -> None:
        """A person must give a new token; until then the account's messages wait."""
        hold(self._database, account, code, self._clock())
        self._directory.changed()

    def _fresh(self, account_id: int) -> Account | None:
        with self._database.read() as connection:
            return accounts.get(connection, account_id)

    def _locked(self, lease: str, holder: str) -> bool:
        now = self._clock()
        return self._database.write(lambda connection: marks.take_lease(connection, lease, holder, now, LOCK))


def hold(database: Database, account: Account, code: str, now: datetime) -> None:
    """Stop an account's sending until a person has mended it, and say so."""

    def op(connection: Connection) -> None:
        accounts.change(connection, account.id, state=accounts.HELD, state_code=code)
        marks.raise_alarm(connection, f"account:{account.id}", code, now, account=account.name or account.external_id)

    database.write(op)
