"""What Zalo posts to us: is it really from them, and which event is it. One request holds one event."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.clock import from_epoch
from bot.messages import Event
from bot.platforms.contract import MalformedWebhook, Signature, Verdict
from bot.platforms.text import identity, read_json
from bot.states import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from bot.clock import Clock
    from bot.platforms.contract import AppKeys, Headers

_SIGNATURE, _TIMESTAMP = "x-zevent-signature", "x-zevent-timestamp"
_CLAIM = re.compile(r"\s*(?:mac\s*=\s*)?([0-9a-f]{64})\s*", re.IGNORECASE | re.ASCII)
_LONGEST_KEY = 255

#: The message id in the sample that the console's "test" button sends: signed, and from nobody.
TEST_SAMPLE = "This is message id"
#: Before the id of a visitor without an account; the id of the conversation follows, as an answer needs both.
ANONYMOUS = "anonymous:"


def verify(apps: Sequence[AppKeys], headers: Headers, body: bytes) -> Verdict:
    """Compare the SHA-256 over app id, raw bytes, time stamp and OA secret key; say which mistake would explain it."""
    envelope = _peek(body)
    given = headers.get(_SIGNATURE)
    if given is None:  # the console posts an empty object when a webhook's address is saved
        return Verdict(Signature.UNSIGNED_PROBE if envelope == {} else Signature.MISSING)
    claim = _CLAIM.fullmatch(given)
    if claim is None or envelope is None:
        return Verdict(Signature.BAD)
    signed = _Signed(claim[1].lower(), body, _stamps(envelope, headers.get(_TIMESTAMP)))
    return _good(apps, signed, envelope) or _mistaken(apps, signed, envelope) or Verdict(Signature.BAD)


def sign(first_term: str, body: bytes, stamp: str, secret: str) -> str:
    """Give the signature as 64 lower-case hex digits. `first_term` is the app's id."""
    return hashlib.sha256(b"".join([_bytes(first_term), body, _bytes(stamp), _bytes(secret)])).hexdigest()


@dataclass(frozen=True, slots=True)
class _Signed:
    """A claim, and what it is over. `stamps`: the body's own time first, then the header's."""

    claim: str
    body: bytes
    stamps: tuple[str, ...]

    def by(self, first_term: str, secrets: Sequence[str]) -> bool:
        made = [sign(first_term, self.body, stamp, secret) for stamp in self.stamps for secret in secrets if secret]
        return any([hmac.compare_digest(self.claim, candidate) for candidate in made])  # noqa: C419 - all, for the time


def _good(apps: Sequence[AppKeys], signed: _Signed, envelope: Mapping[str, Any]) -> Verdict | None:
    for app in apps:
        if identity(envelope.get("app_id")) == app.app_id and signed.by(app.app_id, app.signing):
            return Verdict(Signature.GOOD, app)
    return None


def _mistaken(apps: Sequence[AppKeys], signed: _Signed, envelope: Mapping[str, Any]) -> Verdict | None:
    """Diagnose: the keys of the app and of the OA are easily swapped, and some report another first term."""
    oa_ids = {_oa_id(envelope), _id(envelope, "recipient"), _id(envelope, "sender")} - {None}
    for app in apps:
        if signed.by(app.app_id, app.secrets):
            return Verdict(Signature.WRONG_KEY, app)
        if any(signed.by(oa_id, app.signing) for oa_id in oa_ids if oa_id):
            return Verdict(Signature.WRONG_TERM, app)
    return None


def _peek(body: bytes) -> dict[str, Any] | None:
    """Read the envelope with its numbers as they are written: a time stamp is signed as text."""
    try:
        envelope = json.loads(body, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return envelope if isinstance(envelope, dict) else None


def _stamps(envelope: Mapping[str, Any], in_header: str | None) -> tuple[str, ...]:
    return tuple(stamp for stamp in (envelope.get("timestamp"), in_header) if isinstance(stamp, str))


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def split(body: bytes, clock: Clock, oa_ids: AbstractSet[str]) -> list[Event]:
    """Read the one event of a request; none when it is nothing to keep."""
    try:
        envelope = read_json(body)
    except (ValueError, RecursionError):
        raise MalformedWebhook("not JSON") from None
    name = envelope.get("event_name") if isinstance(envelope, dict) else None
    if not isinstance(name, str):
        raise MalformedWebhook("no event")
    act = EVENTS.get(name)
    if act is None or _message(envelope).get("msg_id") == TEST_SAMPLE:
        return []
    sides = act.sides(envelope, oa_ids)
    if (sides.user is None and act.personal) or (sides.user is not None and sides.user == sides.oa):
        return []
    if is_template_receipt(envelope):
        envelope.pop("recipient", None)  # a telephone number, and nothing we need
    kept = {"event": envelope, "user": sides.user}
    at = from_epoch(envelope.get("timestamp")) or clock()
    return [Event(sides.oa, _key(name, act, envelope, body), sides.user, at, act.lane, kept)]


@dataclass(frozen=True, slots=True)
class Sides:
    """Who an event is between."""

    oa: str | None
    user: str | None


def _from_person(event: Mapping[str, Any], _oa_ids: AbstractSet[str]) -> Sides:
    return Sides(_oa_id(event) or _id(event, "recipient"), _id(event, "sender"))


def _from_oa(event: Mapping[str, Any], _oa_ids: AbstractSet[str]) -> Sides:
    return Sides(_oa_id(event) or _id(event, "sender"), _id(event, "recipient"))


def _receipt(event: Mapping[str, Any], oa_ids: AbstractSet[str]) -> Sides:
    """Compare both ids with the OA's: which side is which has no official word. The sender is the OA, most say."""
    sides = _from_oa(event, oa_ids)
    if is_template_receipt(event):
        return Sides(sides.oa, None)  # the recipient is a telephone number or its hash
    ours = oa_ids | ({sides.oa} if _oa_id(event) else set())
    if sides.user in ours and _id(event, "sender") not in ours:
        return Sides(sides.user, _id(event, "sender"))
    return sides


def _from_visitor(event: Mapping[str, Any], oa_ids: AbstractSet[str]) -> Sides:
    sides, conversation = _from_person(event, oa_ids), identity(_message(event).get("conversation_id"))
    user = f"{ANONYMOUS}{sides.user}:{conversation}" if sides.user and conversation else None
    return Sides(sides.oa, user)


def _follower(event: Mapping[str, Any], _oa_ids: AbstractSet[str]) -> Sides:
    return Sides(_oa_id(event), _id(event, "follower"))


def _at_root(event: Mapping[str, Any], _oa_ids: AbstractSet[str]) -> Sides:
    return Sides(_oa_id(event), identity(event.get("user_id")))


def _in_data(event: Mapping[str, Any], _oa_ids: AbstractSet[str]) -> Sides:
    return Sides(_oa_id(event), identity(mapping(event.get("data")).get("user_id")))


def _anywhere(event: Mapping[str, Any], oa_ids: AbstractSet[str]) -> Sides:
    sides = _from_person(event, oa_ids)
    return sides if sides.user else _at_root(event, oa_ids)


@dataclass(frozen=True, slots=True)
class Act:
    """What is known of an event by its name. `own_id`: its msg_id names this event, not a message spoken of."""

    sides: Callable[[Mapping[str, Any], AbstractSet[str]], Sides]
    lane: Lane = Lane.TALK
    personal: bool = True  # without a person there is nothing to do
    own_id: bool = True


def _rows(prefix: str, names: str, act: Act) -> Iterator[tuple[str, Act]]:
    return ((prefix + name, act) for name in names.split())


_NOTICE = Act(_at_root, Lane.RECEIPT, personal=False)

#: Contract, table 2.5. An event that is not here is answered 200 and dropped.
EVENTS: dict[str, Act] = {
    **dict(_rows("user_send_", "text image gif file audio video sticker location link", Act(_from_person))),
    "user_send_business_card": Act(_from_person),
    **dict(_rows("anonymous_send_", "text image file sticker", Act(_from_visitor))),
    **dict(_rows("oa_send_", "text image gif list file sticker", Act(_from_oa, Lane.RECEIPT))),
    "user_submit_info": Act(_from_person),
    "user_reacted_message": Act(_from_person, own_id=False),
    "user_feedback": Act(_anywhere),
    "user_click_response_button": Act(_anywhere),
    "user_click_chatnow": Act(_at_root),
    "follow": Act(_follower),
    "unfollow": Act(_follower),
    "widget_interaction_accepted": Act(_in_data),
    "user_withdraw": Act(_at_root, personal=False),  # a request that must not be lost, whoever it is about
    "user_received_message": Act(_receipt, Lane.RECEIPT, personal=False),
    "user_seen_message": Act(_receipt, Lane.RECEIPT),
    "widget_failed_to_sync_user_external_id": Act(_in_data, Lane.RECEIPT, personal=False),
    "change_template_status": _NOTICE,
    "change_template_quality": _NOTICE,
    "change_oa_daily_quota": _NOTICE,
}


def is_template_receipt(event: Mapping[str, Any]) -> bool:
    """Tell a receipt of a template sent by phone number: its header is not kept, and only these have such members."""
    message = _message(event)
    return event.get("event_name") == "user_received_message" and bool({"tracking_id", "delivery_time"} & set(message))


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _message(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(event.get("message"))


def _id(event: Mapping[str, Any], side: str) -> str | None:
    return identity(mapping(event.get(side)).get("id"))


def _oa_id(event: Mapping[str, Any]) -> str | None:
    return identity(event.get("oa_id")) or identity(event.get("oaId"))


def _key(name: str, act: Act, envelope: Mapping[str, Any], body: bytes) -> str:
    """Name the event so that a redelivery, which keeps the body byte for byte, gets the same name."""
    msg_id = identity(_message(envelope).get("msg_id")) or identity(envelope.get("msg_id"))
    key = f"{name}:{msg_id}"
    if msg_id is None or not act.own_id or len(key) > _LONGEST_KEY:
        return f"{name}:#{hashlib.sha256(body).hexdigest()}"
    return key
