"""Forgetting a person: everything that hangs on them goes, and nothing old can bring them back.

What stays is a keyed hash of the platform's id and of recent event keys: a redelivered webhook or a restored backup
is recognised by it, and nobody can read a person from it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, insert, select, text, true

from bot.store.schema import forgotten, inbox, metadata, outbox, persons
from bot.store.sql import insert_or_ignore, upsert
from bot.store.vault import Vault

#: Longer than any platform redelivers an event.
KEYS_KEPT = timedelta(days=7)
#: An account that may not send must not keep somebody's row for ever.
LAST_WORD = timedelta(days=1)


def tables_of_people() -> list[Table]:
    """Every table that points at a person: what is added later is forgotten too."""
    return [
        table
        for table in reversed(metadata.sorted_tables)
        if any(key.column is persons.c.id for key in table.foreign_keys)
    ]


#: Of the row of somebody who leaves: what the last confirmation needs to reach them.
_TO_REACH = (persons.c.account_id, persons.c.user_id, persons.c.wrote_at, persons.c.reachable)


def forget(connection: Connection, vault: Vault, person_id: int, now: datetime) -> bool:
    """Erase everything of a person. Their bare row stays until a last confirmation has gone; `sweep` removes it."""
    row = connection.execute(select(*_TO_REACH).where(persons.c.id == person_id)).mappings().first()
    if row is None:
        return False
    _remember_hashes(connection, vault, row["account_id"], row["user_id"], now)
    _erase(connection, person_id, row["account_id"], row["user_id"], true())
    # made anew, so that no column is left that somebody adds one day
    connection.execute(insert(persons).values(**row, id=person_id, created_at=now, leaving_at=now))
    return True


#: What waits, or is being answered, was written by somebody who is back.
_WAITING = "(inbox.lane = 'talk' AND inbox.state IN ('received', 'working'))"
_TALKS, _SAID = text(_WAITING), text(f"NOT {_WAITING}")


def _erase(connection: Connection, person_id: int, account_id: int, user_id: str, heard: Any) -> None:
    """`heard`: which of their inbox rows go too."""
    for table in tables_of_people():
        for key in table.foreign_keys:
            if key.column is persons.c.id:
                connection.execute(delete(table).where(key.parent == person_id))
    connection.execute(delete(inbox).where(inbox.c.account_id == account_id, inbox.c.user_id == user_id, heard))
    connection.execute(delete(persons).where(persons.c.id == person_id))


def _remember_hashes(connection: Connection, vault: Vault, account_id: int, user_id: str, now: datetime) -> None:
    person_hash = vault.hashes("person", str(account_id), user_id)[0]
    connection.execute(
        upsert(connection, forgotten, conflict=("hash",), change=lambda new: {"at": new.at}).values(
            hash=person_hash, kind="person", at=now
        )
    )
    recent = select(inbox.c.event_key).where(
        inbox.c.account_id == account_id, inbox.c.user_id == user_id, inbox.c.received_at > now - KEYS_KEPT
    )
    rows = [
        {"hash": vault.hashes("event", str(account_id), key)[0], "kind": "event", "at": now}
        for (key,) in connection.execute(recent)
    ]
    if rows:
        connection.execute(insert_or_ignore(connection, forgotten, conflict=("hash",)), rows)


def sweep(connection: Connection, now: datetime) -> int:
    """Remove the bare rows of people who left, once nothing is on its way to them; how many.

    Who has written again is not one of them: their turn makes the row theirs.
    """
    busy = exists().where(
        outbox.c.person_id == persons.c.id,
        text("(outbox.state IN ('queued', 'waiting', 'sending') OR (outbox.state = 'unsure' AND outbox.blocks))"),
    )
    talks = exists().where(inbox.c.account_id == persons.c.account_id, inbox.c.user_id == persons.c.user_id, _TALKS)
    long_ago = persons.c.leaving_at < now - LAST_WORD
    gone = (persons.c.leaving_at < now - timedelta(seconds=30)) & ~talks & (~busy | long_ago)
    query = select(persons.c.id, persons.c.account_id, persons.c.user_id).where(gone).limit(500)
    # what a turn writes is not seen before it commits, but it holds its person's row: those are left alone
    rows = connection.execute(query.with_for_update(skip_locked=True, of=persons)).all()
    for row in rows:
        # receipts of the last confirmation too, but not what came in a moment ago
        _erase(connection, row.id, row.account_id, row.user_id, _SAID)
    return len(rows)


def forget_again(connection: Connection, vault: Vault, now: datetime) -> int:
    """After a restore: forget everybody whose hash says that they had asked for it; how many."""
    known = {row.hash: row.at for row in connection.execute(select(forgotten).where(forgotten.c.kind == "person"))}
    found = 0
    for row in connection.execute(select(persons.c.id, persons.c.account_id, persons.c.user_id, persons.c.created_at)):
        hashes = vault.hashes("person", str(row.account_id), row.user_id)
        # the bare row that `forget` leaves is as old as its hash: it may be in use again, and `sweep` takes it if not
        if any(known.get(one) is not None and row.created_at < known[one] for one in hashes):
            found += forget(connection, vault, row.id, now)
    return found
