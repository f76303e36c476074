"""Links by which a leader without an account sees one announcement and says yes or no to exactly that."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, ForeignKey, Index, Table, Text, insert, select, update

from bot.store.schema import Id, Moment, metadata
from bot.store.staff import hashed

approval_links = Table(
    "approval_links",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("announcement_id", Id, ForeignKey("announcements.id"), nullable=False),
    Column("digest", Text, nullable=False),  # of what was submitted: an edit makes the link void
    Column("name", Text, nullable=False),  # who was asked
    Column("created_by", Id),
    Column("created_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("used_at", Moment),
    Column("verdict", Text, nullable=False, server_default=""),  # approved | sent_back
)
Index("ix_approval_links_announcement", approval_links.c.announcement_id)

LIVES = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Link:
    id: int
    announcement_id: int
    digest: str
    name: str
    created_by: int | None
    until: datetime
    used_at: datetime | None
    verdict: str


_COLUMNS = [approval_links.c[name] for name in Link.__dataclass_fields__]


def invite(connection: Connection, announcement_id: int, digest: str, name: str, by: int | None, now: datetime) -> str:
    """The link's token, shown once; only its hash is kept. Older links for the same announcement end."""
    older = approval_links.c.announcement_id == announcement_id
    connection.execute(update(approval_links).where(older, approval_links.c.used_at.is_(None)).values(until=now))
    token = secrets.token_urlsafe(32)
    row = {"announcement_id": announcement_id, "digest": digest, "name": name, "created_by": by}
    connection.execute(
        insert(approval_links).values(token_hash=hashed(token), created_at=now, until=now + LIVES, **row)
    )
    return token


def find(connection: Connection, token: str) -> Link | None:
    row = connection.execute(select(*_COLUMNS).where(approval_links.c.token_hash == hashed(token))).mappings().first()
    return Link(**row) if row else None


def use(connection: Connection, link_id: int, verdict: str, now: datetime) -> bool:
    """Whether the link was still good; it is used up now."""
    good = (approval_links.c.id == link_id) & approval_links.c.used_at.is_(None) & (approval_links.c.until > now)
    return connection.execute(update(approval_links).where(good).values(used_at=now, verdict=verdict)).rowcount == 1
