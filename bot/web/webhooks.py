"""Step 1 of the way of a message: is it really from them? Cut the batch, keep each event once, commit, say 200.

Written down by `bot/delivery/intake.py`. Next: `bot/delivery/inbox.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from bot import logs
from bot.clock import Clock
from bot.delivery.directory import Directory
from bot.delivery.intake import Intake
from bot.delivery.tally import Tally
from bot.messages import Event
from bot.platforms.contract import AppKeys, MalformedWebhook, Platform, Signature
from bot.states import Lane
from bot.store.database import DatabaseAway
from bot.web.signatures import Signatures

#: A platform gives up after 2 s (Zalo) or 5 s (Meta): an honest 503 in time is worth more than a late 200.
WAIT_S = 1.5


@dataclass(frozen=True, slots=True)
class Door:
    """What the webhooks need."""

    intake: Intake
    directory: Directory
    clock: Clock
    tally: Tally
    signatures: Signatures


def blueprint(door: Door) -> Blueprint:
    pages = Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @pages.get("/messenger", defaults={"name": "messenger"})
    @pages.get("/zalo", defaults={"name": "zalo"})
    def handshake(name: str) -> Response:
        """The platform asks whether the address is ours, each time the setup is saved."""
        tokens = [app.verify_token for app in door.directory.keys(name)]
        answer = door.directory.platforms[name].handshake(request.args, tokens)
        return _said(403) if answer is None else Response(answer, mimetype="text/plain")

    @pages.post("/messenger", defaults={"name": "messenger"})
    @pages.post("/zalo", defaults={"name": "zalo"})
    def receive(name: str) -> Response:
        try:
            return _receive(door, door.directory.platforms[name])
        except DatabaseAway:
            door.tally.add(f"webhook.{name}.away")
            response = _said(503)
            response.headers["Retry-After"] = "5"
            return response

    return pages


def _receive(door: Door, platform: Platform) -> Response:
    body = _body(platform.longest_webhook)
    verdict = platform.verify(door.directory.keys(platform.name), request.headers, body)
    door.tally.add(f"webhook.{platform.name}.{verdict.signature.value}")
    if verdict.signature is Signature.UNSIGNED_PROBE:
        return _said(200)
    door.signatures.note(platform.name, verdict.signature, door.clock())
    if verdict.signature is not Signature.GOOD or verdict.app is None:
        logs.warn("webhook.refused", platform=platform.name, signature=verdict.signature.value)
        return _said(401)
    try:
        events = platform.split(body)
    except MalformedWebhook:
        door.tally.add(f"webhook.{platform.name}.malformed")
        return _said(200)
    _keep(door, platform, verdict.app, events)
    return _said(200)


def _body(longest: int) -> bytes:
    """The raw bytes, before anybody parses them: the signature is over these."""
    if request.content_length is None:  # our own server always says how much it received
        request.max_content_length = longest
        return request.get_data()
    if request.content_length > longest:
        raise RequestEntityTooLarge
    return request.input_stream.read(request.content_length)


def _keep(door: Door, platform: Platform, app: AppKeys, events: list[Event]) -> None:
    ours = [
        (number, platform.name, event)
        for event in events
        if (number := door.directory.account_of_app(platform.name, event.account, app)) is not None
    ]
    if len(ours) < len(events):
        door.tally.add(f"webhook.{platform.name}.unknown_account", len(events) - len(ours))
    if not ours:
        return
    kept = door.intake.keep(ours, wait_s=WAIT_S)
    for one in kept:
        if one.lane is Lane.TALK:  # receipts come by thousands and begin no turn: they are counted
            logs.event("webhook.kept", row=one.id, turn=f"t{one.id}")
    if len(kept) < len(ours):
        door.tally.add(f"webhook.{platform.name}.duplicate", len(ours) - len(kept))


def _said(status: int) -> Response:
    return Response("" if status == 200 else f"{status}\n", status=status, mimetype="text/plain")
