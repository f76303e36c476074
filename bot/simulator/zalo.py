"""The double of Zalo's OA API: takes what the contract allows, refuses the rest in Zalo's own words and codes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, NoReturn, TypeVar

import requests
from flask import Blueprint, Response, request
from pydantic import BaseModel, ValidationError

from bot.clock import VIETNAM
from bot.simulator import zalo_phone
from bot.simulator.accounts import RotatingTokens, SimulatedAccount, zalo_account
from bot.simulator.acts import Act
from bot.simulator.answers import Answer, Refused
from bot.simulator.double import Double, Event, Tools
from bot.simulator.knobs import ZaloKnobs
from bot.simulator.limits import Allowance
from bot.simulator.people import Person
from bot.simulator.zalo_consent import ZaloConsent
from bot.simulator.zalo_events import ZaloEvents
from bot.simulator.zalo_oauth import ZaloOauth
from bot.simulator.zalo_shapes import (
    Broadcast,
    Consultation,
    OwnQuota,
    React,
    Recipient,
    TemplateMessage,
    ToVisitor,
    UserQuota,
    complaint,
)
from bot.simulator.zalo_templates import ZaloTemplates

S = TypeVar("S", bound=BaseModel)

_WORDS = {
    -32: "Exceed maximum request per minute",
    -200: "Send message failed",
    -201: "Params is invalid",
    -211: "Out of quota",
    -213: "User has not followed OA",
    -214: "Article is processing",
    -216: "Access token is invalid",
    -220: "access_token is expired or removed",
    -218: "Out of quota receive",
    -230: "User has not interacted with the OA in the past 7 days",
    -232: "User has not interacted with the OA, or the last interaction has expired",
    -233: "Message type is not supported",
    -234: "Message type is not sent at night",
    -240: "Message V2 API has been closed",
    -242: "appsecret_proof is invalid",
    -244: "User has restricted this type of message from your OA",
    -249: "Template is not sent by user id",
    -321: "Zalo cloud account is out of money",
}


class Zalo(Double[ZaloKnobs]):
    name = "zalo"
    webhook_path = "/webhooks/zalo"
    counts_repeats = True
    server_error: ClassVar[tuple[int, int | None]] = (-200, None)

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, ZaloKnobs())
        self.tokens = RotatingTokens(tools.keyring, tools.now)
        self.events = ZaloEvents(self.account, tools.keyring)
        self._minute = Allowance(60)
        self._sub_spent = 0
        self.templates = ZaloTemplates(self)
        self.consent = ZaloConsent(lambda: self.account, tools.deliveries.bot_url, tools.now)
        self.oauth = ZaloOauth(lambda: self.account, self.tokens, self.consent)

    @property
    def account(self) -> SimulatedAccount:
        return zalo_account(self.tools.keyring, self.tools.own_url, self.tokens.pair)

    def add_routes(self, blueprint: Blueprint) -> None:
        def route(path: str, view: Callable[..., Response], *methods: str) -> None:
            blueprint.add_url_rule(path, path.replace(".", "-"), view, methods=methods)

        route("/zalo/v3.0/oa/message/cs", lambda: self._api("send", self._cs), "POST")
        route("/zalo/v3.0/oa/message/template", lambda: self._api("send", self._template), "POST")
        route("/zalo/v3.0/oa/quota/message", lambda: self._api("other", self._quota), "POST")
        route("/zalo/v2.0/oa/getoa", lambda: self._api("other", self._getoa), "GET")
        route("/zalo/v3.0/oa/user/detail", lambda: self._api("other", self._detail), "GET")
        route("/zalo/v2.0/oa/message", lambda: self._api("send", self._version_2), "POST")
        for closed in ("v3.0/oa/message/transaction", "v3.0/oa/message/promotion"):
            route(f"/zalo/{closed}", lambda: self._api("other", lambda: self.refuse(-240)), "POST")
        for path, name, view in (
            ("permission", "asked", self.consent.asked),
            ("permission/agree", "agreed", self.consent.agreed),
        ):
            blueprint.add_url_rule(f"/zalo-oauth/v4/oa/{path}", f"zalo consent {name}", view)
        route("/zalo-oauth/v4/oa/access_token", lambda: self.serve("token", self.oauth.access_token), "POST")

    # -- answers

    def failure(self, code: int, subcode: int | None = None, *, status: int | None = None, words: str = "") -> Answer:
        del subcode  # Zalo has none
        return Answer({"error": code, "message": words or _WORDS.get(code, "Unknown error")}, status or 200)

    def throttled(self) -> Answer:
        headers = {"X-RateLimit-Limit": str(self.knobs.per_minute), "X-RateLimit-Remain": "0"}
        return replace(self.failure(-32, status=429), headers=headers)

    def dead_token(self) -> Answer:
        return self.failure(-216)

    def refuse(self, code: int, words: str = "") -> NoReturn:
        raise Refused(self.failure(code, words=words))

    def _api(self, what: str, decide: Callable[[], Answer]) -> Response:
        def limited() -> Answer:
            allowed, left = self._minute.take(self.knobs.per_minute, self.tools.now())
            headers = {"X-RateLimit-Limit": str(self.knobs.per_minute), "X-RateLimit-Remain": str(left)}
            try:
                self._authorized()
                answer = decide() if allowed else self.failure(-32)
            except Refused as refused:
                answer = refused.answer
            return replace(answer, headers={**headers, **answer.headers})

        return self.serve(what, limited)

    def _authorized(self) -> None:
        token = request.headers.get("access_token", "")
        wrong = self.tokens.alive(token)
        if wrong:
            self.refuse(-220 if wrong == "expired" else -216)
        proof = request.headers.get("appsecret_proof")
        expected = hmac.new(self.account.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if proof is not None and not hmac.compare_digest(proof.encode(), expected.encode()):
            self.refuse(-242)

    def _body(self, shape: type[S]) -> S:
        if request.mimetype != "application/json":
            self.refuse(-201, "Content-Type must be application/json")
        if request.args:
            self.refuse(-201, "no query parameters are known here")
        try:
            return shape.model_validate_json(request.get_data())
        except ValidationError as error:
            self.refuse(*complaint(error))

    # -- the endpoints

    def _cs(self) -> Answer:
        body = self._body(Consultation)
        if body.message.undocumented and not self.knobs.buttons:
            self.refuse(-233)
        with self.people.lock:
            person = self._reachable(body.recipient)
            quota = self._charge(person)
            at = self.tools.now()
            mid = secrets.token_hex(10)
            self.accept(person, zalo_phone.bubble(mid, body.message, at), zalo_phone.echoed(body.message))
        data: dict[str, object] = {"message_id": mid, "user_id": person.id, "sent_time": str(int(at * 1000))}
        if quota is not None:
            data["quota"] = quota
        return Answer({"error": 0, "message": "Success", "data": data})

    def _template(self) -> Answer:
        body = self._body(TemplateMessage)
        with self.people.lock:
            return self.templates.send(body)

    def _version_2(self) -> Answer:
        """Serve what is left of the older endpoint: articles, visitors without an account, and reactions."""
        if b'"target"' in request.get_data():
            return self.templates.broadcast(self._body(Broadcast))
        if b'"anonymous_id"' in request.get_data():
            return self._to_visitor(self._body(ToVisitor))
        if b'"sender_action"' in request.get_data():
            person = self._reachable(self._body(React).recipient)
            return Answer({"error": 0, "message": "Success", "data": {"user_id": person.id}})
        return self.failure(-240)

    def _to_visitor(self, body: ToVisitor) -> Answer:
        visitor = body.recipient
        person = self.people.find(visitor.anonymous_id)
        conversation = self.events.conversation(visitor.anonymous_id)
        if person is None or not person.anonymous or visitor.conversation_id != conversation:
            self.refuse(-201, "anonymous_id is invalid")
        at, mid = self.tools.now(), secrets.token_hex(10)
        told = {**zalo_phone.echoed(body.message), "conversation_id": conversation}
        with self.people.lock:
            self.accept(person, zalo_phone.bubble(mid, body.message, at), told)
        return Answer({"error": 0, "message": "Success", "data": {"message_id": mid, "user_id": person.id}})

    def _reachable(self, recipient: Recipient) -> Person:
        person = self.people.find(recipient.user_id)
        if person is None or person.anonymous:
            self.refuse(-201, "user_id is invalid")
        if person.blocked:
            self.refuse(-244)
        if person.left:
            self.refuse(-213)
        idle = person.idle_s(self.tools.now())
        if idle is None:
            self.refuse(-232)
        if idle > self.knobs.window_s:
            self.refuse(-230)
        return person

    def _charge(self, person: Person) -> dict[str, object] | None:
        """Say which allowance a message uses; None: it is billed."""
        if not person.wrote:
            if person.welcomes >= self.knobs.welcomes:
                self.refuse(-211)
            person.welcomes += 1
            left = self.knobs.welcomes - person.welcomes
            return {"quota_type": "welcome_msg", "remain": left, "total": self.knobs.welcomes}
        now = self.tools.now()
        if (person.idle_s(now) or 0) <= self.knobs.free_s:
            return {"quota_type": "reply"}  # since March 2026 without figures
        if self._sub_spent < self.knobs.sub_quota:
            self._sub_spent += 1
            total = self.knobs.sub_quota
            expires = datetime.fromtimestamp(now, VIETNAM) + timedelta(days=30)
            figures = {"remain": total - self._sub_spent, "total": total, "expired_date": f"{expires:%d/%m/%Y}"}
            return {"quota_type": "sub_quota", **figures, "owner_type": "OA", "owner_id": self.account.external_id}
        if not self.knobs.billing:
            self.refuse(-321)
        return None

    def _quota(self) -> Answer:
        if b"quota_owner" in request.get_data():
            self._body(OwnQuota)
            left = max(self.knobs.sub_quota - self._sub_spent, 0)
            asset = {"quota_type": "sub_quota", "remain": left, "total": self.knobs.sub_quota}
            return Answer({"error": 0, "message": "Success", "data": [asset]})
        person = self.people.find(self._body(UserQuota).user_id)
        if person is None:
            return self.failure(-201, words="user_id is invalid")
        last = str(int((person.last_at or 0) * 1000))
        promotion = {"daily_remain": 1, "daily_total": 1, "monthly_remain": 4, "monthly_total": 4}
        data = {"last_interaction": last, "cs_reply": {"remain": 8, "total": 8}, "promotion": promotion}
        return Answer({"error": 0, "message": "Success", "data": data})

    def _getoa(self) -> Answer:
        data = {
            "oaid": self.account.external_id,
            "name": self.account.name,
            "is_verified": True,
            "num_follower": sum(person.follows for person in self.people.all()),
            "package_name": "Growth",
            "package_valid_through_date": "31/12/2030",
        }
        return Answer({"error": 0, "message": "Success", "data": data})

    def _detail(self) -> Answer:
        try:
            person = self.people.find(UserQuota.model_validate_json(request.args.get("data", "")).user_id)
        except ValidationError as error:
            self.refuse(*complaint(error))
        if person is None:
            return self.failure(-201, words="user_id is invalid")
        last = datetime.fromtimestamp(person.last_at or 0, VIETNAM)
        data = {
            "user_id": person.id,
            "user_id_by_app": self.events.by_app(person.id),
            "display_name": person.name,
            "user_is_follower": person.follows,
            "user_last_interaction_date": f"{last:%d/%m/%Y}",
        }
        return Answer({"error": 0, "message": "Success", "data": data})

    # -- webhooks

    def signed(self, body: bytes, *, forged: bool = False) -> dict[str, str]:
        return self.events.headers(body, forged=forged)

    def echo(self, person: Person, mid: str, message: Mapping[str, object]) -> Event | None:
        if "event" not in message:
            return None  # no source says that a template is echoed
        name = str(message["event"])
        if person.anonymous:
            name = name.replace("oa_send_", "oa_send_anonymous_")
        told = {"msg_id": mid, **{key: value for key, value in message.items() if key != "event"}}
        return self.event(person, name, mid, self.events.from_oa(person.id, name, self.tools.now(), told))

    def delivered(self, person: Person, mids: list[str]) -> Event | None:
        if person.anonymous:
            return None  # Zalo knows receipts of people with an account only
        at, name = self.tools.now(), "user_received_message"
        return self.event(person, name, mids[-1], self.events.from_oa(person.id, name, at, {"msg_id": mids[-1]}))

    def seen(self, person: Person, mids: list[str]) -> Event | None:
        if person.anonymous:
            return None
        at, name = self.tools.now(), "user_seen_message"
        return self.event(person, name, mids[-1], self.events.from_oa(person.id, name, at, {"msg_ids": mids}))

    def event(
        self, person: Person, name: str, mid: str, body: bytes, after: Callable[[int], None] | None = None
    ) -> Event:
        return Event(person.id, name, mid, body, after)

    def act(self, person: Person, act: Act) -> str:
        return zalo_phone.perform(self, person, act)

    def console_calls(self) -> list[requests.Request]:
        """Give what Zalo's console calls when the address is saved and when its test button is pressed."""
        url = self.tools.deliveries.bot_url + self.webhook_path
        sample = self.events.console_sample(self.tools.now())
        return [
            requests.Request("POST", url, data=b"{}", headers={"Content-Type": "application/json"}),
            requests.Request("POST", url, data=sample, headers=self.signed(sample)),
        ]

    def phone(self) -> dict[str, object]:
        """Give what the platform itself shows on a phone."""
        return {"title": self.account.name, "greeting": "", "start": False, "menu": []}

    def reset(self) -> None:
        super().reset()
        self._sub_spent = 0
        self._minute = Allowance(60)
        self.templates.reset()
