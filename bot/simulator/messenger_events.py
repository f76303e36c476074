"""Messenger's webhooks: the body of each event after section 2 of the contract, escaped and signed as Meta does."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.simulator.accounts import SimulatedAccount

#: Which subscribed field lets an event out; the first key of the event that stands here decides.
FIELDS = {
    "message_edit": "message_edits",
    "postback": "messaging_postbacks",
    "referral": "messaging_referrals",
    "optin": "messaging_optins",
    "delivery": "message_deliveries",
    "read": "message_reads",
    "reaction": "message_reactions",
    "pass_thread_control": "messaging_handovers",
    "take_thread_control": "messaging_handovers",
    "message": "messages",
}
ALL_FIELDS = frozenset(
    {
        *FIELDS.values(),
        "message_echoes",
        "standby",
        "messaging_policy_enforcement",
        "message_template_status_update",
        "messenger_template_status_update",
        "messaging_account_linking",
        "response_feedback",
        "messaging_feedback",
        "feed",
    }
)
#: The app that a person writes with in the Page's inbox, as libraries know it.
INBOX_APP = 263902037430900


def field_of(item: Mapping[str, object], *, standby: bool) -> str:
    """Name the webhook field that an event belongs to."""
    message = item.get("message")
    if standby:
        return "standby"
    if isinstance(message, Mapping) and message.get("is_echo"):
        return "message_echoes"
    return next(field for key, field in FIELDS.items() if key in item)


def wire(value: object) -> bytes:
    r"""Write JSON as it stands on Meta's wire: non-ASCII as \uXXXX in lower case, and every / as \/."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode("ascii")


@dataclass(frozen=True, slots=True)
class MessengerEvents:
    """Writes the events of one Page."""

    account: SimulatedAccount

    def headers(self, body: bytes, *, forged: bool = False) -> dict[str, str]:
        key = b"somebody else's key" if forged else self.account.app_secret.encode()
        return {
            "Content-Type": "application/json",
            "X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
            "X-Hub-Signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
            "User-Agent": "facebookexternalua",
        }

    def from_user(self, user: str, at: float, **act: object) -> dict[str, object]:
        return {"sender": {"id": user}, "recipient": {"id": self.account.external_id}, "timestamp": ms(at), **act}

    def echo(self, user: str, at: float, mid: str, message: Mapping[str, object], app_id: int) -> dict[str, object]:
        told = {"mid": mid, "is_echo": True, "app_id": app_id, **message}
        page = {"id": self.account.external_id}
        return {"sender": page, "recipient": {"id": user}, "timestamp": ms(at), "message": told}

    def envelope(self, item: Mapping[str, object], at: float, *, standby: bool = False) -> bytes:
        entry = {"id": self.account.external_id, "time": ms(at), ("standby" if standby else "messaging"): [item]}
        return wire({"object": "page", "entry": [entry]})


def ms(at: float) -> int:
    return int(at * 1000)
