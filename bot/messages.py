"""What comes in and what goes out, in words no platform owns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.states import Lane

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Every payload of ours starts so. Nobody types it, and Zalo delivers a button press as a text equal to its payload.
#: The figure is a version: buttons stay tappable for ever, so an old shape must still be understood.
PAYLOAD_PREFIX = "@@1:"


@dataclass(frozen=True, slots=True)
class Address:
    """One person on one account. `user_id` is the platform's own id, opaque text."""

    account_id: int
    user_id: str


class InboundKind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"  # a button, a quick reply, a menu item: `payload` says which
    ATTACHMENT = "attachment"  # pictures, files, voice, stickers; `text` may hold a caption
    START = "start"  # opened the chat: Get Started, chat-now, first contact by a link
    REFERRAL = "referral"  # came back by a link; `payload` holds its ref
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    REACTION = "reaction"
    EDIT = "edit"  # the text of an earlier message was changed
    OPTIN = "optin"
    ERASURE = "erasure"  # the platform passes on that the person withdraws all consent
    ECHO = "echo"  # something our account sent: `own` by us, otherwise by a person in the platform's inbox
    DELIVERED = "delivered"
    READ = "read"
    CONTROL = "control"  # another app took or gave back the thread: `own` says whether it is ours now
    NOTICE = "notice"  # the platform tells the operator something; `text` is its code word
    UNSUPPORTED = "unsupported"  # from a person, but nothing we know
    IGNORED = "ignored"  # not for us: answer 200, count, keep nothing


@dataclass(frozen=True, slots=True)
class Attachment:
    kind: str  # image, video, audio, file, sticker, location, link, contact, other
    url: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One event, read. Fields that a kind does not use stay empty."""

    kind: InboundKind
    user_id: str | None
    at: datetime  # when it happened, by the platform's clock
    text: str = ""  # NFC
    payload: str | None = None
    message_id: str | None = None
    attachments: tuple[Attachment, ...] = ()
    message_ids: tuple[str, ...] = ()  # receipts: which messages
    watermark: datetime | None = None  # receipts: every message sent up to then
    tag: str | None = None  # echo: the tag we sent along
    own: bool = False
    standby: bool = False  # another app owns the thread: record, never answer
    token: str = ""  # opt-in: by it, and only by it, the platform takes what was agreed to
    until: datetime | None = None  # opt-in: how long the token lives
    opens_window: bool = False  # this act lets us write freely for a while


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a webhook's batch, before it is read."""

    account: str | None  # the platform's id of the OA or Page; None when the event names none
    key: str  # unique within the account for ever: a redelivery carries the same
    user_id: str | None
    at: datetime
    lane: Lane
    body: Mapping[str, object]  # what `read` needs, as it came


@dataclass(frozen=True, slots=True)
class Button:
    """A choice. Exactly one of `payload` (comes back to us) and `url` is set."""

    title: str
    payload: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to one person. The adapter splits, numbers and shortens it as its platform needs."""

    text: str
    buttons: tuple[Button, ...] = ()
    sticky: bool = False  # buttons that must stay tappable later (Messenger: template instead of quick replies)
    human: bool = False  # typed by an officer
    picture: str = ""  # https address of a picture that goes with the text, where the platform puts both into one


@dataclass(frozen=True, slots=True)
class Approved:
    """A text that the platform approved beforehand: only the values in it are ours."""

    name: str  # Messenger: the template's name; Zalo: its id
    language: str = ""  # Messenger: "vi"
    values: tuple[tuple[str, str], ...] = ()  # (parameter, value) in the template's order


@dataclass(frozen=True, slots=True)
class Campaign:
    """A paid campaign that a person made at the platform; both are its numbers."""

    account: str  # the advertising account
    message: str  # the campaign's message


@dataclass(frozen=True, slots=True)
class Part:
    """One request to the platform: `Outbound` after splitting. `body` is the platform's own JSON message."""

    body: Mapping[str, object]
    menu: tuple[Button, ...] = ()  # numbered choices shown in the text, in their order


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform took a message."""

    message_id: str
    facts: Mapping[str, object] = field(default_factory=dict)  # quota and the like, for figures only
