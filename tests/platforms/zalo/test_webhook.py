"""Is it from Zalo, and which event is it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import Headers

from bot.messages import Event
from bot.platforms.contract import AppKeys, MalformedWebhook, Signature
from bot.platforms.http import Http
from bot.platforms.zalo import ZaloPlatform, webhook
from bot.states import Lane
from tests.platforms.zalo.conftest import APP, APP_SECRET, KEYS, NOW, OA, OA_SECRETS, USER

PAYLOADS = Path(__file__).parents[2] / "payloads" / "zalo"
BODY = (PAYLOADS / "message_text.json").read_bytes()
STAMP = "1790000000001"
OTHER = AppKeys("5", ("another",), ("another",))
S = Signature


def mac(*, secret: str = OA_SECRETS[0], term: str = APP, body: bytes = BODY, stamp: str = STAMP) -> str:
    return "mac=" + webhook.sign(term, body, stamp, secret)


def test_the_vector_of_the_contract(zalo: ZaloPlatform) -> None:
    body = (PAYLOADS / "message_text_of_the_contract.json").read_bytes()
    assert len(body) == 267
    header = "mac=beaff32b23314f9ee9b2e9db13bf0b265c4109ef9f44906198124d598730dfe2"
    assert "mac=" + webhook.sign(APP, body, "1790000000000", "example-oa-secret") == header
    keys = AppKeys(APP, (), ("example-oa-secret",))
    assert zalo.verify([keys], Headers({"X-ZEvent-Signature": header}), body).signature is S.GOOD


HEX = mac().removeprefix("mac=")


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (mac(), S.GOOD),
        (mac(secret=OA_SECRETS[1]), S.GOOD),
        (HEX, S.GOOD),
        (f"MAC={HEX}", S.GOOD),
        (f" Mac = {HEX} ", S.GOOD),
        (f"mac={HEX.upper()}", S.GOOD),
        (mac(secret="wrong"), S.BAD),
        (mac(secret=""), S.BAD),
        (mac(body=BODY + b" "), S.BAD),
        (mac(stamp="1790000000002"), S.BAD),
        (mac(secret=APP_SECRET), S.WRONG_KEY),
        (mac(term=OA), S.WRONG_TERM),
        (mac(term=USER), S.WRONG_TERM),
        (mac(term="1"), S.BAD),
        (HEX[:-1], S.BAD),
        (f"sha256={HEX}", S.BAD),
        (f"mac={HEX}, mac={HEX}", S.BAD),
        ("", S.BAD),
        ("mac=", S.BAD),
        ("mac=đ\udcff", S.BAD),
    ],
)
@pytest.mark.parametrize("name", ["X-ZEvent-Signature", "x-zevent-signature"])
def test_verify(zalo: ZaloPlatform, name: str, claim: str, verdict: Signature) -> None:
    without_key = AppKeys(APP, ("",), ("",))
    assert zalo.verify([without_key, OTHER, KEYS], Headers({name: claim}), BODY).signature is verdict


def test_verify_names_the_app_even_of_a_mistake(zalo: ZaloPlatform) -> None:
    for claim in (mac(), mac(secret=APP_SECRET), mac(term=OA)):
        assert zalo.verify([OTHER, KEYS], Headers({"X-ZEvent-Signature": claim}), BODY).app == KEYS


def test_one_secret_for_both_purposes_is_good(zalo: ZaloPlatform) -> None:
    keys = replace(KEYS, signing=(APP_SECRET,))
    assert zalo.verify([keys], Headers({"X-ZEvent-Signature": mac(secret=APP_SECRET)}), BODY).signature is S.GOOD


def test_the_time_may_stand_in_a_header(zalo: ZaloPlatform) -> None:
    def verdict(claim: str, **headers: str) -> Signature:
        found = {"X-ZEvent-Signature": claim, **{f"X-ZEvent-{name}": value for name, value in headers.items()}}
        return zalo.verify([KEYS], Headers(found), BODY).signature

    assert verdict(mac(stamp="1790000000999")) is S.BAD
    assert verdict(mac(stamp="1790000000999"), Timestamp="1790000000999") is S.GOOD
    assert verdict(mac(), Timestamp="1790000000999") is S.GOOD
    assert verdict(mac(stamp=""), Timestamp="") is S.GOOD  # what is signed decides: it still needs the secret


@pytest.mark.parametrize("stamp", ["1790000000001", "17900000000019999999999999", "1790000000001.50", "-1", "1e5"])
def test_a_time_written_as_a_number_is_signed_as_written(zalo: ZaloPlatform, stamp: str) -> None:
    body = BODY.replace(b'"1790000000001"', stamp.encode())
    claim = mac(body=body, stamp=stamp)
    assert zalo.verify([KEYS], Headers({"X-ZEvent-Signature": claim}), body).signature is S.GOOD


@pytest.mark.parametrize("app_id", ['"7000000000000000002"', '""', "null", '["7000000000000000001"]'])
def test_the_body_must_name_the_app(zalo: ZaloPlatform, app_id: str) -> None:
    body = BODY.replace(b'"7000000000000000001"', app_id.encode(), 1)
    assert zalo.verify([KEYS], Headers({"X-ZEvent-Signature": mac(body=body)}), body).signature is S.BAD


def test_the_bytes_count_and_not_what_they_mean(zalo: ZaloPlatform) -> None:
    again = json.dumps(json.loads(BODY)).encode()
    assert json.loads(again) == json.loads(BODY)
    assert zalo.verify([KEYS], Headers({"X-ZEvent-Signature": mac()}), again).signature is S.BAD


@pytest.mark.parametrize(
    ("headers", "body", "verdict"),
    [
        ({}, b"{}", S.UNSIGNED_PROBE),
        ({"Content-Type": "application/json"}, b" { }\n", S.UNSIGNED_PROBE),
        ({"X-ZEvent-Signature": ""}, b"{}", S.BAD),
        ({}, b"", S.MISSING),
        ({}, b"[]", S.MISSING),
        ({}, b"null", S.MISSING),
        ({}, b'{"a":1}', S.MISSING),
        ({}, b"\xff", S.MISSING),
        ({}, b"[" * 9999, S.MISSING),
        ({}, BODY, S.MISSING),
        ({"X-Zalo-Signature": mac()}, BODY, S.MISSING),
        ({"X-ZEvent-Signature": mac(body=b"[]")}, b"[]", S.BAD),
    ],
)
def test_without_a_signature(zalo: ZaloPlatform, headers: Mapping[str, str], body: bytes, verdict: Signature) -> None:
    assert zalo.verify([KEYS], Headers(headers), body).signature is verdict


def test_the_console_s_sample_is_signed_and_leaves_nothing(zalo: ZaloPlatform) -> None:
    body = (PAYLOADS / "ignored_console_test.json").read_bytes()
    claim = mac(body=body, stamp="154390853474")
    assert zalo.verify([KEYS], Headers({"X-ZEvent-Signature": claim}), body).signature is S.GOOD
    assert zalo.split(body) == []


def split(zalo: ZaloPlatform, name: str) -> list[Event]:
    return zalo.split((PAYLOADS / f"{name}.json").read_bytes())


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("message_text", "user_send_text:m_message_text"),
        ("button_pressed", "user_send_text:m_button_pressed"),
        ("message_image", "user_send_image:m_message_image"),
        ("echo_own", "oa_send_text:m_out_1"),
        ("received", "user_received_message:m_out_1"),
        ("rating", "user_feedback:m_out_2"),
        ("template_button_pressed", "user_click_response_button:m_out_3"),
    ],
)
def test_keys_by_platform_id(zalo: ZaloPlatform, name: str, key: str) -> None:
    assert [event.key for event in split(zalo, name)] == [key]


@pytest.mark.parametrize("name", ["follow", "chat_opened", "seen", "reaction", "consent_withdrawn"])
def test_without_an_id_of_its_own_the_bytes_are_the_key(zalo: ZaloPlatform, name: str) -> None:
    body = (PAYLOADS / f"{name}.json").read_bytes()
    again, later = zalo.split(body), zalo.split(body.replace(b"1790000000001", b"1790000000002"))
    assert again[0].key == zalo.split(body)[0].key
    assert again[0].key != later[0].key


def test_every_payload_has_a_key_of_its_own_and_the_same_twice(zalo: ZaloPlatform) -> None:
    names = sorted(path.stem for path in PAYLOADS.glob("*.json"))
    keys = [event.key for name in names for event in split(zalo, name)]
    assert keys == [event.key for name in names for event in split(zalo, name)]
    assert len(set(keys)) == len(keys)
    assert all(len(key) <= 255 for key in keys)


def envelope(**changes: object) -> bytes:
    return json.dumps(json.loads(BODY) | changes).encode()


def test_a_very_long_id_makes_a_short_key(zalo: ZaloPlatform) -> None:
    def key(msg_id: str) -> str:
        return zalo.split(envelope(message={"msg_id": msg_id, "text": "a"}))[0].key

    assert len(key("m" * 5000)) <= 255
    assert key("m" * 5000) != key("m" * 4999)


def test_an_odd_time_falls_back_to_the_clock(zalo: ZaloPlatform) -> None:
    assert zalo.split(envelope(timestamp="sớm"))[0].at == NOW
    assert zalo.split(envelope(timestamp=1790000000000))[0].at.timestamp() == 1790000000


def test_numbers_may_be_ids(zalo: ZaloPlatform) -> None:
    (event,) = split(zalo, "message_with_numbers_for_ids")
    assert (event.account, event.user_id) == (OA, USER)


def test_what_no_database_keeps_is_replaced(zalo: ZaloPlatform) -> None:
    (event,) = zalo.split(envelope(message={"msg_id": "m", "text": "a\ud83d \x00"}))
    assert zalo.read(event.body).text == "a\ufffd \ufffd"


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b"7", b'{"event_name":7}', b"[" * 9999])
def test_malformed(zalo: ZaloPlatform, body: bytes) -> None:
    with pytest.raises(MalformedWebhook):
        zalo.split(body)


IGNORED = sorted({path.stem for path in PAYLOADS.glob("ignored_*.json")} | {"visitor_without_conversation"})


@pytest.mark.parametrize("name", IGNORED)
def test_left_out(zalo: ZaloPlatform, name: str) -> None:
    assert split(zalo, name) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": {}},
        {"sender": None},
        {"sender": {"id": OA}},
        {"event_name": "follow"},
        {"event_name": "user_click_chatnow"},
        {"event_name": "widget_interaction_accepted", "data": "không"},
    ],
)
def test_nobody_to_answer(zalo: ZaloPlatform, changes: dict[str, Any]) -> None:
    assert zalo.split(envelope(**changes)) == []


RECEIPTS = ("echo", "received", "seen", "template_status", "template_quality", "daily_quota", "widget_failed")


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json") if path.stem not in IGNORED))
def test_lane_and_account(zalo: ZaloPlatform, name: str) -> None:
    (event,) = split(zalo, name)
    assert event.lane is (Lane.RECEIPT if name.startswith(RECEIPTS) else Lane.TALK)
    assert event.account == OA


def test_without_the_oa_s_id_a_receipt_s_sender_is_the_oa(http: Http) -> None:
    platform = ZaloPlatform(http, lambda: NOW)
    (event,) = platform.split((PAYLOADS / "seen.json").read_bytes())
    assert (event.account, event.user_id) == (OA, USER)


def test_a_receipt_that_names_its_oa_needs_no_list(http: Http) -> None:
    platform = ZaloPlatform(http, lambda: NOW)
    body = json.loads((PAYLOADS / "seen_the_other_way_round.json").read_bytes()) | {"oa_id": OA}
    (event,) = platform.split(json.dumps(body).encode())
    assert (event.account, event.user_id) == (OA, USER)


def test_a_receipt_without_a_side_is_no_talk_with_oneself(zalo: ZaloPlatform) -> None:
    body = json.loads((PAYLOADS / "received.json").read_bytes())
    del body["recipient"]
    (event,) = zalo.split(json.dumps(body).encode())
    assert (event.account, event.user_id) == (OA, None)


def test_the_phone_number_of_a_receipt_is_not_kept(zalo: ZaloPlatform) -> None:
    (event,) = split(zalo, "received_by_phone")
    assert event.user_id is None
    assert "84900000003" not in json.dumps([event.key, event.body])


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_payloads_are_written_as_on_the_wire(path: Path) -> None:
    raw = path.read_bytes()
    assert raw == json.dumps(json.loads(raw), ensure_ascii=False, separators=(",", ":")).encode()
