"""Read one event of Messenger: what the person did, or what became of our message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.clock import from_epoch
from bot.messages import PAYLOAD_PREFIX, Attachment, Inbound, InboundKind
from bot.platforms.messenger.webhook import Act, find_act, person
from bot.platforms.text import identity, nfc

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.clock import Clock

#: Every message of ours carries a tag that begins so; it comes back in the echo.
OWN_TAG = "out-"
START_PAYLOADS = frozenset({"START", PAYLOAD_PREFIX + "start"})
THUMBS_UP = "369239263222822"

_ATTACHMENTS = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
    "location": "location",
    "fallback": "link",
    "share": "link",
    "post": "link",
    "ig_post": "link",
    "reel": "link",
    "ig_reel": "link",
}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every reader below is handed."""

    act: Act
    user: str | None
    at: datetime
    standby: bool
    source: Mapping[str, Any]  # the messaging event around the act
    app_ids: frozenset[str]

    def inbound(self, kind: InboundKind, **more: Any) -> Inbound:
        mid = identity(self.act.fields.get("mid"))
        return Inbound(kind, self.user, self.at, message_id=mid, standby=self.standby, **more)


def read(event: Mapping[str, object], clock: Clock, app_ids: frozenset[str]) -> Inbound:
    """Read an event as `split` gave it. Never raises: what is not understood is IGNORED or UNSUPPORTED."""
    change = event.get("change")
    if isinstance(change, dict):
        return _change(change, from_epoch(event.get("time")) or clock())
    item = event.get("item")
    item = item if isinstance(item, dict) else {}
    at = from_epoch(item.get("timestamp")) or from_epoch(event.get("time")) or clock()
    act = find_act(item)
    if act is None:
        return Inbound(InboundKind.IGNORED, None, at)
    seen = _Seen(act, person(item, act), at, event.get("standby") is True, item, app_ids)
    if seen.user is None and act.kind != "policy_enforcement":
        return seen.inbound(InboundKind.IGNORED)
    return _READERS[act.kind](seen)


def _message(seen: _Seen) -> Inbound:
    fields = seen.act.fields
    if seen.act.echo:
        return _echo(seen)
    text, attachments = _text(fields.get("text")), _attachments(fields.get("attachments"))
    tapped = _payload(fields.get("quick_reply"))
    if tapped is not None:
        return _choice(seen, tapped, text)
    if text and all(item.kind == "link" for item in attachments):
        # a link preview comes along by itself: what the person did is type
        return seen.inbound(InboundKind.TEXT, text=text, attachments=attachments, opens_window=True)
    kind = InboundKind.ATTACHMENT if attachments else InboundKind.UNSUPPORTED
    return seen.inbound(kind, text=text, attachments=attachments, opens_window=True)


def _echo(seen: _Seen) -> Inbound:
    fields = seen.act.fields
    tag = fields.get("metadata") if isinstance(fields.get("metadata"), str) else None
    own = (tag or "").startswith(OWN_TAG) or identity(fields.get("app_id")) in seen.app_ids
    attachments = _attachments(fields.get("attachments"))
    return seen.inbound(InboundKind.ECHO, text=_text(fields.get("text")), attachments=attachments, tag=tag, own=own)


def _edit(seen: _Seen) -> Inbound:
    return seen.inbound(InboundKind.EDIT, text=_text(seen.act.fields.get("text")))


def _postback(seen: _Seen) -> Inbound:
    fields = seen.act.fields
    title, ref = _text(fields.get("title")), _ref(fields.get("referral"))
    if ref is not None:  # first contact by a link: Get Started was tapped, and the link says why they came
        return seen.inbound(InboundKind.START, text=title, payload=ref, opens_window=True)
    return _choice(seen, _payload(fields), title)  # another app's button, in standby, has no payload


def _choice(seen: _Seen, payload: str | None, title: str) -> Inbound:
    kind = InboundKind.START if payload in START_PAYLOADS else InboundKind.CHOICE
    return seen.inbound(kind, text=title, payload=payload, opens_window=True)


def _referral(seen: _Seen) -> Inbound:
    fields = seen.act.fields
    # a click on an ad opens the window only together with a message
    by_ad = fields.get("source") == "ADS" or fields.get("ad_id") is not None
    return seen.inbound(InboundKind.REFERRAL, payload=_ref(fields), opens_window=not by_ad)


def _optin(seen: _Seen) -> Inbound:
    fields = seen.act.fields
    status = _text(fields.get("notification_messages_status")).replace(" ", "_").lower()
    token = identity(fields.get("notification_messages_token")) or ""
    until = from_epoch(fields.get("token_expiry_timestamp"))
    payload = _payload(fields) or _ref(fields)
    return seen.inbound(InboundKind.OPTIN, text=status, payload=payload, token=token, until=until)


def _reaction(seen: _Seen) -> Inbound:
    fields = seen.act.fields
    sign = _text(fields.get("emoji")) or _text(fields.get("reaction"))
    action = _text(fields.get("action")) or None
    return seen.inbound(InboundKind.REACTION, text=sign, payload=action, opens_window=action == "react")


def _delivery(seen: _Seen) -> Inbound:
    return _receipt(seen, InboundKind.DELIVERED)


def _read(seen: _Seen) -> Inbound:
    return _receipt(seen, InboundKind.READ)


def _receipt(seen: _Seen, kind: InboundKind) -> Inbound:
    mids = seen.act.fields.get("mids")
    known = tuple(mid for mid in mids if isinstance(mid, str)) if isinstance(mids, list) else ()
    return seen.inbound(kind, message_ids=known, watermark=from_epoch(seen.act.fields.get("watermark")))


def _control(seen: _Seen) -> Inbound:
    owner = identity(seen.act.fields.get("new_owner_app_id"))
    return seen.inbound(InboundKind.CONTROL, own=owner in seen.app_ids)


def _policy(seen: _Seen) -> Inbound:
    return seen.inbound(InboundKind.NOTICE, text=f"policy_enforcement.{_word(seen.act.fields.get('action'))}")


def _change(change: Mapping[str, Any], at: datetime) -> Inbound:
    value = change.get("value")
    event = value.get("event") if isinstance(value, dict) else None
    return Inbound(InboundKind.NOTICE, None, at, text=f"template_status.{_word(event)}")


_READERS: dict[str, Callable[[_Seen], Inbound]] = {
    "message": _message,
    "message_edit": _edit,
    "postback": _postback,
    "referral": _referral,
    "optin": _optin,
    "reaction": _reaction,
    "delivery": _delivery,
    "read": _read,
    "pass_thread_control": _control,
    "take_thread_control": _control,
    "policy_enforcement": _policy,
}


def _attachments(value: object) -> tuple[Attachment, ...]:
    items = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    found = [(item, _attachment(item)) for item in items]
    if any(item.get("type") == "sticker" for item in items):
        # until September 2026 a sticker came along once more, dressed as an image
        found = [(item, read) for item, read in found if item.get("type") == "sticker" or read.kind != "sticker"]
    return tuple(read for _, read in found)


def _attachment(item: Mapping[str, Any]) -> Attachment:
    payload = item.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    sticker = identity(payload.get("sticker_id"))
    kind = "sticker" if sticker else _ATTACHMENTS.get(str(item.get("type")), "other")
    name = "👍" if sticker == THUMBS_UP else _text(payload.get("title") or item.get("title"))
    url = payload.get("url") or item.get("url")
    return Attachment(kind, url if isinstance(url, str) else None, name or None)


def _payload(value: object) -> str | None:
    payload = value.get("payload") if isinstance(value, Mapping) else None
    return payload if isinstance(payload, str) else None


def _ref(value: object) -> str | None:
    ref = value.get("ref") if isinstance(value, Mapping) else None
    return ref if isinstance(ref, str) and ref else None


def _text(value: object) -> str:
    return nfc(value) if isinstance(value, str) else ""


def _word(value: object) -> str:
    """Read a code word of the platform's; anything stranger than a word is not repeated."""
    word = value.lower() if isinstance(value, str) else ""
    return word if word.isidentifier() else "unknown"
