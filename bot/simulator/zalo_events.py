"""Zalo's webhooks: the body of each event after section 2 of the contract, and its signature."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.simulator.accounts import Keyring, SimulatedAccount

SIGNATURE = "X-ZEvent-Signature"


def mac(app_id: str, body: bytes, timestamp: str, key: str) -> str:
    """Sign as Zalo does: plain SHA-256 over the four, hex, in this order."""
    return hashlib.sha256(app_id.encode() + body + timestamp.encode() + key.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ZaloEvents:
    """Writes the events of one OA."""

    account: SimulatedAccount
    keyring: Keyring

    def headers(self, body: bytes, *, forged: bool = False) -> dict[str, str]:
        timestamp = str(json.loads(body).get("timestamp", ""))
        key = "somebody else's key" if forged else self.account.oa_secret_key
        signature = mac(self.account.app_id, body, timestamp, key)
        return {"Content-Type": "application/json", SIGNATURE: f"mac={signature}", "User-Agent": "ZaloWebhook"}

    def by_app(self, user_id: str) -> str:
        """Give the id of the same person as the app sees them; nothing may be sent to it."""
        return self.keyring.digits(f"by app {user_id}", 19)

    def conversation(self, anonymous_id: str) -> str:
        """Give the id of the one conversation of a visitor without an account."""
        return self.keyring.digits(f"conversation {anonymous_id}", 19)

    def from_user(self, user_id: str, name: str, at: float, message: Mapping[str, object]) -> bytes:
        return self._body(name, at, user_id, sender={"id": user_id}, recipient={"id": self._oa}, message=message)

    def from_oa(self, user_id: str, name: str, at: float, message: Mapping[str, object], admin_id: str = "") -> bytes:
        """Write an echo or a receipt: the OA is the sender. `admin_id` only when a person wrote in Zalo's chat tool."""
        sender = {"id": self._oa, "admin_id": admin_id} if admin_id else {"id": self._oa}
        return self._body(name, at, user_id, sender=sender, recipient={"id": user_id}, message=message)

    def follow(self, user_id: str, name: str, at: float) -> bytes:
        more = {"source": "oa_profile"} if name == "follow" else {}
        return self._body(name, at, user_id, oa_id=self._oa, follower={"id": user_id}, **more)

    def rooted(self, user_id: str, name: str, at: float) -> bytes:
        """Write an event that names its person at the root: chat-now, withdrawal."""
        return self._body(name, at, user_id, oa_id=self._oa, user_id=user_id)

    def console_sample(self, at: float) -> bytes:
        """Write what the developer console's test button sends: signed, but of nobody we know."""
        return _compact(
            {
                "app_id": self.account.app_id,
                "sender": {"id": "246845883529197922"},
                "user_id_by_app": "552177279717587730",
                "recipient": {"id": "388613280878808645"},
                "event_name": "user_send_text",
                "message": {"text": "This is testing message", "msg_id": "This is message id"},
                "timestamp": str(int(at * 1000)),
            }
        )

    @property
    def _oa(self) -> str:
        return self.account.external_id

    def _body(self, name: str, at: float, of: str, **fields: object) -> bytes:
        head = {"app_id": self.account.app_id, "user_id_by_app": self.by_app(of), "event_name": name}
        return _compact({**head, **fields, "timestamp": str(int(at * 1000))})


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
