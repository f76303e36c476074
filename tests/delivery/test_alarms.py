"""Alerts by e-mail, to a real mail server: one a cause, again each day, never a member's words."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from bot.delivery.alarms import Alarms, Mailer
from bot.settings import load
from bot.store import marks
from bot.store.database import Database
from tests.conftest import Hands
from tests.postgres import free_port


class Post:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refuses = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        if self.refuses:
            return "451 try later"
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


@pytest.fixture
def post() -> Iterator[tuple[Post, str]]:
    office = Post()
    controller = Controller(office, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield office, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


@pytest.fixture
def alarms(database: Database, hands: Hands, post: tuple[Post, str]) -> Alarms:
    settings = load({"SMTP_URL": post[1], "ALERT_EMAIL": "canbo@example.vn, phong@example.vn"})
    return Alarms(database, Mailer(settings), hands, console_url="https://bot.example.vn/console")


def ring(database: Database, hands: Hands, cause: str = "account:1", code: str = "zalo.token_dead") -> None:
    database.write(lambda connection: marks.raise_alarm(connection, cause, code, hands(), account="Công đoàn"))


def test_an_alarm_is_told_once_with_what_to_do(
    database: Database, hands: Hands, post: tuple[Post, str], alarms: Alarms
) -> None:
    ring(database, hands)
    ring(database, hands)
    assert (alarms.tell(), alarms.tell()) == (1, 0)
    (letter,) = post[0].letters
    assert letter["To"] == "canbo@example.vn, phong@example.vn"
    body = letter.get_content()
    assert "Việc cần làm:" in body
    assert "zalo.token_dead" in body
    assert "https://bot.example.vn/console" in body
    assert "10:00 24/11/2026" in body  # the union's zone


def test_it_is_repeated_each_day_until_it_is_over(
    database: Database, hands: Hands, post: tuple[Post, str], alarms: Alarms
) -> None:
    ring(database, hands)
    alarms.tell()
    hands.pass_by(hours=23)
    assert alarms.tell() == 0
    hands.pass_by(hours=2)
    assert alarms.tell() == 1
    database.write(lambda connection: marks.end_alarm(connection, "account:1", hands()))
    hands.pass_by(hours=25)
    assert alarms.tell() == 0
    ring(database, hands)  # the same cause again is a new alarm
    assert alarms.tell() == 1
    assert len(post[0].letters) == 3


def test_a_mail_server_that_refuses_is_asked_again(
    database: Database, hands: Hands, post: tuple[Post, str], alarms: Alarms
) -> None:
    ring(database, hands)
    post[0].refuses = True
    assert alarms.tell() == 0
    post[0].refuses = False
    assert alarms.tell() == 1


def test_without_a_mail_server_nothing_is_marked_as_told(database: Database, hands: Hands) -> None:
    ring(database, hands)
    assert Alarms(database, Mailer(load({})), hands, console_url="").tell() == 0
    with database.read() as connection:
        assert [one.told_at for one in marks.open_alarms(connection)] == [None]
