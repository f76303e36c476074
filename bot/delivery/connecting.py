"""Connecting an Official Account or a Page from the console, and mending it there: keys, tokens, consent, checks."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from bot.clock import Clock
from bot.delivery.directory import Directory
from bot.delivery.doctor import Doctor, activate
from bot.errors import BotError
from bot.platforms.contract import AppKeys, Check, TokenPair
from bot.platforms.errors import SendError
from bot.store import accounts, audit, marks
from bot.store.accounts import PAUSED, Account, App
from bot.store.database import Database
from bot.store.vault import Vault

#: Zalo's code lives as long.
CONSENT_LASTS = timedelta(minutes=10)
NO_TOKEN = {"zalo": "zalo.no_token", "messenger": "messenger.token_invalid"}


class Consents(Protocol):
    """A platform whose account is granted by an administrator's consent."""

    def new_verifier(self) -> str: ...

    def authorize_url(self, oauth_url: str, app_id: str, redirect_uri: str, *, state: str, verifier: str) -> str: ...

    def exchange_code(self, app: AppKeys, code: str, verifier: str, oauth_url: str) -> TokenPair:
        """Raises SendError."""
        ...


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where a platform is reached: the real one, and the double on this machine while it is on."""

    real: Mapping[str, Mapping[str, Any]]
    practice: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class New:
    """An account as the officer describes it."""

    platform: str
    app_id: str
    external_id: str
    app_secret: str = field(default="", repr=False)  # "" when the app is known already
    signing: str = field(default="", repr=False)  # Zalo: the OA's secret key
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    name: str = ""
    unit_id: int | None = None
    practice: bool = False


class Connecting:
    """What the accounts screen does. It talks to a platform only through the doctor and the consent."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        directory: Directory,
        doctor: Doctor,
        clock: Clock,
        consents: Mapping[str, Consents],
        hosts: Hosts,
    ) -> None:
        self._database = database
        self._vault = vault
        self._directory = directory
        self._doctor = doctor
        self._clock = clock
        self._consents = consents
        self.hosts = hosts

    # ---- looking ----

    def app(self, account: Account) -> App | None:
        with self._database.read() as connection:
            return next((one for one in accounts.all_apps(connection, self._vault) if one.pk == account.app_pk), None)

    def has_token(self, account: Account) -> bool:
        return bool(self._vault.open(account.tokens).get("access"))

    def examine(self, account: Account, *, fix: bool) -> Sequence[Check]:
        """Ask the platform. With `fix`, Page fields and menu are set; an account that is well again sends again."""
        checks = self._doctor.examine(account, fix=fix)
        healthy = all(check.ok for check in checks if check.name != "state")
        if fix and healthy and account.state == accounts.HELD and account.state_code != PAUSED:
            self._database.write(lambda connection: activate(connection, account, self._clock()))
            self._directory.changed()
        return checks

    # ---- changing ----

    def add(self, by: int, new: New) -> int:
        """Store app and account; the account's number. Raises BotError account.secret_missing or account.known."""
        now = self._clock()
        hosts = (self.hosts.practice if new.practice else self.hosts.real)[new.platform]

        def op(connection: Connection) -> int:
            if accounts.seeded(connection, new.platform, new.external_id) is not None:
                raise BotError("account.known")
            app_pk = self._save_app(connection, new)
            facts = {**hosts, "name": new.name, "unit_id": new.unit_id, "tokens": None}
            number = accounts.save_account(
                connection,
                platform=new.platform,
                external_id=new.external_id,
                app_pk=app_pk,
                now=now,
                simulated=new.practice,
                **facts,
            )
            if new.access:
                self._keep(connection, number, new.access, new.refresh, None)
            else:
                accounts.change(connection, number, state=accounts.HELD, state_code=NO_TOKEN[new.platform])
            audit.record(connection, now, by, "account.added", "account", number)
            return number

        number = self._database.write(op)
        self._directory.changed()
        return number

    def _save_app(self, connection: Connection, new: New) -> int:
        """The app with its keys; an app known already keeps those that were left out, and its other OAs' keys."""
        known = next(
            (
                one
                for one in accounts.all_apps(connection, self._vault)
                if (one.platform, one.app_id) == (new.platform, new.app_id)
            ),
            None,
        )
        app_secrets = _newest_first(new.app_secret, known.secrets if known else ())
        own = new.signing if new.platform == "zalo" else new.app_secret
        signing = _newest_first(own, known.signing if known else ())
        if not app_secrets or not signing:
            raise BotError("account.secret_missing")
        verify_token = (known.verify_token if known else "") or secrets.token_urlsafe(18)
        keys = {"secrets": app_secrets, "signing": signing, "verify_token": verify_token}
        return accounts.save_app(
            connection,
            self._vault,
            platform=new.platform,
            app_id=new.app_id,
            keys=keys,
            simulated=new.practice,
            now=self._clock(),
        )

    def set_keys(self, by: int, account: Account, *, app_secret: str, signing: str) -> None:
        """Put new keys before the old ones: both hold until the platform has changed over."""
        app = self.app(account)
        if app is None:
            raise BotError("account.unknown")
        new = New(account.platform, app.app_id, account.external_id, app_secret=app_secret, signing=signing)

        def op(connection: Connection) -> None:
            self._save_app(connection, _as(new, practice=app.simulated))
            audit.record(connection, self._clock(), by, "account.keys_changed", "account", account.id)

        self._database.write(op)
        self._directory.changed()

    def set_tokens(self, by: int, account: Account, access: str, refresh: str) -> None:
        """A token (pair) pasted by an officer; a held account sends again with it."""

        def op(connection: Connection) -> None:
            self._keep(connection, account.id, access, refresh, None)
            audit.record(connection, self._clock(), by, "account.token_pasted", "account", account.id)

        self._database.write(op)
        self._directory.changed()

    def change(self, by: int, account: Account, **values: Any) -> None:
        def op(connection: Connection) -> None:
            accounts.change(connection, account.id, **values)
            audit.record(connection, self._clock(), by, "account.changed", "account", account.id)

        self._database.write(op)
        self._directory.changed()

    def pause(self, by: int, account: Account) -> None:
        """Nothing leaves until somebody goes on; what comes in is kept and answered later."""

        def op(connection: Connection) -> None:
            accounts.change(connection, account.id, state=accounts.HELD, state_code=PAUSED)
            audit.record(connection, self._clock(), by, "account.paused", "account", account.id)

        self._database.write(op)
        self._directory.changed()

    def resume(self, by: int, account: Account) -> None:
        def op(connection: Connection) -> None:
            activate(connection, account, self._clock())
            audit.record(connection, self._clock(), by, "account.resumed", "account", account.id)

        self._database.write(op)
        self._directory.changed()

    def remove(self, by: int, account: Account) -> None:
        def op(connection: Connection) -> None:
            accounts.change(connection, account.id, state=accounts.REMOVED, tokens=None)
            for cause in (f"account:{account.id}", f"doctor:{account.id}"):
                marks.end_alarm(connection, cause, self._clock())
            audit.record(connection, self._clock(), by, "account.removed", "account", account.id)

        self._database.write(op)
        self._directory.changed()

    def _keep(self, connection: Connection, number: int, access: str, refresh: str, lasts: timedelta | None) -> None:
        now = self._clock()
        until = now + lasts if lasts else None
        accounts.set_tokens(connection, self._vault, number, access=access, refresh=refresh, at=now, until=until)
        marks.end_alarm(connection, f"account:{number}", now)

    # ---- consent ----

    def ask_consent(self, account: Account, session: int, redirect_uri: str) -> str:
        """The platform's page where the account's administrator agrees; what comes back must belong to this session."""
        consents, app = self._consents.get(account.platform), self.app(account)
        if consents is None or app is None:
            raise BotError("account.unknown")
        verifier, state = consents.new_verifier(), secrets.token_urlsafe(24)
        sealed = self._vault.seal({"account": account.id, "verifier": verifier, "state": state})
        kept = base64.b64encode(sealed).decode()
        self._database.write(lambda connection: marks.put(connection, _mark(session), kept, self._clock()))
        return consents.authorize_url(account.oauth_url, app.app_id, redirect_uri, state=state, verifier=verifier)

    def finish_consent(self, by: int, session: int, *, state: str, code: str, external_id: str) -> int:
        """Turn the code into the first pair; the account's number.

        Raises BotError: account.consent_over, account.consent_other, or the platform's own code.
        """
        asked = self._asked(session, state)
        account = self._directory.account(int(asked["account"]))
        if account is None:
            raise BotError("account.consent_over")
        if external_id and external_id != account.external_id:
            raise BotError("account.consent_other")
        access = self._directory.access(account)
        try:
            pair = self._consents[account.platform].exchange_code(
                access.app, code, str(asked["verifier"]), account.oauth_url
            )
        except SendError as error:
            raise BotError(error.code) from None

        def op(connection: Connection) -> None:
            self._keep(connection, account.id, pair.access, pair.refresh, pair.expires_in)
            audit.record(connection, self._clock(), by, "account.consented", "account", account.id)

        self._database.write(op)
        self._directory.changed()
        return account.id

    def _asked(self, session: int, state: str) -> Mapping[str, Any]:
        """What this session asked, used up by looking."""
        name = _mark(session)
        with self._database.read() as connection:
            found = marks.get(connection, name)
        if found is None or self._clock() - found[1] > CONSENT_LASTS:
            raise BotError("account.consent_over")
        asked = self._vault.open(base64.b64decode(found[0]))
        if not hmac.compare_digest(str(asked["state"]).encode(), state.encode()):
            raise BotError("account.consent_over")
        self._database.write(lambda connection: marks.drop(connection, name))
        return asked


def _mark(session: int) -> str:
    return f"consent:{session}"


def _newest_first(new: str, known: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(one for one in (new, *known) if one))


def _as(new: New, *, practice: bool) -> New:
    return New(new.platform, new.app_id, new.external_id, new.app_secret, new.signing, practice=practice)
