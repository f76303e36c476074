"""The tables of Zalo's errors, held against the contract's section on errors."""

from __future__ import annotations

from datetime import date

import pytest

from bot.platforms.errors import Refusal
from bot.platforms.zalo.error_codes import (
    BUTTONS_REFUSED,
    CODES,
    NIGHT,
    OAUTH_CODES,
    OAUTH_UNKNOWN,
    UNKNOWN,
    WORDED,
    ZBS_CODES,
    look_up,
    look_up_zbs,
    names,
)

RULES = {
    **{f"{code}": rule for code, rule in CODES.items()},
    **{f"zbs {code}": rule for code, rule in ZBS_CODES.items()},
    **{f"oauth {code}": rule for code, rule in OAUTH_CODES.items()},
    **{row.name: row.rule for row in WORDED},
    "?": UNKNOWN,
}

#: Every number of the contract's tables, by what follows from it.
OA: dict[Refusal, list[int]] = {
    Refusal.THROTTLED: [-32, -200, -214],
    Refusal.TOKEN_EXPIRED: [-216, -220],
    Refusal.WINDOW_CLOSED: [-211, -218, -230, -232, -234, -320, -321],
    Refusal.UNREACHABLE: [-213, -227],
    Refusal.BLOCKED: [-217, -244],
    Refusal.MISCONFIGURED: [-204, -205, -209, -212, -219, -221, -223, -224, -235, -242, -248],
    Refusal.REJECTED: [-100, -201, -210, -233, -237, -238, -240, -241, -249, -403],
}
ZBS: dict[Refusal, list[int]] = {
    Refusal.THROTTLED: [-100],
    Refusal.TOKEN_EXPIRED: [-124],
    Refusal.WINDOW_CLOSED: [-133, -144, -1441, -147, -1471, -1472, -115, -126, -137],
    Refusal.UNREACHABLE: [-114, -118, -119, -139, -140, -141],
    Refusal.MISCONFIGURED: [
        *range(-105, -100),
        *(-117, -120, -125, -135, -1351, -136, -138, -145, -146),
    ],
    Refusal.REJECTED: [-108, -109, -111, -112, -1121, -1122, -1124, -131, -132],
}


@pytest.mark.parametrize(("refusal", "code"), [(refusal, code) for refusal, codes in OA.items() for code in codes])
def test_rows_of_the_oa_table(refusal: Refusal, code: int) -> None:
    found = look_up(code)
    assert (found.name, found.rule.refusal) == (f"zalo.{code}", refusal)


@pytest.mark.parametrize(("refusal", "code"), [(refusal, code) for refusal, codes in ZBS.items() for code in codes])
def test_rows_of_the_zbs_table(refusal: Refusal, code: int) -> None:
    found = look_up_zbs(code)
    assert (found.name, found.rule.refusal) == (f"zalo.zbs.{code}", refusal)


def test_the_tables_hold_nothing_else() -> None:
    assert set(CODES) == {code for codes in OA.values() for code in codes}
    assert set(ZBS_CODES) == {code for codes in ZBS.values() for code in codes}


@pytest.mark.parametrize(
    ("code", "message", "name"),
    [
        (-201, "user_id is invalid", "zalo.-201.user"),
        (-201, "Param User ID không hợp lệ", "zalo.-201.user"),
        (-201, "text is invalid", "zalo.-201"),
        (-223, "Exceed article QUOTA", "zalo.-223.quota"),
        (-223, "", "zalo.-223"),
        (-230, "user_id has not interacted", "zalo.-230"),
        (-1, "user_id", "zalo.unknown"),
    ],
)
def test_words_are_read_only_where_numbers_cannot_tell(code: int, message: str, name: str) -> None:
    assert look_up(code, message).name == name


def test_every_rule_has_a_source_and_a_day() -> None:
    for name, rule in RULES.items():
        assert rule.source, name
        assert date.fromisoformat(rule.seen) <= date(2026, 11, 30), name


def test_what_a_person_must_mend_raises_an_alarm() -> None:
    for name, rule in RULES.items():
        if rule.refusal is Refusal.MISCONFIGURED or name.startswith("oauth"):
            assert rule.alarm, name


def test_an_expired_token_is_no_alarm_because_a_refresh_mends_it() -> None:
    assert not look_up(-216).rule.alarm
    assert not look_up(-220).rule.alarm


def test_only_too_many_requests_rest_the_account() -> None:
    assert {name for name, rule in RULES.items() if rule.pause_s} == {"-32"}


def test_names_are_complete() -> None:
    found = {look_up(code).name for code in CODES} | {look_up_zbs(code).name for code in ZBS_CODES}
    assert found | {look_up(-999999).name, look_up_zbs(-999999).name, OAUTH_UNKNOWN} <= names()
    assert names() >= NIGHT | BUTTONS_REFUSED
