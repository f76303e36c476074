"""Meta's side of the Graph API, strict: a request that Meta would refuse fails the test."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.platforms.contract import Access, AppKeys
from bot.platforms.http import Http
from bot.platforms.messenger import MessengerPlatform
from tests.platforms.conftest import Peer, Seen

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
PAGE, USER, APP = "100000000000001", "7770000000000001", "4440000000000001"
TOKEN = "EAAG-page-token-0123456789"
SECRETS = ("new-app-secret", "old-app-secret")
KEYS = AppKeys(APP, SECRETS, SECRETS, "verify-me")


def proof(token: str) -> str:
    return hmac.new(SECRETS[0].encode(), token.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def graph(peer: Peer) -> Peer:
    peer.rule = complaint
    return peer


@pytest.fixture
def access(graph: Peer) -> Access:
    return Access(PAGE, KEYS, TOKEN, graph.url, "v25.0")


@pytest.fixture
def messenger(http: Http) -> MessengerPlatform:
    return MessengerPlatform(http, lambda: NOW, app_ids=lambda: frozenset({APP}))


def complaint(seen: Seen) -> str | None:
    """Say what Meta would refuse in a request."""
    token = seen.query.get("access_token", "")
    if seen.query.get("appsecret_proof") != proof(token):
        return "appsecret_proof does not fit the token"
    path = re.fullmatch(r"/v\d+\.\d+/(.+)", seen.path)
    if path is None:
        return f"no version in {seen.path}"
    rule = _RULES.get((seen.method, path[1]))
    return f"no such edge: {seen.method} {path[1]}" if rule is None else rule(seen)


def _send(seen: Seen) -> str | None:
    if set(seen.query) != {"access_token", "appsecret_proof"}:
        return f"query {sorted(seen.query)}"
    if seen.headers.get("Content-Type") != "application/json":
        return "not sent as JSON"
    body = seen.json
    if set(body.get("recipient", {})) != {"id"} or not str(body["recipient"]["id"]).isdigit():
        return "recipient must be exactly one id"
    if "sender_action" in body:
        return None if set(body) == {"recipient", "sender_action"} else "an action goes alone"
    kind = "UTILITY" if "template" in body.get("message", {}) else "RESPONSE"
    if set(body) != {"recipient", "messaging_type", "message"} or body["messaging_type"] != kind:
        return f"body {sorted(body)}"
    return message_complaint(body["message"]) if kind == "RESPONSE" else _utility(body["message"])


def _utility(message: dict[str, Any]) -> str | None:
    """As the contract shows it: positional values of the body, one line each."""
    given = message["template"]
    if set(message) - {"template", "metadata"} or set(given) - {"name", "language", "components"}:
        return f"members {sorted(message)} {sorted(given)}"
    if not given["name"] or set(given["language"]) != {"code"}:
        return "name or language"
    for component in given.get("components", ()):
        if set(component) != {"type", "parameters"} or component["type"] != "body" or not component["parameters"]:
            return f"component {component}"
        for value in component["parameters"]:
            if set(value) != {"type", "text"} or value["type"] != "text" or not value["text"].strip():
                return f"parameter {value}"
    return None


def message_complaint(message: dict[str, Any]) -> str | None:
    """Say what Meta would refuse in a message."""
    if unknown := set(message) - {"text", "attachment", "quick_replies", "metadata"}:
        return f"unknown in a message: {sorted(unknown)}"
    if ("text" in message) == ("attachment" in message):
        return "a message is a text or an attachment"
    if "text" in message and not (0 < _units(message["text"].strip()) < 2000):
        return "text empty or too long"
    if len(message.get("metadata", "")) >= 1000:
        return "metadata too long"
    if "quick_replies" in message:
        return _quick_replies(message["quick_replies"])
    return _template(message["attachment"]["payload"]) if "attachment" in message else None


def _quick_replies(replies: list[dict[str, str]]) -> str | None:
    if not 1 <= len(replies) <= 13:
        return f"{len(replies)} quick replies"
    if any(set(reply) != {"content_type", "title", "payload"} for reply in replies):
        return "a quick reply has other keys"
    return next(filter(None, map(_tappable, replies)), None)


def _template(payload: dict[str, Any]) -> str | None:
    if set(payload) != {"template_type", "text", "buttons"} or payload["template_type"] != "button":
        return "not a button template"
    if not 0 < _units(payload["text"].strip()) <= 640:
        return "template text empty or too long"
    if not 1 <= len(payload["buttons"]) <= 3:
        return f"{len(payload['buttons'])} buttons"
    if any(item["type"] not in {"postback", "web_url"} for item in payload["buttons"]):
        return "unknown kind of button"
    return next(filter(None, map(_tappable, payload["buttons"])), None)


def _tappable(item: dict[str, str]) -> str | None:
    if not 0 < _units(item["title"].strip()) <= 20:
        return f"title {item['title']!r}"
    if item.get("type") == "web_url":
        return None if item["url"].startswith("https://") else "a link that is not https"
    return None if 0 < len(item["payload"]) <= 1000 else "payload empty or too long"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _debug_token(seen: Seen) -> str | None:
    if seen.query.get("access_token") != f"{APP}|{SECRETS[0]}":
        return "a token is looked at with the app's own"
    return None if seen.query.get("input_token") == TOKEN else "no token to look at"


def _page(seen: Seen) -> str | None:
    return None if seen.query["access_token"] == TOKEN else "not the Page's token"


def _subscribe(seen: Seen) -> str | None:
    return _page(seen) if seen.query.get("subscribed_fields") else "no fields"


def _post_profile(seen: Seen) -> str | None:
    body = seen.json
    if "persistent_menu" in body and "get_started" not in body:
        return "a menu needs Get Started"
    for menu in body.get("persistent_menu", ()):
        if not 1 <= len(menu["call_to_actions"]) <= 20 or any(len(i["title"]) > 30 for i in menu["call_to_actions"]):
            return "menu"
    return "greeting" if any(len(item["text"]) > 160 for item in body.get("greeting", ())) else _page(seen)


_RULES = {
    ("POST", f"{PAGE}/messages"): _send,
    ("GET", "debug_token"): _debug_token,
    ("GET", f"{PAGE}/subscribed_apps"): _page,
    ("POST", f"{PAGE}/subscribed_apps"): _subscribe,
    ("GET", "me/messenger_profile"): _page,
    ("POST", "me/messenger_profile"): _post_profile,
}
