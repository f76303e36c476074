"""The claims find their rows by the partial indexes made for them, however much else the tables hold."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert, text

from bot.store import inbox, outbox
from bot.store.database import Database
from bot.store.prepared import Among, Prepared
from bot.store.schema import inbox as inbox_table
from bot.store.schema import outbox as outbox_table
from bot.store.schema import persons as persons_table
from tests.conftest import Hands
from tests.store.conftest import Desk

PEOPLE = 1000
SPREAD = 101  # no divisor of PEOPLE: what waits is spread over all of them
#: statement -> the index its search for work must use
CLAIMS: list[tuple[str, Prepared, str]] = [
    ("turns", inbox._CLAIM, "ix_inbox_ready"),
    ("turns: nobody's message is worked on", inbox._CLAIM, "ix_inbox_open_person"),
    ("messages behind the head", inbox._BEHIND, "ix_inbox_open_person"),
    ("nothing open of the person", inbox._OPEN_OF, "ix_inbox_open_person"),
    ("receipts", inbox._RECEIPTS, "ix_inbox_ready"),
    ("replies and notices", outbox._leasing(announced=False, limited=False), "ix_outbox_ready"),
    ("nothing earlier of the person", outbox._leasing(announced=False, limited=False), "ix_outbox_blocking"),
    ("an announcement", outbox._leasing(announced=True, limited=False), "ix_outbox_announced"),
    ("an announcement, so many a day", outbox._leasing(announced=True, limited=True), "ix_outbox_announced"),
    ("held rows of a person", outbox._HELD_OF, "ix_outbox_held"),
    ("accounts with work", outbox._WITH_WORK, "ix_outbox_ready"),
    ("a receipt by its message", outbox._KNOWN, "ix_outbox_message"),
    ("the messages of many receipts", outbox._KNOWN_OF._statement, "ix_outbox_message"),
    ("anything that is being sent", outbox._ANY_ON_ITS_WAY, "ix_outbox_leased"),
    ("anything in doubt", outbox._ANY_ON_ITS_WAY, "ix_outbox_doubtful"),
]


VALUES: dict[str, Any] = {
    "most": 10,
    "by": "w",
    "of_user": "u5",
    "message_id": "m5",
    "of_announcement": 7,
    "a_day": 3,
    "head": 1,
    "of_person": 5,
    "of_account": 1,
    **dict.fromkeys(("moment", "until", "day_ago"), Hands()()),
    **{f"among_{number}": f"m{number}" for number in range(Among.PIECE)},
}


def fill(desk: Desk, rows: int) -> None:
    """Mostly what is over, as in a database that has run for a year, and a little that waits."""
    desk.do(_people, desk)
    for first in range(0, rows, 10_000):
        desk.do(_fill, desk, range(first, min(first + 10_000, rows)))
    desk.do(lambda connection: connection.execute(text("ANALYZE")))


def _people(connection: Connection, desk: Desk) -> None:
    now = desk.hands()
    people = [
        {"id": number, "account_id": desk.account, "user_id": f"u{number}", "created_at": now, "wrote_at": now}
        for number in range(1, PEOPLE + 1)
    ]
    connection.execute(insert(persons_table), people)


def _fill(connection: Connection, desk: Desk, numbers: range) -> None:
    now = desk.hands()
    common = {"account_id": desk.account, "body": "{}", "due_at": now}
    connection.execute(
        insert(inbox_table),
        [
            {
                **common,
                "event_key": f"k{number}",
                "user_id": f"u{number % PEOPLE + 1}",
                "lane": "talk" if number % 3 else "receipt",
                "state": "received" if number % 100 == 7 else "done",
                "at": now,
                "received_at": now,
                "finished_at": now,
            }
            for number in numbers
        ],
    )
    connection.execute(
        insert(outbox_table),
        [
            {
                **common,
                "person_id": number % PEOPLE + 1,
                "origin": "announcement" if number % 2 else "reply",
                "priority": 3 if number % 2 else 0,
                "announcement_id": number // PEOPLE if number % 2 else None,
                "state": {7: "queued", 8: "queued", 9: "held"}.get(number % SPREAD, "sent"),
                "blocks": number % SPREAD == 8,
                "queued_at": now,
                "created_at": now,
                "message_id": f"m{number}",
                "finished_at": now,
            }
            for number in numbers
        ],
    )


def plan(database: Database, statement: Prepared) -> str:
    """Say how the database would run it."""
    with database.engine.connect() as connection:
        ready = statement._for(connection.dialect)
        explain = "EXPLAIN QUERY PLAN" if database.on_sqlite else "EXPLAIN (FORMAT TEXT)"
        found = connection.exec_driver_sql(f"{explain} {ready.sql}", ready._write(VALUES))
        return "\n".join(str(row[-1]) for row in found)


def check(desk: Desk) -> None:
    for what, statement, index in CLAIMS:
        found = plan(desk.database, statement)
        assert index in found, f"{what}:\n{found}"


@pytest.mark.parametrize("rows", [20_000, pytest.param(300_000, marks=pytest.mark.long)])
def test_each_claim_uses_its_index(desk: Desk, rows: int) -> None:
    fill(desk, rows)
    check(desk)


def test_the_plans_are_looked_at(desk: Desk) -> None:
    """Without its index the same statement is seen to do without."""
    fill(desk, 3_000)
    desk.do(lambda connection: connection.execute(text("DROP INDEX ix_outbox_held")))
    assert "ix_outbox_held" not in plan(desk.database, outbox._HELD_OF)
