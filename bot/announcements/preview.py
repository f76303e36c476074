"""How an announcement looks on each platform, with the longest values and with none, and what changes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.announcements import drafting
from bot.announcements.announcing import Announcing
from bot.announcements.drafting import Message
from bot.messages import Part

MESSENGER_TITLE = 20
MESSENGER_STAYING = 3


@dataclass(frozen=True, slots=True)
class Bubble:
    text: str
    buttons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One platform: bubbles for each case, and notes as (code, figure)."""

    platform: str
    cases: Mapping[str, tuple[Bubble, ...]]  # "longest", "missing"; one "same" where nothing is merged
    notes: tuple[tuple[str, str], ...]


def looks(announcing: Announcing, message: Message) -> list[Look]:
    cases: Mapping[str, Mapping[str, str]] = (
        {"longest": drafting.LONGEST, "missing": {}} if message.merges else {"same": {}}
    )
    return [
        Look(
            name,
            {case: _bubbles(announcing, name, message, values) for case, values in cases.items()},
            tuple(_notes(announcing, name, message)),
        )
        for name in announcing.platforms
    ]


def _bubbles(announcing: Announcing, platform: str, message: Message, values: Mapping[str, str]) -> tuple[Bubble, ...]:
    made = drafting.parts(message, announcing.words(), announcing.platforms[platform], values, real_buttons=False)
    return tuple(_bubble(part) for part in made)


def _bubble(part: Part) -> Bubble:
    body: Any = part.body
    payload = body.get("attachment", {}).get("payload", {})
    shown = body.get("quick_replies") or payload.get("buttons") or ()
    return Bubble(body.get("text") or payload.get("text") or "", tuple(button["title"] for button in shown))


def _notes(announcing: Announcing, platform: str, message: Message) -> list[tuple[str, str]]:
    offered = drafting.buttons(message, announcing.words().texts)
    if not offered:
        return []
    if platform == "zalo":
        return [("announcement.note.numbered", str(len(offered)))]
    found = []
    if any(len(button.title) > MESSENGER_TITLE for button in offered):
        found.append(("announcement.note.cut_titles", str(MESSENGER_TITLE)))
    if len(offered) > MESSENGER_STAYING or not _stays(announcing, platform, message):
        found.append(("announcement.note.buttons_go", ""))
        if any(button.url for button in offered):
            found.append(("announcement.note.links_in_text", ""))
    return found


def _stays(announcing: Announcing, platform: str, message: Message) -> bool:
    made = drafting.parts(message, announcing.words(), announcing.platforms[platform], {}, real_buttons=False)
    return len(made) == 1 and "attachment" in made[0].body
