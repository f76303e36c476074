"""The tables. A new column or table also needs a revision in migrations/versions.

Times are aware UTC. Bodies are JSON text: they are read whole or not at all, and erased by overwriting.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    true,
)

from bot.store.sql import index_over_some

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite numbers rows itself only for a column of type INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime: timestamptz on PostgreSQL, microseconds since 1970 in an integer on SQLite.

    An integer sorts and compares as it should; SQLite's own DateTime would be text without its zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    # the processors themselves, not TypeDecorator's `process_…`: those are called through two functions more
    def bind_processor(self, dialect: Any) -> Any:
        return _to_microseconds if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return _from_microseconds if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _to_microseconds(value: datetime | None) -> int | None:
    if value is None:
        return None
    delta = value - _EPOCH
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def _from_microseconds(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)


apps = Table(
    "apps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("secrets", LargeBinary, nullable=False),  # sealed JSON: secrets, signing keys, verify token
    Column("seeded", Text, nullable=False, server_default=""),  # digest of what the environment last seeded
    Column("simulated", Boolean, nullable=False, server_default=false()),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("platform", "app_id"),
)

units = Table(
    "units",
    metadata,
    Column("id", Id, primary_key=True),
    Column("parent_id", Id, ForeignKey("units.id")),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False, server_default=""),  # the name without tone marks, for finding it
    Column("code", Text, unique=True),  # what the officers' own lists call it; NULL when they have no code
    Column("kind", Text, nullable=False, server_default=""),  # province | commune | park | sector | grassroots
    Column("valid_from", Date),
    Column("valid_until", Date),  # the last day it exists
    Column("successor_id", Id, ForeignKey("units.id")),  # who sees its matters afterwards
    Column("in_charge_id", Id),  # a row of staff, which lives in store/staff.py
    Column("contact", Text, nullable=False, server_default=""),  # a person without an account, for officers' eyes
    Column("created_at", Moment, nullable=False),
)
Index("ix_units_parent", units.c.parent_id)
Index("ix_units_folded", units.c.folded)
Index("ix_units_in_charge", units.c.in_charge_id)

unit_aliases = Table(  # names of bodies that no longer exist, and other ways people write one that does
    "unit_aliases",
    metadata,
    Column("id", Id, primary_key=True),
    Column("unit_id", Id, ForeignKey("units.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False),
    UniqueConstraint("unit_id", "folded"),
)
Index("ix_unit_aliases_folded", unit_aliases.c.folded)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("external_id", Text, nullable=False),  # the OA's or Page's id
    Column("app_pk", Id, ForeignKey("apps.id"), nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("unit_id", Id, ForeignKey("units.id")),
    Column("tokens", LargeBinary),  # sealed JSON: access, refresh
    Column("tokens_version", Integer, nullable=False, server_default="0"),
    Column("tokens_at", Moment),  # when this pair was issued
    Column("tokens_until", Moment),
    Column("seeded", Text, nullable=False, server_default=""),
    Column("api_url", Text, nullable=False, server_default=""),
    Column("oauth_url", Text, nullable=False, server_default=""),
    Column("api_version", Text, nullable=False, server_default=""),
    Column("buttons", Boolean, nullable=False, server_default=false()),
    Column("human_agent", Boolean, nullable=False, server_default=false()),  # Meta lets people of ours write later
    Column("state", Text, nullable=False, server_default="active"),  # active | held (a person must act) | removed
    Column("state_code", Text, nullable=False, server_default=""),
    Column("rate", Float, nullable=False),  # messages a second
    Column("named_rate", Float),  # a lower one that the platform named, until
    Column("named_until", Moment),
    Column("burst", Float, nullable=False),
    Column("allowance", Float, nullable=False),  # what is left of the burst
    Column("refilled_at", Moment, nullable=False),
    Column("paused_until", Moment),
    Column("simulated", Boolean, nullable=False, server_default=false()),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("platform", "external_id"),
)

persons = Table(
    "persons",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("user_id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("wrote_at", Moment),  # the last act that opened the window
    Column("reachable", Boolean, nullable=False, server_default=true()),
    Column("unreachable_code", Text, nullable=False, server_default=""),
    Column("follows", Boolean, nullable=False, server_default=false()),
    Column("unit_said", Text, nullable=False, server_default=""),
    Column("unit_id", Id, ForeignKey("units.id")),  # which one that is; NULL: not known, so the province's matter
    Column("unit_asked", Boolean, nullable=False, server_default=false()),
    Column("subscribed", Boolean, nullable=False, server_default=false()),  # what the newest consent says
    Column("misses", Integer, nullable=False, server_default="0"),
    Column("turns", Integer, nullable=False, server_default="0"),
    Column("staff_until", Moment),  # the bot is silent until then
    Column("memory", Text, nullable=False, server_default="{}"),
    Column("leaving_at", Moment),  # forgotten: the row only carries the last confirmation, then goes
    UniqueConstraint("account_id", "user_id"),
)
Index("ix_persons_wrote", persons.c.wrote_at, persons.c.id)
index_over_some(
    "ix_persons_unclear",  # named a workplace that is none of the units
    persons.c.wrote_at,
    persons.c.id,
    where="unit_id IS NULL AND unit_said <> ''",
)
Index("ix_persons_unit", persons.c.unit_id, persons.c.wrote_at, persons.c.id)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("event_key", Text, nullable=False),
    Column("user_id", Text),
    Column("lane", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("state", Text, nullable=False, server_default="received"),
    Column("due_at", Moment, nullable=False),
    Column("owner", Text),
    Column("lease_until", Moment),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("code", Text, nullable=False, server_default=""),
    Column("finished_at", Moment),
    Column("turn", Text, nullable=False, server_default=""),  # correlation id
    UniqueConstraint("account_id", "event_key"),
)
# The states stand in these predicates as literals, and in the queries too: a bound parameter would not match them.
index_over_some(
    "ix_inbox_open_person",
    inbox.c.account_id,
    inbox.c.user_id,
    inbox.c.id,
    where="lane = 'talk' AND state IN ('received', 'working')",
)
index_over_some(
    "ix_inbox_ready",
    inbox.c.lane,
    inbox.c.id,
    where="state = 'received'",
)
index_over_some(
    "ix_inbox_leased",
    inbox.c.lease_until,
    where="state = 'working'",
)
index_over_some(
    "ix_inbox_parked",
    inbox.c.id,
    where="state = 'parked'",
)
index_over_some(
    "ix_inbox_finished",
    inbox.c.finished_at,
    where="finished_at IS NOT NULL",
)
Index("ix_inbox_person", inbox.c.account_id, inbox.c.user_id, inbox.c.id)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("person_id", Id, ForeignKey("persons.id"), nullable=False),
    Column("origin", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("announcement_id", Id),
    Column("inbox_id", Id),  # the turn it answers
    Column("turn", Text, nullable=False, server_default=""),
    Column("body", Text, nullable=False),  # one Part's JSON
    Column("state", Text, nullable=False, server_default="queued"),
    # later messages of this person wait for it; an announcement blocks only while it is being sent
    Column("blocks", Boolean, nullable=False, server_default=true()),
    Column("queued_at", Moment, nullable=False),  # its place in the person's line, with the id
    Column("due_at", Moment, nullable=False),
    Column("owner", Text),
    Column("lease_until", Moment),
    Column("begun_at", Moment),  # set just before the request leaves
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("doubts", Integer, nullable=False, server_default="0"),  # how often nobody could know whether it arrived
    Column("code", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False, server_default=""),  # a newer held row of the same subject replaces it
    Column("useful_until", Moment),
    Column("message_id", Text),  # the platform's
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("delivered_at", Moment),
    Column("read_at", Moment),
    Column("finished_at", Moment),
    UniqueConstraint("announcement_id", "person_id"),
)
index_over_some(
    "ix_outbox_ready",
    outbox.c.account_id,
    outbox.c.priority,
    outbox.c.due_at,
    outbox.c.id,
    where="state IN ('queued', 'waiting') AND announcement_id IS NULL",
)
index_over_some(
    "ix_outbox_announced",
    outbox.c.announcement_id,
    outbox.c.account_id,
    outbox.c.due_at,
    outbox.c.id,
    where="state IN ('queued', 'waiting') AND announcement_id IS NOT NULL",
)
index_over_some(
    "ix_outbox_blocking",
    outbox.c.person_id,
    outbox.c.queued_at,
    outbox.c.id,
    where="blocks",
)
index_over_some(
    "ix_outbox_leased",
    outbox.c.lease_until,
    where="state = 'sending'",
)
index_over_some(
    "ix_outbox_unsure",
    outbox.c.due_at,
    where="state = 'unsure' AND blocks",
)
index_over_some(
    "ix_outbox_doubtful",  # what a person must decide
    outbox.c.id,
    where="state = 'unsure'",
)
index_over_some(
    "ix_outbox_held",
    outbox.c.person_id,
    outbox.c.id,
    where="state = 'held'",
)
index_over_some(
    "ix_outbox_message",
    outbox.c.account_id,
    outbox.c.message_id,
    where="message_id IS NOT NULL",
)
Index("ix_outbox_person", outbox.c.person_id, outbox.c.id)
index_over_some(
    "ix_outbox_finished",
    outbox.c.finished_at,
    where="finished_at IS NOT NULL",
)
index_over_some(
    "ix_outbox_announcement",
    outbox.c.announcement_id,
    outbox.c.state,
    where="announcement_id IS NOT NULL",
)

early_receipts = Table(  # a receipt for a message whose id we have not written down yet
    "early_receipts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    UniqueConstraint("account_id", "message_id", "state"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("given", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("words", Text, nullable=False),
    Column("version", Text, nullable=False, server_default=""),  # of the words, as the union numbers them
    Column("channel", Text, nullable=False),
)
Index("ix_consents_person", consents.c.person_id, consents.c.purpose, consents.c.id)

handovers = Table(
    "handovers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("urgent", Boolean, nullable=False, server_default=false()),
    Column("opened_at", Moment, nullable=False),
    Column("assigned_id", Id),  # of staff
    Column("answered_at", Moment),  # an officer's newest answer
    Column("closed_at", Moment),
)
index_over_some(
    "ix_handovers_open",
    handovers.c.opened_at,
    where="closed_at IS NULL",
)
Index("ix_handovers_person", handovers.c.person_id, handovers.c.closed_at)
Index("ix_handovers_opened", handovers.c.opened_at)

misses = Table(
    "misses",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("nearest", Text, nullable=False, server_default="[]"),
    Column("at", Moment, nullable=False),
    Column("settled_at", Moment),
)
Index("ix_misses_person", misses.c.person_id)
Index("ix_misses_at", misses.c.at)

counts = Table(  # figures without identity: per day
    "counts",
    metadata,
    Column("day", Text, primary_key=True),  # 2026-05-18, the union's zone
    Column("what", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

leases = Table(  # one holder at a time: the clock's leader, a token being refreshed, the SQLite process
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Moment, nullable=False),
)

marks = Table(  # small facts with a name: last backup, last signature check, alarms told, heartbeat
    "marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

alarms = Table(  # what a person must know about, one row a cause until it is over
    "alarms",
    metadata,
    Column("cause", Text, primary_key=True),  # "account:3", "worker", "backup"
    Column("code", Text, nullable=False),
    Column("facts", Text, nullable=False, server_default="{}"),
    Column("since", Moment, nullable=False),
    Column("told_at", Moment),
    Column("over_at", Moment),
)

exports = Table(  # what a person asked to see, fetched once by an expiring link
    "exports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("until", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
)
Index("ix_exports_person", exports.c.person_id)

forgotten = Table(  # keyed hashes only: so that a redelivery or a restored backup brings nobody back
    "forgotten",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # person | event
    Column("at", Moment, nullable=False),
)
