"""Shows that an answer is being written, where the platform can and only when the answer takes over a second."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, text

from bot.clock import Clock
from bot.delivery.directory import Directory
from bot.store import accounts
from bot.store.database import Database
from bot.store.schema import inbox

AFTER = timedelta(seconds=1)
NO_LONGER = timedelta(seconds=20)
MOST = 5  # at a look; under pressure the messages themselves come first
_REMEMBERED = 1000


class Typing:
    def __init__(self, database: Database, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock
        self._shown: list[int] = []

    def work(self, *, busy: bool) -> int:
        """Mark those who wait too long for their turn; how many. Nothing under pressure."""
        if busy:
            return 0
        now = self._clock()
        query = (
            select(inbox.c.id, inbox.c.account_id, inbox.c.user_id)
            .where(
                text("lane = 'talk' AND state IN ('received', 'working')"),
                inbox.c.received_at <= now - AFTER,
                inbox.c.received_at > now - NO_LONGER,
            )
            .limit(MOST + 1)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            fresh = {account.id: account for account in accounts.all_accounts(connection)} if rows else {}
        if len(rows) > MOST:
            return 0
        shown = 0
        for row in rows:
            account = fresh.get(row.account_id)
            if row.id in self._shown or account is None:
                continue
            self._shown = [*self._shown[-_REMEMBERED:], row.id]
            platform = self._directory.platform(account)
            if platform.has_typing and account.state == accounts.ACTIVE:
                platform.typing(self._directory.access(account), row.user_id)
                shown += 1
        return shown
