"""The OA's token pair: how an admin grants it, how it is renewed, and how calls carry it.

A refresh kills the old pair at once, and its refresh token works a single time: the caller holds a lock, and commits
the new pair before it uses it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bot.platforms.contract import TokenPair
from bot.platforms.errors import Refusal, SendError
from bot.platforms.http import NoAnswer, NotSent
from bot.platforms.zalo.error_codes import OAUTH_CODES, OAUTH_UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.platforms.contract import AppKeys
    from bot.platforms.http import Answer, Http

#: Contract, section 3; used when the answer does not say.
LIFETIME = timedelta(hours=25)
#: A refusal has one of these; the number is sometimes left out.
_REFUSAL = ("error", "error_name", "error_reason", "error_description")
_LONGEST_S = 365 * 24 * 3600


def new_verifier() -> str:
    """A PKCE verifier: 43 characters. Keep it until the admin comes back with the code."""
    return secrets.token_urlsafe(32)


def authorize_url(oauth_url: str, app_id: str, redirect_uri: str, *, state: str, verifier: str) -> str:
    """Give the address that the OA's admin opens to grant the app. It returns `code`, `oa_id` and `state`."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    fields = {"app_id": app_id, "redirect_uri": redirect_uri, "code_challenge": challenge, "state": state}
    return f"{oauth_url}/v4/oa/permission?{urlencode(fields)}"


def exchange_code(http: Http, app: AppKeys, code: str, verifier: str, oauth_url: str) -> TokenPair:
    """Turn the code of a consent, good once and for 10 minutes, into the first pair. Raises as `refresh` does."""
    fields = {"code": code, "grant_type": "authorization_code", "code_verifier": verifier}
    return _ask(http, app, fields, oauth_url)


def refresh(http: Http, app: AppKeys, refresh_token: str, oauth_url: str) -> TokenPair:
    """Renew the pair. Raises SendError.

    TOKEN_EXPIRED: refused, a person must consent again. UNSURE: keep the old pair and try once more with it.
    """
    return _ask(http, app, {"refresh_token": refresh_token, "grant_type": "refresh_token"}, oauth_url)


def usable(token: str) -> bool:
    """Tell whether a header can carry it. A pasted line break would otherwise raise an error that quotes it."""
    return bool(token) and token.isascii() and token.isprintable() and token == token.strip()


def _ask(http: Http, app: AppKeys, fields: Mapping[str, str], oauth_url: str) -> TokenPair:
    secret = next(iter(app.secrets), "")
    if not usable(secret):
        raise SendError(Refusal.TOKEN_EXPIRED, "zalo.no_app_secret")
    headers, form = {"secret_key": secret}, {**fields, "app_id": app.app_id}
    try:
        answer = http.call("POST", f"{oauth_url}/v4/oa/access_token", headers=headers, form=form)
    except NotSent:
        problem = SendError(Refusal.UNSURE, "network.not_sent", transient=True)
    except NoAnswer:
        problem = SendError(Refusal.UNSURE, "network.no_answer", transient=True)
    else:
        return _pair(answer)
    raise problem  # outside the handlers: nothing chained to it knows what was sent


def _pair(answer: Answer) -> TokenPair:
    """Decide by the two tokens: the host refuses with HTTP 200 too, and not always with a number."""
    said = answer.json if isinstance(answer.json, dict) else {}
    access, renewal = said.get("access_token"), said.get("refresh_token")
    if isinstance(access, str) and access and isinstance(renewal, str) and renewal:
        return TokenPair(access, renewal, _lifetime(said.get("expires_in")))
    raise _refused(answer, said)


def _lifetime(value: object) -> timedelta:
    seconds = int(value) if isinstance(value, str | int) and str(value).isdecimal() and len(str(value)) < 10 else 0
    return timedelta(seconds=min(seconds, _LONGEST_S)) if seconds else LIFETIME


def _refused(answer: Answer, said: Mapping[str, object]) -> SendError:
    refusal = {name: said[name] for name in _REFUSAL if said.get(name)}
    if not refusal or answer.status == 429 or answer.status >= 500:
        vendor = f"HTTP {answer.status}"
        return SendError(Refusal.UNSURE, "zalo.oauth.unreadable", vendor=vendor, transient=True)
    code = refusal.get("error")
    known = next((f"zalo.oauth.{number}" for number in OAUTH_CODES if str(number) == str(code)), OAUTH_UNKNOWN)
    vendor = " ".join(filter(None, (_short(refusal.get("error")), _short(refusal.get("error_name")))))
    return SendError(Refusal.TOKEN_EXPIRED, known, vendor=vendor)


def _short(value: object) -> str:
    """Repeat a number or a name of the host's for the log; never a sentence, which may quote what was sent."""
    text = str(value)
    return text if isinstance(value, str | int) and len(text) <= 40 and set(text) <= _WORD else ""


_WORD = frozenset("-_ .ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
