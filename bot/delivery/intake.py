"""Keeps what came in, and begins its turn when this process has room for it.

A message mostly begins its turn at once, so on SQLite the transaction that keeps it leases it too. Otherwise it waits
in the inbox, where any worker finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from bot.clock import Clock
from bot.states import Lane
from bot.store import inbox
from bot.store.database import Database
from bot.store.inbox import Came, Kept, Row
from bot.store.vault import Vault


class Turns(Protocol):
    """The turn threads, as far as this process has any."""

    def room(self) -> int:
        """How many messages may be leased for them; none while older ones wait."""

    def take(self, rows: Sequence[Row]) -> None:
        """Answer these: they are leased."""

    def wake(self, lane: Lane) -> None:
        """Something waits in this lane."""


class Intake:
    """Where webhooks are written down. Any number of threads may call `keep`."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, owner: str, turns: Turns) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._owner = owner
        self._turns = turns

    def keep(self, came: Sequence[Came], *, wait_s: float) -> list[Kept]:
        """Write down the events of one webhook and have them worked on; those not known before.

        Raises DatabaseAway when they are not on disk after `wait_s`.
        """
        now = self._clock()

        def op(connection: Connection) -> list[Kept]:
            # else whoever has time claims it, in whichever process
            room = self._turns.room() if self._database.on_sqlite else 0
            return inbox.keep(connection, self._vault, came, now, owner=self._owner, room=room)

        # by whoever commits, even when that is too late for us: nobody else would answer what is leased
        return self._database.write(op, urgent=True, wait_s=wait_s, then=self._begin)

    def _begin(self, kept: Sequence[Kept]) -> None:
        self._turns.take([one.leased for one in kept if one.leased is not None])
        for lane in {one.lane for one in kept if one.leased is None}:
            self._turns.wake(lane)
