"""What reaches people outside the ordinary window: utility templates, and paid marketing messages with an opt-in.

Utility: a template that Meta approved for the Page, filled with values of the person's own matter. Contract section
4.2, "Utility send shape": positional parameters of the body. Named parameters and values of a header or of buttons are
not described there, so such templates cannot be sent from here.

Marketing: the person agreed to a request in the chat, and Meta gave a token. The contract names the edge
(`act_{AD_ACCOUNT}/messages`, inside a campaign); its members come from one implementation that reports live sends in
September 2026 (`message_id`: the campaign's message, `messenger_delivery_data.subscription_token`, `message` as in the
Send API; the answer is `marketing_message_tracking_id`), and from Meta's page of 24/04/2026, which signs it with the
Page's token. The campaign and its budget are made by a person at Meta.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.messages import PAYLOAD_PREFIX, Part
from bot.platforms.text import nfc, utf16_units

if TYPE_CHECKING:
    from bot.messages import Approved, Campaign


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


#: Meta cuts a request's title.
MAX_TITLE = 65
OPT_IN_PAYLOAD = PAYLOAD_PREFIX + "optin"


def opt_in(title: str) -> Part:
    """Ask a person in the window to agree to marketing messages. Raises ValueError for a title Meta would refuse."""
    shown = " ".join(nfc(title).split())
    if not 0 < utf16_units(shown) <= MAX_TITLE:
        raise ValueError("the request's title is empty or too long")
    payload = {
        "template_type": "notification_messages",
        "title": shown,
        "payload": OPT_IN_PAYLOAD,
        "notification_messages_timezone": "Asia/Ho_Chi_Minh",
        "notification_messages_cta_text": "GET_UPDATES",
    }
    return Part({"attachment": {"type": "template", "payload": payload}})


def paid(part: Part, campaign: Campaign, token: str) -> Part:
    """A marketing message: an ordinary one of one request, carried by a campaign to one who agreed."""
    if not (campaign.account.isdigit() and campaign.message.isdigit() and token):
        raise ValueError("an advertising account, a campaign's message and a token are needed")
    facts = {"ad_account": campaign.account, "campaign": campaign.message, "subscription_token": token}
    return Part({**facts, "message": dict(part.body)})
