"""Test sends: exactly what members would see, to oneself and to named testers, never to the audience."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from bot.announcements import drafting, honouring, routes
from bot.announcements.announcing import Announcing
from bot.announcements.approval import need
from bot.announcements.people import values as known_of
from bot.errors import BotError
from bot.states import Origin
from bot.store import accounts, audit, linking, outbox
from bot.store.outbox import Draft


def send(announcing: Announcing, number: int, by: int, people: Collection[int]) -> int:
    """Queue the message for some of the officer's testers; how many. Raises BotError announcement.no_testers."""
    now = announcing.clock()
    with announcing.database.read() as connection:
        one = need(connection, number)
        testers = [(person, of) for person, of, _ in linking.testers_of(connection, by) if person in people]
        known = {account.id: account for account in accounts.all_accounts(connection)}
    if not testers:
        raise BotError("announcement.no_testers")
    shown, templates = honouring.filled(announcing, one), routes.routed(announcing, one, now).templates
    if routes.faults(announcing, one):
        raise BotError("announcement.faulty")

    def op(connection: Connection) -> int:
        message = drafting.pictured(announcing, connection, shown)
        values = known_of(connection, [person for person, _ in testers], announcing.words().texts)
        drafts = []
        for person, of in testers:
            account = known[of]
            made = drafting.parts(
                message, announcing.words(), announcing.platforms[account.platform], values.get(person, {}),
                real_buttons=account.buttons,
            )  # fmt: skip
            drafts += [Draft(of, person, Origin.NOTICE, part.body, subject="test", menu=part.menu) for part in made]
            if (template := templates.get(of)) is not None:
                facts = {drafting.INITIATIVE: drafting.LONGEST[drafting.INITIATIVE], **values.get(person, {})}
                filled = routes.approved(template, message, announcing.words(), facts)
                body = drafting.templated(
                    announcing.platforms[account.platform].approved(filled), template.way, made[0]
                )
                drafts.append(Draft(of, person, Origin.NOTICE, body, subject="test"))
        outbox.add(connection, drafts, now)
        audit.record(connection, now, by, "announcement.tested", "announcement", number, people=len(testers))
        return len(testers)

    return announcing.database.write(op)
