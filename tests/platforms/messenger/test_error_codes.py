"""The table of Meta's errors, held against the contract's section on errors."""

from __future__ import annotations

from datetime import date

import pytest

from bot.platforms.errors import Refusal
from bot.platforms.messenger.error_codes import CODES, UNKNOWN, WORDED, look_up, name_of, names

RULES = {name_of(key): rule for key, rule in CODES.items()} | {row.name: row.rule for row in WORDED} | {"?": UNKNOWN}

#: Every number of the contract's table, by what follows from it.
CONTRACT: dict[Refusal, list[str]] = {
    Refusal.UNSURE: ["1", "1/99", "1/1357046", "2"],
    Refusal.THROTTLED: [
        *("1200", "4", "4/2018022", "17", "32", "341", "613", "613/2534040", "80001", "80006"),
        *("100/2018008", "100/2018294", "368", "2018321"),
        *("2300055", "2300057", "2300060", "2300061", "2300062", "2300063", "2300078", "2300012", "2300041"),
    ],
    Refusal.WINDOW_CLOSED: [
        *("4/2018354", "10/2018278", "10/2018065", "10/2534022", "2018300"),
        *("2300034", "2300035", "2300037", "2300042", "2300043", "2300044", "2300030", "2300031", "2300032"),
        *("2300052", "2300015", "2300053", "2300054", "2300056", "2300058", "2300000", "2300004"),
    ],
    Refusal.UNREACHABLE: ["10/2018108", "100/2018001", "200/1545041", "551", "551/1545041"],
    Refusal.BLOCKED: ["10/1893015"],
    Refusal.TOKEN_EXPIRED: ["102", "190", *(f"190/{sub}" for sub in (458, 459, 460, 463, 464, 467, 492))],
    Refusal.MISCONFIGURED: [
        *("2/2018344", "3", "10", "10/1404170", "10/1893063", "100/33", "200", "200/2018028", "200/2018027"),
        *("200/2018021", "230", "613/2018338", "2022", "2018171", "2018234", "2018164", "201", "299"),
    ],
    Refusal.REJECTED: [
        *("9/2018352", "100", "100/2018047", "100/2018109", "100/2018074", "100/2018014", "100/2018015"),
        *("100/2018040", "100/2018041", "100/2018053", "506", "613/1893016", "10303", "2018218", "2018247"),
        *("9000001", "300", "199", "424242"),
    ],
}


@pytest.mark.parametrize(("refusal", "row"), [(refusal, row) for refusal, rows in CONTRACT.items() for row in rows])
def test_rows_of_the_contract(refusal: Refusal, row: str) -> None:
    code, _, subcode = row.partition("/")
    assert look_up(int(code), int(subcode) if subcode else None).rule.refusal is refusal


def test_the_table_holds_nothing_else() -> None:
    listed = {tuple(row.split("/")) for rows in CONTRACT.values() for row in rows}
    assert {tuple(str(number) for number in key if number is not None) for key in CODES} <= listed


@pytest.mark.parametrize("key", [key for key in CODES if max(number or 0 for number in key) >= 1_000_000])
def test_long_numbers_are_found_in_either_place(key: tuple[int, int | None]) -> None:
    number = max(part or 0 for part in key)
    wanted = CODES[key]
    assert look_up(number, None).rule == wanted
    assert look_up(424242, number).rule == wanted


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("No matching user found", "recipient"),
        ('(#100) Param recipient[id] must be a valid ID string (e.g., "123")', "recipient"),
        ("(#100) Length of param message[text] must be less than or equal to 2000", "length"),
        ("Invalid appsecret_proof provided in the API argument", "proof"),
        ("The message tag ACCOUNT_UPDATE is deprecated", "tag"),
        ("Invalid notification_messages_token", "notification_token"),
    ],
)
def test_words_tell_rows_of_code_100_apart(message: str, name: str) -> None:
    assert look_up(100, None, message).name == f"messenger.100.{name}"


def test_words_do_not_outweigh_numbers() -> None:
    assert look_up(10, 2018278, "length of param").name == "messenger.10.2018278"
    assert look_up(100, 2018001, "length of param").name == "messenger.100.2018001"


def test_every_rule_has_a_source_and_a_day() -> None:
    for name, rule in RULES.items():
        assert rule.source, name
        assert date.fromisoformat(rule.seen) <= date(2026, 11, 30), name


def test_rules_a_person_must_know_of_raise_an_alarm() -> None:
    for name, rule in RULES.items():
        if rule.refusal in {Refusal.TOKEN_EXPIRED, Refusal.MISCONFIGURED}:
            assert rule.alarm, name


def test_names_are_complete() -> None:
    assert {look_up(*key).name for key in CODES} <= names()
    assert look_up(424242, None).name in names()
