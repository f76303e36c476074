"""A database with an account and people, and the office that works on it with the real adapters and words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.delivery import seeding
from bot.files.storing import Folder
from bot.initiatives.exporting import Exporter
from bot.initiatives.form import Form
from bot.initiatives.office import Office
from bot.initiatives.record import columns
from bot.initiatives.review import Review
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.messages import Inbound, InboundKind
from bot.platforms.http import Http
from bot.platforms.zalo import ZaloPlatform
from bot.store import accounts, persons
from bot.store import initiatives as store
from bot.store.accounts import Account
from bot.store.database import Database
from bot.store.initiatives import Initiative
from bot.store.tables import metadata
from bot.store.vault import Vault
from bot.talk import Effect, Initiatives, Say
from tests.conftest import Hands

KEY = "k" * 40
FIELDS: dict[str, Any] = {
    "what": "Gá kẹp hàn cửa sắt",
    "before": "Giữ bằng tay, hay lệch",
    "result": "Từ 5 phút còn 3 phút",
    "use": "dùng từ 3/2026",
    "use_state": "used",
    "since": "2026-03-01",
    "since_precision": "month",
    "place": "Công ty Hoa Mai",
    "author": "Nguyễn Thị Hoa",
    "born": 1990,
}


@dataclass(frozen=True)
class Cause:
    account: Account
    person_id: int
    now: datetime


@dataclass
class World:
    database: Database
    hands: Hands
    folder: Path
    account: Account
    people: dict[str, int] = field(default_factory=dict)
    form: Form = field(default_factory=Form.open)
    organisation: Organisation = field(default_factory=Organisation.open)

    def __post_init__(self) -> None:
        self.texts = Texts.open(self.organisation)
        self.files = Folder(self.folder / "files")
        platforms = {"zalo": ZaloPlatform(Http(), self.hands, oa_ids=frozenset, menu_hint="Nhắn số để chọn.")}
        self.office = Office(
            self.database,
            Vault((KEY,)),
            platforms,
            self.hands,
            lambda: self.form,
            lambda: self.texts,
            "https://bot.example.vn",
        )
        self.exporter = Exporter(
            self.database, self.files, self.hands, lambda: self.form, lambda: self.texts, lambda: self.organisation
        )

    def person(self, user: str = "7001") -> int:
        def op(connection: Connection) -> int:
            number = persons.ensure(connection, self.account.id, user, self.hands())
            persons.change(connection, number, wrote_at=self.hands(), turns=1)
            return number

        return self.database.write(op)

    def apply(self, person_id: int, *effects: Effect) -> list[Say]:
        """What the effects of one turn do, in one transaction."""
        applied = self.office.record.effects()
        cause = Cause(self.account, person_id, self.hands())

        def op(connection: Connection) -> list[Say]:
            said = [applied[type(effect)](connection, cause, effect) for effect in effects]
            return [say for say in said if say is not None]

        return self.database.write(op)

    def known(self, person_id: int, said: str = "") -> Initiatives:
        """What the topic is told of this person at a turn."""
        heard = [Inbound(InboundKind.TEXT, "u", self.hands(), text=said)]
        with self.database.read() as connection:
            person = persons.get(connection, person_id)
            found: Initiatives = self.office.facts(connection, self.account, person, heard)["initiatives"]
            return found

    def add(self, code: str, person_id: int | None = None, **values: Any) -> int:
        fields = {**FIELDS, **values.pop("fields", {})}
        row = {"state": "received", "received_at": self.hands(), "code": code, **columns(fields), **values}
        return self.database.write(lambda connection: store.add(connection, self.hands(), person_id=person_id, **row))

    def one(self, number: int) -> Initiative:
        with self.database.read() as connection:
            found = store.get(connection, number)
        assert found is not None
        return found

    def look(self, read: Callable[[Connection], Any]) -> Any:
        with self.database.read() as connection:
            return read(connection)

    def review(self, work: Callable[[Review, Connection], None]) -> None:
        hand = Review(self.office.news, 1, self.hands())
        self.database.write(lambda connection: work(hand, connection))


@pytest.fixture
def world(database: Database, hands: Hands, tmp_path: Path) -> World:
    with database.engine.begin() as connection:
        metadata.create_all(connection)

    def op(connection: Connection) -> int:
        app = accounts.save_app(
            connection, Vault((KEY,)), platform="zalo", app_id="app", simulated=False, now=hands(),
            keys=seeding.keys(["secret"], ["signing"], "verify"),
        )  # fmt: skip
        return accounts.save_account(
            connection, platform="zalo", external_id="9001", app_pk=app, now=hands(),
            api_url="http://127.0.0.1:9", oauth_url="http://127.0.0.1:9",
        )  # fmt: skip

    number = database.write(op)
    with database.read() as connection:
        account = accounts.get(connection, number)
    assert account is not None
    return World(database, hands, tmp_path, account)
