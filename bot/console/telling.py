"""Tells members what officers did for them, as far as their windows are open: answers published, data erased."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection

from bot.console import knowledge, shipped
from bot.console.desk import Desk
from bot.messages import Outbound
from bot.platforms.rules import Windows
from bot.states import Origin
from bot.store import answering, outbox, persons
from bot.store.answering import Draft
from bot.store.persons import Person

MOST_PEOPLE = 500
_windows = cache(Windows.load)


def tell(connection: Connection, at: Desk, draft: Draft) -> int:
    """Queue it for everybody who may still be written to; how many. The published answer must be stored already."""
    answer = knowledge.answers(connection, at)[draft.answer]
    texts = shipped.spoken(connection, at.organisation(), at.content, {}, "")
    words = "\n".join([texts("questions.told"), texts.fill(answer.short), texts.fill(answer.source)])
    people = [persons.get(connection, number) for number in sorted(answering.asking(connection, draft))[:MOST_PEOPLE]]
    drafts = [made for person in people if person is not None for made in _drafts(at, person, words)]
    outbox.add(connection, drafts, at.clock())
    return len(drafts)


def goodbye(connection: Connection, at: Desk, person: Person) -> list[outbox.Draft]:
    """That all of theirs is erased, for after `erasure.forget`: the bare row it leaves carries this and then goes."""
    texts = shipped.spoken(connection, at.organisation(), at.content, {}, "")
    return _drafts(at, person, texts("privacy.erased_for_you"))


def _drafts(at: Desk, person: Person, words: str) -> list[outbox.Draft]:
    account = at.directory.account(person.account_id)
    if account is None or person.wrote_at is None or person.leaving_at or not person.reachable:
        return []
    now = at.clock()
    if not _windows().open(account.platform, Origin.NOTICE, person.wrote_at, now):
        return []
    until = _windows().closes(account.platform, Origin.NOTICE, person.wrote_at, now)
    parts = at.directory.platform(account).parts(Outbound(words), buttons=account.buttons)
    return [
        outbox.Draft(account.id, person.id, Origin.NOTICE, part.body, useful_until=until, menu=part.menu)
        for part in parts
    ]
