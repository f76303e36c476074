"""Paid marketing messages: people agree to a request in the chat, and a campaign carries messages to them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request
from pydantic import ValidationError

from bot.simulator import messenger_phone
from bot.simulator.answers import Answer
from bot.simulator.messenger_shapes import OptInRequest, PaidMessage, TemplateAttachment, complaint
from bot.simulator.people import Person

if TYPE_CHECKING:
    from bot.simulator.double import Event
    from bot.simulator.messenger import Messenger

#: What the made-up union has at Meta, to try with.
AD_ACCOUNT, CAMPAIGN = "870000000000001", "120000000000001"
LIVES_S, WEEK_S, BETWEEN_S = 365 * 86_400, 7 * 86_400, 12 * 3600
NOT_ACTIVE, UNKNOWN_TOKEN, STOPPED, TOO_EARLY, EXPIRED, NO_MONEY = 2300000, 2300004, 2300034, 2300035, 2300037, 2300056


@dataclass(slots=True)
class Subscription:
    person: str
    title: str
    until: float
    stopped: bool = False
    last_at: float = 0.0


class Paid:
    def __init__(self, double: Messenger) -> None:
        self._double = double
        self.reset()

    def reset(self) -> None:
        self.tokens: dict[str, Subscription] = {}
        self._asked: dict[tuple[str, str], float] = {}

    # ---- the request ----

    def check_request(self, person: Person, attachment: object) -> None:
        """One request a week for each title and person."""
        asked = attachment.payload if isinstance(attachment, TemplateAttachment) else None
        if not isinstance(asked, OptInRequest):
            return
        now, key = self._double.tools.now(), (person.id, asked.title)
        if now - self._asked.get(key, float("-inf")) < WEEK_S:
            self._double.refuse(613, 1893016)
        self._asked[key] = now

    def agreed(self, person: Person, title: str, payload: str) -> Event | None:
        """The person pressed the request's button."""
        now, token = self._double.tools.now(), secrets.token_hex(16)
        self.tokens[token] = Subscription(person.id, title, now + LIVES_S)
        return self._told(person, token, title, payload, user_token_status="NOT_REFRESHED")  # noqa: S106 - the name of a state

    def stopped(self, person: Person) -> Event | None:
        """The person stopped it in Messenger's own menu."""
        found = next((token for token, one in self.tokens.items() if one.person == person.id and not one.stopped), None)
        if found is None:
            raise ValueError("there is nothing to stop")
        self.tokens[found].stopped = True
        status = {"notification_messages_status": "STOP NOTIFICATIONS"}
        return self._told(person, found, self.tokens[found].title, "", **status)

    def _told(self, person: Person, token: str, title: str, payload: str, **more: str) -> Event | None:
        optin = {
            "type": "notification_messages",
            "title": title,
            "payload": payload,
            "notification_messages_token": token,
            "notification_messages_timezone": "Asia/Ho_Chi_Minh",
            "token_expiry_timestamp": int(self.tokens[token].until * 1000),
            **more,
        }
        return self._double.by_user(person, "", optin=optin)

    # ---- the message ----

    def send(self, node: str) -> Answer:
        if node != f"act_{AD_ACCOUNT}":
            self._double.refuse(100, 33)
        self._double.know()
        try:
            body = PaidMessage.model_validate_json(request.get_data())
        except ValidationError as error:
            self._double.refuse(100, *complaint(error))
        if body.message_id != CAMPAIGN:
            self._double.refuse(NOT_ACTIVE)
        person, subscription = self._subscriber(body.messenger_delivery_data.subscription_token)
        if not self._double.knobs.campaign_money:
            self._double.refuse(NO_MONEY)
        now, mid = self._double.tools.now(), "m_" + secrets.token_urlsafe(24)
        subscription.last_at = now
        shown, tag = messenger_phone.echoed(body.message), body.message.metadata or ""
        self._double.accept(person, messenger_phone.bubble(mid, body.message, now), shown, tag)
        return Answer({"success": True, "marketing_message_tracking_id": str(secrets.randbelow(10**15))})

    def _subscriber(self, token: str) -> tuple[Person, Subscription]:
        found, now = self.tokens.get(token), self._double.tools.now()
        person = self._double.people.find(found.person) if found else None
        if found is None or person is None:
            self._double.refuse(UNKNOWN_TOKEN)
        if found.stopped or person.blocked:
            self._double.refuse(STOPPED)
        if found.until <= now:
            self._double.refuse(EXPIRED)
        if now - found.last_at < BETWEEN_S:
            self._double.refuse(TOO_EARLY)
        return person, found
