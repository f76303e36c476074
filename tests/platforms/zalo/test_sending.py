"""One consultation message, and what each answer means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.messages import Button, Outbound, Part, Receipt
from bot.platforms.contract import Access, Cancelled
from bot.platforms.errors import Refusal, SendError
from bot.platforms.http import Http
from bot.platforms.zalo import ZaloPlatform
from bot.platforms.zalo.webhook import ANONYMOUS
from tests.platforms.conftest import Fault, Peer, Said
from tests.platforms.zalo.conftest import HINT, NOW, TOKEN, USER

HELLO = Part({"text": "Xin chào"})
QUOTA = {"quota_type": "reply", "remain": 8, "total": 8}
R = Refusal


def sent(message_id: object = "m_1", **more: object) -> Said:
    data = {"message_id": message_id, "user_id": USER, "sent_time": "1790000001000", "quota": QUOTA, **more}
    return Said({"error": 0, "message": "Success", "data": data})


def error(code: object, message: str = "lỗi", **more: object) -> Said:
    return Said({"error": code, "message": message, **more})


def send(zalo: ZaloPlatform, access: Access, part: Part = HELLO, user: str = USER) -> Receipt:
    return zalo.send(access, user, part.body, tag="out-42", started=lambda: True)


def refused(zalo: ZaloPlatform, access: Access, part: Part = HELLO) -> SendError:
    with pytest.raises(SendError) as caught:
        send(zalo, access, part)
    return caught.value


def test_the_request_is_as_zalo_wants_it(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(sent())
    assert send(zalo, access) == Receipt("m_1", {"quota": QUOTA})
    (seen,) = open_api.seen
    assert (seen.method, seen.path, seen.query) == ("POST", "/v3.0/oa/message/cs", {})
    assert seen.headers["access_token"] == TOKEN
    assert seen.json == {"recipient": {"user_id": USER}, "message": {"text": "Xin chào"}}


def test_parts_of_every_shape_are_taken(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    buttons = (Button("Có", payload="@@1:yes"), Button("Xem", url="https://example.vn/"))
    for message in (Outbound("Chọn", buttons), Outbound("", buttons[:1]), Outbound("Câu. " * 900, buttons * 4)):
        for real in (False, True):
            for part in zalo.parts(message, buttons=real):
                open_api.will(sent())
                send(zalo, access, part)


def test_started_is_asked_once_and_decides(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    asked: list[int] = []

    def started() -> bool:
        asked.append(len(open_api.seen))
        return False

    with pytest.raises(Cancelled):
        zalo.send(access, USER, HELLO.body, tag="out-1", started=started)
    assert asked == [0]
    assert open_api.seen == []


def test_a_visitor_is_answered_in_the_conversation(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(sent())
    send(zalo, access, user=f"{ANONYMOUS}an0ny:mous:c0nv")
    (seen,) = open_api.seen
    assert seen.path == "/v2.0/oa/message"
    assert seen.json["recipient"] == {"anonymous_id": "an0ny:mous", "conversation_id": "c0nv"}


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        ({"quota": {"quota_type": "reply"}}, {"quota": {"quota_type": "reply"}}),
        (
            {"quota": {"quota_type": "sub_quota", "remain": "12", "expired_date": "01/01/2027", "owner_id": "1"}},
            {"quota": {"quota_type": "sub_quota", "remain": "12", "expired_date": "01/01/2027"}},
        ),
        ({"quota": None}, {"billed": True}),
        ({"quota": {"remain": [1]}}, {"quota": {}}),
    ],
)
def test_what_paid_for_it_is_kept(
    zalo: ZaloPlatform, access: Access, open_api: Peer, *, data: dict[str, Any], facts: dict[str, object]
) -> None:
    open_api.will(sent(**data))
    assert send(zalo, access).facts == facts


def test_without_a_quota_it_was_billed(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(Said({"error": 0, "data": {"message_id": "m_1"}}))
    assert send(zalo, access).facts == {"billed": True}


def test_the_allowance_of_the_minute_is_told(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(replace(sent(), headers={"X-RateLimit-Limit": "100", "X-RateLimit-Remain": "7"}))
    assert send(zalo, access).facts == {"quota": QUOTA, "rate_limit": 100, "rate_remain": 7}
    open_api.will(replace(sent(), headers={"X-RateLimit-Limit": "many"}))
    assert send(zalo, access).facts == {"quota": QUOTA}


def test_an_id_may_be_a_number(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(sent(12345678901234567890))
    assert send(zalo, access).message_id == "12345678901234567890"


@pytest.mark.parametrize(
    ("said", "refusal", "code"),
    [
        (error(-230), R.WINDOW_CLOSED, "zalo.-230"),
        (error("-230"), R.WINDOW_CLOSED, "zalo.-230"),
        (error(-211), R.WINDOW_CLOSED, "zalo.-211"),
        (error(-213), R.UNREACHABLE, "zalo.-213"),
        (error(-216), R.TOKEN_EXPIRED, "zalo.-216"),
        (error(-220), R.TOKEN_EXPIRED, "zalo.-220"),
        (error(-244), R.BLOCKED, "zalo.-244"),
        (error(-224), R.MISCONFIGURED, "zalo.-224"),
        (error(-201), R.REJECTED, "zalo.-201"),
        (error(-201, "user_id is invalid"), R.UNREACHABLE, "zalo.-201.user"),
        (error(-233), R.REJECTED, "zalo.-233"),
        (error(-223, "article quota reached"), R.WINDOW_CLOSED, "zalo.-223.quota"),
        (error(-987654), R.REJECTED, "zalo.unknown"),
        (error(-230, data={"message_id": "m_1"}), R.WINDOW_CLOSED, "zalo.-230"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_errors_go_by_number_not_by_status(
    zalo: ZaloPlatform, access: Access, open_api: Peer, *, status: int, said: Said, refusal: Refusal, code: str
) -> None:
    open_api.will(replace(said, status=status))
    problem = refused(zalo, access)
    assert (problem.refusal, problem.code, problem.retry_at) == (refusal, code, None)
    assert isinstance(said.body, dict)
    assert problem.vendor == str(said.body["error"])


def test_a_failure_without_a_reason_is_tried_again_alone(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(error(-200))
    problem = refused(zalo, access)
    assert (problem.refusal, problem.transient, problem.retry_at) == (R.THROTTLED, True, None)


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, timedelta(seconds=40)),  # the clock says 20 s past the minute
        ({"Retry-After": "90"}, timedelta(seconds=90)),
        ({"Retry-After": "-5"}, timedelta(seconds=1)),
        ({"Retry-After": "9999999"}, timedelta(days=1)),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, timedelta(seconds=40)),
    ],
)
@pytest.mark.parametrize("said", [error(-32), Said(b"slow down", status=429), Said({}, status=429)])
def test_too_fast_rests_the_account_until_the_next_minute(
    zalo: ZaloPlatform, access: Access, open_api: Peer, *, said: Said, headers: dict[str, str], pause: timedelta
) -> None:
    open_api.will(replace(said, headers=headers))
    problem = refused(zalo, access)
    assert (problem.refusal, problem.transient, problem.retry_at) == (R.THROTTLED, True, NOW + pause)
    assert problem.code == ("zalo.429" if said.status == 429 else "zalo.-32")


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), 20),  # 23:00 in Vietnam
        (datetime(2026, 11, 20, 22, 0, tzinfo=UTC), 20),  # 05:00 on the 21st
        (datetime(2026, 11, 20, 23, 30, tzinfo=UTC), 21),  # 06:30: Zalo's night lasts longer than ours
    ],
)
def test_at_night_it_waits_for_the_morning(
    http: Http, access: Access, open_api: Peer, *, now: datetime, day: int
) -> None:
    open_api.will(error(-234))
    problem = refused(ZaloPlatform(http, lambda: now), access)
    assert problem.refusal is R.WINDOW_CLOSED
    six = datetime(2026, 11, day, 23, 0, tzinfo=UTC)
    assert problem.retry_at is not None
    assert six <= problem.retry_at <= six + timedelta(minutes=10)


@pytest.mark.parametrize(
    "said",
    [
        Said(b"<html>Bad gateway", status=502),
        Said(b"", status=500),
        Said({}, status=503),
        Said(b"OK"),
        Said([]),
        Said({"error": 0}),
        Said({"error": 0, "message": "Success", "data": []}),
        sent(""),
        sent(None),
        sent(True),
        Said({"error": "no"}),
        Said({"error": True, "data": {}}),
        Said({"error": None, "data": {"user_id": USER}}),
        Said(b"[" * 5000),
        Said(b"", status=302, headers={"Location": "/elsewhere"}),
    ],
)
def test_an_answer_nobody_can_read_leaves_it_unsure(
    zalo: ZaloPlatform, access: Access, open_api: Peer, said: Said
) -> None:
    open_api.will(said)
    problem = refused(zalo, access)
    assert (problem.refusal, problem.code) == (R.UNSURE, "zalo.unreadable")


@pytest.mark.parametrize("fault", list(Fault))
def test_no_answer_leaves_it_unsure(zalo: ZaloPlatform, access: Access, open_api: Peer, fault: Fault) -> None:
    open_api.will(fault)
    problem = refused(zalo, access)
    assert (problem.refusal, problem.code) == (R.UNSURE, "network.no_answer")


def test_no_connection_means_not_sent(zalo: ZaloPlatform, access: Access, closed_port: str) -> None:
    problem = refused(zalo, replace(access, api_url=closed_port))
    assert (problem.refusal, problem.code) == (R.THROTTLED, "network.not_sent")
    assert (problem.transient, problem.retry_at) == (True, None)


@pytest.mark.parametrize("token", ["", "mã thông báo", "token\r\nX-Evil: 1", " token", "token\n"])
def test_a_token_no_header_can_carry_is_told_before_a_call(
    zalo: ZaloPlatform, access: Access, open_api: Peer, token: str
) -> None:
    problem = refused(zalo, replace(access, token=token))
    assert (problem.refusal, problem.code) == (R.TOKEN_EXPIRED, "zalo.no_token")
    assert open_api.seen == []


MENU = Outbound("Gửi sáng kiến?", (Button("Có", payload="@@1:yes"), Button("Xem", url="https://example.vn/")))


@pytest.fixture
def menu(zalo: ZaloPlatform) -> Part:
    (part,) = zalo.parts(MENU, buttons=True)
    return part


@pytest.mark.parametrize("code", [-201, -233])
def test_refused_buttons_go_again_as_a_list(
    zalo: ZaloPlatform, access: Access, open_api: Peer, menu: Part, code: int
) -> None:
    open_api.will(error(code), sent("m_2"))
    asked: list[int] = []

    def started() -> bool:
        asked.append(len(open_api.seen))
        return True

    receipt = zalo.send(access, USER, menu.body, tag="out-42", started=started)
    assert receipt == Receipt("m_2", {"quota": QUOTA, "buttons_refused": f"zalo.{code}"})
    assert asked == [0]
    first, second = (seen.json["message"] for seen in open_api.seen)
    assert set(first) == {"text", "attachment"}
    assert second == {"text": f"Gửi sáng kiến?\n\nXem: https://example.vn/\n1. Có\n{HINT}"}
    assert [second] == [part.body for part in zalo.parts(MENU, buttons=False)]


@pytest.mark.parametrize(
    ("second", "refusal"), [(error(-201), R.REJECTED), (error(-230), R.WINDOW_CLOSED), (Fault.CUT, R.UNSURE)]
)
def test_but_only_once(
    zalo: ZaloPlatform, access: Access, open_api: Peer, menu: Part, *, second: Said | Fault, refusal: Refusal
) -> None:
    open_api.will(error(-233), second)
    assert refused(zalo, access, menu).refusal is refusal
    assert len(open_api.seen) == 2


@pytest.mark.parametrize("first", [error(-201, "user_id is invalid"), error(-230), error(-210), Fault.CUT])
def test_other_refusals_are_no_reason_to_send_again(
    zalo: ZaloPlatform, access: Access, open_api: Peer, menu: Part, first: Said | Fault
) -> None:
    open_api.will(first)
    refused(zalo, access, menu)
    assert len(open_api.seen) == 1


def test_typing_makes_no_call(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    zalo.typing(access, USER)
    assert open_api.seen == []
