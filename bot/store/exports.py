"""What is kept of a person, for the person: by a link that ends, and for the `export` command."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from bot.store.erasure import tables_of_people
from bot.store.said import said
from bot.store.schema import accounts, exports, inbox, persons

LINK_LASTS = timedelta(hours=24)
#: Keys of the machinery, of no meaning to anybody but us.
_INNER = frozenset({"owner", "lease_until", "token_hash", "blocks", "priority", "memory"})


def open_link(connection: Connection, person_id: int, now: datetime) -> str:
    """Make a token that opens the person's data until tomorrow; only its hash is stored."""
    token = secrets.token_urlsafe(32)
    connection.execute(delete(exports).where(exports.c.person_id == person_id))
    connection.execute(
        insert(exports).values(person_id=person_id, token_hash=_hash(token), until=now + LINK_LASTS, created_at=now)
    )
    return token


def by_link(connection: Connection, token: str, now: datetime) -> int | None:
    """Whose data a token opens; None when it is over or unknown."""
    query = select(exports.c.person_id).where(exports.c.token_hash == _hash(token), exports.c.until > now)
    found: int | None = connection.execute(query).scalar()
    return found


def gather(connection: Connection, person_id: int) -> dict[str, Any]:
    """Everything that is kept of a person, table by table, as JSON values."""
    who = (
        connection.execute(
            select(persons, accounts.c.platform, accounts.c.name.label("account"))
            .join(accounts, accounts.c.id == persons.c.account_id)
            .where(persons.c.id == person_id)
        )
        .mappings()
        .first()
    )
    if who is None:
        return {}
    data: dict[str, Any] = {"person": _shown(who)}
    received = select(inbox).where(inbox.c.account_id == who["account_id"], inbox.c.user_id == who["user_id"])
    data["received"] = [_shown(row) for row in connection.execute(received.order_by(inbox.c.id)).mappings()]
    for table in tables_of_people():
        if table is said:
            continue  # the same messages again, only to find them
        data[table.name] = [_shown(row) for row in _rows(connection, table, person_id)]
    return data


def _rows(connection: Connection, table: Table, person_id: int) -> list[Mapping[str, Any]]:
    column = next(key.parent for key in table.foreign_keys if key.column is persons.c.id)
    query = select(table).where(column == person_id).order_by(*table.primary_key.columns)
    return [dict(row) for row in connection.execute(query).mappings()]


def _shown(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items() if name not in _INNER and value not in (None, "")}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if name == "body" and isinstance(value, str):
        return json.loads(value)
    return value if isinstance(value, str | int | float | bool) else str(value)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
