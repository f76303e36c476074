"""What holds for every platform. A new adapter adds itself to SUBJECTS and must pass all of this."""

from __future__ import annotations

import hashlib
import json
import logging
import traceback
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

from bot.clock import Clock
from bot.messages import PAYLOAD_PREFIX, Button, Event, Inbound, Outbound
from bot.platforms.contract import Access, AppKeys, Cancelled, MalformedWebhook, Platform, Signature
from bot.platforms.errors import CodeRule, Refusal, SendError
from bot.platforms.http import Http
from bot.platforms.messenger import MessengerPlatform, webhook
from bot.platforms.messenger import error_codes as messenger_errors
from bot.platforms.zalo import ZaloPlatform
from bot.platforms.zalo import error_codes as zalo_errors
from tests.platforms.conftest import Fault, Peer, Said

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
PAYLOADS = Path(__file__).parents[1] / "payloads"
TOKEN, APP_SECRET, SIGNING = "token-EAAG0123456789", "app-secret-0123456789", "signing-key-0123456789"
USER, TEXT = "7200000000000000001", "Kính gửi anh Nguyễn Văn A"
SECRETS = (TOKEN, APP_SECRET, SIGNING, TEXT)


def now() -> datetime:
    return NOW


@dataclass(frozen=True, slots=True)
class Subject:
    """One platform, and what the suite must know of its wire."""

    name: str
    make: Callable[[Http, Clock], Platform]
    keys: AppKeys
    account: str
    header: str
    sign: Callable[[bytes], str]
    body: bytes
    rules: Mapping[Any, CodeRule]
    success: Said
    token_error: Said
    unknown_error: Said
    text_limit: int

    def access(self, url: str) -> Access:
        return Access(self.account, self.keys, TOKEN, url, "v25.0")


def _sign_zalo(body: bytes) -> str:
    stamp = json.loads(body)["timestamp"]
    return "mac=" + hashlib.sha256(b"7000000000000000001" + body + stamp.encode() + SIGNING.encode()).hexdigest()


MESSENGER = Subject(
    name="messenger",
    make=MessengerPlatform,
    keys=AppKeys("4440000000000001", (APP_SECRET,), (SIGNING,), "verify"),
    account="100000000000001",
    header="X-Hub-Signature-256",
    sign=lambda body: webhook.sign(SIGNING, body).decode(),
    body=(PAYLOADS / "messenger" / "message_text.json").read_bytes(),
    rules=messenger_errors.CODES,
    success=Said({"recipient_id": USER, "message_id": "m_1"}),
    token_error=Said({"error": {"message": f"Malformed access token {TOKEN}", "code": 190}}, status=401),
    unknown_error=Said({"error": {"message": TEXT, "code": 424242}}, status=400),
    text_limit=2000,
)
ZALO = Subject(
    name="zalo",
    make=ZaloPlatform,
    keys=AppKeys("7000000000000000001", (APP_SECRET,), (SIGNING,)),
    account="7300000000000000001",
    header="X-ZEvent-Signature",
    sign=_sign_zalo,
    body=json.dumps(
        {
            "app_id": "7000000000000000001",
            "user_id_by_app": "7100000000000000001",
            "event_name": "user_send_text",
            "sender": {"id": USER},
            "recipient": {"id": "7300000000000000001"},
            "message": {"msg_id": "a1b2c3d4e5f60718", "text": "Xin chào"},
            "timestamp": "1790000000000",
        }
    ).encode(),
    rules=zalo_errors.CODES,
    success=Said({"error": 0, "message": "Success", "data": {"message_id": "c3d4", "user_id": USER}}),
    token_error=Said({"error": -216, "message": f"Access token is invalid {TOKEN}"}),
    unknown_error=Said({"error": -424242, "message": TEXT}),
    text_limit=2000,
)
SUBJECTS = [MESSENGER, ZALO]


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    assert isinstance(request.param, Subject)
    return request.param


@pytest.fixture
def platform(subject: Subject, http: Http) -> Platform:
    return subject.make(http, now)


each = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)


# -- is it from them


def test_it_says_what_it_is(platform: Platform, subject: Subject) -> None:
    assert platform.name == subject.name
    assert isinstance(platform.has_typing, bool)
    assert isinstance(platform.echoes, bool)


def test_a_good_signature_names_its_app(platform: Platform, subject: Subject) -> None:
    stranger = AppKeys("1", ("other",), ("other",))
    verdict = platform.verify(
        [stranger, subject.keys], Headers({subject.header: subject.sign(subject.body)}), subject.body
    )
    assert (verdict.signature, verdict.app) == (Signature.GOOD, subject.keys)


def test_either_of_two_keys_is_good(platform: Platform, subject: Subject) -> None:
    rotating = replace(subject.keys, signing=("newer", SIGNING))
    verdict = platform.verify([rotating], Headers({subject.header.lower(): subject.sign(subject.body)}), subject.body)
    assert (verdict.signature, verdict.app) == (Signature.GOOD, rotating)


def test_a_missing_signature_is_missing(platform: Platform, subject: Subject) -> None:
    assert platform.verify([subject.keys], Headers({}), subject.body).signature is Signature.MISSING


def test_one_other_byte_is_bad(platform: Platform, subject: Subject) -> None:
    headers = {subject.header: subject.sign(subject.body)}
    assert platform.verify([subject.keys], Headers(headers), subject.body + b" ").signature is Signature.BAD


def test_a_key_nobody_has_is_bad(platform: Platform, subject: Subject) -> None:
    headers = {subject.header: subject.sign(subject.body)}
    for signing in ((), ("",), ("other",)):
        keys = replace(subject.keys, signing=signing, secrets=("other",))
        assert platform.verify([keys], Headers(headers), subject.body).signature is Signature.BAD
    assert platform.verify([], Headers(headers), subject.body).signature is Signature.BAD


@each
@given(body=st.binary(max_size=200), claim=st.text(st.characters(exclude_characters="\r\n"), max_size=80))
def test_no_bytes_harm_and_none_are_good(subject: Subject, body: bytes, claim: str) -> None:
    verdict = subject.make(Http(), now).verify([subject.keys], Headers({subject.header: claim}), body)
    assert verdict.signature is not Signature.GOOD
    assert verdict.app is None or verdict.app == subject.keys


# -- what came

WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@each
@given(body=st.binary(max_size=100) | WILD.map(lambda value: json.dumps(value).encode()))
def test_split_knows_only_one_complaint(subject: Subject, body: bytes) -> None:
    _read_all(subject, body)


@each
@given(event=st.dictionaries(st.text(max_size=8), WILD))
def test_read_never_raises(subject: Subject, event: dict[str, Any]) -> None:
    assert isinstance(subject.make(Http(), now).read(event), Inbound)


@each
@given(data=st.data())
def test_a_real_payload_with_one_wild_spot_harms_nothing(subject: Subject, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(_files(subject)))
    payload = json.loads(path.read_bytes())
    container, key = data.draw(st.sampled_from(list(_spots(payload))))
    container[key] = data.draw(WILD)
    for event, inbound in _read_all(subject, json.dumps(payload).encode()):
        assert event.key
        assert event.at.tzinfo is not None
        assert inbound.at.tzinfo is not None
        assert unicodedata.is_normalized("NFC", inbound.text)


@each
def test_every_payload_file_is_read_the_same_twice(subject: Subject) -> None:
    for path in _files(subject):
        first, second = (_read_all(subject, path.read_bytes()) for _ in range(2))
        assert first == second, path.name
        assert len({(event.account, event.key) for event, _ in first}) == len(first), path.name


def _files(subject: Subject) -> list[Path]:
    files = sorted((PAYLOADS / subject.name).glob("*.json"))
    assert len(files) > 20
    return files


def _read_all(subject: Subject, body: bytes) -> list[tuple[Event, Inbound]]:
    platform = subject.make(Http(), now)
    try:
        events = platform.split(body)
    except MalformedWebhook:
        return []
    stored = [(event, json.loads(json.dumps(event.body))) for event in events]
    return [(event, platform.read(body)) for event, body in stored]


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a JSON document, as its container and its key there."""
    places = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(places):
        yield value, key
        yield from _spots(inner)


# -- what goes

WORDS = st.text(max_size=30) | st.sampled_from(
    ["Điều 5.", "\n\n", "👨‍👩‍👧", "e\u0323\u0302", "https://example.vn/kế-hoạch"]
)
TEXTS = st.builds(lambda words, times: " ".join(words) * times, st.lists(WORDS, max_size=8), st.integers(0, 60))
TITLES = st.text(min_size=1, max_size=30).filter(str.strip)
CHOICES = st.builds(
    lambda title, name: Button(title, payload=PAYLOAD_PREFIX + name), TITLES, st.text("abc", max_size=3)
)
LINKS = st.builds(lambda title: Button(title, url="https://example.vn/"), TITLES)
BUTTONS = st.lists(CHOICES | LINKS, max_size=6).map(tuple)


@each
@given(text=TEXTS, buttons=BUTTONS, sticky=st.booleans(), real=st.booleans())
def test_parts_keep_the_limits(
    subject: Subject, *, text: str, buttons: tuple[Button, ...], sticky: bool, real: bool
) -> None:
    platform = subject.make(Http(), now)
    for part in platform.parts(Outbound(text, buttons, sticky=sticky), buttons=real):
        assert json.loads(json.dumps(part.body)) == part.body
        said = _text(part.body)
        assert said.strip()
        assert unicodedata.is_normalized("NFC", said)
        assert len(said.encode("utf-16-le")) // 2 <= subject.text_limit


@each
@given(text=TEXTS, buttons=BUTTONS, real=st.booleans())
def test_parts_keep_every_word(subject: Subject, *, text: str, buttons: tuple[Button, ...], real: bool) -> None:
    parts = subject.make(Http(), now).parts(Outbound(text, buttons), buttons=real)
    said = _squashed("".join(_text(part.body) for part in parts))
    wanted = _squashed(unicodedata.normalize("NFC", text))
    assert said.startswith(wanted) if buttons else said == wanted


@each
def test_no_words_and_no_buttons_are_no_part(subject: Subject) -> None:
    assert subject.make(Http(), now).parts(Outbound(" \n"), buttons=True) == []


@each
@pytest.mark.parametrize("sticky", [False, True])
def test_a_choice_can_be_made(subject: Subject, *, sticky: bool) -> None:
    """It is a button, or a number in the text that `menu` remembers."""
    yes = Button("Đồng ý", payload=PAYLOAD_PREFIX + "yes")
    (part,) = subject.make(Http(), now).parts(Outbound("Anh chị chọn:", (yes,), sticky=sticky), buttons=False)
    assert part.menu == (yes,) or PAYLOAD_PREFIX + "yes" in json.dumps(part.body)


def _text(body: Mapping[str, Any]) -> str:
    return str(body["text"] if "text" in body else body["attachment"]["payload"]["text"])


def _squashed(text: str) -> str:
    return "".join(text.split())


@each
def test_every_code_has_a_meaning_a_source_and_a_day(subject: Subject) -> None:
    assert len(subject.rules) > 20
    for code, rule in subject.rules.items():
        assert isinstance(rule.refusal, Refusal), code
        assert rule.source, code
        assert date.fromisoformat(rule.seen) <= date(2026, 12, 31), code


# -- one send


def _send(platform: Platform, access: Access) -> str:
    (part,) = platform.parts(Outbound(TEXT), buttons=False)
    return platform.send(access, USER, part.body, tag="out-7", started=lambda: True).message_id


def _refused(platform: Platform, access: Access) -> SendError:
    with pytest.raises(SendError) as caught:
        _send(platform, access)
    return caught.value


def test_a_send_gives_the_platform_s_id(platform: Platform, subject: Subject, peer: Peer) -> None:
    peer.will(subject.success)
    assert _send(platform, subject.access(peer.url)) in json.dumps(subject.success.body)
    assert len(peer.seen) == 1
    assert USER in peer.seen[0].body.decode()


def test_started_is_asked_once_before_the_request(platform: Platform, subject: Subject, peer: Peer) -> None:
    asked: list[int] = []

    def started() -> bool:
        asked.append(len(peer.seen))
        return True

    peer.will(subject.success)
    (part,) = platform.parts(Outbound(TEXT), buttons=False)
    platform.send(subject.access(peer.url), USER, part.body, tag="out-7", started=started)
    assert asked == [0]


def test_nothing_leaves_when_started_says_no(platform: Platform, subject: Subject, peer: Peer) -> None:
    (part,) = platform.parts(Outbound(TEXT), buttons=False)
    with pytest.raises(Cancelled):
        platform.send(subject.access(peer.url), USER, part.body, tag="out-7", started=lambda: False)
    assert peer.seen == []


UNCLEAR = [
    Fault.CUT_AT_ACCEPT,
    Fault.CUT,
    Fault.CUT_MIDWAY,
    Fault.SLOW,
    Fault.TRICKLED_HEAD,
    Fault.TRICKLED_BODY,
    Said(b"", status=500),
    Said(b"<html>", status=502),
    Said({}, status=503),
    Said(b"OK"),
    Said(b""),
    Said([]),
    Said({}),
    Said(b"x" * 1_100_000),
]


@pytest.mark.parametrize("outcome", UNCLEAR, ids=lambda outcome: str(outcome)[:40])
def test_what_nobody_can_know_is_unsure(
    platform: Platform, subject: Subject, peer: Peer, outcome: Said | Fault
) -> None:
    peer.will(outcome)
    problem = _refused(platform, subject.access(peer.url))
    assert problem.refusal is Refusal.UNSURE
    assert problem.code


def test_no_connection_is_tried_again_without_a_pause(platform: Platform, subject: Subject, closed_port: str) -> None:
    problem = _refused(platform, subject.access(closed_port))
    assert (problem.refusal, problem.code) == (Refusal.THROTTLED, "network.not_sent")
    assert (problem.transient, problem.retry_at) == (True, None)


def test_too_many_requests_pause_the_account(platform: Platform, subject: Subject, peer: Peer) -> None:
    peer.will(Said(b"", status=429))
    problem = _refused(platform, subject.access(peer.url))
    assert problem.refusal is Refusal.THROTTLED
    assert problem.retry_at is not None
    assert problem.retry_at > NOW


def test_a_dead_token_is_told(platform: Platform, subject: Subject, peer: Peer) -> None:
    peer.will(subject.token_error)
    assert _refused(platform, subject.access(peer.url)).refusal is Refusal.TOKEN_EXPIRED


def test_an_unknown_code_is_rejected_and_named_by_its_number(platform: Platform, subject: Subject, peer: Peer) -> None:
    peer.will(subject.unknown_error)
    problem = _refused(platform, subject.access(peer.url))
    assert problem.refusal is Refusal.REJECTED
    assert "424242" in problem.vendor


def test_typing_never_raises(platform: Platform, subject: Subject, peer: Peer, closed_port: str) -> None:
    if platform.has_typing:
        peer.will(Fault.CUT, Said(b"", status=500), subject.token_error)
        for _ in range(3):
            platform.typing(subject.access(peer.url), USER)
    platform.typing(subject.access(closed_port), USER)


def test_a_diagnosis_without_a_connection_says_so(platform: Platform, subject: Subject, closed_port: str) -> None:
    checks = platform.diagnose(subject.access(closed_port), fix=True, now=NOW)
    assert any(not check.ok for check in checks)
    assert all(check.code for check in checks if not check.ok)


# -- what must never be told


@pytest.mark.parametrize("fault", ["refused", *UNCLEAR, "token", "unknown"], ids=lambda fault: str(fault)[:40])
def test_no_secret_and_no_text_in_errors_and_logs(
    platform: Platform,
    subject: Subject,
    peer: Peer,
    closed_port: str,
    caplog: pytest.LogCaptureFixture,
    *,
    fault: Said | Fault | str,
) -> None:
    caplog.set_level(logging.DEBUG)
    peer.will(*_outcome(subject, fault))
    problem = _refused(platform, subject.access(closed_port if fault == "refused" else peer.url))
    told = [*_chain(problem), *traceback.format_exception(problem), *(_record(record) for record in caplog.records)]
    for line in told:
        assert not any(secret in line for secret in SECRETS)


def _outcome(subject: Subject, fault: Said | Fault | str) -> list[Said | Fault]:
    named = {"refused": [], "token": [subject.token_error], "unknown": [subject.unknown_error]}
    return list(named[fault]) if isinstance(fault, str) else [fault]


def _chain(error: BaseException | None) -> Iterator[str]:
    """Everything that hangs on an exception, shown in a traceback or not."""
    while error is not None:
        yield f"{error} {error!r} {error.args} {getattr(error, '__dict__', '')}"
        if error.__cause__ is not None and error.__cause__ is not error.__context__:
            yield from _chain(error.__cause__)
        error = error.__context__


def _record(record: logging.LogRecord) -> str:
    return f"{record.getMessage()} {record.exc_text} {record.__dict__}"
