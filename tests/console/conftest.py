"""A console on a real SQLite file, with a clock that the test moves, and people who sign in as people do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection
from werkzeug.test import TestResponse

from bot.announcements.announcing import Announcing, Words
from bot.console import blueprint
from bot.delivery.connecting import Connecting, Hosts
from bot.delivery.doctor import Doctor
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.platforms.rules import Rules
from bot.runtime import Store
from bot.settings import load
from bot.store import invitations
from bot.store import units as unit_store
from bot.store.database import Database
from bot.store.staff import Role
from bot.store.units import Unit

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PASSWORD = "lúa chín vàng đồng"
KEY = "k" * 40
#: Where nobody answers: a test that asks a platform starts a double and says where it is.
HOSTS = Hosts(
    {
        "zalo": {"api_url": "http://127.0.0.1:9/zalo", "oauth_url": "http://127.0.0.1:9/zalo-oauth"},
        "messenger": {"api_url": "http://127.0.0.1:9/graph", "api_version": "v25.0"},
    }
)


@dataclass
class Time:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Office:
    """The console, its database and its clock."""

    app: Flask
    database: Database
    time: Time

    def visitor(self) -> Visitor:
        return Visitor(self, self.app.test_client())

    def unit(self, name: str, parent_id: int | None = None, **more: object) -> int:
        made = Unit(name=name, parent_id=parent_id, **more)  # type: ignore[arg-type]
        return self.database.write(lambda connection: unit_store.save(connection, self.time(), None, made))

    def invitation(self, role: Role, units_of: tuple[int, ...] = ()) -> str:
        def op(connection: Connection) -> str:
            return invitations.invite(connection, self.time(), role=role, name="Người mới", units_of=units_of)

        return self.database.write(op)

    def join(self, role: Role, login: str, units_of: tuple[int, ...] = ()) -> Visitor:
        """Somebody who came by an invitation and is signed in."""
        visitor = self.visitor()
        visitor.accept(self.invitation(role, units_of), login)
        return visitor


@dataclass
class Visitor:
    """A browser with somebody before it."""

    office: Office
    client: FlaskClient
    login: str = ""
    secret: str = ""
    codes: list[str] = field(default_factory=list)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(f"/console{path}", **more)

    def post(self, path: str, data: Mapping[str, object] | None = None, **more: Any) -> TestResponse:
        """Send a form with the token that a page of this browser carries."""
        whole = {**(data or {}), "csrf_token": self.token()}
        return self.client.post(f"/console{path}", data=whole, **more)

    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get("/sign-in").text)
        assert found
        return found.group(1)

    def code(self) -> str:
        return pyotp.TOTP(self.secret).at(self.office.time())

    def accept(self, token: str, login: str) -> TestResponse:
        """Create the account and, when asked, set the phone up. Returns the last answer."""
        self.login = login
        form = {"name": "Nguyễn Văn Thử", "login": login, "password": PASSWORD, "again": PASSWORD}
        answer = self.post(f"/invitation/{token}", form)
        return self.enrol() if "/sign-in/phone" in answer.headers.get("Location", "") else answer

    def enrol(self) -> TestResponse:
        page = self.get("/sign-in/phone").text
        found = re.search(r'class="key">([A-Z2-7]+)<', page)
        assert found
        self.secret = found.group(1)
        answer = self.post("/sign-in/phone", {"code": self.code()})
        self.codes = re.findall(r"<li><code>([a-z0-9-]+)</code>", answer.text)
        return answer

    def sign_in(self, password: str = PASSWORD) -> TestResponse:
        """Password, and the code of the next half minute when one is asked for."""
        answer = self.post("/sign-in", {"login": self.login, "password": password})
        if "/sign-in/code" in answer.headers.get("Location", ""):
            self.office.time.pass_by(seconds=30)
            return self.post("/sign-in/code", {"code": self.code()})
        return answer

    @property
    def inside(self) -> bool:
        return self.get("/me").status_code == 200


def mount(app: Flask, store: Store) -> None:
    """Put the console on this app, with all that it needs."""
    doctor = Doctor(store.database, store.directory, store.clock)
    connecting = Connecting(
        store.database, store.vault, store.directory, doctor, store.clock, {"zalo": store.zalo}, HOSTS
    )
    console = blueprint(store.database, store.settings, store.directory, connecting, now=store.clock)
    app.register_blueprint(console, url_prefix="/console")
    organisation = Organisation.open()
    words = Words(organisation, Texts.open(organisation))
    app.extensions["announcing"] = Announcing(
        store.database, store.platforms, store.clock, store.vault, Rules.load(), lambda: words, "https://bot.example.vn"
    )


@contextmanager
def open_office(folder: Path, key: str = KEY, url: str = "") -> Iterator[Office]:
    """The console on the database of this folder, or of this address, with a clock of its own."""
    time = Time()
    given = {"SECRET_KEY": key, "BOT_PUBLIC_URL": "https://bot.example.vn", "BOT_DATA_DIR": str(folder)}
    settings = load({**given, "DATABASE_URL": url})
    store = Store(settings, clock=time)
    app = Flask("test")
    mount(app, store)
    yield Office(app, store.database, time)
    store.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def administrator(office: Office) -> Visitor:
    return office.join(Role.ADMINISTRATOR, "quan.tri")
