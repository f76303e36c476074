"""What happens on a phone with Zalo: what people do there, and what they see of a message."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import TYPE_CHECKING

from bot.simulator.acts import Act
from bot.simulator.people import Bubble, Person, Tap
from bot.simulator.samples import FILES
from bot.simulator.zalo_shapes import Button, Message, OpenUrl, Query, Template

if TYPE_CHECKING:
    from bot.simulator.zalo import Zalo

#: act -> event name and attachment type
_ATTACHED = {
    "image": ("user_send_image", "image", "anh.png"),
    "sticker": ("user_send_sticker", "sticker", "nhan.png"),
    "audio": ("user_send_audio", "audio", "giong-noi.amr"),
    "file": ("user_send_file", "file", "mo-ta.pdf"),
    "location": ("user_send_location", "location", ""),
    "unknown": ("user_send_hologram", "hologram", ""),
}
ADMIN_ID = "5550000000000000001"


def perform(double: Zalo, person: Person, act: Act) -> str:
    """Let a person do something. Gives the message id of what they did, or "". Raises ValueError."""
    at, mid = double.tools.now(), secrets.token_hex(10)
    match act.act:
        case "text" | "tap":
            return _says(double, person, act, at, mid)
        case "image" | "sticker" | "audio" | "file" | "location" | "unknown":
            return _hands_over(double, person, act, at, mid)
        case "reaction":
            message = {"msg_id": act.mid, "react_icon": act.text or "/-strong"}
            body = double.events.from_user(person.id, "user_reacted_message", at, message)
            return _posted(double, person, "user_reacted_message", act.mid, body)
        case "staff":
            person.show(Bubble(mid, "them", "text", act.text, at, by="staff"))
            body = double.events.from_oa(person.id, "oa_send_text", at, {"msg_id": mid, "text": act.text}, ADMIN_ID)
            return _posted(double, person, "oa_send_text", mid, body)
    return _without_message(double, person, act, at)


def _without_message(double: Zalo, person: Person, act: Act, at: float) -> str:
    match act.act:
        case "follow":
            person.touch(at, wrote=False)
            person.follows = True
            return _posted(double, person, "follow", "", double.events.follow(person.id, "follow", at))
        case "unfollow":
            person.follows, person.left = False, True
            return _posted(double, person, "unfollow", "", double.events.follow(person.id, "unfollow", at))
        case "chat_now":
            if person.wrote:
                raise ValueError("Zalo tells of chat-now only before the first message")
            person.touch(at)
            name = "user_click_chatnow"
            return _posted(double, person, name, "", double.events.rooted(person.id, name, at))
        case "withdraw":
            name = "user_withdraw"
            return _posted(double, person, name, "", double.events.rooted(person.id, name, at))
    raise ValueError(f"Zalo does not know {act.act}")


def _says(double: Zalo, person: Person, act: Act, at: float, mid: str) -> str:
    text = act.payload if act.act == "tap" else act.text
    if not text.strip():
        raise ValueError("nothing to say")
    person.touch(at)
    after = double.wrote(person, Bubble(mid, "me", "text", act.title or text, at))
    name, message = "user_send_text", {"msg_id": mid, "text": text}
    if act.anonymous:
        person.anonymous = True
        name, message = "anonymous_send_text", {**message, "conversation_id": double.events.conversation(person.id)}
    double.post(double.event(person, name, mid, double.events.from_user(person.id, name, at, message), after))
    return mid


def _hands_over(double: Zalo, person: Person, act: Act, at: float, mid: str) -> str:
    name, kind, file = _ATTACHED[act.act]
    url = f"{double.tools.own_url}/files/{file}" if file else ""
    person.touch(at)
    after = double.wrote(person, Bubble(mid, "me", kind, act.text, at, url=url))
    message: dict[str, object] = {"msg_id": mid, "attachments": [{"type": kind, "payload": _payload(kind, url)}]}
    if act.text:
        message["text"] = act.text
    double.post(double.event(person, name, mid, double.events.from_user(person.id, name, at, message), after))
    return mid


def _posted(double: Zalo, person: Person, name: str, mid: str, body: bytes) -> str:
    double.post(double.event(person, name, mid, body))
    double.tools.journal.changed()
    return mid


def _payload(kind: str, url: str) -> dict[str, object]:
    match kind:
        case "image":
            return {"url": url, "thumbnail": url}
        case "sticker":
            return {"id": "40001", "url": url}
        case "file":
            raw = FILES["mo-ta.pdf"][1]
            checksum = hashlib.md5(raw, usedforsecurity=False).hexdigest()
            return {"url": url, "name": "mo-ta.pdf", "size": str(len(raw)), "type": "pdf", "checksum": checksum}
        case "location":
            return {"coordinates": {"latitude": "11.3100", "longitude": "106.0983"}}
        case "audio":
            return {"url": url}
    return {"shape": "cube"}


def echoed(message: Message) -> dict[str, object]:
    """Say what an echo shows of a message: its event's name, text and attachment."""
    text = {"text": message.text} if message.text else {}
    if not isinstance(message.attachment, Template):
        return {"event": "oa_send_text" if message.attachment is None else "oa_send_file", **text}
    told = json.loads(message.attachment.payload.model_dump_json(exclude_none=True))
    kind = told.get("elements", [{}])[0].get("media_type", "list" if "elements" in told else "text")
    return {"event": f"oa_send_{kind}", **text, "attachments": [{"type": "template", "payload": told}]}


def bubble(mid: str, message: Message, at: float) -> Bubble:
    kind = "text" if message.attachment is None or message.undocumented else "image"
    return Bubble(mid, "them", kind, message.text or "", at, taps=tuple(_tap(item) for item in message.buttons))


def _tap(button: Button) -> Tap:
    match button:
        case OpenUrl():
            return Tap(button.title, "link", button.payload.url)
        case Query():
            return Tap(button.title, "tap", button.payload)
        case _:
            return Tap(button.title, "link", f"tel:{button.payload.phone_code}")
