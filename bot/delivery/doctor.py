"""Asks each platform whether its account is ready, and mends what a program may mend."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot import logs
from bot.clock import Clock
from bot.delivery.directory import Directory
from bot.platforms.contract import Check
from bot.store import accounts, marks
from bot.store.accounts import Account
from bot.store.database import Database


class Doctor:
    def __init__(self, database: Database, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock

    def examine(self, account: Account, *, fix: bool) -> list[Check]:
        """Everything asked of one account: our own settings first, then the platform's word."""
        now = self._clock()
        with self._database.read() as connection:
            fresh = accounts.get(connection, account.id)
            checks = [_signature(connection, account), _state(fresh or account)]
        access = self._directory.access(fresh or account)
        return [*checks, *self._directory.platform(account).diagnose(access, fix=fix, now=now)]

    def rounds(self) -> None:
        """The daily look: mend what can be mended, alarm for the rest, and let a mended account send again."""
        with self._database.read() as connection:
            rows = accounts.all_accounts(connection)
        for account in rows:
            faults = [check for check in self.examine(account, fix=True) if not check.ok and check.name != "state"]
            logs.event("doctor.looked", account=account.id, faults=[check.code for check in faults])
            self._database.write(partial(self._note, account=account, faults=faults))

    def revive(self) -> None:
        """Ask again for accounts that are held: what a person mended at the platform shows only there."""
        with self._database.read() as connection:
            rows = accounts.all_accounts(connection)
        held = [one for one in rows if one.state == accounts.HELD and one.state_code != accounts.PAUSED]
        for account in held:
            checks = self._directory.platform(account).diagnose(
                self._directory.access(account), fix=False, now=self._clock()
            )
            if all(check.ok for check in checks):
                self._database.write(partial(activate, account=account, now=self._clock()))
                self._directory.changed()

    def _note(self, connection: Connection, account: Account, faults: list[Check]) -> None:
        now = self._clock()
        cause = f"doctor:{account.id}"
        if faults:
            first = faults[0]
            name = account.name or account.external_id
            marks.raise_alarm(connection, cause, first.code, now, account=name, check=first.name)
        else:
            marks.end_alarm(connection, cause, now)


def activate(connection: Connection, account: Account, now: datetime) -> None:
    """Let an account send again."""
    accounts.change(connection, account.id, state=accounts.ACTIVE, state_code="")
    marks.end_alarm(connection, f"account:{account.id}", now)


def _state(account: Account) -> Check:
    return Check("state", ok=account.state == accounts.ACTIVE, code=account.state_code)


def _signature(connection: Connection, account: Account) -> Check:
    """Whether what comes in carries our signature; no webhook yet is no fault, but says so."""
    found = marks.starting_with(connection, f"signature:{account.platform}:")
    if not found:
        return Check("webhook", ok=True, code="webhook.none_yet")
    latest = max(found, key=lambda name: found[name][1]).rpartition(":")[2]
    return Check("webhook", ok=latest == "good", code="" if latest == "good" else f"webhook.{latest}")
