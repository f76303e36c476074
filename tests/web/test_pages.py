"""Health, figures, the public pages, and a member's own data by their link."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

import pytest
from flask.testing import FlaskClient

from bot.runtime import Runtime
from bot.store import exports, marks, persons
from bot.store.database import DatabaseAway
from tests.conftest import Hands

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}


def beat(runtime: Runtime, hands: Hands) -> None:
    for role in ("worker", "clock"):
        runtime.database.write(partial(marks.put, name=f"heartbeat:{role}:a", value="", now=hands()))


def test_ready_wants_a_worker_and_a_clock(client: FlaskClient, runtime: Runtime, hands: Hands) -> None:
    assert client.get("/health/ready").status_code == 503
    beat(runtime, hands)
    assert client.get("/health/ready").get_json()["status"] == "ok"
    hands.pass_by(seconds=30)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.get_json()["worker"]) == (503, "away")


def test_a_dead_token_does_not_make_it_unready(client: FlaskClient, runtime: Runtime, hands: Hands) -> None:
    beat(runtime, hands)
    runtime.database.write(lambda connection: marks.raise_alarm(connection, "account:1", "zalo.token_dead", hands()))
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.get_json()["alarms"] == [{"cause": "account:1", "code": "zalo.token_dead"}]


def test_a_stranger_sees_no_accounts(client: FlaskClient, runtime: Runtime, hands: Hands) -> None:
    beat(runtime, hands)
    seen = client.get("/health/ready", environ_base=ELSEWHERE).get_json()
    assert seen == {"status": "ok", "database": "ok", "worker": "ok", "clock": "ok"}


def test_live_needs_nothing(client: FlaskClient) -> None:
    assert client.get("/health/live", environ_base=ELSEWHERE).get_json() == {"status": "ok"}


def test_metrics_are_for_the_loopback_or_the_token(client: FlaskClient) -> None:
    assert b"bot_up" in client.get("/metrics").data
    assert client.get("/metrics", environ_base=ELSEWHERE).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 403
    token = {"Authorization": "Bearer open-sesame"}
    assert client.get("/metrics", environ_base=ELSEWHERE, headers=token).status_code == 200
    wrong = {"Authorization": "Bearer open"}
    assert client.get("/metrics", environ_base=ELSEWHERE, headers=wrong).status_code == 403


def test_the_privacy_notice_says_how_to_delete(client: FlaskClient) -> None:
    page = client.get("/privacy").get_data(as_text=True)
    assert "xoá thông tin của tôi" in page
    assert "365 ngày" in page


def test_every_answer_carries_the_headers(client: FlaskClient) -> None:
    for path in ("/", "/privacy", "/health/live", "/nowhere"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_my_data_opens_by_the_link_until_tomorrow(client: FlaskClient, runtime: Runtime, hands: Hands) -> None:
    number = runtime.database.write(lambda connection: persons.ensure(connection, 1, "72", hands()))
    token = runtime.database.write(lambda connection: exports.open_link(connection, number, hands()))
    answer = client.get(f"/my-data/{token}")
    assert json.loads(answer.data)["person"]["user_id"] == "72"
    assert answer.headers["Cache-Control"] == "no-store"
    hands.at += timedelta(hours=25)
    assert client.get(f"/my-data/{token}").status_code == 404
    assert client.get("/my-data/guess").status_code == 404


@pytest.mark.parametrize(
    ("fault", "status", "line"),
    [(DatabaseAway(), 503, "database.away"), (ValueError("of a member"), 500, "web.failed")],
)
def test_a_fault_behind_a_members_link_is_told_without_the_link(
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
    status: int,
    line: str,
) -> None:
    def fails(*_: object) -> None:
        raise fault

    monkeypatch.setattr(exports, "by_link", fails)
    answer = client.get("/my-data/token-of-a-member")
    assert answer.status_code == status
    assert (answer.headers.get("Retry-After") == "5") is (status == 503)
    said = [record.getMessage() for record in caplog.records]
    assert said == [line]
    assert "token-of-a-member" not in caplog.text
    assert "of a member" not in str([record.__dict__.get("facts") for record in caplog.records])
