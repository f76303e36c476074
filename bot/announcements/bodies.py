"""What is stored to be sent: one body for all of an account and way, or one for each person; and for testers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from bot.announcements import drafting, people, routes
from bot.announcements.announcing import Announcing, Words
from bot.announcements.drafting import Message
from bot.announcements.routes import Paid, Routed, Template
from bot.messages import Part
from bot.platforms.contract import Advertiser, Platform
from bot.store import accounts, audience, optins
from bot.store.accounts import Account
from bot.store.audience import BILLED, HELD, MARKETING, WINDOW


def for_all(announcing: Announcing, message: Message, routed: Routed) -> dict[int, dict[str, str]]:
    """Account to way to the body that all get; nothing where texts differ."""
    if message.merges or routed.merges:
        return {}
    made: dict[int, dict[str, Any]] = {}
    with announcing.database.read() as connection:
        known = accounts.all_accounts(connection)
    for account in known:
        platform = announcing.platforms[account.platform]
        part = drafting.parts(message, announcing.words(), platform, {}, real_buttons=account.buttons)[0]
        made[account.id] = {way: drafting.body(part, billed=way == BILLED) for way in (WINDOW, BILLED, HELD)}
        if (template := routed.templates.get(account.id)) is not None:
            made[account.id][template.way] = templated(platform, template, message, announcing.words(), {}, part)
    return audience.bodies_as_json(made)


def for_each(
    announcing: Announcing, connection: Connection, message: Message, rows: Sequence[Mapping[str, Any]], routed: Routed
) -> dict[int, str]:
    """Person to the body, where texts differ; `rows`: person_id, account_id, unit_said and way of each."""
    known = {account.id: account for account in accounts.all_accounts(connection)}
    values = people.values(connection, [row["person_id"] for row in rows], announcing.words().texts)
    words, tokens = announcing.words(), _tokens(connection, rows)
    made = {}
    for row in rows:
        account, person = known[row["account_id"]], row["person_id"]
        facts = {drafting.UNIT: row["unit_said"], **values.get(person, {})}
        platform, template = announcing.platforms[account.platform], routed.templates.get(account.id)
        part = drafting.parts(message, words, platform, facts, real_buttons=account.buttons)[0]
        if template is not None and row["way"] == template.way:
            body = templated(platform, template, message, words, facts, part)
        elif row["way"] == MARKETING:
            advertiser = announcing.advertisers[account.platform]
            body = paid(advertiser, routed.paid[account.id], part, tokens.get(person, ""))
        else:
            body = drafting.body(part, billed=row["way"] == BILLED)
        made[person] = audience.as_json(body)
    return made


def templated(
    platform: Platform, template: Template, message: Message, words: Words, facts: Mapping[str, str], plain: Part
) -> dict[str, object]:
    """The body of an approved template; plain words, which wait until the person writes, where a value is missing."""
    try:
        filled = platform.approved(routes.approved(template, message, words, facts))
    except ValueError:
        return drafting.body(plain)
    return drafting.templated(filled, template.way, plain)


def for_tester(
    announcing: Announcing, account: Account, message: Message, routed: Routed, facts: Mapping[str, str],
    plain: Part, token: str,
) -> list[dict[str, object]]:  # fmt: skip
    """The same message by each way of its own that the announcement takes over this account."""
    made = []
    if (template := routed.templates.get(account.id)) is not None:
        platform = announcing.platforms[account.platform]
        made.append(templated(platform, template, message, announcing.words(), facts, plain))
    if (campaign := routed.paid.get(account.id)) is not None and token:
        made.append(paid(announcing.advertisers[account.platform], campaign, plain, token))
    return made


def _tokens(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By which token each may be paid for."""
    agreed = [row["person_id"] for row in rows if row["way"] == MARKETING]
    return optins.tokens(connection, agreed) if agreed else {}


def paid(platform: Advertiser, campaign: Paid, part: Part, token: str) -> dict[str, object]:
    if not token:  # stopped a moment ago
        return drafting.body(part)
    return drafting.templated(platform.paid(part, campaign.made, token), MARKETING, part)
