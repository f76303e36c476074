"""`staff` and `audit`: who may sign in, and whether the record of their acts is whole."""

from __future__ import annotations

import argparse

from sqlalchemy import Connection

from bot import settings
from bot.errors import BotError, Misconfigured
from bot.runtime import Store
from bot.store import audit, invitations, leaving, staff


def list_(_options: argparse.Namespace) -> int:
    store = Store(settings.load())
    with store.database.read() as connection:
        for one in staff.everyone(connection):
            state = "disabled" if one.disabled_at else "active"
            print(one.login, one.role, state, sep="\t")
    store.close()
    return 0


def add(options: argparse.Namespace) -> int:
    """A one-time link, for the first administrator or when nobody can sign in any more."""
    try:
        role = staff.Role(options.role)
    except ValueError:
        raise Misconfigured("staff.unknown_role", role=options.role, known=", ".join(staff.Role)) from None
    store = Store(settings.load())
    token = store.database.write(lambda connection: invitations.invite(connection, store.clock(), role=role))
    chosen = store.settings
    store.close()
    print(f"{chosen.bot_public_url or f'http://{chosen.host}:{chosen.port}'}/console/invitation/{token}")
    return 0


def disable(options: argparse.Namespace) -> int:
    store = Store(settings.load())

    def op(connection: Connection) -> None:
        found = staff.by_login(connection, options.login)
        if found is None:
            raise BotError("staff.unknown", login=options.login)
        leaving.disable(connection, store.clock(), None, found.id, None)

    store.database.write(op)
    store.close()
    print(f"{options.login} is disabled")
    return 0


def verify(_options: argparse.Namespace) -> int:
    store = Store(settings.load())
    with store.database.read() as connection:
        verdict = audit.verify(connection)
    store.close()
    if verdict.broken is not None:
        print(f"the record was changed at row {verdict.broken}")
        return 1
    print(f"{verdict.rows} rows, none changed")
    return 0
