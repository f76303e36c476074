"""One member on two platforms: linked by a one-time code typed in the chat, undone there too. And officers' testers."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, ForeignKey, Index, Table, Text, delete, func, insert, select

from bot.store.schema import Id, Moment, metadata, persons
from bot.store.sql import upsert
from bot.store.vault import Vault

person_links = Table(  # everybody of a group is the same member
    "person_links",
    metadata,
    Column("person_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("group_id", Id, nullable=False),  # the first one's number; no key: that person may be forgotten
    Column("at", Moment, nullable=False),
)
Index("ix_person_links_group", person_links.c.group_id)

link_codes = Table(
    "link_codes",
    metadata,
    Column("code_hash", Text, primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id")),  # who asked for it in the chat …
    Column("staff_id", Id, ForeignKey("staff.id")),  # … or the officer whose test messages come here
    Column("name", Text, nullable=False, server_default=""),  # a tester's name, as the officer wrote it
    Column("until", Moment, nullable=False),
)
Index("ix_link_codes_until", link_codes.c.until)
Index("ix_link_codes_person", link_codes.c.person_id)

testers = Table(  # who gets test sends
    "testers",
    metadata,
    Column("person_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
Index("ix_testers_staff", testers.c.staff_id)

CODE_LIVES = timedelta(minutes=15)
TESTER_CODE_LIVES = timedelta(days=1)
DIGITS = 8  # a hundred million, fifteen minutes, and few codes alive: not to be guessed in a chat


def member_code(connection: Connection, vault: Vault, person_id: int, now: datetime) -> str:
    """A fresh code for this person; an older one of theirs ends."""
    connection.execute(delete(link_codes).where((link_codes.c.person_id == person_id) | (link_codes.c.until < now)))
    return _code(connection, vault, now + CODE_LIVES, person_id=person_id)


def tester_code(connection: Connection, vault: Vault, staff_id: int, name: str, now: datetime) -> str:
    connection.execute(delete(link_codes).where(link_codes.c.until < now))
    return _code(connection, vault, now + TESTER_CODE_LIVES, staff_id=staff_id, name=name)


def _code(connection: Connection, vault: Vault, until: datetime, **owner: object) -> str:
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    row = {"code_hash": vault.hashes("link", code)[0], "until": until, **owner}
    connection.execute(insert(link_codes).values(row))
    return code


def use(connection: Connection, vault: Vault, code: str, person_id: int, now: datetime) -> str:
    """What the code did: "linked", "tester", or "" for a code that is wrong, old, used or one's own."""
    known = link_codes.c.code_hash.in_(vault.hashes("link", code))
    taken = delete(link_codes).where(
        known, link_codes.c.until > now, link_codes.c.person_id.is_distinct_from(person_id)
    )
    row = connection.execute(taken.returning(link_codes.c.person_id, link_codes.c.staff_id, link_codes.c.name)).first()
    if row is None:
        return ""
    if row.staff_id is not None:
        made = upsert(connection, testers, conflict=("person_id", "staff_id"), change=lambda new: {"name": new.name})
        connection.execute(made.values(person_id=person_id, staff_id=row.staff_id, name=row.name, at=now))
        return "tester"
    _join(connection, row.person_id, person_id, now)
    return "linked"


def _join(connection: Connection, first: int, second: int, now: datetime) -> None:
    query = select(func.min(person_links.c.group_id)).where(person_links.c.person_id.in_((first, second)))
    group = connection.scalar(query) or first
    for one in (first, second):
        made = upsert(connection, person_links, conflict=("person_id",), change=lambda new: {"group_id": new.group_id})
        connection.execute(made.values(person_id=one, group_id=group, at=now))


def undo(connection: Connection, person_id: int) -> bool:
    """Whether the person was linked; a group of one is none."""
    gone = delete(person_links).where(person_links.c.person_id == person_id).returning(person_links.c.group_id)
    group = connection.execute(gone).scalar()
    if group is None:
        return False
    left = connection.scalar(select(func.count()).where(person_links.c.group_id == group))
    if left == 1:
        connection.execute(delete(person_links).where(person_links.c.group_id == group))
    return True


def testers_of(connection: Connection, staff_id: int) -> list[tuple[int, int, str]]:
    """(person, account, name) of an officer's testers."""
    query = (
        select(testers.c.person_id, persons.c.account_id, testers.c.name)
        .join(persons, persons.c.id == testers.c.person_id)
        .where(testers.c.staff_id == staff_id)
        .order_by(testers.c.at)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def drop_tester(connection: Connection, staff_id: int, person_id: int) -> None:
    connection.execute(delete(testers).where(testers.c.staff_id == staff_id, testers.c.person_id == person_id))


__all__ = ["drop_tester", "member_code", "tester_code", "testers_of", "undo", "use"]
