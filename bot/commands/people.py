"""`forget` and `export`: one person's data, for a request that came by letter or telephone."""

from __future__ import annotations

import argparse
import json

from sqlalchemy import Connection

from bot import settings
from bot.errors import BotError
from bot.runtime import Store
from bot.store import audit, erasure, exports, persons


def forget(options: argparse.Namespace) -> int:
    store = Store(settings.load())

    def op(connection: Connection) -> int:
        person = _find(connection, options)
        erasure.forget(connection, store.vault, person.id, store.clock())
        audit.record(connection, store.clock(), None, "person.forgotten", "person", person.id)
        return person.id

    number = store.database.write(op)
    store.close()
    print(f"person {number} is forgotten")
    return 0


def export(options: argparse.Namespace) -> int:
    store = Store(settings.load())
    with store.database.read() as connection:
        data = exports.gather(connection, _find(connection, options).id)
    store.close()
    print(json.dumps(data, ensure_ascii=False, indent=2))
    return 0


def _find(connection: Connection, options: argparse.Namespace) -> persons.Person:
    found = persons.find(connection, options.account, options.user_id)
    if found is None:
        raise BotError("person.unknown", account=options.account)
    return found
