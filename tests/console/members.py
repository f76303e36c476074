"""Accounts and members for tests of the daily screens, as the webhooks and turns would have left them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Connection, insert, select, update

from bot.delivery import seeding
from bot.messages import Event
from bot.states import Origin
from bot.store import accounts, marks, outbox, persons, said
from bot.store.outbox import Draft
from bot.store.schema import inbox
from bot.store.schema import outbox as outgoing
from bot.store.schema import persons as people
from bot.store.vault import Vault
from tests.console.conftest import KEY, Office

PLACES = {
    "zalo": {"api_url": "http://127.0.0.1:9", "oauth_url": "http://127.0.0.1:9"},
    "messenger": {"api_url": "http://127.0.0.1:9", "api_version": "v25.0"},
}


@dataclass
class Members:
    """Who writes to the office."""

    office: Office

    def account(self, platform: str = "zalo", external_id: str = "9001", **facts: Any) -> int:
        now, vault = self.office.time(), Vault((KEY,))

        def op(connection: Connection) -> int:
            app = accounts.save_app(
                connection, vault, platform=platform, app_id=f"app{external_id}", simulated=False, now=now,
                keys=seeding.keys(["secret"], ["signing"], "verify"),
            )  # fmt: skip
            return accounts.save_account(
                connection, platform=platform, external_id=external_id, app_pk=app, now=now,
                **{**PLACES[platform], **facts},
            )  # fmt: skip

        number = self.office.database.write(op)
        self.office.app.extensions["console"].directory.changed()
        return number

    def person(self, account: int, user: str = "7001", *, unit: int | None = None, hours_ago: float = 1) -> int:
        at = self.office.time() - timedelta(hours=hours_ago)

        def op(connection: Connection) -> int:
            number = persons.ensure(connection, account, user, at)
            connection.execute(update(people).where(people.c.id == number).values(unit_id=unit, wrote_at=at, turns=1))
            return number

        return self.office.database.write(op)

    def writes(self, person: int, text: str, *, state: str = "done", code: str = "") -> int:
        """One message of theirs, kept as its webhook was; the row's number."""
        now = self.office.time()

        def op(connection: Connection) -> int:
            who = persons.get(connection, person)
            assert who is not None
            account = accounts.get(connection, who.account_id)
            assert account is not None
            heard = event(self.office, account.platform, who.user_id, text)
            row = {
                "account_id": who.account_id, "event_key": f"{person} {now.isoformat()} {text}",
                "user_id": who.user_id, "lane": heard.lane.value, "body": json.dumps(dict(heard.body)), "at": now,
                "received_at": now, "due_at": now, "state": state, "code": code, "finished_at": now,
            }  # fmt: skip
            number: int = connection.execute(insert(inbox).values(row).returning(inbox.c.id)).scalar_one()
            persons.change(connection, person, wrote_at=now)
            said.note(connection, person, text, now, inbox_id=number)
            return number

        return self.office.database.write(op)

    def asks_for_a_person(self, person: int, *, urgent: bool = False) -> int:
        now = self.office.time()

        def op(connection: Connection) -> int:
            number = persons.open_handover(connection, person, reason="asked", urgent=urgent, now=now)
            marks.raise_alarm(connection, f"handover:{number}", "handover.waiting", now, person=person, reason="asked")
            return number

        return self.office.database.write(op)

    def is_sent(self, person: int, text: str, **values: Any) -> int:
        """A message of the bot's, in whatever state."""
        now = self.office.time()

        def op(connection: Connection) -> int:
            who = persons.get(connection, person)
            assert who is not None
            number = outbox.add(connection, [Draft(who.account_id, person, Origin.REPLY, {"text": text})], now)[0]
            connection.execute(update(outgoing).where(outgoing.c.id == number).values(**values))
            return number

        return self.office.database.write(op)

    def outgoing(self, person: int) -> list[Mapping[str, Any]]:
        with self.office.database.read() as connection:
            query = select(outgoing).where(outgoing.c.person_id == person).order_by(outgoing.c.id)
            return [dict(row) for row in connection.execute(query).mappings()]


def event(office: Office, platform: str, user: str, text: str) -> Event:
    """One text as the platform's webhook brings it."""
    stamp = int(office.time().timestamp() * 1000)
    if platform == "zalo":
        whole: dict[str, Any] = {
            "event_name": "user_send_text", "app_id": "1", "sender": {"id": user}, "recipient": {"id": "9001"},
            "timestamp": str(stamp), "message": {"msg_id": f"m{stamp}", "text": text},
        }  # fmt: skip
    else:
        said = {"sender": {"id": user}, "recipient": {"id": "9001"}, "timestamp": stamp}
        item = {**said, "message": {"mid": f"m{stamp}", "text": text}}
        whole = {"object": "page", "entry": [{"id": "9001", "time": stamp, "messaging": [item]}]}
    (found,) = office.app.extensions["console"].directory.platforms[platform].split(json.dumps(whole).encode())
    return cast("Event", found)
