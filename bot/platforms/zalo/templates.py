"""What reaches people outside the ordinary window: ZBS templates by user id, and articles to all followers.

Contract sections 4, 5.2 and 5.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.messages import Part, Receipt
from bot.platforms.contract import Cancelled
from bot.platforms.text import identity, nfc
from bot.platforms.zalo import sending
from bot.platforms.zalo.webhook import mapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.clock import Clock
    from bot.messages import Approved
    from bot.platforms.contract import Access
    from bot.platforms.http import Http

#: Men and women; every other target is left out, and with it every age, place and kind of phone.
EVERYBODY = {"gender": "0"}


def part(message: Approved) -> Part:
    """The body of a template message without its recipient. Raises ValueError for what Zalo would certainly refuse."""
    name = message.name.strip()
    if not (name.isascii() and name.isdecimal()):
        raise ValueError("a template's id is a number")
    values = {parameter: " ".join(nfc(value).split()) for parameter, value in message.values}
    if not all(values) or not all(values.values()):
        raise ValueError("a template's value is empty")
    return Part({"template_id": name, "template_data": values})


def broadcast(http: Http, clock: Clock, access: Access, article: str, *, started: Callable[[], bool]) -> Receipt:
    """Send an article to all followers; see the contract. Zalo looks it over for about half an hour first."""
    shown = {"media_type": "article", "attachment_id": article}
    attachment = {"type": "template", "payload": {"template_type": "media", "elements": [shown]}}
    body = {"recipient": {"target": EVERYBODY}, "message": {"attachment": attachment}}
    if not started():
        raise Cancelled
    answer = sending.call(http, access, "POST", "v2.0/oa/message", body=body)
    told = mapping(answer.json)
    if told.get("error") in (0, "0"):
        return Receipt(identity(mapping(told.get("data")).get("message_id")) or "")
    raise sending.refused(answer, clock())
