"""The honoured of a year: their names in the greeting, and a congratulation card for each."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.announcements import cards, drafting
from bot.announcements.announcing import Announcing
from bot.clock import zone
from bot.errors import BotError
from bot.messages import Button, Outbound
from bot.states import Origin
from bot.store import accounts, announcements, audit, honoured, outbox, persons
from bot.store.accounts import Account
from bot.store.announcements import Announcement
from bot.store.honoured import Honoured
from bot.store.outbox import Draft
from bot.talk import number

LIST = "danh sach"
MOST_NAMES = 8
CARD_USEFUL = timedelta(days=14)


def filled(announcing: Announcing, one: Announcement) -> Announcement:
    """The announcement with the honoured in the place of "{danh sách}"; the line goes where there are none."""
    if LIST not in drafting.fields_of(one.body):
        return one
    year = number(one.slot) or announcing.clock().astimezone(zone()).year
    with announcing.database.read() as connection:
        people = [person for person in honoured.of_year(connection, year) if person.consent]
    lines = []
    for line in one.body.split("\n"):
        if LIST not in drafting.fields_of(line):
            lines.append(line)
        elif people:
            lines.append(re.sub(r"\{[^{}\n]{1,30}\}", lambda _: names(people), line))
    return replace(one, body="\n".join(lines).strip())


def names(people: list[Honoured]) -> str:
    """A list that fits into a message: the first few, and how many more."""
    shown = [f"- {one.name}" + (f", {one.unit}" if one.unit else "") for one in people[:MOST_NAMES]]
    rest = len(people) - MOST_NAMES
    more = [f"và {rest} người nữa"] if rest > 0 else []
    return "\n".join(["Năm nay chúc mừng:", *shown, *more])


def settle(announcing: Announcing, one: Announcement, by: int) -> None:
    """Before it is submitted the list becomes part of the text, so that the approver approves the names."""
    body = filled(announcing, one).body
    if body == one.body:
        return
    now = announcing.clock()

    def op(connection: Connection) -> None:
        if not announcements.edit(connection, now, by, one.id, one.edition, body=body):
            raise BotError("announcement.changed")

    announcing.database.write(op)


def send_cards(announcing: Announcing, year: int, by: int) -> int:
    """Send each honoured person whom the bot knows and who agreed to be named their card, once; how many."""
    now = announcing.clock()
    with announcing.database.read() as connection:
        people = [one for one in honoured.of_year(connection, year) if one.consent and one.person_id is not None]
    drawn = {one.id: card(announcing, one) for one in people}

    def op(connection: Connection) -> int:
        known = {account.id: account for account in accounts.all_accounts(connection)}
        sent = 0
        for one in people:
            person = persons.get(connection, one.person_id or 0)
            account = known.get(person.account_id) if person else None
            if person is None or account is None or not announcements.once(connection, f"card:{one.id}", "", now):
                continue
            drafts = _card(announcing, connection, account, person.id, drawn[one.id], now)
            sent += bool(outbox.add(connection, drafts, now))
        audit.record(connection, now, by, "honoured.cards_sent", "honoured", None, year=year, cards=sent)
        return sent

    return announcing.database.write(op)


def card(announcing: Announcing, one: Honoured) -> bytes:
    organisation = announcing.words().organisation
    occasion = f"{organisation.words['science_day']} 18/5/{one.year}"
    return cards.draw(name=one.name, unit=one.unit, what=one.what, occasion=occasion, sender=organisation.name)


def _card(
    announcing: Announcing, connection: Connection, account: Account, person_id: int, drawn: bytes, now: datetime
) -> list[Draft]:
    token, texts = secrets.token_urlsafe(24), announcing.words().texts
    announcements.add_picture(connection, token, "image/png", drawn, hashlib.sha256(drawn).hexdigest(), now)
    address = drafting.picture_url(announcing, token)
    inside = account.platform in drafting.PICTURE_INSIDE
    said = Outbound(
        texts("announcement.card"),
        () if inside else (Button(texts("announcement.picture"), url=address),),
        picture=address if inside else "",
    )
    return [
        Draft(account.id, person_id, Origin.NOTICE, part.body, subject="card", useful_until=now + CARD_USEFUL)
        for part in announcing.platforms[account.platform].parts(said, buttons=False)
    ]
