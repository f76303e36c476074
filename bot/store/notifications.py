"""Telling staff: where each can be written to in the chat, and whom was told of what, once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Table, Text, delete, false, select, update

from bot.store import audit
from bot.store.schema import Id, Moment, metadata
from bot.store.sql import insert_or_ignore, upsert
from bot.store.staff import staff
from bot.store.vault import Vault

staff_links = Table(  # a colleague's own Zalo or Messenger, proved by a code they typed there
    "staff_links",
    metadata,
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), primary_key=True),
    Column("linked_at", Moment, nullable=False),
)
Index("ix_staff_links_person", staff_links.c.person_id)

staff_link_codes = Table(
    "staff_link_codes",
    metadata,
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True),
    Column("code_hash", Text, nullable=False, unique=True),
    Column("until", Moment, nullable=False),
)

staff_notices = Table(  # who was told of which alarm; the alarm's cause and start make it one matter
    "staff_notices",
    metadata,
    Column("cause", Text, primary_key=True),
    Column("staff_id", Id, ForeignKey("staff.id"), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("at", Moment, nullable=False),
    Column("mailed", Boolean, nullable=False, server_default=false()),
    Column("messaged", Boolean, nullable=False, server_default=false()),
)
Index("ix_staff_notices_at", staff_notices.c.at)

CODE_LASTS = timedelta(minutes=15)
DIGITS = 8


@dataclass(frozen=True, slots=True)
class Told:
    staff_id: int
    since: datetime
    at: datetime


def new_code(connection: Connection, vault: Vault, now: datetime, staff_id: int) -> str:
    """Digits that link whoever types them in the chat within a quarter of an hour; an earlier code ends."""
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    made = upsert(
        connection,
        staff_link_codes,
        conflict=("staff_id",),
        change=lambda new: {"code_hash": new.code_hash, "until": new.until},
    )
    connection.execute(
        made.values(staff_id=staff_id, code_hash=vault.hashes("staff link", code)[0], until=now + CODE_LASTS)
    )
    return code


def link(connection: Connection, vault: Vault, now: datetime, person_id: int, code: str) -> bool:
    """Use a code up from the chat of this person; False when it is unknown or over."""
    theirs = staff_link_codes.c.code_hash.in_(vault.hashes("staff link", code)) & (staff_link_codes.c.until > now)
    used = delete(staff_link_codes).where(theirs).returning(staff_link_codes.c.staff_id)
    staff_id = connection.execute(used).scalar()
    if staff_id is None:
        return False
    made = insert_or_ignore(connection, staff_links, conflict=("staff_id", "person_id"))
    connection.execute(made.values(staff_id=staff_id, person_id=person_id, linked_at=now))
    audit.record(connection, now, staff_id, "me.chat_linked", "person", person_id)
    return True


def unlink(connection: Connection, now: datetime, staff_id: int) -> None:
    connection.execute(delete(staff_links).where(staff_links.c.staff_id == staff_id))
    audit.record(connection, now, staff_id, "me.chat_unlinked", "staff", staff_id)


def links_of(connection: Connection, staff_id: int) -> list[int]:
    """The people (chats) this colleague proved to be theirs."""
    query = select(staff_links.c.person_id).where(staff_links.c.staff_id == staff_id)
    return list(connection.scalars(query.order_by(staff_links.c.person_id)))


def told(connection: Connection, cause: str, since: datetime) -> list[Told]:
    """Who was told of this alarm, in order; an alarm of the same cause that is over does not count."""
    query = select(staff_notices.c.staff_id, staff_notices.c.since, staff_notices.c.at).where(
        staff_notices.c.cause == cause, staff_notices.c.since == since
    )
    return [Told(*row) for row in connection.execute(query.order_by(staff_notices.c.at, staff_notices.c.staff_id))]


def heard(connection: Connection, cause: str, since: datetime) -> bool:
    """Whether this alarm reached anybody, by mail or in their chat."""
    reached = staff_notices.c.mailed | staff_notices.c.messaged
    query = select(staff_notices.c.staff_id).where(
        staff_notices.c.cause == cause, staff_notices.c.since == since, reached
    )
    return connection.execute(query.limit(1)).first() is not None


def claim(connection: Connection, now: datetime, cause: str, since: datetime, staff_id: int) -> bool:
    """Note that this colleague is being told; False when somebody else has noted it."""
    connection.execute(
        delete(staff_notices).where(
            staff_notices.c.cause == cause, staff_notices.c.staff_id == staff_id, staff_notices.c.since != since
        )
    )
    made = insert_or_ignore(connection, staff_notices, conflict=("cause", "staff_id"))
    row = made.values(cause=cause, staff_id=staff_id, since=since, at=now)
    return connection.execute(row.returning(staff_notices.c.staff_id)).first() is not None


def note_ways(connection: Connection, cause: str, staff_id: int, *, mailed: bool, messaged: bool) -> None:
    which = (staff_notices.c.cause == cause) & (staff_notices.c.staff_id == staff_id)
    connection.execute(update(staff_notices).where(which).values(mailed=mailed, messaged=messaged))


def unclaim(connection: Connection, cause: str, staff_id: int) -> None:
    """Nobody could be told after all."""
    which = (staff_notices.c.cause == cause) & (staff_notices.c.staff_id == staff_id)
    connection.execute(delete(staff_notices).where(which))


def set_email(connection: Connection, now: datetime, staff_id: int, email: str) -> None:
    connection.execute(update(staff).where(staff.c.id == staff_id).values(email=email))
    audit.record(connection, now, staff_id, "me.email_changed", "staff", staff_id)
