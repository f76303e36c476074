"""The console's own tables on both databases: what only the database decides."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection

from bot.errors import BotError
from bot.store import audit, invitations, leaving, options, sign_in, staff
from bot.store import units as unit_store
from bot.store.database import Database
from bot.store.staff import Role
from bot.store.tables import metadata
from bot.store.units import Draft, Unit

NOW = datetime(2026, 11, 24, 2, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def kept(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    made.write(metadata.create_all)
    yield made
    made.close()


def _join(database: Database, login: str, role: Role = Role.ADMINISTRATOR) -> int:
    def op(connection: Connection) -> int:
        token = invitations.invite(connection, NOW, role=role)
        return invitations.accept(connection, NOW, token, login=login, name=login, password="x")

    return database.write(op)


def test_many_hands_write_one_chain(kept: Database) -> None:
    def act(number: int) -> None:
        kept.write(lambda connection: audit.record(connection, NOW, None, "unit.added", "unit", number, n=number))

    with ThreadPoolExecutor(6) as hands:
        list(hands.map(act, range(60)))
    with kept.read() as connection:
        verdict = audit.verify(connection)
        entries = audit.latest(connection, limit=100)
    assert verdict.broken is None
    assert verdict.rows == 60
    assert [entry.id for entry in entries] == list(range(60, 0, -1))
    assert {entry.subject_id for entry in entries} == set(range(60))


def test_one_link_makes_one_account_however_many_press(kept: Database) -> None:
    token = invitations.first_invitation(kept, NOW)
    assert token

    def press(number: int) -> bool:
        def op(connection: Connection) -> int:
            return invitations.accept(connection, NOW, token, login=f"nguoi{number}", name="A", password="x")

        try:
            kept.write(op)
        except BotError:
            return False
        return True

    with ThreadPoolExecutor(6) as hands:
        assert sum(hands.map(press, range(6))) == 1
    with kept.read() as connection:
        assert len(staff.everyone(connection)) == 1


def test_two_administrators_cannot_end_each_other_at_once(kept: Database) -> None:
    one, two = _join(kept, "mot"), _join(kept, "hai")

    def end(pair: tuple[int, int]) -> bool:
        by, whom = pair
        try:
            kept.write(lambda connection: leaving.disable(connection, NOW, by, whom, None))
        except BotError:
            return False
        return True

    with ThreadPoolExecutor(2) as hands:
        assert sum(hands.map(end, [(one, two), (two, one)])) == 1
    with kept.read() as connection:
        assert staff.administrators(connection) == 1


def test_tries_sent_at_once_get_no_more_than_five(kept: Database) -> None:
    def attempt(_: int) -> bool:
        return kept.write(lambda connection: sign_in.attempt(connection, NOW, "key", 5))

    with ThreadPoolExecutor(8) as hands:
        assert sum(hands.map(attempt, range(20))) == 5
    later = NOW + timedelta(minutes=16)
    assert kept.write(lambda connection: sign_in.attempt(connection, later, "key", 5))


def test_a_step_and_a_printed_code_are_taken_once(kept: Database) -> None:
    person = _join(kept, "mot")
    kept.write(lambda connection: sign_in.set_recovery_codes(connection, person, ["a", "b"]))
    with ThreadPoolExecutor(4) as hands:
        steps = list(hands.map(lambda _: kept.write(lambda c: sign_in.use_step(c, person, 7)), range(4)))
        codes = list(hands.map(lambda _: kept.write(lambda c: sign_in.use_recovery_code(c, person, ["a"])), range(4)))
    assert sum(steps) == 1
    assert sum(codes) == 1


def test_one_offer_of_a_second_factor_is_proved_once(kept: Database) -> None:
    person = _join(kept, "mot")
    kept.write(lambda connection: sign_in.offer_totp(connection, person, b"old"))
    kept.write(lambda connection: sign_in.offer_totp(connection, person, b"new"))
    assert not kept.write(lambda connection: sign_in.confirm_totp(connection, person, b"old"))
    with ThreadPoolExecutor(4) as hands:
        proved = hands.map(lambda _: kept.write(lambda c: sign_in.confirm_totp(c, person, b"new")), range(4))
        assert sum(proved) == 1


def test_sessions_of_who_is_disabled_are_over(kept: Database) -> None:
    _join(kept, "mot")
    person = _join(kept, "hai")
    token = kept.write(lambda connection: sign_in.open_session(connection, NOW, person, "full"))
    with kept.read() as connection:
        assert sign_in.session(connection, NOW, token) is not None
    kept.write(lambda connection: leaving.disable(connection, NOW, None, person, None))
    with kept.read() as connection:
        assert sign_in.session(connection, NOW, token) is None


def test_a_list_of_units_is_written_in_any_order(kept: Database) -> None:
    top, low = Draft(Unit(name="Trên", code="T")), Draft(Unit(name="Dưới", aliases=("Cũ", "cu")))
    low.parent, low.successor = top, top
    assert kept.write(lambda connection: unit_store.load(connection, NOW, None, [low, top])) == (2, 0)
    with kept.read() as connection:
        made = {unit.name: unit for unit in unit_store.everything(connection).values()}
        assert made["Dưới"].parent_id == made["Dưới"].successor_id == made["Trên"].id
        assert made["Dưới"].aliases == ("cu",)
        assert unit_store.below(connection, {made["Trên"].id}) == {made["Trên"].id, made["Dưới"].id}
        assert unit_store.below(connection, ()) == frozenset()
        assert [unit.name for unit in unit_store.find(connection, "CU", date(2026, 1, 1))] == ["Dưới"]


def test_options_keep_every_version(kept: Database) -> None:
    for value in ("một", "hai", None, {"ba": [3]}):
        kept.write(lambda connection, value=value: options.put(connection, NOW, None, "texts", "a.b", value))  # type: ignore[misc]
    with kept.read() as connection:
        versions = options.history(connection, "texts", "a.b")
        assert options.overlay(connection, "texts") == {"a.b": {"ba": [3]}}
        assert options.version(connection) == 4
    assert [one.value for one in versions] == [{"ba": [3]}, None, "hai", "một"]
    with pytest.raises(BotError, match="unknown_version"):
        kept.write(lambda connection: options.bring_back(connection, NOW, None, versions[3].id, ("menus",)))
    kept.write(lambda connection: options.bring_back(connection, NOW, None, versions[3].id, ("texts",)))
    with kept.read() as connection:
        assert options.current(connection, "texts", "a.b")[0] == "một"


def test_two_first_edits_at_once_leave_one(kept: Database) -> None:
    def edit(value: str) -> bool:
        try:
            kept.write(lambda connection: options.put(connection, NOW, None, "texts", "a.b", value, over=0))
        except BotError:
            return False
        return True

    with ThreadPoolExecutor(4) as hands:
        assert sum(hands.map(edit, "abcd")) == 1
