"""What a person did in one turn: several events taken together, and what may be taken together at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.messages import Attachment, Button, Inbound, InboundKind

_OURS = re.compile(r"@@\d+:(.*)", re.DOTALL)
_NUMBER = re.compile(r"(?:(?:s[ốo]|ch[ọo]n|b[ấa]m|ph[ií]m|nh[ấa]n|m[ụu]c|c[aâ]u) ?)?(\d{1,2})", re.IGNORECASE)
_AROUND_A_NUMBER = " .,:;)(!-\ufe0f\u20e3"  # "1." "2)" and the pieces of the emoji of a key

_SPOKEN = frozenset({InboundKind.TEXT, InboundKind.ATTACHMENT})
_STARTS = frozenset({InboundKind.START, InboundKind.FOLLOW, InboundKind.REFERRAL})

#: What buttons of other makers, or of ours long ago, are called today.
_RENAMED = {"START": "start", "GET_STARTED": "start", "MENU": "menu"}


@dataclass(frozen=True, slots=True)
class Heard:
    texts: tuple[str, ...] = ()
    payload: str | None = None
    attachments: tuple[Attachment, ...] = ()
    started: bool = False
    erased: bool = False  # the platform says that all consent is withdrawn
    stopped: bool = False  # the platform's own switch for messages was turned off

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    @property
    def nothing(self) -> bool:
        return not (self.texts or self.attachments or self.started) and self.payload is None


def listen(events: Sequence[Inbound]) -> Heard:
    """Take the events of one turn together, in their order. A corrected message asks for no new answer."""
    spoken = [event for event in events if event.kind in _SPOKEN or event.kind is InboundKind.UNSUPPORTED]
    texts = tuple(text for event in spoken if (text := event.text.strip()))
    payload = next((event.payload for event in events if event.kind is InboundKind.CHOICE and event.payload), None)
    if payload is None and len(texts) == 1 and _OURS.fullmatch(texts[0]):
        payload, texts = texts[0], ()  # where a press arrives as a text
    titles = tuple(event.text for event in events if event.kind is InboundKind.CHOICE and not event.payload)
    return Heard(
        texts=texts + titles,
        payload=payload,
        attachments=tuple(item for event in spoken for item in _attached(event)),
        started=any(event.kind in _STARTS for event in events),
        erased=any(event.kind is InboundKind.ERASURE for event in events),
        stopped=any(event.kind is InboundKind.OPTIN and "stop" in event.text for event in events),
    )


def alone(event: Inbound) -> bool:
    """An act that is a turn by itself: everything but words and attachments, and a bare number."""
    return event.kind not in _SPOKEN or number(event.text) is not None or _OURS.fullmatch(event.text) is not None


def action(payload: str) -> str:
    """What a button does. The version of its shape does not matter so far: buttons stay tappable for ever."""
    ours = _OURS.fullmatch(payload)
    return ours.group(1) if ours else _RENAMED.get(payload, payload)


def number(text: str) -> int | None:
    """The number, when the message is nothing else: "2", "2.", "số 2", a key's emoji."""
    plain = unicodedata.normalize("NFKC", text).strip(_AROUND_A_NUMBER + "\n\t")
    bare = _NUMBER.fullmatch(plain)
    return int(bare.group(1)) if bare else None


def titled(text: str, buttons: Sequence[Button]) -> str | None:
    """The payload of the one button whose title was typed instead of pressed."""
    said = text.casefold().strip(" .!")
    found = {button.payload for button in buttons if button.title.casefold() == said}
    return found.pop() if len(found) == 1 else None


def _attached(event: Inbound) -> tuple[Attachment, ...]:
    """Links arrive as a preview beside the words that hold them: nothing more to look at."""
    if event.kind is InboundKind.UNSUPPORTED and not event.text and not event.attachments:
        return (Attachment("other"),)
    return tuple(item for item in event.attachments if item.kind != "link" or not event.text)
