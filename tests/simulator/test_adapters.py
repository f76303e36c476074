"""The bot's own adapters against the doubles, which were written from the contract without them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from werkzeug.datastructures import Headers

from bot.clock import now
from bot.messages import Button, Inbound, InboundKind, Outbound
from bot.platforms.contract import Access, AppKeys, Platform, Signature
from bot.platforms.errors import Refusal, SendError
from bot.platforms.http import Http
from bot.platforms.messenger import MessengerPlatform, Profile
from bot.platforms.zalo import ZaloPlatform
from bot.simulator import SimulatedAccount
from tests.simulator.conftest import MESSENGER_USER, ZALO_USER, Desk, Webhook

USERS = {"zalo": ZALO_USER, "messenger": MESSENGER_USER}
LONG = "Thông báo của công đoàn về ngày 18/5. " * 300
BUTTONS = tuple(Button(f"Lựa chọn rất dài thứ {at} 👍", payload=f"@@1:{at}") for at in range(16))
MESSAGES = [
    Outbound("Chào anh/chị"),
    Outbound(LONG),
    Outbound("Cho\u0323n ạ", buttons=BUTTONS[:3]),
    Outbound(LONG, buttons=BUTTONS[:5]),
    Outbound("Chọn ạ", buttons=BUTTONS),
    Outbound("Chọn ạ", buttons=BUTTONS[:4], sticky=True),
    Outbound("Xem ạ", buttons=(Button("Kế hoạch 487", url="https://example.vn/"), BUTTONS[0])),
    Outbound("😀" * 3000),
]


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(timeout=(1.0, 5.0))
    yield client
    client.close()


@pytest.fixture
def platforms(desk: Desk, http: Http) -> dict[str, Platform]:
    profile = Profile("Chào anh/chị", (Button("Hỏi đáp", payload="@@1:ask"),))
    return {
        "zalo": ZaloPlatform(http, now, oa_ids=lambda: frozenset({desk.zalo.external_id})),
        "messenger": MessengerPlatform(
            http, now, app_ids=lambda: frozenset({desk.page.app_id}), profile=profile
        ),
    }  # fmt: skip


def access(account: SimulatedAccount, *, buttons: bool = False) -> Access:
    signing = (account.oa_secret_key or account.app_secret,)
    keys = AppKeys(account.app_id, (account.app_secret,), signing, account.verify_token)
    token, url = account.access_token, account.api_url
    return Access(account.external_id, keys, token, url, account.api_version, buttons)


def accesses(desk: Desk, *, buttons: bool = False) -> dict[str, Access]:
    return {account.platform: access(account, buttons=buttons) for account in desk.simulator.accounts}


@pytest.mark.parametrize("name", ["zalo", "messenger"])
@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("buttons", [False, True])
def test_every_part_is_taken(
    desk: Desk, platforms: dict[str, Platform], name: str, message: Outbound, *, buttons: bool
) -> None:
    desk.people(name)
    desk.set(buttons=buttons)
    own = accesses(desk, buttons=buttons)[name]
    parts = platforms[name].parts(message, buttons=buttons)
    for at, part in enumerate(parts):
        receipt = platforms[name].send(own, USERS[name], part.body, tag=f"out-{at}", started=lambda: True)
        assert receipt.message_id
    assert len(desk.look("calls")) == len(parts)


def test_buttons_that_zalo_refuses_go_as_text(desk: Desk, platforms: dict[str, Platform]) -> None:
    desk.people()
    own = accesses(desk, buttons=True)["zalo"]
    (part,) = platforms["zalo"].parts(Outbound("Chọn ạ", buttons=BUTTONS[:2]), buttons=True)
    platforms["zalo"].send(own, ZALO_USER, part.body, tag="out-1", started=lambda: True)
    (call,) = desk.look("calls")
    assert "1. Lựa chọn rất dài thứ 0" in call["text"]


@pytest.mark.parametrize(
    ("name", "state", "refusal"),
    [
        ("zalo", {"last_act_s_ago": 8 * 86400}, Refusal.WINDOW_CLOSED),
        ("zalo", {"last_act_s_ago": None}, Refusal.WINDOW_CLOSED),
        ("messenger", {"last_act_s_ago": 2 * 86400}, Refusal.WINDOW_CLOSED),
        ("messenger", {"blocked": True}, Refusal.UNREACHABLE),
    ],
)
def test_refusals_are_understood(
    desk: Desk, platforms: dict[str, Platform], name: str, state: dict[str, bool], refusal: Refusal
) -> None:
    desk.people(name, **state)
    (part,) = platforms[name].parts(Outbound("Chào"), buttons=False)
    with pytest.raises(SendError) as raised:
        platforms[name].send(accesses(desk)[name], USERS[name], part.body, tag="out-1", started=lambda: True)
    assert raised.value.refusal is refusal


@pytest.mark.parametrize(
    ("rule", "refusal"),
    [
        ({"kind": "cut"}, Refusal.UNSURE),
        ({"kind": "never", "seconds": 0}, Refusal.UNSURE),
        ({"kind": "unreadable"}, Refusal.UNSURE),
        ({"kind": "server_error", "body": False}, Refusal.UNSURE),
        ({"kind": "throttled"}, Refusal.THROTTLED),
        ({"kind": "throttled", "body": False}, Refusal.THROTTLED),
        ({"kind": "dead_token"}, Refusal.TOKEN_EXPIRED),
    ],
)
@pytest.mark.parametrize("name", ["zalo", "messenger"])
def test_faults_are_understood(
    desk: Desk, platforms: dict[str, Platform], name: str, rule: dict[str, str], refusal: Refusal
) -> None:
    desk.people(name)
    desk.fault(platform=name, **rule)
    (part,) = platforms[name].parts(Outbound("Chào"), buttons=False)
    with pytest.raises(SendError) as raised:
        platforms[name].send(accesses(desk)[name], USERS[name], part.body, tag="out-1", started=lambda: True)
    assert raised.value.refusal is refusal


def test_a_refresh(desk: Desk, platforms: dict[str, Platform]) -> None:
    own = accesses(desk)["zalo"]
    pair = platforms["zalo"].refresh(own, desk.zalo.refresh_token, desk.zalo.oauth_url)
    assert pair is not None
    assert (pair.access, pair.refresh) == (desk.zalo.access_token, desk.zalo.refresh_token)
    assert pair.expires_in == timedelta(hours=25)
    for _ in range(2):  # with and without a number
        with pytest.raises(SendError) as raised:
            platforms["zalo"].refresh(own, "spent", desk.zalo.oauth_url)
        assert raised.value.refusal is Refusal.TOKEN_EXPIRED


def test_the_accounts_are_ready(desk: Desk, platforms: dict[str, Platform]) -> None:
    own = accesses(desk)
    assert [check.code for check in platforms["zalo"].diagnose(own["zalo"], fix=False, now=now())] == [""] * 5
    fixed = platforms["messenger"].diagnose(own["messenger"], fix=True, now=now())
    assert all(check.ok for check in fixed)
    again = platforms["messenger"].diagnose(own["messenger"], fix=False, now=now())
    assert all(check.ok for check in again)


ACTS = {
    "zalo": {
        "text": InboundKind.TEXT,
        "tap": InboundKind.CHOICE,
        "image": InboundKind.ATTACHMENT,
        "sticker": InboundKind.ATTACHMENT,
        "audio": InboundKind.ATTACHMENT,
        "file": InboundKind.ATTACHMENT,
        "location": InboundKind.ATTACHMENT,
        "follow": InboundKind.FOLLOW,
        "unfollow": InboundKind.UNFOLLOW,
        "chat_now": InboundKind.START,
        "reaction": InboundKind.REACTION,
        "staff": InboundKind.ECHO,
        "withdraw": InboundKind.ERASURE,
    },
    "messenger": {
        "text": InboundKind.TEXT,
        "quick_reply": InboundKind.CHOICE,
        "postback": InboundKind.CHOICE,
        "start": InboundKind.START,
        "referral": InboundKind.REFERRAL,
        "image": InboundKind.ATTACHMENT,
        "sticker": InboundKind.ATTACHMENT,
        "audio": InboundKind.ATTACHMENT,
        "file": InboundKind.ATTACHMENT,
        "location": InboundKind.ATTACHMENT,
        "unknown": InboundKind.ATTACHMENT,
        "reaction": InboundKind.REACTION,
        "edit": InboundKind.EDIT,
        "staff": InboundKind.ECHO,
        "thread_taken": InboundKind.CONTROL,
        "thread_passed": InboundKind.CONTROL,
    },
}
BARE = {"start", "chat_now", "image", "sticker", "audio", "file", "location", "unknown"}


@pytest.mark.parametrize(("name", "act"), [(name, act) for name, acts in ACTS.items() for act in acts])
def test_what_people_do_is_read(desk: Desk, platforms: dict[str, Platform], name: str, act: str) -> None:
    more = {} if act in BARE else {"text": "xin chào", "payload": "@@1:x", "title": "Chọn", "mid": "m_1"}
    desk.say(name, act=act, **more)
    (came,) = desk.bot.wait(lambda seen: len(seen) == 1)
    read = _read(desk, platforms[name], name, came)
    assert read.kind is ACTS[name][act]
    assert read.user_id == USERS[name]
    if act in {"text", "staff"}:
        assert read.text == "xin chào"
    if act in {"tap", "quick_reply", "postback"}:
        assert read.payload == "@@1:x"
    assert not (act == "staff" and read.own)


def _read(desk: Desk, platform: Platform, name: str, came: Webhook) -> Inbound:
    verdict = platform.verify([accesses(desk)[name].app], Headers(came.headers), came.raw)
    assert verdict.signature is Signature.GOOD
    (event,) = platform.split(came.raw)
    return platform.read(event.body)


@pytest.mark.parametrize("name", ["zalo", "messenger"])
def test_our_own_echo_and_receipt_are_recognised(desk: Desk, platforms: dict[str, Platform], name: str) -> None:
    desk.people(name)
    desk.set("messenger", mids=1)
    (part,) = platforms[name].parts(Outbound("Chào"), buttons=False)
    sent = platforms[name].send(accesses(desk)[name], USERS[name], part.body, tag="out-1", started=lambda: True)
    echo, receipt = (_read(desk, platforms[name], name, came) for came in desk.bot.wait(lambda seen: len(seen) == 2))
    assert (echo.kind, echo.own, echo.message_id) == (InboundKind.ECHO, True, sent.message_id)
    assert (receipt.kind, receipt.user_id) == (InboundKind.DELIVERED, USERS[name])
    assert sent.message_id in receipt.message_ids
