"""A published story made ready for each place where the union speaks: page post, article, portal, radio and TV slot."""

from __future__ import annotations

from collections.abc import Mapping

from bot.library.organisation import Organisation
from bot.library.vietnamese import fold
from bot.store.stories import Story

SLIP = 5  # so many words in a row of the confidential part are no chance


def tells_secret(confidential: str, told: str) -> bool:
    """The story repeats what the author wants kept: all of a short note, or several words in a row of a long one."""
    secret, words = fold(confidential).split(), fold(told).split()
    length = min(len(secret), SLIP)
    if not length:
        return False
    runs = {tuple(secret[at : at + length]) for at in range(len(secret) - length + 1)}
    return any(tuple(words[at : at + length]) in runs for at in range(len(words) - length + 1))


def ready(
    story: Story, byline: str, links: Mapping[str, str], public_url: str, organisation: Organisation
) -> dict[str, str]:
    """Channel to text, ready to be copied; lines without a value are left out."""
    messenger, zalo = links.get("messenger", ""), links.get("zalo", "")
    address = f"{public_url}/stories/{story.initiative_id}" if public_url else ""
    who = f"Tác giả: {byline}" if byline else ""
    sign = organisation.signature or organisation.name
    return {
        "page": _lines(
            story.title.upper(), story.text, who,
            f"Anh chị có cách làm hay? Nhắn công đoàn: {messenger}" if messenger else "", address, sign,
        ),
        "zalo": _lines(
            story.title, story.text, who, f"Gửi sáng kiến của anh chị qua Zalo: {zalo}" if zalo else "", sign
        ),
        "portal": _lines(story.title, f"({story.trade})", story.text, who, sign),
        "radio": _lines(
            "Chuyên mục Lao động và Công đoàn", f"Chuyện sáng kiến: {story.title}.", story.text,
            f"{who}." if who else "", "Mời anh chị công nhân gửi cách làm hay của mình cho công đoàn.",
        ),
    }  # fmt: skip


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
