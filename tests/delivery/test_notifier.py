"""Who is told of what, by which way, and who is next when nobody answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Connection, insert, select, update

from bot.delivery import seeding
from bot.delivery.alarms import Alarms, Mailer
from bot.delivery.notifier import Notifier
from bot.library.organisation import Organisation
from bot.runtime import Store
from bot.settings import load
from bot.store import accounts, announcements, marks, notifications, persons, units
from bot.store.schema import outbox
from bot.store.schema import persons as people
from bot.store.staff import Role, staff
from bot.store.units import Unit
from tests.conftest import Hands
from tests.delivery.test_alarms import Post
from tests.postgres import free_port

TUESDAY = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
WEEKDAYS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("07:30-17:00",))


@dataclass
class Office:
    store: Store
    hands: Hands
    post: Post
    notifier: Notifier
    alarms: Alarms
    people: dict[str, int] = field(default_factory=dict)

    def colleague(self, login: str, role: Role, email: str = "") -> int:
        row = {"login": login, "name": login, "role": role.value, "email": email, "password": "", "created_at": TUESDAY}
        made = insert(staff).values(row).returning(staff.c.id)
        number = self.store.database.write(lambda connection: int(connection.execute(made).scalar_one()))
        self.people[login] = number
        return number

    def unit(self, name: str, in_charge: int | None = None, parent: int | None = None) -> int:
        made = Unit(name=name, in_charge_id=in_charge, parent_id=parent)
        return self.store.database.write(lambda connection: units.save(connection, self.hands(), None, made))

    def member(self, unit: int | None = None, user: str = "7001") -> int:
        def op(connection: Connection) -> int:
            app = accounts.save_app(
                connection, self.store.vault, platform="zalo", app_id="1", simulated=False, now=self.hands(),
                keys=seeding.keys(["s"], ["k"]),
            )  # fmt: skip
            account = accounts.save_account(
                connection, platform="zalo", external_id="9", app_pk=app, now=self.hands(), api_url="http://127.0.0.1:9"
            )
            person = persons.ensure(connection, account, user, self.hands())
            values = {"unit_id": unit, "wrote_at": self.hands()}
            connection.execute(update(people).where(people.c.id == person).values(values))
            return person

        found = self.store.database.write(op)
        self.store.directory.changed()
        return found

    def hands_over(self, person: int, *, urgent: bool = False) -> int:
        def op(connection: Connection) -> int:
            number = persons.open_handover(connection, person, reason="asked", urgent=urgent, now=self.hands())
            code = "handover.urgent" if urgent else "handover.waiting"
            marks.raise_alarm(connection, f"handover:{number}", code, self.hands(), person=person, reason="asked")
            return number

        return self.store.database.write(op)

    def told(self) -> list[str]:
        """Work once; who got a letter."""
        before = len(self.post.letters)
        self.notifier.work()
        return [str(letter["To"]) for letter in self.post.letters[before:]]

    def letter(self) -> str:
        text: str = self.post.letters[0].get_content()
        return text


@pytest.fixture
def office(tmp_path: Path, hands: Hands) -> Iterator[Office]:
    hands.at = TUESDAY
    post = Post()
    server = Controller(post, hostname="127.0.0.1", port=free_port())
    server.start()
    url = f"smtp://127.0.0.1:{server.port}"
    settings = load({"BOT_DATA_DIR": str(tmp_path), "SMTP_URL": url, "ALERT_EMAIL": "kt@example.vn"})
    store = Store(settings, clock=hands)
    notifier = Notifier(
        store.database, store.directory, Mailer(settings), hands,
        lambda: Organisation.model_validate({"hours": WEEKDAYS}),
        console_url="https://bot.example.vn/console",
    )  # fmt: skip
    alarms = Alarms(store.database, Mailer(settings), hands, console_url="https://bot.example.vn/console")
    yield Office(store, hands, post, notifier, alarms)
    store.close()
    server.stop()


def test_the_unit_in_charge_hears_first_then_who_is_named_above(office: Office) -> None:
    top = office.colleague("khu", Role.UNIT, "khu@example.vn")
    first = office.colleague("cty", Role.UNIT, "cty@example.vn")
    office.colleague("tinh", Role.PROVINCIAL, "tinh@example.vn")
    park = office.unit("Khu công nghiệp A", top)
    office.hands_over(office.member(office.unit("Công ty B", first, park)))
    assert office.told() == ["cty@example.vn"]
    office.hands.pass_by(hours=20)
    assert office.told() == []
    office.hands.pass_by(hours=5)  # one working day is over
    assert office.told() == ["khu@example.vn"]
    office.hands.pass_by(days=1, minutes=1)
    assert office.told() == ["tinh@example.vn"]
    office.hands.pass_by(days=3)
    assert office.told() == []


def test_a_weekend_is_no_working_day(office: Office) -> None:
    office.colleague("tinh", Role.PROVINCIAL, "tinh@example.vn")
    office.colleague("quan.tri", Role.ADMINISTRATOR, "qt@example.vn")
    office.hands.at = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)  # a Friday
    office.hands_over(office.member())
    assert office.told() == ["tinh@example.vn"]
    office.hands.pass_by(days=2)
    assert office.told() == []
    office.hands.pass_by(days=1, minutes=1)
    assert office.told() == ["qt@example.vn"]


def test_nobody_more_is_told_once_an_officer_answered(office: Office) -> None:
    office.colleague("tinh", Role.PROVINCIAL, "tinh@example.vn")
    office.colleague("quan.tri", Role.ADMINISTRATOR, "qt@example.vn")
    number = office.hands_over(office.member())
    assert office.told() == ["tinh@example.vn"]
    office.store.database.write(lambda connection: marks.end_alarm(connection, f"handover:{number}", office.hands()))
    office.hands.pass_by(days=2)
    assert office.told() == []


def test_danger_goes_to_everybody_at_once(office: Office) -> None:
    first = office.colleague("cty", Role.UNIT, "cty@example.vn")
    office.colleague("tinh", Role.PROVINCIAL, "tinh@example.vn")
    office.colleague("quan.tri", Role.ADMINISTRATOR, "qt@example.vn")
    office.colleague("xem", Role.READER, "xem@example.vn")
    office.hands_over(office.member(office.unit("Công ty B", first)), urgent=True)
    assert sorted(office.told()) == ["cty@example.vn", "qt@example.vn", "tinh@example.vn"]


def test_a_letter_holds_a_link_and_no_words_of_a_member(office: Office) -> None:
    office.colleague("tinh", Role.PROVINCIAL, "tinh@example.vn")
    person = office.member()
    office.hands_over(person)
    office.told()
    letter = office.letter()
    assert f"https://bot.example.vn/console/conversations/{person}" in letter
    assert "7001" not in letter


def test_who_cannot_be_reached_is_passed_over(office: Office) -> None:
    silent = office.colleague("cty", Role.UNIT)
    office.colleague("tinh", Role.PROVINCIAL, "tinh@example.vn")
    office.hands_over(office.member(office.unit("Công ty B", silent)))
    assert office.told() == ["tinh@example.vn"]


def test_a_dead_token_goes_to_the_province(office: Office) -> None:
    office.colleague("cty", Role.UNIT, "cty@example.vn")
    office.colleague("quan.tri", Role.ADMINISTRATOR, "qt@example.vn")
    office.store.database.write(
        lambda connection: marks.raise_alarm(connection, "account:1", "zalo.oauth.refused", office.hands())
    )
    assert office.told() == ["qt@example.vn"]
    assert "/console/accounts/1" in office.letter()


def test_an_approval_goes_to_those_who_did_not_write_it(office: Office) -> None:
    author = office.colleague("tac.gia", Role.PROVINCIAL, "tg@example.vn")
    office.colleague("quan.tri", Role.ADMINISTRATOR, "qt@example.vn")
    number = office.store.database.write(
        lambda connection: announcements.add(connection, office.hands(), author, title="18/5", body="x")
    )
    assert office.told() == []
    office.store.database.write(
        lambda connection: announcements.move(connection, "submit", number, submitted_by=author)
    )
    assert office.told() == ["qt@example.vn"]
    assert f"/console/announcements/{number}" in office.letter()


def test_the_same_cause_later_is_a_new_matter(office: Office) -> None:
    office.colleague("quan.tri", Role.ADMINISTRATOR, "qt@example.vn")
    for _ in range(2):
        office.store.database.write(
            lambda connection: marks.raise_alarm(connection, "account:1", "zalo.oauth.refused", office.hands())
        )
        assert office.told() == ["qt@example.vn"]
        office.store.database.write(lambda connection: marks.end_alarm(connection, "account:1", office.hands()))
        office.hands.pass_by(hours=1)


class TestTheAlertAddress:
    """ALERT_EMAIL is for whoever minds the machine; of a member in danger it hears when no officer could be told."""

    def _minded(self, office: Office, *, minutes: float) -> list[str]:
        """What the alert address got, once the officers had their turn."""
        office.told()
        office.hands.pass_by(minutes=minutes)
        office.told()
        before = len(office.post.letters)
        office.alarms.tell()
        return [str(letter["To"]) for letter in office.post.letters[before:]]

    def test_not_while_an_officer_was_told(self, office: Office) -> None:
        office.colleague("tinh", Role.PROVINCIAL, "tinh@example.vn")
        office.hands_over(office.member(), urgent=True)
        assert self._minded(office, minutes=0) == []
        assert self._minded(office, minutes=60 * 24 * 3) == []

    def test_after_two_minutes_when_nobody_works_here(self, office: Office) -> None:
        office.hands_over(office.member(), urgent=True)
        assert self._minded(office, minutes=1) == []
        assert self._minded(office, minutes=2) == ["kt@example.vn"]
        assert self._minded(office, minutes=60 * 23) == []
        assert self._minded(office, minutes=61) == ["kt@example.vn"]

    def test_when_no_officer_has_an_address_or_a_chat(self, office: Office) -> None:
        office.colleague("tinh", Role.PROVINCIAL)
        office.hands_over(office.member())
        assert self._minded(office, minutes=3) == ["kt@example.vn"]

    def test_a_new_danger_of_the_same_person_is_a_new_matter(self, office: Office) -> None:
        colleague = office.colleague("tinh", Role.PROVINCIAL, "tinh@example.vn")
        member = office.member()
        office.hands_over(member)
        assert self._minded(office, minutes=5) == []
        gone = update(staff).where(staff.c.id == colleague).values(disabled_at=office.hands())
        office.store.database.write(lambda connection: connection.execute(gone))
        office.hands_over(member, urgent=True)
        assert self._minded(office, minutes=5) == ["kt@example.vn"]

    def test_what_is_wrong_with_the_machine_comes_at_once(self, office: Office) -> None:
        office.colleague("quan.tri", Role.ADMINISTRATOR, "qt@example.vn")
        office.store.database.write(
            lambda connection: marks.raise_alarm(connection, "account:1", "zalo.oauth.refused", office.hands())
        )
        assert self._minded(office, minutes=0) == ["kt@example.vn"]


class TestTheirOwnChat:
    def _link(self, office: Office, colleague: int, person: int) -> bool:
        def op(connection: Connection) -> bool:
            code = notifications.new_code(connection, office.store.vault, office.hands(), colleague)
            return notifications.link(connection, office.store.vault, office.hands(), person, code)

        return office.store.database.write(op)

    def _messages(self, office: Office, person: int) -> list[str]:
        with office.store.database.read() as connection:
            rows = connection.execute(select(outbox.c.body).where(outbox.c.person_id == person)).all()
        return [json.loads(row.body)["text"] for row in rows]

    def test_while_the_window_is_open(self, office: Office) -> None:
        colleague = office.colleague("tinh", Role.PROVINCIAL)
        own = office.member(user="1")
        assert self._link(office, colleague, own)
        member = office.member(user="2")
        office.hands_over(member)
        office.notifier.work()
        (text,) = self._messages(office, own)
        assert f"/console/conversations/{member}" in text
        office.notifier.work()
        assert len(self._messages(office, own)) == 1

    def test_not_after_it(self, office: Office) -> None:
        colleague = office.colleague("tinh", Role.PROVINCIAL)
        own = office.member(user="1")
        self._link(office, colleague, own)
        office.hands.pass_by(days=3)
        office.hands_over(office.member(user="2"))
        office.notifier.work()
        assert self._messages(office, own) == []

    def test_a_code_is_good_once_and_for_a_while(self, office: Office) -> None:
        colleague, own = office.colleague("tinh", Role.PROVINCIAL), office.member()
        database, vault = office.store.database, office.store.vault
        code = database.write(lambda connection: notifications.new_code(connection, vault, office.hands(), colleague))
        office.hands.pass_by(minutes=16)
        assert not database.write(lambda connection: notifications.link(connection, vault, office.hands(), own, code))
        assert self._link(office, colleague, own)
        assert not database.write(lambda connection: notifications.link(connection, vault, office.hands(), own, code))
