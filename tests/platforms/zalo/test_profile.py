"""Is the OA ready."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.platforms.contract import Access, Check
from bot.platforms.zalo import ZaloPlatform
from tests.platforms.conftest import Fault, Peer, Said
from tests.platforms.zalo.conftest import KEYS, NOW, OA

GOOD = {
    "oaid": OA,
    "name": "Công đoàn cơ sở",
    "is_verified": True,
    "num_follower": 1200,
    "package_name": "Growth",
    "package_valid_through_date": "31/12/2027",
}


def account(**changes: object) -> Said:
    return Said({"error": 0, "message": "Success", "data": GOOD | changes})


def quota(data: object) -> Said:
    return Said({"error": 0, "message": "Success", "data": data})


ASSETS = quota([{"remain": "480", "total": "500"}, {"remain": 20, "total": 20}])


def diagnose(zalo: ZaloPlatform, access: Access) -> dict[str, Check]:
    return {check.name: check for check in zalo.diagnose(access, fix=True, now=NOW)}


def test_all_well(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(account(), ASSETS)
    checks = diagnose(zalo, access)
    assert list(checks) == ["keys", "token", "verified", "package", "quota"]
    assert all(check.ok and not check.code for check in checks.values())
    assert checks["package"].facts == {"package": "Growth", "until": "31/12/2027"}
    assert checks["quota"].facts == {"remain": 500}


@pytest.mark.parametrize(
    ("change", "name", "code"),
    [
        ({"oaid": "1"}, "token", "zalo.token_other_oa"),
        ({"oaid": None}, "token", "zalo.token_other_oa"),
        ({"oaid": int(OA)}, "token", ""),
        ({"oaid": None, "oa_id": OA}, "token", ""),
        ({"is_verified": False}, "verified", "zalo.not_verified"),
        ({"is_verified": "false"}, "verified", "zalo.not_verified"),
        ({"is_verified": 0}, "verified", "zalo.not_verified"),
        ({"is_verified": None}, "verified", ""),
        ({"package_valid_through_date": "19/11/2026"}, "package", "zalo.package_expired"),
        ({"package_valid_through_date": "20/11/2026"}, "package", "zalo.package_expiring"),
        ({"package_valid_through_date": "2026-12-01"}, "package", "zalo.package_expiring"),
        ({"package_valid_through_date": "2026_12_24"}, "package", ""),
        ({"package_valid_through_date": "vô thời hạn"}, "package", ""),
        ({"package_valid_through_date": None}, "package", ""),
    ],
)
def test_account(
    zalo: ZaloPlatform, access: Access, open_api: Peer, *, change: dict[str, Any], name: str, code: str
) -> None:
    open_api.will(account(**change), ASSETS)
    checks = diagnose(zalo, access)
    assert (checks[name].ok, checks[name].code) == (not code, code)
    assert all(check.ok for check in checks.values() if check.name != name)


@pytest.mark.parametrize(
    ("data", "code", "facts"),
    [
        ([{"remain": 0}, {"remain": "0"}], "zalo.quota_spent", {"remain": 0}),
        ({"remain": 3}, "", {"remain": 3}),
        ([], "", None),
        (None, "", None),
        ([3, {"remain": "nhiều"}], "", None),
    ],
)
def test_quota(
    zalo: ZaloPlatform, access: Access, open_api: Peer, *, data: object, code: str, facts: dict[str, int] | None
) -> None:
    open_api.will(account(), quota(data))
    check = diagnose(zalo, access)["quota"]
    assert (check.ok, check.code, check.facts) == (not code, code, facts)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"secrets": ()}, "zalo.no_app_secret"), ({"signing": ("",)}, "zalo.no_oa_secret")],
)
def test_keys(zalo: ZaloPlatform, access: Access, open_api: Peer, change: dict[str, Any], code: str) -> None:
    open_api.will(account(), ASSETS)
    checks = diagnose(zalo, replace(access, app=replace(KEYS, **change)))
    assert (checks["keys"].ok, checks["keys"].code) == (False, code)
    assert checks["token"].ok


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Said({"error": -216, "message": "Access token is invalid"}), "zalo.-216"),
        (Said({"error": -224, "message": "gói"}), "zalo.-224"),
        (Said(b"<html>", status=502), "zalo.unreadable"),
        (Said({"data": GOOD}), "zalo.unreadable"),
        (Said([]), "zalo.unreadable"),
        (Fault.CUT, "network.no_answer"),
    ],
)
def test_a_failed_question_is_a_failed_check(
    zalo: ZaloPlatform, access: Access, open_api: Peer, said: Said | Fault, code: str
) -> None:
    open_api.will(said, said)
    checks = diagnose(zalo, access)
    assert {name: check.code for name, check in checks.items() if not check.ok} == {"token": code, "quota": code}


def test_the_vendor_s_number_is_told(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(Said({"error": -224}), ASSETS)
    assert diagnose(zalo, access)["token"].facts == {"vendor": "-224"}


def test_no_connection(zalo: ZaloPlatform, access: Access, closed_port: str) -> None:
    checks = diagnose(zalo, replace(access, api_url=closed_port))
    assert {check.code for check in checks.values() if not check.ok} == {"network.not_sent"}


@pytest.mark.parametrize("data", [None, [], "x", {"oaid": []}])
def test_odd_answers_are_no_crash(zalo: ZaloPlatform, access: Access, open_api: Peer, data: object) -> None:
    open_api.will(quota(data), quota(data))
    assert diagnose(zalo, access)["token"].code == "zalo.token_other_oa"
