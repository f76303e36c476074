"""The people who write: met once, what they agreed to, who asked for a person."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import select

from bot.store import persons
from bot.store.schema import handovers, misses
from tests.store.conftest import Desk, add_account


def test_somebody_met_by_several_at_once_is_one_person(desk: Desk) -> None:
    start = Barrier(6)

    def meet(_: int) -> set[int]:
        start.wait()
        return {desk.do(persons.ensure, desk.account, f"u{number}", desk.hands()) for number in range(5)}

    with ThreadPoolExecutor(6) as pool:
        assert len(set().union(*pool.map(meet, range(6)))) == 5


def test_the_same_id_on_another_account_is_somebody_else(desk: Desk) -> None:
    other = add_account(desk.database, desk.vault, desk.hands, "901")
    assert desk.do(persons.ensure, desk.account, "u", desk.hands()) != desk.do(persons.ensure, other, "u", desk.hands())


def test_what_is_known_comes_back_as_it_was_written(desk: Desk) -> None:
    number = desk.person("u")
    desk.do(persons.change, number, memory={"menu": [["Có", "@@1:x"]]}, misses=2, staff_until=desk.hands())
    found, same = desk.do(persons.find, desk.account, "u"), desk.do(persons.get, number)
    assert found is not None
    assert found == same
    assert (found.memory, found.misses, found.staff_until) == ({"menu": [["Có", "@@1:x"]]}, 2, desk.hands())
    assert (found.reachable, found.subscribed, found.handed_over) == (True, False, False)
    assert desk.do(persons.find, desk.account, "nobody") is None


def test_the_newest_consent_decides_and_every_one_is_kept_with_its_words(desk: Desk) -> None:
    number = desk.person("u")
    for given in (True, False, True):
        desk.do(
            persons.add_consent,
            number,
            purpose="announcements",
            given=given,
            words=f"Đồng ý? {given}",
            version="2",
            channel="zalo",
            now=desk.hands(),
        )
        found = desk.do(persons.get, number)
        assert found is not None
        assert found.subscribed is given
    kept = desk.do(persons.consents_of, number)
    assert [(one["given"], one["words"]) for one in kept] == [
        *((True, "Đồng ý? True"), (False, "Đồng ý? False"), (True, "Đồng ý? True"))
    ]


def test_another_purpose_does_not_subscribe(desk: Desk) -> None:
    number = desk.person("u")
    facts = {"given": True, "words": "w", "version": "", "channel": "zalo", "now": desk.hands()}
    desk.do(persons.add_consent, number, purpose="initiatives", **facts)
    found = desk.do(persons.get, number)
    assert found is not None
    assert not found.subscribed


def test_one_handover_waits_and_only_becomes_more_urgent(desk: Desk) -> None:
    number = desk.person("u")
    asked = desk.do(persons.open_handover, number, reason="asked", urgent=False, now=desk.hands())
    assert desk.do(persons.open_handover, number, reason="danger", urgent=True, now=desk.hands()) == asked
    assert desk.do(persons.open_handover, number, reason="asked", urgent=False, now=desk.hands()) == asked
    with desk.database.read() as connection:
        row = connection.execute(select(handovers)).one()
    assert (row.reason, row.urgent) == ("danger", True)
    found = desk.do(persons.get, number)
    assert found is not None
    assert found.handed_over
    assert desk.do(persons.close_handover, number, desk.hands()) == [asked]
    assert desk.do(persons.close_handover, number, desk.hands()) == []
    assert desk.do(persons.open_handover, number, reason="asked", urgent=False, now=desk.hands()) != asked


def test_a_miss_is_kept_for_the_officers(desk: Desk) -> None:
    number = desk.person("u")
    desk.do(persons.add_miss, number, "lạ quá", ("II.1.1",), desk.hands())
    with desk.database.read() as connection:
        row = connection.execute(select(misses)).one()
    assert (row.text, row.nearest, row.settled_at) == ("lạ quá", '["II.1.1"]', None)
