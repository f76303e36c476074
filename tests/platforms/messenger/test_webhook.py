"""Is it from Meta, and what the batch holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from werkzeug.datastructures import Headers

from bot.messages import Event
from bot.platforms.contract import AppKeys, MalformedWebhook, Signature
from bot.platforms.messenger import MessengerPlatform, webhook
from bot.states import Lane
from tests.platforms.messenger.conftest import KEYS, NOW, PAGE, SECRETS, USER

PAYLOADS = Path(__file__).parents[2] / "payloads" / "messenger"
BODY = (PAYLOADS / "message_text_with_emoji.json").read_bytes()
OTHER = AppKeys("5", ("another",), ("another",))


def header(secret: str, body: bytes = BODY) -> str:
    return webhook.sign(secret, body).decode()


def test_signature_against_a_figure_from_openssl() -> None:
    figure = "404cf1a31be43adddeb85f8ed618843369f192279be783ec94b814d4bcb1d944"
    assert header("secret", b'{"t":"Ph\\u1ed1\\/"}') == f"sha256={figure}"


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({"X-Hub-Signature-256": header(SECRETS[0])}, Signature.GOOD),
        ({"x-hub-signature-256": header(SECRETS[0])}, Signature.GOOD),
        ({"X-Hub-Signature-256": header(SECRETS[1])}, Signature.GOOD),
        ({"X-Hub-Signature-256": header("another")}, Signature.GOOD),
        ({"X-Hub-Signature-256": header("wrong")}, Signature.BAD),
        ({"X-Hub-Signature-256": header("")}, Signature.BAD),
        ({"X-Hub-Signature-256": header(SECRETS[0], BODY + b" ")}, Signature.BAD),
        ({"X-Hub-Signature-256": header(SECRETS[0]).removeprefix("sha256=")}, Signature.BAD),
        ({"X-Hub-Signature-256": ""}, Signature.BAD),
        ({"X-Hub-Signature-256": "sha256=đ\udcff"}, Signature.BAD),
        ({"X-Hub-Signature": "sha1=0123456789012345678901234567890123456789"}, Signature.MISSING),
        ({}, Signature.MISSING),
    ],
)
def test_verify(messenger: MessengerPlatform, headers: Mapping[str, str], verdict: Signature) -> None:
    without_key = AppKeys("6", (), ("",))
    assert messenger.verify([without_key, OTHER, KEYS], Headers(headers), BODY).signature is verdict


def test_verify_names_the_app(messenger: MessengerPlatform) -> None:
    verdict = messenger.verify([OTHER, KEYS], Headers({"X-Hub-Signature-256": header(SECRETS[1])}), BODY)
    assert verdict.app == KEYS


def test_a_body_written_anew_does_not_verify(messenger: MessengerPlatform) -> None:
    again = json.dumps(json.loads(BODY)).encode()
    verdict = messenger.verify([KEYS], Headers({"X-Hub-Signature-256": header(SECRETS[0])}), again)
    assert verdict.signature is Signature.BAD


HANDSHAKE = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({}, "1158201444"),
        ({"hub.mode": "unsubscribe"}, None),
        ({"hub.verify_token": "verify"}, None),
        ({"hub.verify_token": ""}, None),
        ({"hub.verify_token": "mật\udcff"}, None),
    ],
)
def test_handshake(change: Mapping[str, str], answer: str | None) -> None:
    assert webhook.verify_subscription({**HANDSHAKE, **change}, ["", "other", "verify-me"]) == answer


@pytest.mark.parametrize("missing", HANDSHAKE)
def test_handshake_wants_all_parameters(missing: str) -> None:
    params = {name: value for name, value in HANDSHAKE.items() if name != missing}
    assert webhook.verify_subscription(params, ["verify-me"]) is None


def split(messenger: MessengerPlatform, name: str) -> list[Event]:
    return messenger.split((PAYLOADS / f"{name}.json").read_bytes())


def test_batch_over_entries_pages_and_lists(messenger: MessengerPlatform) -> None:
    events = split(messenger, "batch")
    assert [(event.account, event.key, event.lane) for event in events] == [
        (PAGE, "message:m_b1", Lane.TALK),
        (PAGE, "message:m_b2", Lane.TALK),
        ("100000000000002", "message:m_b3", Lane.TALK),
        (PAGE, "standby:message:m_b1", Lane.RECEIPT),
        ("100000000000002", f"read:{USER}:1790000000001", Lane.RECEIPT),
    ]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("message_text", "message:m_message_text"),
        ("message_quick_reply", "message:m_message_quick_reply"),
        ("echo_own", "echo:m_echo_own"),
        ("message_edit", "edit:m_message_text:2"),
        ("postback", "postback:m_postback"),
        ("reaction_react", f"reaction:m_out_1:{USER}:react:1790000000001"),
        ("delivery_without_mids", f"delivery:{USER}:1789999999996"),
        ("read", f"read:{USER}:1789999999998"),
        ("standby_message", "standby:message:m_standby_message"),
    ],
)
def test_keys_by_platform_id(messenger: MessengerPlatform, name: str, key: str) -> None:
    assert [event.key for event in split(messenger, name)] == [key]


def test_every_payload_has_a_key_of_its_own_and_the_same_twice(messenger: MessengerPlatform) -> None:
    names = sorted(path.stem for path in PAYLOADS.glob("*.json") if path.stem != "batch")
    keys = [event.key for name in names for event in split(messenger, name)]
    assert keys == [event.key for name in names for event in split(messenger, name)]
    assert len(set(keys)) == len(keys)
    assert all(len(key) <= 255 for key in keys)


def test_the_hash_forgets_order_but_not_content(messenger: MessengerPlatform) -> None:
    def key(*pairs: tuple[str, str]) -> str:
        item = {"sender": {"id": USER}, "timestamp": 1, "referral": dict(pairs)}
        body = json.dumps({"object": "page", "entry": [{"id": PAGE, "messaging": [item]}]}).encode()
        return messenger.split(body)[0].key

    assert key(("ref", "a"), ("type", "t")) == key(("type", "t"), ("ref", "a"))
    assert key(("ref", "a")) != key(("ref", "b"))


def envelope(item: object, **entry: object) -> bytes:
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "messaging": [item], **entry}]}).encode()


def test_a_very_long_id_makes_a_short_key(messenger: MessengerPlatform) -> None:
    def key(mid: str) -> str:
        return messenger.split(envelope({"sender": {"id": USER}, "message": {"mid": mid}}))[0].key

    assert len(key("m" * 5000)) <= 255
    assert key("m" * 5000) != key("m" * 4999)


def test_time_falls_back_to_the_entry_and_then_to_the_clock(messenger: MessengerPlatform) -> None:
    item = {"sender": {"id": USER}, "message": {"mid": "m"}, "timestamp": "soon"}
    assert messenger.split(envelope(item, time="1790000000"))[0].at.timestamp() == 1790000000
    assert messenger.split(envelope(item))[0].at == NOW


def test_numbers_may_be_ids(messenger: MessengerPlatform) -> None:
    event = messenger.split(envelope({"sender": {"id": int(USER)}, "message": {"mid": "m"}}, id=int(PAGE)))[0]
    assert (event.account, event.user_id) == (PAGE, USER)


def test_what_no_database_keeps_is_replaced(messenger: MessengerPlatform) -> None:
    body = envelope({"sender": {"id": USER}, "message": {"mid": "m", "text": "a\ud83d \x00"}})
    assert messenger.read(messenger.split(body)[0].body).text == "a\ufffd \ufffd"


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b'{"object":"page"}', b'{"object":"page","entry":{}}', b"[" * 9999]
)
def test_malformed(messenger: MessengerPlatform, body: bytes) -> None:
    with pytest.raises(MalformedWebhook):
        messenger.split(body)


IGNORED = sorted(
    {path.stem for path in PAYLOADS.glob("ignored_*.json")}
    | {"account_linking", "request_thread_control", "app_roles", "reaction_by_page"}
    | {"postback_by_user_ref", "optin_plugin_by_user_ref"}
)


@pytest.mark.parametrize("name", IGNORED)
def test_left_out(messenger: MessengerPlatform, name: str) -> None:
    assert split(messenger, name) == []


TALK = ("message_", "postback", "referral", "optin", "reaction")


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_lane(messenger: MessengerPlatform, name: str) -> None:
    if name == "batch" or name in IGNORED:
        return
    expected = Lane.TALK if name.startswith(TALK) and "template_status" not in name else Lane.RECEIPT
    assert [event.lane for event in split(messenger, name)] == [expected]


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_payloads_are_written_as_on_the_wire(path: Path) -> None:
    raw = path.read_bytes()
    assert raw.isascii()
    assert b"/" not in raw.replace(b"\\/", b"")
