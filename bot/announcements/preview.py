"""How an announcement looks on each platform, with the longest values and with none, and what changes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.announcements import drafting, routes
from bot.announcements.announcing import Announcing
from bot.announcements.drafting import Message
from bot.announcements.routes import BY_TEMPLATE, Routed
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


def looks(announcing: Announcing, message: Message, routed: Routed) -> list[Look]:
    """One look for each platform, the approved templates among its cases."""
    cases: Mapping[str, Mapping[str, str]] = (
        {"longest": drafting.LONGEST, "missing": {}} if message.merges else {"same": {}}
    )
    return [
        Look(
            name,
            {
                **{case: _bubbles(announcing, name, message, values) for case, values in cases.items()},
                **_approved(announcing, name, message, routed),
            },
            (*_notes(announcing, name, message), *_routed_notes(name, message, routed)),
        )
        for name in announcing.platforms
    ]


def _bubbles(announcing: Announcing, platform: str, message: Message, values: Mapping[str, str]) -> tuple[Bubble, ...]:
    made = drafting.parts(message, announcing.words(), announcing.platforms[platform], values, real_buttons=False)
    return tuple(_bubble(part) for part in made)


def _approved(announcing: Announcing, platform: str, message: Message, routed: Routed) -> dict[str, tuple[Bubble, ...]]:
    """Case to what those read who get the approved template of their account."""
    words = announcing.words()
    found: dict[str, tuple[Bubble, ...]] = {}
    for made in routed.templates.values():
        if made.platform == platform:
            cases = (
                {f"approved_{case}": facts for case, facts in routes.CASES.items()} if made.merges else {"approved": {}}
            )
            for case, facts in cases.items():
                text = made.shown(routes.values(made, message, words, facts))
                found[case] = (*found.get(case, ()), Bubble(text, ()))
    return found


def _routed_notes(platform: str, message: Message, routed: Routed) -> list[tuple[str, str]]:
    notes = [("announcement.note.article", article) for article in routed.articles.values() if platform == "zalo"]
    templated = any(made.platform == platform for made in routed.templates.values())
    if (
        platform in BY_TEMPLATE
        and templated
        and (message.buttons or message.choices or message.free or message.pictured)
    ):
        notes.append(("announcement.note.template_plain", ""))
    return notes


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
