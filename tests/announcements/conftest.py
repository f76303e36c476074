"""An announcing office on a real database, with accounts and people, and delivery without its threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from bot.announcements import approval, running
from bot.announcements.announcing import Announcing, Words
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.platforms.contract import Platform
from bot.platforms.http import Http
from bot.platforms.messenger import MessengerPlatform
from bot.platforms.rules import Rules
from bot.platforms.zalo import ZaloPlatform
from bot.states import OutboxEvent
from bot.store import accounts, announcements, closing, outbox, tables
from bot.store.announcements import Announcement
from bot.store.database import Database
from bot.store.outbox import Claimed
from bot.store.schema import accounts as account_table
from bot.store.schema import apps, persons
from bot.store.schema import outbox as message_table
from bot.store.staff import staff
from bot.store.vault import Vault
from tests.conftest import Hands

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # ten in the morning, a Tuesday
WRITER, APPROVER = 1, 2


@dataclass
class Office:
    announcing: Announcing
    database: Database
    hands: Hands
    accounts: dict[str, int] = field(default_factory=dict)

    def people(self, platform: str, number: int, **more: Any) -> list[int]:
        """So many people who agreed to announcements and wrote an hour ago, unless told otherwise."""
        now = self.hands()
        facts = {"subscribed": True, "wrote_at": now - timedelta(hours=1), **more}

        def op(connection: Connection) -> list[int]:
            first = len(connection.execute(select(persons.c.id)).all())
            rows = [
                {"account_id": self.accounts[platform], "user_id": f"70000{first + at}", "created_at": now, **facts}
                for at in range(number)
            ]
            made = insert(persons).returning(persons.c.id, sort_by_parameter_order=True)
            return list(connection.scalars(made, rows))

        return self.database.write(op)

    def draft(self, **more: Any) -> int:
        facts = {"title": "Thông báo", "body": "Mời {tên} đến họp.", **more}
        return self.database.write(lambda connection: announcements.add(connection, self.hands(), WRITER, **facts))

    def one(self, number: int) -> Announcement:
        with self.database.read() as connection:
            return approval.need(connection, number)

    def approved(self, **more: Any) -> int:
        number = self.draft(**more)
        approval.submit(self.announcing, number, WRITER)
        approval.approve(self.announcing, number, self.one(number).digest, APPROVER)
        return number

    def started(self, **more: Any) -> int:
        number = self.approved(**more)
        assert running.start(self.announcing, number, by=WRITER)
        return number

    def states(self, number: int) -> dict[str, int]:
        with self.database.read() as connection:
            return closing.states(connection, number)

    def claim(self, limit: int = 50) -> list[Claimed]:
        """What delivery would take now, of all announcements."""
        now = self.hands()
        with self.database.read() as connection:
            pairs = running.claimable(self.announcing, connection)
        found: list[Claimed] = []
        for account, number in pairs:
            found += self.database.write(
                lambda connection, account=account, number=number: announcements.claim(  # type: ignore[misc]
                    connection, account, "w", now, limit, number, 3
                )
            )
        return found

    def deliver(self, event: OutboxEvent = OutboxEvent.ACCEPTED, limit: int = 50) -> int:
        """Take up what is due and note that the platform took it (or what else became of it)."""
        rows, now = self.claim(limit), self.hands()
        for row in rows:
            if event is OutboxEvent.ACCEPTED:
                self.database.write(lambda connection, row=row: outbox.accepted(connection, row, f"m{row.id}", now))  # type: ignore[misc]
            else:
                which = message_table.c.id == row.id
                self.database.write(
                    lambda connection, which=which: outbox.move(connection, event, which, now, code="platform.no")  # type: ignore[misc]
                )
        return len(rows)

    def run(self, number: int, rounds: int = 60) -> None:
        """Let the clock and delivery work until nothing more happens."""
        for _ in range(rounds):
            running.work(self.announcing)
            self.deliver()
            self.hands.pass_by(seconds=1)
            if self.one(number).state not in {announcements.State.RUNNING, announcements.State.STOPPED}:
                return


@pytest.fixture
def office(database: Database, hands: Hands) -> Office:
    database.write(tables.metadata.create_all)
    hands.at = START
    http = Http()
    platforms: dict[str, Platform] = {
        "zalo": ZaloPlatform(http, hands, menu_hint="Nhắn số để chọn."),
        "messenger": MessengerPlatform(http, hands),
    }
    organisation = Organisation.open(edits={"name": "Công đoàn Thử nghiệm", "signature": "Công đoàn tỉnh"})
    words = Words(organisation, Texts.open(organisation))
    announcing = Announcing(
        database, platforms, hands, Vault(["k" * 40]), Rules.load(), lambda: words, "https://bot.example.vn"
    )
    office = Office(announcing, database, hands)
    office.accounts = database.write(lambda connection: _accounts(connection, hands()))
    return office


def _accounts(connection: Connection, now: datetime) -> dict[str, int]:
    made = {}
    for login in ("viet.bai", "duyet"):
        row = {"login": login, "name": login, "role": "provincial", "password": "x", "created_at": now}
        connection.execute(insert(staff).values(row))
    for platform in ("zalo", "messenger"):
        app = {"platform": platform, "app_id": "1", "secrets": b"", "created_at": now}
        pk = connection.execute(insert(apps).values(app).returning(apps.c.id)).scalar_one()
        made[platform] = accounts.save_account(
            connection, platform=platform, external_id=f"9{platform}", app_pk=pk, now=now, name=platform
        )
        connection.execute(account_table.update().values(rate=1000.0, burst=1000.0, allowance=1000.0))
    return made
