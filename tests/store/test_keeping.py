"""How long things are kept, and what a person may see of what is kept of them."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import func, select

from bot.states import Lane, OutboxEvent
from bot.store import exports, inbox, marks, outbox, persons, retention
from bot.store.schema import alarms, early_receipts
from bot.store.schema import exports as exports_table
from bot.store.schema import inbox as inbox_table
from bot.store.schema import outbox as outbox_table
from tests.store.conftest import Desk
from tests.store.test_erasure import SECRET_WORDS, fill

RULES = retention.rules(messages=30, consents=365)


def purge(desk: Desk) -> int:
    return retention.purge(desk.database, RULES, desk.hands(), pause=lambda _: None)


def left(desk: Desk, table: object) -> int:
    with desk.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def test_only_what_is_finished_and_old_goes(desk: Desk) -> None:
    person = desk.person()
    sent, waiting = desk.queue(person), desk.queue(person)
    desk.sent(sent)
    desk.keep(desk.event("u1"), desk.event("u2"))
    [first, _] = desk.claim_talk()
    desk.do(inbox.finish, first, "w1", desk.hands())
    desk.hands.pass_by(days=29)
    assert purge(desk) == 0
    desk.hands.pass_by(days=2)
    assert purge(desk) == 2
    assert (left(desk, inbox_table), left(desk, outbox_table)) == (1, 1)
    assert desk.state(waiting).value == "queued"


def test_event_keys_outlive_every_redelivery_whatever_was_set(desk: Desk) -> None:
    rules = retention.rules(messages=1, consents=1)
    event = desk.event("u1", lane=Lane.RECEIPT)
    [(number, _)] = desk.keep(event)
    desk.do(inbox.close_receipts, [number], desk.hands())
    desk.hands.pass_by(days=7)
    assert retention.purge(desk.database, rules, desk.hands(), pause=lambda _: None) == 0
    assert desk.keep(event) == []


def test_many_rows_go_in_small_steps(desk: Desk) -> None:
    rows = [desk.event(f"u{number}", lane=Lane.RECEIPT) for number in range(retention.BATCH + 20)]
    kept = [number for number, _ in desk.keep(*rows)]
    desk.do(inbox.close_receipts, kept, desk.hands())
    desk.hands.pass_by(days=31)
    pauses: list[float] = []
    assert retention.purge(desk.database, RULES, desk.hands(), pause=pauses.append) == len(rows)
    assert pauses == [retention.PAUSE_S]


def test_alarms_links_and_early_receipts_go_by_their_own_days(desk: Desk) -> None:
    desk.do(marks.raise_alarm, "open", "a.b", desk.hands())
    desk.do(marks.raise_alarm, "over", "a.b", desk.hands())
    desk.do(marks.end_alarm, "over", desk.hands())
    desk.do(exports.open_link, desk.person(), desk.hands())
    desk.do(outbox.confirm, desk.account, ["m"], OutboxEvent.READ_RECEIPT, desk.hands(), desk.hands())
    desk.hands.pass_by(days=91)
    purge(desk)
    assert (left(desk, alarms), left(desk, exports_table), left(desk, early_receipts)) == (1, 0, 0)


def test_a_person_sees_all_that_is_kept_of_them_and_nothing_of_anybody_else(desk: Desk) -> None:
    person = fill(desk, "me")
    fill(desk, "somebody-else")
    data = desk.do(exports.gather, person)
    text = json.dumps(data, ensure_ascii=False)
    assert "somebody-else" not in text
    assert data["person"]["user_id"] == "me"
    assert len(data["received"]) == 2
    assert len(data["outbox"]) == 2
    assert data["consents"][0]["words"] == SECRET_WORDS
    for inner in ("token_hash", "lease_until", "owner", "priority"):
        assert inner not in text


def test_a_link_opens_the_newest_only_and_ends(desk: Desk) -> None:
    person = desk.person()
    old = desk.do(exports.open_link, person, desk.hands())
    new = desk.do(exports.open_link, person, desk.hands())
    assert desk.do(exports.by_link, old, desk.hands()) is None
    assert desk.do(exports.by_link, new, desk.hands()) == person
    with desk.database.read() as connection:
        assert new not in str(connection.execute(select(exports_table)).all())
    assert desk.do(exports.by_link, new, desk.hands() + timedelta(hours=24)) is None


def test_there_is_nothing_of_somebody_unknown(desk: Desk) -> None:
    assert desk.do(exports.gather, 999) == {}
    assert desk.do(persons.get, 999) is None
