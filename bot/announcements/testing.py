"""Test sends: exactly what members would see, to oneself and to named testers, never to the audience."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from bot.announcements import bodies, drafting, honouring, routes
from bot.announcements.announcing import Announcing
from bot.announcements.approval import need
from bot.announcements.people import values as known_of
from bot.errors import BotError
from bot.states import Origin
from bot.store import accounts, audit, linking, optins, outbox
from bot.store.outbox import Draft

#: An approved text has no empty place: what a tester does not have is shown as long as it can be.
_MISSING = {name: drafting.LONGEST[name] for name in (drafting.UNIT, drafting.INITIATIVE)}


def send(announcing: Announcing, number: int, by: int, people: Collection[int]) -> int:
    """Queue the message for some of the officer's testers; how many. Raises BotError announcement.no_testers."""
    now = announcing.clock()
    with announcing.database.read() as connection:
        one = need(connection, number)
        testers = [(person, of) for person, of, _ in linking.testers_of(connection, by) if person in people]
        known = {account.id: account for account in accounts.all_accounts(connection)}
    if not testers:
        raise BotError("announcement.no_testers")
    shown, routed = honouring.filled(announcing, one), routes.routed(announcing, one, now)
    if routes.faults(announcing, one):
        raise BotError("announcement.faulty")

    def op(connection: Connection) -> int:
        message = drafting.pictured(announcing, connection, shown)
        values = known_of(connection, [person for person, _ in testers], announcing.words().texts)
        tokens = optins.tokens(connection, [person for person, _ in testers])
        drafts = []
        for person, of in testers:
            account, facts = known[of], values.get(person, {})
            made = drafting.parts(
                message, announcing.words(), announcing.platforms[account.platform], facts, real_buttons=account.buttons
            )
            drafts += [Draft(of, person, Origin.NOTICE, part.body, subject="test", menu=part.menu) for part in made]
            others = bodies.for_tester(
                announcing, account, message, routed, {**_MISSING, **facts}, made[0], tokens.get(person, "")
            )
            drafts += [Draft(of, person, Origin.NOTICE, body, subject="test") for body in others]
        outbox.add(connection, drafts, now)
        audit.record(connection, now, by, "announcement.tested", "announcement", number, people=len(testers))
        return len(testers)

    return announcing.database.write(op)
