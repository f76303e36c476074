"""One request to the Send API, and what each answer means."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.messages import Button, Outbound, Part
from bot.platforms.contract import Access, Cancelled
from bot.platforms.errors import Refusal, SendError
from bot.platforms.messenger import MessengerPlatform
from tests.platforms.conftest import Fault, Peer, Said
from tests.platforms.messenger.conftest import NOW, PAGE, TOKEN, USER, proof

HELLO = Part({"text": "Xin chào"})
SENT = Said({"recipient_id": USER, "message_id": "m_1"})
R = Refusal


def error(code: object, subcode: object = None, message: str = "", **more: object) -> dict[str, Any]:
    found = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbC-1_x", **more}
    return {"error": found | ({"error_subcode": subcode} if subcode is not None else {})}


def send(messenger: MessengerPlatform, access: Access, part: Part = HELLO) -> Any:
    return messenger.send(access, USER, part.body, tag="out-42", started=lambda: True)


def refused(messenger: MessengerPlatform, access: Access, part: Part = HELLO) -> SendError:
    with pytest.raises(SendError) as caught:
        send(messenger, access, part)
    return caught.value


def test_the_request_is_as_meta_wants_it(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(SENT)
    receipt = send(messenger, access)
    assert receipt.message_id == "m_1"
    (seen,) = graph.seen
    assert (seen.method, seen.path) == ("POST", f"/v25.0/{PAGE}/messages")
    assert seen.query == {"access_token": TOKEN, "appsecret_proof": proof(TOKEN)}
    assert seen.json == {
        "recipient": {"id": USER},
        "messaging_type": "RESPONSE",
        "message": {"text": "Xin chào", "metadata": "out-42"},
    }


def test_parts_of_every_shape_are_taken(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    buttons = (Button("Có", payload="@@1:yes"), Button("Xem", url="https://example.vn/"))
    for message in (Outbound("Chọn", buttons), Outbound("Chọn", buttons[:1]), Outbound("Câu. " * 900)):
        for part in messenger.parts(message, buttons=False):
            graph.will(SENT)
            send(messenger, access, part)


def test_started_is_asked_once_and_decides(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    asked: list[int] = []

    def started() -> bool:
        asked.append(len(graph.seen))
        return False

    with pytest.raises(Cancelled):
        messenger.send(access, USER, HELLO.body, tag="out-1", started=started)
    assert asked == [0]
    assert graph.seen == []


def test_usage_is_the_highest_figure(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    business = '{"%s":[{"type":"messenger","call_count":95,"total_time":20},{"type":"ads_insights","call_count":99}]}'
    headers = {
        "X-App-Usage": '{"call_count":28,"total_time":25,"total_cputime":"31"}',
        "X-Business-Use-Case-Usage": business % PAGE,
    }
    graph.will(replace(SENT, headers=headers))
    assert send(messenger, access).facts == {"usage": 95}


@pytest.mark.parametrize("value", ["", "{", "[]", "{}", '{"1":{}}', '{"1":[3]}', '{"call_count":"many"}', "[" * 3000])
def test_odd_usage_harms_nothing(messenger: MessengerPlatform, access: Access, graph: Peer, value: str) -> None:
    graph.will(replace(SENT, headers={"X-App-Usage": value, "X-Business-Use-Case-Usage": value}))
    assert send(messenger, access).facts == {}


@pytest.mark.parametrize(
    ("body", "refusal", "code", "vendor"),
    [
        (error(10, 2018278), R.WINDOW_CLOSED, "messenger.10.2018278", "10/2018278 trace=AbC-1_x"),
        (error("10", "2018278"), R.WINDOW_CLOSED, "messenger.10.2018278", "10/2018278 trace=AbC-1_x"),
        (error(2018300), R.WINDOW_CLOSED, "messenger.2018300", "2018300 trace=AbC-1_x"),
        (error(100, 2018300), R.WINDOW_CLOSED, "messenger.2018300", "100/2018300 trace=AbC-1_x"),
        (error(551), R.UNREACHABLE, "messenger.551", "551 trace=AbC-1_x"),
        (error(190, 463), R.TOKEN_EXPIRED, "messenger.190.463", "190/463 trace=AbC-1_x"),
        (error(190, 999), R.TOKEN_EXPIRED, "messenger.190", "190/999 trace=AbC-1_x"),
        (error(1), R.UNSURE, "messenger.1", "1 trace=AbC-1_x"),
        (error(1, 1357046), R.UNSURE, "messenger.1.1357046", "1/1357046 trace=AbC-1_x"),
        (error(2, is_transient=True), R.UNSURE, "messenger.2", "2 trace=AbC-1_x"),
        (error(200, 2018028), R.MISCONFIGURED, "messenger.200.2018028", "200/2018028 trace=AbC-1_x"),
        (error(299), R.MISCONFIGURED, "messenger.200", "299 trace=AbC-1_x"),
        (error(10, 1893063), R.MISCONFIGURED, "messenger.10.1893063", "10/1893063 trace=AbC-1_x"),
        (error(10, 1893015), R.BLOCKED, "messenger.10.1893015", "10/1893015 trace=AbC-1_x"),
        (error(100), R.REJECTED, "messenger.100", "100 trace=AbC-1_x"),
        (error(100, None, "No matching user found"), R.UNREACHABLE, "messenger.100.recipient", "100 trace=AbC-1_x"),
        (error(100, None, "Invalid appsecret_proof"), R.TOKEN_EXPIRED, "messenger.100.proof", "100 trace=AbC-1_x"),
        (error(12345, 6), R.REJECTED, "messenger.unknown", "12345/6 trace=AbC-1_x"),
        (error(5, fbtrace_id="\n" * 9), R.REJECTED, "messenger.unknown", "5"),
    ],
)
@pytest.mark.parametrize("status", [400, 200, 500])
def test_errors_go_by_number_not_by_status(
    messenger: MessengerPlatform,
    access: Access,
    graph: Peer,
    *,
    status: int,
    body: object,
    refusal: Refusal,
    code: str,
    vendor: str,
) -> None:
    graph.will(Said(body, status=status))
    problem = refused(messenger, access)
    assert (problem.refusal, problem.code, problem.vendor) == (refusal, code, vendor)
    assert problem.retry_at is None


@pytest.mark.parametrize(("code", "softened"), [(100, True), (12345, True), (200, True), (190, False), (551, True)])
def test_transient_is_honoured(
    messenger: MessengerPlatform, access: Access, graph: Peer, code: int, *, softened: bool
) -> None:
    graph.will(Said(error(code, is_transient=True), status=400))
    problem = refused(messenger, access)
    assert problem.transient is softened
    assert (problem.refusal is R.THROTTLED) is softened
    assert problem.retry_at is None


@pytest.mark.parametrize(
    ("code", "headers", "pause"),
    [
        (4, {}, timedelta(minutes=5)),
        (80006, {"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":19}]}'}, timedelta(minutes=19)),
        (613, {"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":0}]}'}, timedelta(minutes=5)),
        (17, {"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":999999}]}'}, timedelta(days=1)),
        (32, {"Retry-After": "90"}, timedelta(seconds=90)),
        (32, {"Retry-After": "-5"}, timedelta(seconds=1)),
        (368, {}, timedelta(hours=6)),
    ],
)
def test_a_throttle_says_until_when(
    messenger: MessengerPlatform, access: Access, graph: Peer, *, code: int, headers: dict[str, str], pause: timedelta
) -> None:
    graph.will(Said(error(code), status=400, headers=headers))
    problem = refused(messenger, access)
    assert (problem.refusal, problem.retry_at, problem.transient) == (R.THROTTLED, NOW + pause, True)


def test_too_many_without_meta_s_own_words(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(Said(b"slow down", status=429))
    problem = refused(messenger, access)
    assert (problem.refusal, problem.code, problem.retry_at) == (
        R.THROTTLED,
        "messenger.429",
        NOW + timedelta(minutes=1),
    )


@pytest.mark.parametrize(
    "said",
    [
        Said(b"<html>Bad gateway", status=502),
        Said(b"", status=500),
        Said({}, status=503),
        Said(b"OK"),
        Said([]),
        Said({"recipient_id": USER}),
        Said({"message_id": ""}),
        Said({"message_id": 7}),
        Said({"error": "no"}, status=500),
        Said({"error": {"message": "no code"}}, status=400),
        Said({"error": {"code": True}}, status=400),
        Said(b"[" * 5000),
        Said(b"", status=302, headers={"Location": "/elsewhere"}),
    ],
)
def test_an_answer_nobody_can_read_leaves_it_unsure(
    messenger: MessengerPlatform, access: Access, graph: Peer, said: Said
) -> None:
    graph.will(said)
    problem = refused(messenger, access)
    assert (problem.refusal, problem.code) == (R.UNSURE, "messenger.unreadable")


@pytest.mark.parametrize("fault", list(Fault))
def test_no_answer_leaves_it_unsure(messenger: MessengerPlatform, access: Access, graph: Peer, fault: Fault) -> None:
    graph.will(fault)
    problem = refused(messenger, access)
    assert (problem.refusal, problem.code) == (R.UNSURE, "network.no_answer")


def test_no_connection_means_not_sent(messenger: MessengerPlatform, access: Access, closed_port: str) -> None:
    problem = refused(messenger, replace(access, api_url=closed_port))
    assert (problem.refusal, problem.code) == (R.THROTTLED, "network.not_sent")
    assert (problem.transient, problem.retry_at) == (True, None)


LONG = Part(
    {"text": "Câu dài vừa phải. " * 60, "quick_replies": [{"content_type": "text", "title": "Có", "payload": "y"}]}
)
TOO_LONG = Said(error(100, None, "(#100) Length of param message[text] must be less than 2000"), status=400)


def test_a_text_too_long_after_all_is_cut_smaller(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(TOO_LONG, SENT, Said({"message_id": "m_2"}))
    assert send(messenger, access, LONG).message_id == "m_2"
    first, second = (seen.json["message"] for seen in graph.seen[1:])
    assert (first["metadata"], "quick_replies" in first) == ("out-42/0", False)
    assert (second["metadata"], "quick_replies" in second) == ("out-42", True)
    assert f"{first['text']} {second['text']}".split() == str(LONG.body["text"]).split()


def test_but_only_once(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(TOO_LONG, TOO_LONG)
    problem = refused(messenger, access, LONG)
    assert (problem.refusal, problem.code) == (R.REJECTED, "messenger.100.length")


BUTTONS = [{"type": "postback", "title": "Có", "payload": "y"}]
TEMPLATE = {"type": "template", "payload": {"template_type": "button", "text": "?", "buttons": BUTTONS}}


@pytest.mark.parametrize("part", [HELLO, Part({"attachment": TEMPLATE})])
def test_what_cannot_be_cut_is_rejected(messenger: MessengerPlatform, access: Access, graph: Peer, part: Part) -> None:
    graph.will(TOO_LONG)
    assert refused(messenger, access, part).refusal is R.REJECTED


def test_half_of_a_message_is_neither_sent_nor_failed(
    messenger: MessengerPlatform, access: Access, graph: Peer
) -> None:
    graph.will(TOO_LONG, SENT, Said(error(551), status=400))
    problem = refused(messenger, access, LONG)
    assert (problem.refusal, problem.code) == (R.UNSURE, "messenger.partly_sent")


def test_without_a_secret_there_is_no_proof(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.rule = lambda _seen: None
    graph.will(SENT)
    send(messenger, replace(access, app=replace(access.app, secrets=())))
    assert set(graph.seen[0].query) == {"access_token"}


def test_typing(messenger: MessengerPlatform, access: Access, graph: Peer) -> None:
    graph.will(Said({"recipient_id": USER}))
    messenger.typing(access, USER)
    assert graph.seen[0].json == {"recipient": {"id": USER}, "sender_action": "typing_on"}


@pytest.mark.parametrize("said", [Fault.CUT, Fault.CUT_AT_ACCEPT, Said(error(190), status=400), Said(b"x", status=500)])
def test_typing_never_complains(messenger: MessengerPlatform, access: Access, graph: Peer, said: Said | Fault) -> None:
    graph.will(said)
    messenger.typing(access, USER)


def test_typing_needs_no_connection(messenger: MessengerPlatform, access: Access, closed_port: str) -> None:
    messenger.typing(replace(access, api_url=closed_port), USER)


def test_the_token_does_not_rotate(messenger: MessengerPlatform, access: Access) -> None:
    assert messenger.refresh(access, "unused", "unused") is None
