"""Puts right what a crash or a lost answer left: leases, doubts, what is too late, who has left."""

from __future__ import annotations

from sqlalchemy import Connection, true

from bot import logs
from bot.clock import Clock
from bot.delivery.tally import Tally
from bot.store import erasure, inbox, outbox
from bot.store.database import Database


class Repair:
    def __init__(self, database: Database, clock: Clock, tally: Tally, owner: str) -> None:
        self._database = database
        self._clock = clock
        self._tally = tally
        self._owner = owner

    def after_start(self) -> None:
        """On SQLite we are the only process: whoever else held a lease is dead, so nobody waits for it to run out."""
        if self._database.on_sqlite:
            self._note(*self._database.write(lambda connection: self._leases(connection, alive=self._owner)))

    def work(self) -> None:
        """A look every second or so."""
        self._note(*self._database.write(lambda connection: self._leases(connection, alive=None)))
        now = self._clock()
        again, left = self._database.write(lambda connection: outbox.resolve_doubts(connection, now))
        for what, n in (("doubt.resent", again), ("doubt.left", left)):
            if n:
                self._tally.add(what, n)
                logs.warn(what, rows=n)

    def sweep(self) -> None:
        """A look every minute or so."""
        now = self._clock()
        self._database.write(lambda connection: outbox.expire(connection, true(), now))
        self._database.write(lambda connection: erasure.sweep(connection, now))

    def _leases(self, connection: Connection, *, alive: str | None) -> tuple[int, int, int]:
        now = self._clock()
        turns = inbox.return_leases(connection, now, owner_gone=alive)
        before, after = outbox.return_leases(connection, now, alive=alive)
        return turns, before, after

    def _note(self, turns: int, before: int, after: int) -> None:
        for what, n in (("lease.turn", turns), ("lease.before_sending", before), ("lease.while_sending", after)):
            if n:
                self._tally.add(what, n)
                logs.warn(what, rows=n)
