"""Paid marketing messages: the request for consent, the message itself, and what refusals mean."""

from __future__ import annotations

import pytest

from bot.messages import Button, Campaign, Outbound
from bot.platforms.contract import Access, Advertiser
from bot.platforms.errors import Refusal, SendError
from bot.platforms.http import Http
from bot.platforms.messenger import MessengerPlatform
from bot.platforms.zalo import ZaloPlatform
from tests.platforms.conftest import Peer, Said
from tests.platforms.messenger.conftest import NOW, TOKEN, USER, proof
from tests.platforms.messenger.test_sending import error

CAMPAIGN = Campaign("870000000000001", "120000000000001")
R = Refusal


def test_only_messenger_takes_them(messenger: MessengerPlatform, http: Http) -> None:
    assert isinstance(messenger, Advertiser)
    assert not isinstance(ZaloPlatform(http, lambda: NOW), Advertiser)


def test_the_request_is_as_meta_wants_it(messenger: MessengerPlatform) -> None:
    assert messenger.opt_in("Nhận thông báo").body["attachment"] == {
        "type": "template",
        "payload": {
            "template_type": "notification_messages",
            "title": "Nhận thông báo",
            "payload": "@@1:optin",
            "notification_messages_timezone": "Asia/Ho_Chi_Minh",
            "notification_messages_cta_text": "GET_UPDATES",
        },
    }
    for title in ("", "  ", "x" * 66):
        with pytest.raises(ValueError, match="title"):
            messenger.opt_in(title)


def test_the_message_goes_to_the_token_in_the_campaign(
    messenger: MessengerPlatform, access: Access, peer: Peer
) -> None:
    peer.rule = lambda seen: None if seen.path == f"/v25.0/act_{CAMPAIGN.account}/messages" else seen.path
    peer.will(Said({"success": True, "marketing_message_tracking_id": "77"}))
    (part,) = messenger.parts(Outbound("Mời họp", (Button("Xem", url="https://example.vn/"),)), buttons=False)
    body = messenger.paid(part, CAMPAIGN, "tok-1").body
    assert messenger.send(access, USER, body, tag="out-7", started=lambda: True).message_id == "77"
    (seen,) = peer.seen
    assert seen.query == {"access_token": TOKEN, "appsecret_proof": proof(TOKEN)}
    assert seen.json == {
        "message_id": CAMPAIGN.message,
        "messenger_delivery_data": {"subscription_token": "tok-1"},
        "message": {**part.body, "metadata": "out-7"},
    }


@pytest.mark.parametrize(
    ("campaign", "token"), [(Campaign("act_1", "1"), "t"), (Campaign("1", ""), "t"), (Campaign("1", "1"), "")]
)
def test_what_is_incomplete_is_not_made(messenger: MessengerPlatform, campaign: Campaign, token: str) -> None:
    (part,) = messenger.parts(Outbound("Mời họp"), buttons=False)
    with pytest.raises(ValueError, match="needed"):
        messenger.paid(part, campaign, token)


@pytest.mark.parametrize(
    ("code", "refusal", "alarm"),
    [
        (2300004, R.WINDOW_CLOSED, False),
        (2300034, R.WINDOW_CLOSED, False),
        (2300035, R.WINDOW_CLOSED, False),
        (2300037, R.WINDOW_CLOSED, False),
        (2300042, R.WINDOW_CLOSED, False),
        (2300031, R.WINDOW_CLOSED, False),
        (2300000, R.WINDOW_CLOSED, True),
        (2300056, R.WINDOW_CLOSED, True),
        (2300041, R.THROTTLED, False),
        (2300061, R.THROTTLED, False),
    ],
)
def test_what_a_refusal_means(
    messenger: MessengerPlatform, access: Access, peer: Peer, code: int, refusal: Refusal, *, alarm: bool
) -> None:
    peer.rule = lambda _: None
    peer.will(Said(error(code), 400))
    (part,) = messenger.parts(Outbound("Mời họp"), buttons=False)
    body = messenger.paid(part, CAMPAIGN, "tok-1").body
    with pytest.raises(SendError) as caught:
        messenger.send(access, USER, body, tag="out-7", started=lambda: True)
    assert (caught.value.refusal, caught.value.alarm) == (refusal, alarm)
    assert caught.value.retry_at is None, "the Page itself need not rest"
    assert "tok-1" not in str(caught.value)
