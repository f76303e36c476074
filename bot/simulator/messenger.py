"""The double of Messenger's Send API: takes what the contract allows, refuses the rest with Meta's codes."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, NoReturn

import requests
from flask import Blueprint, Response, request
from pydantic import TypeAdapter, ValidationError

from bot.simulator import messenger_phone
from bot.simulator.accounts import SimulatedAccount, messenger_account
from bot.simulator.acts import Act
from bot.simulator.answers import Answer, Refused
from bot.simulator.double import Double, Event, Tools
from bot.simulator.knobs import MessengerKnobs
from bot.simulator.limits import Allowance
from bot.simulator.messenger_events import MessengerEvents, field_of, ms
from bot.simulator.messenger_page import PageSettings
from bot.simulator.messenger_paid import Paid
from bot.simulator.messenger_shapes import (
    DEAD_TAGS,
    Recipient,
    SendAction,
    SendBody,
    SendMessage,
    complaint,
)
from bot.simulator.people import Person

LIVING_VERSIONS = frozenset({"v22.0", "v23.0", "v24.0", "v25.0", "v26.0"})
TYPING_S = 20

_BODY: TypeAdapter[SendMessage | SendAction] = TypeAdapter(SendBody)
_WORDS = {
    (1, None): "An unknown error occurred",
    (2, None): "An unexpected error has occurred. Please retry your request later.",
    (10, None): "(#10) Application does not have permission for this action",
    (10, 2018278): "(#10) This message is sent outside of allowed window.",
    (100, 33): "Unsupported request. Object does not exist or cannot be loaded due to missing permissions",
    (100, 2018001): "(#100) No matching user found",
    (190, None): "Invalid OAuth access token.",
    (551, 1545041): "(#551) This person isn't available right now.",
    (613, None): "(#613) Calls to this api have exceeded the rate limit.",
    (2018300, None): "Another app is controlling this thread now.",
    (2500, None): "Unknown path components",
    (80006, None): "(#80006) There have been too many calls to this Messenger account.",
}
_STATUS = {1: 500, 2: 500, 3: 403, 10: 403, 200: 403, 190: 400}


class Messenger(Double[MessengerKnobs]):
    name = "messenger"
    webhook_path = "/webhooks/messenger"
    server_error: ClassVar[tuple[int, int | None]] = (2, None)

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, MessengerKnobs())
        self._account = messenger_account(tools.keyring, tools.own_url)
        self.events = MessengerEvents(self._account)
        self.page = PageSettings(self)
        self.paid = Paid(self)
        self.token_dead = False
        self._second, self._day = Allowance(1), Allowance(86_400)

    @property
    def account(self) -> SimulatedAccount:
        return self._account

    def add_routes(self, blueprint: Blueprint) -> None:
        def messages(version: str, node: str) -> Response:
            what = "action" if b'"sender_action"' in request.get_data() else "send"
            return self.api(what, version, lambda: self._messages(node), counted=True)

        blueprint.add_url_rule("/graph/<version>/<node>/messages", "graph messages", messages, methods=["POST"])
        self.page.add_routes(blueprint)

        def unknown(path: str) -> Response:
            del path
            return self.serve("other", lambda: self.failure(2500))

        methods = ["GET", "POST", "DELETE", "PUT"]
        blueprint.add_url_rule("/graph/<path:path>", "graph unknown", unknown, methods=methods)

    # -- answers

    def failure(self, code: int, subcode: int | None = None, *, status: int | None = None, words: str = "") -> Answer:
        known = _WORDS.get((code, subcode)) or _WORDS.get((code, None)) or f"(#{code}) Error"
        error: dict[str, object] = {"message": words or known, "type": "OAuthException", "code": code}
        if subcode is not None:
            error["error_subcode"] = subcode
        if code == 2:
            error["is_transient"] = True
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(16).replace("-", "x")
        return Answer({"error": error}, status or _STATUS.get(code, 400))

    def throttled(self) -> Answer:
        return replace(self.failure(80006, status=429), headers=self._usage(100, regain_minutes=1))

    def dead_token(self) -> Answer:
        return self.failure(190)

    def refuse(self, code: int, subcode: int | None = None, words: str = "") -> NoReturn:
        raise Refused(self.failure(code, subcode, words=words))

    def api(
        self, what: str, version: str, decide: Callable[[], Answer], *, counted: bool = False, by_app: bool = False
    ) -> Response:
        """Answer a call of the Graph API. `counted`: it is a send; `by_app`: the app's own token will do."""

        def checked() -> Answer:
            now = self.tools.now()
            limit = self.knobs.calls_per_engaged * (self.knobs.engaged + len(self.people)) or 1
            within_day, left = self._day.take(limit, now)
            headers = self._usage(100 * (limit - left) // limit)
            try:
                if version not in LIVING_VERSIONS:
                    self.refuse(2500, words=f"Unknown path components: /{version}")
                self._authorized(by_app=by_app)
                within_second = not counted or self._second.take(self.knobs.per_second, now)[0]
                answer = decide() if within_day and within_second else self.throttled()
            except Refused as refused:
                answer = refused.answer
            return replace(answer, headers={**headers, **answer.headers})

        return self.serve(what, checked)

    def _usage(self, percent: int, *, regain_minutes: int = 0) -> dict[str, str]:
        loads = {"call_count": percent, "total_cputime": percent // 2, "total_time": percent // 2}
        load = {"type": "messenger", **loads, "estimated_time_to_regain_access": regain_minutes}
        business = {self._account.external_id: [load]}
        return {"X-App-Usage": json.dumps(loads), "X-Business-Use-Case-Usage": json.dumps(business)}

    def _authorized(self, *, by_app: bool) -> None:
        token = request.args.get("access_token", "")
        if not token:
            self.refuse(2500, words="An active access token must be used to query information about the current user.")
        ours = [self._account.access_token] if not self.token_dead else []
        if by_app:
            ours.append(f"{self._account.app_id}|{self._account.app_secret}")
        if token not in ours:
            self.refuse(190)
        self._check_proof(token)

    def _check_proof(self, token: str) -> None:
        proof = request.args.get("appsecret_proof")
        if proof is None:
            if self.knobs.proof_required:
                self.refuse(100, words="API calls from the server require an appsecret_proof argument")
            return
        expected = hmac.new(self._account.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(proof.encode(), expected.encode()):
            self.refuse(100, words="Invalid appsecret_proof provided in the API argument")

    def know(self, *params: str) -> None:
        """Refuse query parameters that the endpoint does not know, and any that stands twice."""
        known = {"access_token", "appsecret_proof", *params}
        for name, values in request.args.lists():
            if name not in known or len(values) > 1:
                self.refuse(100, words=f"(#100) Param {name} is not known here")

    def own_node(self, node: str) -> None:
        if node not in {"me", self._account.external_id}:
            self.refuse(100, 33)

    # -- sending

    def _messages(self, node: str) -> Answer:
        if node.startswith("act_"):
            with self.people.lock:
                return self.paid.send(node)
        self.own_node(node)
        self.know()
        if request.mimetype != "application/json":
            self.refuse(100, words="(#100) The body must be application/json")
        try:
            body = _BODY.validate_json(request.get_data())
        except ValidationError as error:
            subcode, words = complaint(error)
            self.refuse(100, subcode, words)
        with self.people.lock:
            return self._action(body) if isinstance(body, SendAction) else self._message(body)

    def _action(self, body: SendAction) -> Answer:
        person = self._known(body.recipient)
        if body.sender_action != "mark_seen":
            on = body.sender_action == "typing_on"
            person.typing_until = self.tools.now() + TYPING_S if on else 0
            self.tools.journal.changed()
        return Answer({"recipient_id": person.id})

    def _message(self, body: SendMessage) -> Answer:
        self._allowed_tag(body.tag)
        person = self._known(body.recipient)
        idle, now = person.idle_s(self.tools.now()), self.tools.now()
        window = 7 * 86_400 if body.tag == "HUMAN_AGENT" else self.knobs.window_s
        if body.message.template is not None:
            self.page.check_template(body.message.template)
        elif idle is None or idle > window:
            self.refuse(10, 2018278)
        if person.elsewhere:
            self.refuse(2018300)
        self.paid.check_request(person, body.message.attachment)
        mid = "m_" + secrets.token_urlsafe(24)
        filled = self.page.filled(body.message.template) if body.message.template else ""
        shown, tag = messenger_phone.echoed(body.message, filled), body.message.metadata or ""
        self.accept(person, messenger_phone.bubble(mid, body.message, now, filled), shown, tag)
        return Answer({"recipient_id": person.id, "message_id": mid})

    def _allowed_tag(self, tag: str | None) -> None:
        if tag in DEAD_TAGS:
            self.refuse(100, words=f"(#100) Message tag {tag} was removed")
        if tag == "HUMAN_AGENT" and not self.knobs.human_agent:
            self.refuse(10)
        if tag not in {None, "HUMAN_AGENT"}:
            self.refuse(100, words="(#100) Param tag must be one of the message tags")

    def _known(self, recipient: Recipient) -> Person:
        person = self.people.find(recipient.id) if recipient.id else None
        if person is None:
            self.refuse(100, 2018001)
        if person.blocked:
            self.refuse(551, 1545041)
        return person

    # -- webhooks

    def signed(self, body: bytes, *, forged: bool = False) -> dict[str, str]:
        return self.events.headers(body, forged=forged)

    def echo(self, person: Person, mid: str, message: Mapping[str, object]) -> Event | None:
        item = self.events.echo(person.id, self.tools.now(), mid, message, int(self._account.app_id))
        return self.event(person, mid, item)

    def delivered(self, person: Person, mids: list[str]) -> Event | None:
        watermark = ms(self.tools.now())
        named = {"mids": mids} if self._happens(self.knobs.mids) else {}
        return self.by_user(person, mids[-1], delivery={**named, "watermark": watermark})

    def seen(self, person: Person, mids: list[str]) -> Event | None:
        return self.by_user(person, mids[-1], read={"watermark": ms(self.tools.now())})

    def by_user(
        self, person: Person, mid: str, after: Callable[[int], None] | None = None, **act: object
    ) -> Event | None:
        return self.event(person, mid, self.events.from_user(person.id, self.tools.now(), **act), after)

    def event(
        self, person: Person, mid: str, item: Mapping[str, object], after: Callable[[int], None] | None = None
    ) -> Event | None:
        handover = "pass_thread_control" in item or "take_thread_control" in item
        standby = person.elsewhere and not handover
        field = field_of(item, standby=standby)
        if field not in self.page.fields:
            return None
        return Event(person.id, field, mid, self.events.envelope(item, self.tools.now(), standby=standby), after)

    def act(self, person: Person, act: Act) -> str:
        return messenger_phone.perform(self, person, act)

    def _lost(self) -> None:
        super()._lost()
        self.page.fields = frozenset()
        self.subscribed = True  # a call to subscribed_apps is all it takes

    def console_calls(self) -> list[requests.Request]:
        """Give the handshake that Meta makes each time the address is saved."""
        url = self.tools.deliveries.bot_url + self.webhook_path
        params = {
            "hub.mode": "subscribe",
            "hub.verify_token": self._account.verify_token,
            "hub.challenge": secrets.token_hex(5),
        }
        return [requests.Request("GET", url, params=params)]

    def phone(self) -> dict[str, object]:
        """Give what the platform itself shows on a phone."""
        return {"title": self._account.name, **self.page.shown()}

    def reset(self) -> None:
        super().reset()
        self.page.reset()
        self.paid.reset()
        self.token_dead = False
        self._second, self._day = Allowance(1), Allowance(86_400)
