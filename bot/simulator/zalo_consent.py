"""The double of Zalo's page of consent: the OA's administrator agrees, and a code goes back, good once, ten minutes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from flask import Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from bot.simulator.accounts import SimulatedAccount

CODE_LIFE_S = 600
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class _Grant:
    challenge: str
    until: float


class ZaloConsent:
    """`bot_url` is the only place besides this machine that a code may go to."""

    def __init__(self, account: Callable[[], SimulatedAccount], bot_url: str, now: Callable[[], float]) -> None:
        self._account, self._now = account, now
        self._bot_host = urlsplit(bot_url).hostname
        self._grants: dict[str, _Grant] = {}

    def asked(self) -> Response | tuple[str, int]:
        """Show who asks for what, with one way to agree and one to leave."""
        fault = self._fault()
        if fault:
            return fault, 400
        page = render_template("simulator/consent.html", account=self._account(), query=urlencode(request.args))
        answer = Response(page, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    def agreed(self) -> AnyResponse | tuple[str, int]:
        fault = self._fault()
        if fault:
            return fault, 400
        code = secrets.token_urlsafe(24)
        self._grants[code] = _Grant(request.args.get("code_challenge", ""), self._now() + CODE_LIFE_S)
        told = {"code": code, "oa_id": self._account().external_id, "state": request.args.get("state", "")}
        return redirect(f"{request.args['redirect_uri']}?{urlencode(told)}")

    def use(self, code: str, verifier: str) -> bool:
        """Whether the code is one of ours, unused, not over, and asked for by who holds the verifier."""
        grant = self._grants.pop(code, None)
        if grant is None or grant.until < self._now():
            return False
        digest = hashlib.sha256(verifier.encode()).digest()
        return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), grant.challenge)

    def _fault(self) -> str:
        if request.args.get("app_id") != self._account().app_id:
            return "error -14002: app_id"
        if not request.args.get("code_challenge"):
            return "error -14001: code_challenge"
        back = urlsplit(request.args.get("redirect_uri", ""))
        near = {"127.0.0.1", "localhost", "::1", self._bot_host}
        return "" if back.scheme in {"http", "https"} and back.hostname in near and not back.query else "error -14003"
