"""Read one event of Zalo: what the person did, or what became of our message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.clock import from_epoch
from bot.messages import PAYLOAD_PREFIX, Attachment, Inbound, InboundKind
from bot.platforms.text import identity, nfc
from bot.platforms.zalo.webhook import EVENTS, is_template_receipt, mapping

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.clock import Clock

START_PAYLOAD = PAYLOAD_PREFIX + "start"

_ATTACHMENTS = {
    "image": "image",
    "gif": "image",
    "video": "video",
    "audio": "audio",
    "sticker": "sticker",
    "file": "file",
    "location": "location",
    "link": "link",
}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every reader below is handed."""

    name: str
    event: Mapping[str, Any]
    user: str | None
    at: datetime

    @property
    def message(self) -> Mapping[str, Any]:
        return mapping(self.event.get("message"))

    @property
    def text(self) -> str:
        return _text(self.message.get("text"))

    def inbound(self, kind: InboundKind, **more: Any) -> Inbound:
        return Inbound(kind, self.user, self.at, **more)

    def said(self, kind: InboundKind, **more: Any) -> Inbound:
        msg_id = identity(self.message.get("msg_id")) or identity(self.event.get("msg_id"))
        return self.inbound(kind, message_id=msg_id, **more)


def read(event: Mapping[str, object], clock: Clock) -> Inbound:
    """Read an event as `split` gave it. Never raises: what is not understood is IGNORED or UNSUPPORTED."""
    envelope = mapping(event.get("event"))
    at = from_epoch(envelope.get("timestamp")) or clock()
    name = envelope.get("event_name")
    act = EVENTS.get(name) if isinstance(name, str) else None
    user = identity(event.get("user"))
    if act is None or not isinstance(name, str) or (user is None and act.personal):
        return Inbound(InboundKind.IGNORED, None, at)
    return _READERS.get(name, _message)(_Seen(name, envelope, user, at))


def _message(seen: _Seen) -> Inbound:
    text, attachments = seen.text, _attachments(seen)
    if text.strip().startswith(PAYLOAD_PREFIX) and not attachments:
        # a button press has no event of its own: its payload comes as if the person had written it
        payload = text.strip()
        kind = InboundKind.START if payload == START_PAYLOAD else InboundKind.CHOICE
        return seen.said(kind, payload=payload, opens_window=True)
    if text and all(item.kind == "link" for item in attachments):
        # a link preview comes along by itself: what the person did is type
        return seen.said(InboundKind.TEXT, text=text, attachments=attachments, opens_window=True)
    if any(item.kind == "contact" for item in attachments):
        text = ""  # it is the name on the card
    kind = InboundKind.ATTACHMENT if attachments else InboundKind.UNSUPPORTED
    return seen.said(kind, text=text, attachments=attachments, opens_window=True)


def _echo(seen: _Seen) -> Inbound:
    """Read what our OA sent. No tag comes back: only its id, and that a person in the OA's inbox has an admin id."""
    shown = (_text(_payload(item).get("text")) for item in _items(seen))
    text = seen.text or next(filter(None, shown), "")
    own = identity(mapping(seen.event.get("sender")).get("admin_id")) is None
    return seen.said(InboundKind.ECHO, text=text, attachments=_attachments(seen), own=own)


def _submitted(seen: _Seen) -> Inbound:
    """Read the form of name and phone, in both of its shapes: they differ in the address, which nobody needs."""
    info = mapping(seen.event.get("info"))
    card = Attachment("contact", _telephone(info.get("phone")), _text(info.get("name")) or None)
    return seen.said(InboundKind.ATTACHMENT, attachments=(card,))


def _reaction(seen: _Seen) -> Inbound:
    return seen.said(InboundKind.REACTION, text=_text(seen.message.get("react_icon")))


def _start(seen: _Seen) -> Inbound:
    return seen.inbound(InboundKind.START, opens_window=True)


def _follow(seen: _Seen) -> Inbound:
    return seen.inbound(InboundKind.FOLLOW, opens_window=True)


def _unfollow(seen: _Seen) -> Inbound:
    return seen.inbound(InboundKind.UNFOLLOW)


def _widget(seen: _Seen) -> Inbound:
    link = identity(mapping(seen.event.get("data")).get("user_external_id"))
    return seen.inbound(InboundKind.OPTIN, payload=link, opens_window=True)


def _withdraw(seen: _Seen) -> Inbound:
    if seen.user is None:
        return seen.inbound(InboundKind.NOTICE, text=seen.name)
    return seen.inbound(InboundKind.ERASURE)


def _delivered(seen: _Seen) -> Inbound:
    tag = identity(seen.message.get("tracking_id")) if is_template_receipt(seen.event) else None
    return seen.inbound(InboundKind.DELIVERED, message_ids=_ids([seen.message.get("msg_id")]), tag=tag)


def _seen(seen: _Seen) -> Inbound:
    found = seen.message.get("msg_ids")
    return seen.inbound(InboundKind.READ, message_ids=_ids(found if isinstance(found, list) else [found]))


def _notice(seen: _Seen) -> Inbound:
    return seen.inbound(InboundKind.NOTICE, text=seen.name)


def _template_status(seen: _Seen) -> Inbound:
    status = _word(mapping(seen.event.get("status")).get("new_status"))
    template = identity(seen.event.get("template_id"))
    return seen.inbound(InboundKind.NOTICE, text=f"template_status.{status}", payload=template)


def _quota(seen: _Seen) -> Inbound:
    value = identity(mapping(seen.event.get("quota")).get("new_value"))
    return seen.inbound(InboundKind.NOTICE, text=seen.name, payload=value)


#: Every other name is a message.
_READERS: dict[str, Callable[[_Seen], Inbound]] = {
    **{name: _echo for name in EVENTS if name.startswith("oa_send_")},
    "user_submit_info": _submitted,
    "user_reacted_message": _reaction,
    "user_feedback": _reaction,
    "user_click_response_button": _reaction,
    "user_click_chatnow": _start,
    "follow": _follow,
    "unfollow": _unfollow,
    "widget_interaction_accepted": _widget,
    "user_withdraw": _withdraw,
    "user_received_message": _delivered,
    "user_seen_message": _seen,
    "widget_failed_to_sync_user_external_id": _notice,
    "change_template_status": _template_status,
    "change_template_quality": _notice,
    "change_oa_daily_quota": _quota,
}


def _items(seen: _Seen) -> list[Mapping[str, Any]]:
    value = seen.message.get("attachments")
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _attachments(seen: _Seen) -> tuple[Attachment, ...]:
    return tuple(_card(seen, item) or _attachment(item) for item in _items(seen))


def _attachment(item: Mapping[str, Any]) -> Attachment:
    payload, kind = _payload(item), _ATTACHMENTS.get(str(item.get("type")), "other")
    url = payload.get("url")
    name = _place(payload) if kind == "location" else _text(payload.get("name"))
    return Attachment(kind, url if isinstance(url, str) and url else None, name or None)


def _card(seen: _Seen, item: Mapping[str, Any]) -> Attachment | None:
    """Read a business card: it comes as a link whose description is JSON once more."""
    try:
        card = mapping(json.loads(_text(_payload(item).get("description"))))
    except (ValueError, RecursionError):
        card = {}
    if item.get("type") != "link" or not (seen.name == "user_send_business_card" or {"phone", "qrCodeUrl"} & set(card)):
        return None
    return Attachment("contact", _telephone(card.get("phone")), seen.text or None)


def _payload(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(item.get("payload"))


def _place(payload: Mapping[str, Any]) -> str:
    place = mapping(payload.get("coordinates"))
    latitude, longitude = (_degrees(place.get(axis)) for axis in ("latitude", "longitude"))
    return f"{latitude}, {longitude}" if latitude and longitude else ""


def _degrees(value: object) -> str:
    """Read a coordinate as written: some come as numbers, some as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    try:
        return str(value).strip() if abs(float(value)) <= 180 else ""
    except (ValueError, OverflowError):
        return ""


def _telephone(value: object) -> str | None:
    """Give a number as a `tel:` address; 84… is the international form without its plus."""
    digits = (identity(value) or "").removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return None
    return f"tel:+{digits}" if digits.startswith("84") else f"tel:{digits}"


def _ids(values: list[Any]) -> tuple[str, ...]:
    return tuple(found for value in values if (found := identity(value)))


def _text(value: object) -> str:
    return nfc(value) if isinstance(value, str) else ""


def _word(value: object) -> str:
    """Read a code word of the platform's; anything stranger than a word is not repeated."""
    word = value.lower() if isinstance(value, str) else ""
    return word if word.isidentifier() else "unknown"
