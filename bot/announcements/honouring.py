"""The honoured of a year: their names in the greeting, and a congratulation card for each."""

from __future__ import annotations

import re
from dataclasses import replace

from sqlalchemy import Connection

from bot.announcements import drafting
from bot.announcements.announcing import Announcing
from bot.clock import zone
from bot.errors import BotError
from bot.store import announcements, honoured
from bot.store.announcements import Announcement
from bot.store.honoured import Honoured

LIST = "danh sach"
MOST_NAMES = 8


def filled(announcing: Announcing, one: Announcement) -> Announcement:
    """The announcement with the honoured in the place of "{danh sách}"; the line goes where there are none."""
    if LIST not in drafting.fields_of(one.body):
        return one
    year = int(one.slot) if one.slot.isdigit() else announcing.clock().astimezone(zone()).year
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
