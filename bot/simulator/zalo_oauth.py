"""The double of Zalo's OAuth host: a refresh token is good once, and errors look as they please."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from flask import request

from bot.simulator.accounts import RotatingTokens, SimulatedAccount
from bot.simulator.answers import Answer
from bot.simulator.zalo_consent import ZaloConsent


class ZaloOauth:
    def __init__(self, account: Callable[[], SimulatedAccount], tokens: RotatingTokens, consent: ZaloConsent) -> None:
        self._account, self._tokens, self._consent = account, tokens, consent
        self._nameless = False

    def access_token(self) -> Answer:
        account = self._account()
        if request.mimetype != "application/x-www-form-urlencoded":
            return self._refused(-14001, "Invalid request", "Content-Type must be a form")
        if not _same(request.headers.get("secret_key", ""), account.app_secret):
            return self._refused(-14004, "Invalid secret key", "secret_key does not fit the app")
        form = request.form
        if form.get("app_id") != account.app_id:
            return self._refused(-14002, "Invalid app id", "the app does not exist or is not active")
        if form.get("grant_type") == "authorization_code":
            return self._granted()
        if set(form) != {"app_id", "grant_type", "refresh_token"} or form["grant_type"] != "refresh_token":
            return self._refused(-14005, "Invalid grant", "exactly app_id, grant_type, refresh_token are known")
        pair = self._tokens.refresh(form["refresh_token"])
        if pair is None:
            return self._refused(-14014, "Invalid refresh token", "the refresh token was used or has expired")
        return Answer({"access_token": pair.access, "refresh_token": pair.refresh, "expires_in": "90000"})

    def _granted(self) -> Answer:
        """The first pair, for the code of a consent and the verifier that it was asked with."""
        form = request.form
        if set(form) != {"app_id", "grant_type", "code", "code_verifier"}:
            return self._refused(-14005, "Invalid grant", "exactly app_id, grant_type, code, code_verifier are known")
        if not self._consent.use(form["code"], form["code_verifier"]):
            return self._refused(-14012, "Invalid code", "the code was used, has expired or was asked for by another")
        pair = self._tokens.consent_again()
        return Answer({"access_token": pair.access, "refresh_token": pair.refresh, "expires_in": "90000"})

    def _refused(self, code: int, name: str, reason: str) -> Answer:
        """Refuse as Zalo's OAuth host does: HTTP 200, and every other time without a number."""
        self._nameless = not self._nameless
        named: dict[str, object] = {} if self._nameless else {"error": code}
        described = {"error_name": name, "error_reason": reason, "error_description": reason}
        return Answer({**named, **described, "ref_doc": "https://developers.zalo.me/docs/api/official-account-api"})


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
