"""The Page token: how calls carry it, and whether Meta still takes it. It does not rotate."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.clock import from_epoch
from bot.platforms.contract import Check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.platforms.contract import Access, TokenPair

NEEDED_SCOPES = frozenset({"pages_messaging", "pages_manage_metadata"})
EXPIRY_WARNING = timedelta(days=7)


def graph_url(access: Access, *path: str) -> str:
    """Build an address in the Graph API, the version always named: an app's default version moves."""
    return "/".join([access.api_url, access.api_version, *path])


def credentials(access: Access) -> dict[str, str]:
    """Give the query parameters that prove who calls. Never log an address that carries them."""
    return _proven(access.token, access)


def inspector(access: Access) -> dict[str, str]:
    """Give the parameters to look at a token: the app itself asks, not the token it doubts."""
    if not access.app.secrets:
        return credentials(access)
    return _proven(f"{access.app.app_id}|{access.app.secrets[0]}", access)


def refresh() -> TokenPair | None:
    """Page tokens last until somebody changes a password or a role; nothing renews them."""
    return None


def judge(access: Access, answer: object, now: datetime) -> Check:
    """Read what debug_token says of the Page token."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict) or data.get("is_valid") is not True:
        return Check("token", ok=False, code="messenger.token_invalid")
    if str(data.get("app_id", access.app.app_id)) != access.app.app_id:
        return Check("token", ok=False, code="messenger.token_other_app")
    if str(data.get("profile_id", access.account)) != access.account:
        return Check("token", ok=False, code="messenger.token_other_page")
    return _scopes(data) or _expiry(data, now)


def _proven(token: str, access: Access) -> dict[str, str]:
    proof = {"access_token": token}
    if access.app.secrets:  # newest first; Meta takes the proof of any living secret
        secret = access.app.secrets[0].encode()
        proof["appsecret_proof"] = hmac.new(secret, token.encode(), hashlib.sha256).hexdigest()
    return proof


def _scopes(data: Mapping[str, object]) -> Check | None:
    scopes = data.get("scopes")
    if not isinstance(scopes, list):
        return None
    missing = sorted(NEEDED_SCOPES - {scope for scope in scopes if isinstance(scope, str)})
    if not missing:
        return None
    return Check("token", ok=False, code="messenger.token_scopes", facts={"missing": missing})


def _expiry(data: Mapping[str, object], now: datetime) -> Check:
    stamp = data.get("expires_at")
    expires = from_epoch(stamp) if stamp not in (0, "0") else None  # 0 means never
    if expires is None:
        return Check("token", ok=True)
    facts = {"expires_at": expires.isoformat()}
    if expires - now < EXPIRY_WARNING:
        return Check("token", ok=False, code="messenger.token_expiring", facts=facts)
    return Check("token", ok=True, facts=facts)
