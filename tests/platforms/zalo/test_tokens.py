"""The token pair: granted, renewed, refused, or nobody knows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.platforms.contract import Access, TokenPair
from bot.platforms.errors import Refusal, SendError
from bot.platforms.zalo import ZaloPlatform, authorize_url, new_verifier
from tests.platforms.conftest import Fault, Peer, Said
from tests.platforms.zalo.conftest import APP, APP_SECRET, KEYS, form

OLD = "old-refresh-token-0123456789"
PAIR = {"access_token": "new-access", "refresh_token": "new-refresh", "expires_in": "90000"}
DAY = timedelta(seconds=90000)
Ask = Callable[[ZaloPlatform, Access], TokenPair | None]


def _refresh(zalo: ZaloPlatform, access: Access) -> TokenPair | None:
    return zalo.refresh(access, OLD, access.api_url)


def _exchange(zalo: ZaloPlatform, access: Access) -> TokenPair | None:
    return zalo.exchange_code(access.app, "the-code", "the-verifier", access.api_url)


both = pytest.mark.parametrize("ask", [_refresh, _exchange])


def refused(zalo: ZaloPlatform, access: Access, ask: Ask = _refresh) -> SendError:
    with pytest.raises(SendError) as caught:
        ask(zalo, access)
    return caught.value


def test_refresh_asks_as_zalo_wants_it(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(Said(PAIR))
    assert _refresh(zalo, access) == TokenPair("new-access", "new-refresh", DAY)
    (seen,) = open_api.seen
    assert (seen.method, seen.path, seen.query) == ("POST", "/v4/oa/access_token", {})
    assert seen.headers["secret_key"] == APP_SECRET
    assert form(seen) == {"refresh_token": OLD, "app_id": APP, "grant_type": "refresh_token"}


def test_exchange_asks_as_zalo_wants_it(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(Said(PAIR))
    assert _exchange(zalo, access) == TokenPair("new-access", "new-refresh", DAY)
    assert form(open_api.seen[0]) == {
        "code": "the-code",
        "app_id": APP,
        "grant_type": "authorization_code",
        "code_verifier": "the-verifier",
    }


@pytest.mark.parametrize(
    ("value", "lifetime"),
    [
        ("90000", DAY),
        (3600, timedelta(hours=1)),
        ("9" * 9, timedelta(days=365)),
        *((odd, timedelta(hours=25)) for odd in ("", "soon", None, 0, "-1", True, "9" * 5000, [1])),
    ],
)
def test_lifetime(zalo: ZaloPlatform, access: Access, open_api: Peer, value: object, lifetime: timedelta) -> None:
    open_api.will(Said({**PAIR, "expires_in": value}))
    pair = _refresh(zalo, access)
    assert pair is not None
    assert pair.expires_in == lifetime


REFUSALS = [
    (Said({"error": -14002, "error_name": "Invalid app"}), "zalo.oauth.-14002", "-14002 Invalid app"),
    (Said({"error": "-14003"}, status=400), "zalo.oauth.-14003", "-14003"),
    (Said({"error": -14014, "error_name": "Invalid refresh token."}), "zalo.oauth.refused", None),
    (Said({"error_name": "InvalidGrant", "ref_doc": "https://x"}), "zalo.oauth.refused", "InvalidGrant"),
    (Said({"error_description": f"token {OLD} was used"}, status=401), "zalo.oauth.refused", ""),
    (Said({"access_token": "a", "error": -1}), "zalo.oauth.refused", "-1"),
]


@both
@pytest.mark.parametrize(("said", "code", "vendor"), REFUSALS)
def test_a_refusal_needs_a_person(
    zalo: ZaloPlatform, access: Access, open_api: Peer, *, ask: Ask, said: Said, code: str, vendor: str | None
) -> None:
    open_api.will(said)
    problem = refused(zalo, access, ask)
    assert (problem.refusal, problem.code) == (Refusal.TOKEN_EXPIRED, code)
    assert vendor is None or problem.vendor == vendor
    assert OLD not in f"{problem!r} {problem.vendor}"


UNREADABLE = [
    Said(b"<html>"),
    Said(b"", status=502),
    Said({"error": "Internal Server Error"}, status=500),
    Said({"error": "slow down"}, status=429),
    Said({}),
    Said([]),
    Said({"error": 0}),
    Said({**PAIR, "refresh_token": ""}),
    Said({**PAIR, "access_token": None}),
    Said({"access_token": "a"}),
    Said({**PAIR, "refresh_token": 7}),
]


@both
@pytest.mark.parametrize("said", UNREADABLE)
def test_half_an_answer_is_unsure(zalo: ZaloPlatform, access: Access, open_api: Peer, *, ask: Ask, said: Said) -> None:
    open_api.will(said)
    problem = refused(zalo, access, ask)
    assert (problem.refusal, problem.code) == (Refusal.UNSURE, "zalo.oauth.unreadable")
    assert problem.transient


@both
@pytest.mark.parametrize("fault", list(Fault))
def test_no_answer_is_unsure(zalo: ZaloPlatform, access: Access, open_api: Peer, *, ask: Ask, fault: Fault) -> None:
    open_api.will(fault)
    problem = refused(zalo, access, ask)
    assert (problem.refusal, problem.code) == (Refusal.UNSURE, "network.no_answer")
    assert problem.__context__ is None


def test_no_connection_keeps_the_old_pair(zalo: ZaloPlatform, access: Access, closed_port: str) -> None:
    problem = refused(zalo, replace(access, api_url=closed_port))
    assert (problem.refusal, problem.code) == (Refusal.UNSURE, "network.not_sent")


@pytest.mark.parametrize("secrets", [(), ("",), ("khoá bí mật",), ("a\nb",)])
def test_without_an_app_secret_nothing_is_asked(
    zalo: ZaloPlatform, access: Access, open_api: Peer, secrets: tuple[str, ...]
) -> None:
    problem = refused(zalo, replace(access, app=replace(KEYS, secrets=secrets)))
    assert (problem.refusal, problem.code) == (Refusal.TOKEN_EXPIRED, "zalo.no_app_secret")
    assert open_api.seen == []


def test_the_address_an_admin_opens() -> None:
    verifier = new_verifier()
    assert len(verifier) == 43
    assert verifier != new_verifier()
    redirect = "https://bot.example.vn/console/zalo?x=1&y=ế"
    address = urlsplit(authorize_url("https://oauth.zaloapp.com", APP, redirect, state="s t&", verifier=verifier))
    assert (address.netloc, address.path) == ("oauth.zaloapp.com", "/v4/oa/permission")
    query = dict(parse_qsl(address.query, strict_parsing=True))
    challenge = query.pop("code_challenge")
    assert query == {"app_id": APP, "redirect_uri": redirect, "state": "s t&"}
    assert base64.urlsafe_b64decode(challenge + "=") == hashlib.sha256(verifier.encode()).digest()
    assert "=" not in challenge


def test_the_challenge_of_the_example_in_rfc_7636() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    address = authorize_url("https://oauth.zaloapp.com", APP, "https://x", state="s", verifier=verifier)
    assert "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" in address
