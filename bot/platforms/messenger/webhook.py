"""What Meta posts to us: is it really from them, and which events does the batch hold."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.clock import from_epoch
from bot.messages import Event
from bot.platforms.contract import MalformedWebhook, Signature, Verdict
from bot.platforms.text import identity, read_json
from bot.states import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.clock import Clock
    from bot.platforms.contract import AppKeys, Headers

_HEADER = "x-hub-signature-256"
_LONGEST_KEY = 255
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode  # json.dumps would make one for each event

#: Kinds of a messaging event that we want, under the key that holds each. The rest is answered 200 and dropped.
_PERSON = ("message", "message_edit", "postback", "referral", "optin", "reaction")
_RECEIPTS = ("delivery", "read")
_CONTROL = ("pass_thread_control", "take_thread_control")
_NOTICES = ("policy_enforcement",)
KINDS = (*_PERSON, *_RECEIPTS, *_CONTROL, *_NOTICES)

#: Two documents of Meta's spell this field differently.
_TEMPLATE_FIELDS = ("message_template_status_update", "messenger_template_status_update")


def verify(apps: Sequence[AppKeys], headers: Headers, body: bytes) -> Verdict:
    """Compare the HMAC over the raw bytes. SHA-1 of older days is not accepted."""
    given = headers.get(_HEADER)
    if given is None:
        return Verdict(Signature.MISSING)
    claimed = given.encode(errors="replace")
    for app in apps:
        if any(hmac.compare_digest(claimed, sign(secret, body)) for secret in app.signing if secret):
            return Verdict(Signature.GOOD, app)
    return Verdict(Signature.BAD)


def sign(secret: str, body: bytes) -> bytes:
    return b"sha256=" + hmac.digest(secret.encode(), body, "sha256").hex().encode()


def verify_subscription(params: Mapping[str, str], verify_tokens: Iterable[str]) -> str | None:
    """Answer Meta's GET handshake: the challenge to echo as plain text, or None for 403."""
    claimed = params.get("hub.verify_token", "").encode(errors="replace")
    # all of them are compared, so that the time does not tell which app is near
    known = [hmac.compare_digest(claimed, token.encode()) for token in verify_tokens if token]
    if params.get("hub.mode") != "subscribe" or not any(known):
        return None
    return params.get("hub.challenge")


def split(body: bytes, clock: Clock) -> list[Event]:
    """Cut a batch into its events: several entries, of several Pages, each with up to three lists."""
    try:
        envelope = read_json(body)
    except (ValueError, RecursionError):
        raise MalformedWebhook("not JSON") from None
    if not isinstance(envelope, dict):
        raise MalformedWebhook("not an object")
    if envelope.get("object") != "page":
        return []
    entries = envelope.get("entry")
    if not isinstance(entries, list):
        raise MalformedWebhook("no entries")
    return [event for entry in entries if isinstance(entry, dict) for event in _entry(entry, clock)]


def _entry(entry: dict[str, Any], clock: Clock) -> Iterator[Event]:
    page = identity(entry.get("id"))
    for name in ("messaging", "standby"):
        for item in _objects(entry.get(name)):
            if event := _event(item, page, entry, clock, standby=name == "standby"):
                yield event
    for change in _objects(entry.get("changes")):
        if event := _change(change, page, entry, clock):
            yield event


def _event(
    item: dict[str, Any], page: str | None, entry: dict[str, Any], clock: Clock, *, standby: bool
) -> Event | None:
    act = find_act(item)
    if act is None:
        return None
    user = person(item, act)
    if act.kind not in _NOTICES and (user is None or user == page):
        return None  # nobody to answer (a web plugin's user_ref), or the Page's own doing
    at = _time(item.get("timestamp"), entry, clock)
    key = ("standby:" if standby else "") + _key(act, item, page, user)
    lane = Lane.TALK if act.kind in _PERSON and not act.echo and not standby else Lane.RECEIPT
    body = {"item": item, "standby": standby, "time": entry.get("time")}
    return Event(page, _bounded(key), user, at, lane, body)


def _change(change: dict[str, Any], page: str | None, entry: dict[str, Any], clock: Clock) -> Event | None:
    if change.get("field") not in _TEMPLATE_FIELDS:
        return None
    at = _time(None, entry, clock)
    key = f"change:{_digest([page, entry.get('time'), change])}"
    return Event(page, key, None, at, Lane.RECEIPT, {"change": change, "time": entry.get("time")})


@dataclass(frozen=True, slots=True)
class Act:
    """What happened in a messaging event: the kind and the object under that key."""

    kind: str
    fields: Mapping[str, Any]

    @property
    def echo(self) -> bool:
        return self.kind == "message" and self.fields.get("is_echo") is True


def find_act(item: Mapping[str, Any]) -> Act | None:
    for kind in KINDS:
        if kind in item and isinstance(fields := item[kind], dict):
            return Act(kind, fields)
    return None


def person(item: Mapping[str, Any], act: Act) -> str | None:
    """Name the person of an event: in an echo the Page is the sender, a notice has nobody."""
    if act.kind in _NOTICES:
        return None
    side = item.get("recipient" if act.echo else "sender")
    return identity(side.get("id")) if isinstance(side, dict) else None


def _key(act: Act, item: Mapping[str, Any], page: str | None, user: str | None) -> str:
    """Name the event so that a redelivery gets the same name and nothing else does."""
    fields, mid = act.fields, identity(act.fields.get("mid"))
    match act.kind:
        case "message" | "postback" if mid:
            return f"{'echo' if act.echo else act.kind}:{mid}"
        case "message_edit" if mid and "num_edit" in fields:
            return f"edit:{mid}:{fields['num_edit']}"
        case "reaction" if mid:
            return f"reaction:{mid}:{user}:{fields.get('action')}:{item.get('timestamp')}"
        case "delivery" | "read" if "watermark" in fields:
            mids = fields.get("mids")
            return f"{act.kind}:{user}:{fields['watermark']}" + (f":{_digest(mids)}" if mids else "")
    return f"{act.kind}:{_digest([page, user, item.get('timestamp'), act.kind, fields])}"


def _bounded(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else f"long:{hashlib.sha256(key.encode()).hexdigest()}"


def _digest(value: object) -> str:
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def _time(stamp: object, entry: Mapping[str, Any], clock: Clock) -> datetime:
    return from_epoch(stamp) or from_epoch(entry.get("time")) or clock()


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
