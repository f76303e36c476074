"""What happens on a phone with Messenger: what people do there, and what they see of a message."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from bot.simulator.acts import Act
from bot.simulator.messenger_events import INBOX_APP
from bot.simulator.messenger_shapes import (
    ButtonTemplate,
    Message,
    OptInRequest,
    PhoneNumber,
    TemplateAttachment,
    TextReply,
    WebUrl,
)
from bot.simulator.people import Bubble, Person, Tap

if TYPE_CHECKING:
    from bot.simulator.double import Event
    from bot.simulator.messenger import Messenger

STICKER = 369239343222814
_ATTACHED = {
    "image": ("image", "anh.png"),
    "sticker": ("sticker", "nhan.png"),
    "audio": ("audio", "giong-noi.amr"),
    "file": ("file", "mo-ta.pdf"),
    "location": ("location", ""),
    "unknown": ("hologram", ""),
}


def perform(double: Messenger, person: Person, act: Act) -> str:
    """Let a person do something. Gives the message id of what they did, or "". Raises ValueError."""
    at, mid = double.tools.now(), "m_" + secrets.token_urlsafe(24)
    match act.act:
        case "text" | "quick_reply":
            message: dict[str, object] = {"mid": mid, "text": act.text or act.title}
            if act.act == "quick_reply":
                message["quick_reply"] = {"payload": act.payload}
            return _writes(double, person, Bubble(mid, "me", "text", str(message["text"]), at), message=message)
        case "postback" | "start":
            title = act.title or ("Bắt đầu" if act.act == "start" else "")
            postback = {"mid": mid, "title": title, "payload": act.payload or double.page.start_payload}
            return _writes(double, person, Bubble(mid, "me", "text", title, at), postback=postback)
        case "image" | "sticker" | "audio" | "file" | "location" | "unknown":
            return _hands_over(double, person, act, Bubble(mid, "me", act.act, act.text, at))
        case "edit":
            return _edits(double, person, act)
    return _does(double, person, act, at, mid)


def _does(double: Messenger, person: Person, act: Act, at: float, mid: str) -> str:
    """Do what leaves no bubble of the person's own."""
    us = int(double.account.app_id)
    match act.act:
        case "referral":
            person.touch(at)
            referral = {"ref": act.payload, "source": "SHORTLINK", "type": "OPEN_THREAD"}
            _posted(double, double.by_user(person, "", referral=referral))
        case "optin":
            _posted(double, double.paid.agreed(person, act.title, act.payload))
        case "optin_stop":
            _posted(double, double.paid.stopped(person))
        case "reaction":
            person.touch(at)
            told = {"reaction": "love", "emoji": act.text or "❤️", "action": "react", "mid": act.mid}
            _posted(double, double.by_user(person, act.mid, reaction=told))
        case "staff":
            person.show(Bubble(mid, "them", "text", act.text, at, by="staff"))
            item = double.events.echo(person.id, at, mid, {"text": act.text}, INBOX_APP)
            _posted(double, double.event(person, mid, item))
            return mid
        case "thread_taken":
            control = {"previous_owner_app_id": us, "new_owner_app_id": INBOX_APP, "metadata": ""}
            _posted(double, double.by_user(person, "", take_thread_control=control))
            person.elsewhere = True
        case "thread_passed":
            person.elsewhere = False
            control = {"previous_owner_app_id": INBOX_APP, "new_owner_app_id": us, "metadata": ""}
            _posted(double, double.by_user(person, "", pass_thread_control=control))
        case _:
            raise ValueError(f"Messenger does not know {act.act}")
    return ""


def _writes(double: Messenger, person: Person, bubble: Bubble, **act: object) -> str:
    if bubble.kind == "text" and not bubble.text.strip():
        raise ValueError("nothing to say")
    person.touch(bubble.at)
    after = double.wrote(person, bubble)
    event = double.by_user(person, bubble.mid, after, **act)
    if event is None:
        bubble.state = "failed"  # the Page is not subscribed to it
    double.post(event)
    return bubble.mid


def _hands_over(double: Messenger, person: Person, act: Act, bubble: Bubble) -> str:
    kind, file = _ATTACHED[act.act]
    bubble.url = f"{double.tools.own_url}/files/{file}" if file else ""
    payload: dict[str, object] = {"url": bubble.url} if file else {"coordinates": {"lat": 11.31, "long": 106.0983}}
    if kind == "sticker":
        payload["sticker_id"] = STICKER
    message: dict[str, object] = {"mid": bubble.mid, "attachments": [{"type": kind, "payload": payload}]}
    if act.text:
        message["text"] = act.text
    return _writes(double, person, bubble, message=message)


def _edits(double: Messenger, person: Person, act: Act) -> str:
    bubble = person.bubble(act.mid)
    if bubble is not None:
        bubble.text = act.text
    _posted(double, double.by_user(person, act.mid, message_edit={"mid": act.mid, "text": act.text, "num_edit": 1}))
    return act.mid


def _posted(double: Messenger, event: Event | None) -> None:
    double.post(event)
    double.tools.journal.changed()


def echoed(message: Message, filled: str = "") -> dict[str, object]:
    """Say what an echo shows of a message; `filled` is the text of its template."""
    told: dict[str, object] = json.loads(message.model_dump_json(exclude_none=True, exclude={"quick_replies"}))
    if (attachment := told.pop("attachment", None)) is not None:
        told["attachments"] = [attachment]
    if told.pop("template", None) is not None:
        told["text"] = filled
    return told


def bubble(mid: str, message: Message, at: float, filled: str = "") -> Bubble:
    shown = Bubble(mid, "them", "text", message.text or "", at)
    if isinstance(message.attachment, TemplateAttachment):
        payload = message.attachment.payload
        if isinstance(payload, ButtonTemplate):
            shown.text = payload.text
            shown.taps = tuple(_tap(button) for button in payload.buttons)
        elif isinstance(payload, OptInRequest):
            shown.text, shown.taps = payload.title, (Tap(payload.title, "optin", payload.payload),)
        else:
            shown.kind = "image"
    elif message.attachment is not None:
        shown.kind, shown.url = message.attachment.type, message.attachment.payload.url or ""
    elif message.template is not None:
        shown.text = filled
    replies = [reply for reply in message.quick_replies or () if isinstance(reply, TextReply)]
    shown.taps += tuple(Tap(reply.title, "quick_reply", reply.payload) for reply in replies)
    return shown


def _tap(button: object) -> Tap:
    match button:
        case WebUrl():
            return Tap(button.title, "link", button.url)
        case PhoneNumber():
            return Tap(button.title, "link", f"tel:{button.payload}")
    return Tap(getattr(button, "title", ""), "postback", getattr(button, "payload", ""))
