"""What people and officers wrote, findable with and without tone marks.

A row holds the words folded (no tone marks, đ as d); the words as they were written stay in inbox and outbox. SQLite
looks them up in an FTS5 index that triggers keep, PostgreSQL in a GIN index over tsvector: on a million messages 1 to
100 ms, and 0.1 ms for each message kept. The bot's own replies are not here: they are the same few hundred texts, and
every search would drown in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    FromClause,
    Index,
    Select,
    Table,
    Text,
    bindparam,
    column,
    event,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
    text,
)

from bot.library.vietnamese import fold
from bot.store.prepared import Prepared
from bot.store.schema import Id, Moment, metadata, persons
from bot.store.scope import Scope

said = Table(
    "said",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("persons.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("inbox_id", Id),  # a member's message …
    Column("outbox_id", Id),  # … or an officer's
    Column("folded", Text, nullable=False),
)
Index("ix_said_person", said.c.person_id, said.c.id)
Index("ix_said_at", said.c.at)

#: Names of what the databases keep beside the table; the migrations leave them alone.
INDEX = "said_words"
#: A longer text is found by its beginning.
MOST_KEPT = 2000
#: PostgreSQL takes words that always stand together for rare ones and would fetch every message with them to sort
#: them: so many of the newest are read in their order first, and mostly hold a page of them.
NEWEST = 10_000

_WORD = re.compile(r"[^\W_]+")
_WORDS = table(INDEX, column("rowid", Id))
_ON_SQLITE = (
    """CREATE VIRTUAL TABLE IF NOT EXISTS said_words
    USING fts5(folded, content='said', content_rowid='id', tokenize='unicode61')""",
    """CREATE TRIGGER IF NOT EXISTS said_words_new AFTER INSERT ON said BEGIN
    INSERT INTO said_words(rowid, folded) VALUES (new.id, new.folded); END""",
    """CREATE TRIGGER IF NOT EXISTS said_words_gone AFTER DELETE ON said BEGIN
    INSERT INTO said_words(said_words, rowid, folded) VALUES ('delete', old.id, old.folded); END""",
)
#: Stored, not made anew at each look: the words of a phrase are compared in every message that holds them all.
_ON_POSTGRESQL = (
    """ALTER TABLE said ADD COLUMN IF NOT EXISTS said_words tsvector
    GENERATED ALWAYS AS (to_tsvector('simple', folded)) STORED""",
    "CREATE INDEX IF NOT EXISTS said_words_index ON said USING gin (said_words)",
)


@dataclass(frozen=True, slots=True)
class Hit:
    id: int
    person_id: int
    at: datetime
    inbox_id: int | None
    outbox_id: int | None


def prepare(connection: Connection) -> None:
    """Make the search index where it is missing; at every start, for it belongs to no migration."""
    for statement in _ON_SQLITE if connection.dialect.name == "sqlite" else _ON_POSTGRESQL:
        connection.execute(text(statement))


@event.listens_for(said, "after_create")
def _prepare(_table: Table, connection: Connection, **_more: Any) -> None:
    prepare(connection)


def note(
    connection: Connection,
    person_id: int,
    words: str,
    at: datetime,
    *,
    inbox_id: int | None = None,
    outbox_id: int | None = None,
) -> None:
    """Keep a message's words for finding; a message without any is not kept."""
    folded = " ".join(wanted(words))[:MOST_KEPT]
    if folded:
        _NOTE.count(connection, person_id=person_id, at=at, inbox_id=inbox_id, outbox_id=outbox_id, folded=folded)


_NOTE = Prepared(
    lambda _: insert(said).values(
        {name: bindparam(name) for name in ("person_id", "at", "inbox_id", "outbox_id", "folded")}
    )
)


def wanted(words: str) -> list[str]:
    """The folded words of a text."""
    return _WORD.findall(fold(words))


def find(
    connection: Connection,
    words: str,
    *,
    below: int | None = None,
    theirs: Scope | None = None,
    limit: int = 50,
) -> list[Hit]:
    """The newest messages that hold these words side by side, or where none does, all of them somewhere.

    `below`: only ids smaller than this, to page on. `theirs`: for who may not see all.
    """
    asked = wanted(words)
    if not asked:
        return []
    for side_by_side in (True, False) if len(asked) > 1 else (True,):
        found = _find(connection, asked, side_by_side, below, theirs, limit)
        if found or below is not None:
            return found
    return []


def _find(
    connection: Connection,
    asked: Sequence[str],
    side_by_side: bool,
    below: int | None,
    theirs: Scope | None,
    limit: int,
) -> list[Hit]:
    few = None if theirs is None else theirs.few
    if few is not None:  # their lines one by one: quicker than looking up
        query = _hits(said).where(said.c.person_id.in_(few), *_read(asked, side_by_side))
        return _newest(connection, query, said.c.id, below, limit)
    if connection.dialect.name == "sqlite":  # the index is read backwards, so that it can stop early
        query = _hits(said).join(_WORDS, _WORDS.c.rowid == said.c.id).where(_match(asked, side_by_side))
        return _newest(connection, _of(said, query, theirs), _WORDS.c.rowid, below, limit)
    late = select(*said.c, literal_column("said.said_words").label(INDEX)).order_by(said.c.id.desc()).limit(NEWEST)
    lately = (late if below is None else late.where(said.c.id < below)).subquery("lately")
    found: list[Hit] = []
    for place, words in ((lately, lately.c[INDEX]), (said, literal_column("said.said_words"))):
        query = _of(place, _hits(place).where(_vector(words, asked, side_by_side)), theirs)
        found = _newest(connection, query, place.c.id, below, limit)
        if len(found) == limit:
            break
    return found


def _hits(place: FromClause) -> Select[Any]:
    return select(*(place.c[name] for name in ("id", "person_id", "at", "inbox_id", "outbox_id"))).select_from(place)


def _of(place: FromClause, query: Select[Any], theirs: Scope | None) -> Select[Any]:
    if theirs is None:
        return query
    return query.join(persons, persons.c.id == place.c.person_id).where(theirs.condition)


def _newest(connection: Connection, query: Select[Any], number: Any, below: int | None, limit: int) -> list[Hit]:
    if below is not None:
        query = query.where(number < below)
    return [Hit(*row) for row in connection.execute(query.order_by(number.desc()).limit(limit))]


def _read(asked: Sequence[str], side_by_side: bool) -> list[Any]:
    """Conditions without an index. Words are letters and digits: none of them is a wildcard."""
    line = literal(" ").concat(said.c.folded).concat(" ")
    return [line.contains(f" {one} ") for one in ([" ".join(asked)] if side_by_side else asked)]


def _match(asked: Sequence[str], side_by_side: bool) -> Any:
    phrase = f'"{" ".join(asked)}"' if side_by_side else " AND ".join(f'"{one}"' for one in asked)
    return literal_column(INDEX).op("MATCH")(phrase)


def _vector(words: Any, asked: Sequence[str], side_by_side: bool) -> Any:
    maker = func.phraseto_tsquery if side_by_side else func.plainto_tsquery
    return words.op("@@")(maker(literal_column("'simple'"), " ".join(asked)))
