"""Utility messages: a template that Meta approved for the Page, filled with values of the person's own matter.

Contract section 4.2, "Utility send shape": positional parameters of the body. Named parameters and values of a header
or of buttons are not described there, so such templates cannot be sent from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.messages import Part
from bot.platforms.text import nfc

if TYPE_CHECKING:
    from bot.messages import Approved


def part(message: Approved) -> Part:
    """The `message` object of a UTILITY send. Raises ValueError for what Meta would certainly refuse."""
    name, language = message.name.strip(), message.language.strip()
    if not name or not language:
        raise ValueError("a template needs a name and a language")
    values = [" ".join(nfc(value).split()) for _, value in message.values]
    if not all(values):
        raise ValueError("a template's value is empty")
    template: dict[str, object] = {"name": name, "language": {"code": language}}
    if values:
        shown = [{"type": "text", "text": value} for value in values]
        template["components"] = [{"type": "body", "parameters": shown}]
    return Part({"template": template})
