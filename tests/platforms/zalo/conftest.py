"""Zalo's side of the OA and token APIs, strict: a request that Zalo would refuse fails the test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bot.platforms.contract import Access, AppKeys
from bot.platforms.http import Http
from bot.platforms.zalo import ZaloPlatform
from tests.platforms.conftest import Peer, Seen

NOW = datetime(2026, 11, 20, 8, 0, 20, tzinfo=UTC)
APP, OA, USER = "7000000000000000001", "7300000000000000001", "7200000000000000001"
TOKEN, APP_SECRET = "oa-access-token-0123456789", "app-secret-0123456789"
OA_SECRETS = ("new-oa-secret", "old-oa-secret")
KEYS = AppKeys(APP, (APP_SECRET,), OA_SECRETS)
HINT = "Anh/chị nhắn số để chọn ạ."


@pytest.fixture
def open_api(peer: Peer) -> Peer:
    peer.rule = complaint
    return peer


@pytest.fixture
def access(open_api: Peer) -> Access:
    return Access(OA, KEYS, TOKEN, open_api.url)


@pytest.fixture
def zalo(http: Http) -> ZaloPlatform:
    return ZaloPlatform(http, lambda: NOW, oa_ids=lambda: frozenset({OA}), menu_hint=HINT)


def complaint(seen: Seen) -> str | None:
    """Say what Zalo would refuse in a request."""
    if "Authorization" in seen.headers:
        return "a bearer token"
    rule = _RULES.get((seen.method, seen.path))
    return f"no such call: {seen.method} {seen.path}" if rule is None else rule(seen)


def _api(seen: Seen) -> str | None:
    if seen.headers.get("access_token") != TOKEN:
        return "no access_token header"
    if TOKEN.encode() in seen.body or TOKEN in str(seen.query):
        return "the token is told twice"
    if seen.method == "POST" and seen.headers.get("Content-Type") != "application/json":
        return "not sent as JSON"
    return None


def _cs(seen: Seen) -> str | None:
    body = seen.json
    if set(body) != {"recipient", "message"} or set(body["recipient"]) != {"user_id"}:
        return f"body {body}"
    if not str(body["recipient"]["user_id"]).isdigit():
        return "user_id"
    return message_complaint(body["message"]) or _api(seen)


def _by_template(seen: Seen) -> str | None:
    body = seen.json
    if set(body) != {"user_id", "template_id", "template_data"}:
        return f"members {sorted(body)}"
    if not body["user_id"].isdigit() or not body["template_id"].isdigit():
        return "ids are digits"
    if not all(isinstance(value, str) and value.strip() for value in body["template_data"].values()):
        return "an empty value"
    return _api(seen)


def _article(seen: Seen) -> str | None:
    body = seen.json
    if set(body) != {"recipient", "message"} or set(body["recipient"]) != {"target"}:
        return f"members {sorted(body)}"
    payload = body["message"]["attachment"]["payload"]
    if set(payload) != {"template_type", "elements"} or payload["template_type"] != "media":
        return f"payload {payload}"
    if [set(one) for one in payload["elements"]] != [{"media_type", "attachment_id"}]:
        return f"elements {payload}"
    return _api(seen)


def _visitor(seen: Seen) -> str | None:
    body = seen.json
    if "target" in body["recipient"]:
        return _article(seen)
    if set(body["recipient"]) != {"anonymous_id", "conversation_id"}:
        return "only visitors are written to here"
    return message_complaint(body["message"]) or _api(seen)


def message_complaint(message: dict[str, Any]) -> str | None:
    """Say what Zalo would refuse in a message."""
    if not {"text"} <= set(message) <= {"text", "attachment"}:
        return f"members {sorted(message)}"
    if not 0 < _units(message["text"].strip()) <= 2000:
        return "text empty or too long"
    return _buttons(message["attachment"]) if "attachment" in message else None


def _buttons(attachment: dict[str, Any]) -> str | None:
    if set(attachment) != {"type", "payload"} or attachment["type"] != "template":
        return "not a template"
    if set(attachment["payload"]) != {"buttons"} or not 1 <= len(attachment["payload"]["buttons"]) <= 5:
        return f"payload {attachment['payload']}"
    return next(filter(None, map(_button, attachment["payload"]["buttons"])), None)


def _button(button: dict[str, Any]) -> str | None:
    if set(button) != {"title", "type", "payload"} or not 0 < _units(button["title"].strip()) <= 100:
        return f"button {button}"
    if button["type"] == "oa.open.url":
        return None if set(button["payload"]) == {"url"} else "url"
    fits = isinstance(button["payload"], str) and 0 < len(button["payload"]) <= 1000
    return None if button["type"] == "oa.query.hide" and fits else f"button {button}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


FIELDS = {
    "refresh_token": {"refresh_token", "app_id", "grant_type"},
    "authorization_code": {"code", "app_id", "grant_type", "code_verifier"},
}


def form(seen: Seen) -> dict[str, str]:
    return dict(parse_qsl(seen.body.decode(), keep_blank_values=True, strict_parsing=True))


def _grant(seen: Seen) -> str | None:
    if seen.headers.get("Content-Type") != "application/x-www-form-urlencoded":
        return "not a form"
    if seen.headers.get("secret_key") != APP_SECRET or APP_SECRET.encode() in seen.body:
        return "the app secret goes in a header"
    fields = form(seen)
    if set(fields) != FIELDS.get(fields.get("grant_type", "")) or fields["app_id"] != APP:
        return f"fields {sorted(fields)}"
    return None


def _quota(seen: Seen) -> str | None:
    return None if seen.json.get("quota_owner") == "OA" and seen.json.get("product_type") == "cs" else "quota of what"


_RULES = {
    ("POST", "/v3.0/oa/message/cs"): _cs,
    ("POST", "/v3.0/oa/message/template"): _by_template,
    ("POST", "/v2.0/oa/message"): _visitor,
    ("GET", "/v2.0/oa/getoa"): _api,
    ("POST", "/v3.0/oa/quota/message"): lambda seen: _quota(seen) or _api(seen),
    ("POST", "/v4/oa/access_token"): _grant,
}
