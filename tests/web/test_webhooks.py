"""Step 1 of the way of a message, on both databases: who is let in, what is kept, what is answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.app import create_app
from bot.platforms.messenger import MessengerPlatform
from bot.platforms.zalo import ZaloPlatform
from bot.runtime import Runtime
from bot.store import erasure, marks, persons
from bot.store.database import DatabaseAway
from bot.store.schema import inbox
from tests.conftest import Hands
from tests.web.conftest import OA, PERSON, SECRET, SIGNING, messenger, sign_messenger, sign_zalo, zalo


def kept(runtime: Runtime) -> list[str]:
    with runtime.database.read() as connection:
        return list(connection.execute(select(inbox.c.event_key).order_by(inbox.c.id)).scalars())


def count(runtime: Runtime, what: str) -> int:
    return runtime.tally.totals().get(what, 0)


def test_a_signed_event_is_kept_and_told_200(client: FlaskClient, runtime: Runtime) -> None:
    body = zalo()
    assert client.post("/webhooks/zalo", data=body, headers=sign_zalo(body)).status_code == 200
    body = messenger()
    assert client.post("/webhooks/messenger", data=body, headers=sign_messenger(body)).status_code == 200
    assert len(kept(runtime)) == 2


def test_every_event_of_a_batch_is_kept(client: FlaskClient, runtime: Runtime) -> None:
    body = messenger(*({"mid": f"m_{n}", "text": f"câu {n} 👍"} for n in range(5)))
    assert client.post("/webhooks/messenger", data=body, headers=sign_messenger(body)).status_code == 200
    assert len(kept(runtime)) == 5


def test_a_duplicate_is_kept_once_at_the_same_time_and_after_a_restart(client: FlaskClient, runtime: Runtime) -> None:
    body = zalo()
    app = create_app(runtime)

    def again(_: int) -> int:
        return app.test_client().post("/webhooks/zalo", data=body, headers=sign_zalo(body)).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(again, range(16))) == {200}
    assert client.post("/webhooks/zalo", data=body, headers=sign_zalo(body)).status_code == 200
    assert len(kept(runtime)) == 1
    assert count(runtime, "webhook.zalo.duplicate") == 16


@pytest.mark.parametrize(
    ("headers", "counted"),
    [
        ({}, "webhook.zalo.missing"),
        ({"X-ZEvent-Signature": "mac=" + "0" * 64}, "webhook.zalo.bad"),
        (sign_zalo(zalo(), SECRET), "webhook.zalo.wrong_key"),
        (sign_zalo(zalo(), SIGNING, term=OA), "webhook.zalo.wrong_term"),
    ],
)
def test_a_forgery_gets_401_and_is_counted(
    client: FlaskClient, runtime: Runtime, headers: dict[str, str], counted: str
) -> None:
    assert client.post("/webhooks/zalo", data=zalo(), headers=headers).status_code == 401
    assert kept(runtime) == []
    assert count(runtime, counted) == 1


def test_messenger_without_or_with_another_signature_is_refused(client: FlaskClient, runtime: Runtime) -> None:
    body = messenger()
    for headers in ({}, sign_messenger(body, "other"), {"X-Hub-Signature": "sha1=" + "0" * 40}):
        assert client.post("/webhooks/messenger", data=body, headers=headers).status_code == 401
    assert kept(runtime) == []


def test_a_wrong_key_alarms_until_a_good_one_comes(client: FlaskClient, runtime: Runtime, hands: Hands) -> None:
    body = zalo()
    client.post("/webhooks/zalo", data=body, headers=sign_zalo(body, SECRET))
    runtime.signatures.flush(runtime.database)
    with runtime.database.read() as connection:
        assert [one.code for one in marks.open_alarms(connection)] == ["webhook.wrong_key"]
    hands.pass_by(seconds=5)
    client.post("/webhooks/zalo", data=body, headers=sign_zalo(body))
    runtime.signatures.flush(runtime.database)
    with runtime.database.read() as connection:
        assert marks.open_alarms(connection) == []


def test_the_unsigned_probe_of_the_console_is_harmless(client: FlaskClient, runtime: Runtime) -> None:
    assert client.post("/webhooks/zalo", data=b"{}", content_type="application/json").status_code == 200
    assert client.post("/webhooks/messenger", data=b"{}", content_type="application/json").status_code == 401
    assert kept(runtime) == []


def test_the_consoles_test_sample_is_answered_and_not_kept(client: FlaskClient, runtime: Runtime) -> None:
    body = zalo(
        sender={"id": "1"},
        recipient={"id": "2"},
        message={"msg_id": "This is message id", "text": "This is testing message"},
    )
    assert client.post("/webhooks/zalo", data=body, headers=sign_zalo(body)).status_code == 200
    assert kept(runtime) == []


def test_an_account_that_is_not_ours_is_answered_and_counted(client: FlaskClient, runtime: Runtime) -> None:
    body = messenger(page="999")
    assert client.post("/webhooks/messenger", data=body, headers=sign_messenger(body)).status_code == 200
    assert kept(runtime) == []
    assert count(runtime, "webhook.messenger.unknown_account") == 1


def test_the_handshake_wants_the_token(client: FlaskClient) -> None:
    ask = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "1158201444"}
    assert client.get("/webhooks/messenger", query_string=ask).data == b"1158201444"
    for change in ({"hub.verify_token": "no"}, {"hub.mode": "other"}, {"hub.verify_token": ""}):
        assert client.get("/webhooks/messenger", query_string={**ask, **change}).status_code == 403


@pytest.mark.parametrize(
    ("name", "limit", "sign"),
    [
        ("zalo", ZaloPlatform.longest_webhook, sign_zalo),
        ("messenger", MessengerPlatform.longest_webhook, sign_messenger),
    ],
)
def test_a_body_that_is_too_long_is_refused(
    client: FlaskClient, name: str, limit: int, sign: Callable[[bytes], dict[str, str]]
) -> None:
    body = b" " * (limit + 1)
    assert client.post(f"/webhooks/{name}", data=body, headers=sign(body)).status_code == 413
    assert client.post(f"/webhooks/{name}", data=body[1:], headers=sign(body[1:])).status_code != 413


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff\xfe", b'{"entry": 7}', b'{"object": "page", "entry": [7]}']
)
def test_what_is_signed_and_no_event_is_answered_200(client: FlaskClient, runtime: Runtime, body: bytes) -> None:
    assert client.post("/webhooks/messenger", data=body, headers=sign_messenger(body)).status_code == 200
    assert kept(runtime) == []


def test_a_database_that_is_away_is_said_at_once_and_nothing_is_lost(client: FlaskClient, runtime: Runtime) -> None:
    body = zalo()
    runtime.directory.account_ids("zalo")  # it knows who we are; the writing is what fails
    real, runtime.database.write = runtime.database.write, _away  # type: ignore[method-assign]
    answer = client.post("/webhooks/zalo", data=body, headers=sign_zalo(body))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    runtime.database.write = real  # type: ignore[method-assign]
    assert client.post("/webhooks/zalo", data=body, headers=sign_zalo(body)).status_code == 200
    assert len(kept(runtime)) == 1


def _away(*_: object, **__: object) -> Any:
    raise DatabaseAway


def test_a_redelivery_brings_nobody_back_who_was_forgotten(client: FlaskClient, runtime: Runtime, hands: Hands) -> None:
    body = zalo()
    client.post("/webhooks/zalo", data=body, headers=sign_zalo(body))
    number = runtime.database.write(lambda connection: persons.ensure(connection, 1, PERSON, hands()))
    runtime.database.write(lambda connection: erasure.forget(connection, runtime.vault, number, hands()))
    assert kept(runtime) == []
    assert client.post("/webhooks/zalo", data=body, headers=sign_zalo(body)).status_code == 200
    assert kept(runtime) == []
    hands.pass_by(hours=1)
    stamp = str(int(hands().timestamp() * 1000))
    new = zalo(message={"msg_id": "new", "text": "Chào lại"}, timestamp=stamp)
    client.post("/webhooks/zalo", data=new, headers=sign_zalo(new, stamp=stamp))
    assert len(kept(runtime)) == 1


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["object", "entry", "messaging", "sender", "recipient", "message", "event_name", "timestamp", "app_id", "id"]
SHAPED = st.dictionaries(st.sampled_from(KEYS), WILD, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    body=st.binary(max_size=300) | (WILD | SHAPED).map(lambda value: json.dumps(value).encode()), signed=st.booleans()
)
def test_no_body_ever_breaks_it(client: FlaskClient, body: bytes, *, signed: bool) -> None:
    for path, sign in (("zalo", sign_zalo), ("messenger", sign_messenger)):
        headers = sign(body) if signed else {}
        assert client.post(f"/webhooks/{path}", data=body, headers=headers).status_code in {200, 401}
