"""Templates by user id and articles to followers: the request as the contract shows it, and what answers mean."""

from __future__ import annotations

import pytest

from bot.messages import Approved
from bot.platforms.contract import Access, Cancelled
from bot.platforms.errors import Refusal, SendError
from bot.platforms.zalo import ZaloPlatform
from bot.platforms.zalo.webhook import ANONYMOUS
from tests.platforms.conftest import Peer, Said
from tests.platforms.zalo.conftest import TOKEN, USER
from tests.platforms.zalo.test_sending import error, refused, send, sent

REMINDER = Approved("487001", values=(("ten", "chị Hoa"), ("viec", "Họp lúc\n8 giờ")))
R = Refusal


def test_a_template_names_its_person_beside_itself(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(sent("m_9"))
    assert send(zalo, access, zalo.approved(REMINDER)).message_id == "m_9"
    (seen,) = open_api.seen
    assert (seen.method, seen.path, seen.headers["access_token"]) == ("POST", "/v3.0/oa/message/template", TOKEN)
    assert seen.json == {
        "user_id": USER,
        "template_id": "487001",
        "template_data": {"ten": "chị Hoa", "viec": "Họp lúc 8 giờ"},
    }


@pytest.mark.parametrize(
    "faulty",
    [Approved(""), Approved("abc"), Approved("4870", values=(("ten", " "),)), Approved("4870", values=(("", "a"),))],
)
def test_what_zalo_would_certainly_refuse_is_not_made(zalo: ZaloPlatform, faulty: Approved) -> None:
    with pytest.raises(ValueError, match="template"):
        zalo.approved(faulty)


def test_a_visitor_without_an_account_gets_no_template(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    with pytest.raises(SendError) as caught:
        send(zalo, access, zalo.approved(REMINDER), f"{ANONYMOUS}12:34")
    assert caught.value.refusal is R.WINDOW_CLOSED
    assert open_api.seen == []


@pytest.mark.parametrize(
    ("answer", "refusal", "code", "alarm"),
    [
        (error(-249), R.REJECTED, "zalo.-249", True),
        (error(-201, "template_data.ten is invalid"), R.REJECTED, "zalo.-201.template", True),
        (error(-201, "user_id is invalid"), R.UNREACHABLE, "zalo.-201.user", False),
        (error(-232), R.WINDOW_CLOSED, "zalo.-232", False),
        (error(-244), R.BLOCKED, "zalo.-244", False),
        (error(-321), R.WINDOW_CLOSED, "zalo.-321", True),
        (error(-210), R.REJECTED, "zalo.-210", True),
        (Said(b"", 502), R.UNSURE, "zalo.unreadable", False),
    ],
)
def test_what_a_refusal_means(
    zalo: ZaloPlatform, access: Access, open_api: Peer, answer: Said, refusal: Refusal, code: str, *, alarm: bool
) -> None:
    open_api.will(answer)
    problem = refused(zalo, access, zalo.approved(REMINDER))
    assert (problem.refusal, problem.code, problem.alarm) == (refusal, code, alarm)
    assert len(open_api.seen) == 1


# ---- articles ----


def test_an_article_goes_to_all_followers_in_one_act(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(Said({"error": 0, "message": "Success", "data": {"message_id": "m_5"}}))
    assert zalo.broadcast(access, "4870000001", started=lambda: True).message_id == "m_5"
    (seen,) = open_api.seen
    assert (seen.method, seen.path) == ("POST", "/v2.0/oa/message")
    shown = {"media_type": "article", "attachment_id": "4870000001"}
    assert seen.json == {
        "recipient": {"target": {"gender": "0"}},
        "message": {
            "attachment": {"type": "template", "payload": {"template_type": "media", "elements": [shown]}},
        },
    }


def test_an_answer_without_an_id_is_still_a_yes(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    open_api.will(Said({"error": 0, "message": "Success"}))
    assert zalo.broadcast(access, "4870000001", started=lambda: True).message_id == ""


def test_nothing_leaves_when_it_is_no_longer_ours(zalo: ZaloPlatform, access: Access, open_api: Peer) -> None:
    with pytest.raises(Cancelled):
        zalo.broadcast(access, "4870000001", started=lambda: False)
    assert open_api.seen == []


@pytest.mark.parametrize(
    ("answer", "refusal", "later"),
    [
        (error(-214), R.THROTTLED, False),  # still being looked over
        (error(-234), R.WINDOW_CLOSED, True),  # by night
        (error(-211), R.WINDOW_CLOSED, False),
        (error(-223, "article quota"), R.WINDOW_CLOSED, False),
        (error(-201), R.REJECTED, False),
        (Said(b"<html>", 200), R.UNSURE, False),
    ],
)
def test_what_a_refused_article_means(
    zalo: ZaloPlatform, access: Access, open_api: Peer, answer: Said, refusal: Refusal, *, later: bool
) -> None:
    open_api.will(answer)
    with pytest.raises(SendError) as caught:
        zalo.broadcast(access, "4870000001", started=lambda: True)
    assert caught.value.refusal is refusal
    assert (caught.value.retry_at is not None) == later
