"""From the draft to what became of it, as the topic's effects write it down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.initiatives.states import State
from bot.states import OutboxEvent
from bot.store import erasure, outbox
from bot.store import files as file_store
from bot.store import initiatives as store
from bot.store.initiatives import initiative_events, initiatives
from bot.store.schema import outbox as outgoing
from bot.store.vault import Vault
from bot.talk import (
    AddToInitiative,
    Attachment,
    ChangeInitiative,
    ClaimInitiative,
    DropDraft,
    DropFiles,
    HandIn,
    KeepDraft,
    SendForm,
    WithdrawInitiative,
)
from tests.initiatives.conftest import FIELDS, KEY, World

PICTURE = Attachment("image", "https://f.zdn.vn/a.jpg", "a.jpg")


def handed_in(world: World, person: int, code: str = "SK-11111-6") -> int:
    world.apply(person, KeepDraft(FIELDS), HandIn(code, FIELDS))
    found = world.look(lambda connection: store.by_code(connection, code))
    assert found is not None
    number: int = found.id
    return number


def test_one_draft_a_person_grows_and_gets_its_code(world: World) -> None:
    person = world.person()
    world.apply(person, KeepDraft({"what": "Gá kẹp"}))
    world.apply(person, KeepDraft(FIELDS, (PICTURE,)))
    assert world.known(person).mine == ()
    fresh = world.known(person).fresh
    assert fresh.startswith("SK-")
    world.apply(person, HandIn(fresh, FIELDS, "unit"))
    one = world.known(person).mine[0]
    assert (one.code, one.state, one.readers) == (fresh, "received", "unit")
    row = world.look(lambda connection: store.by_code(connection, fresh))
    assert (row.author, row.born, row.gain, row.since_precision) == ("Nguyễn Thị Hoa", 1990, None, "month")
    assert len(world.look(lambda connection: file_store.of_initiative(connection, row.id))) == 1


def test_nothing_is_stored_before_there_is_something(world: World) -> None:
    person = world.person()
    world.apply(person, KeepDraft({}))
    assert world.look(lambda connection: store.draft_of(connection, person)) is None
    world.apply(person, KeepDraft({"what": "x"}), DropDraft())
    assert world.look(lambda connection: store.draft_of(connection, person)) is None


def test_only_the_author_changes_their_own(world: World) -> None:
    author, stranger = world.person("7001"), world.person("7002")
    number = handed_in(world, author)
    world.apply(
        stranger,
        AddToInitiative("SK-11111-6", {"title": "Của tôi"}),
        ChangeInitiative("SK-11111-6", readers="unit"),
        WithdrawInitiative("SK-11111-6"),
        DropFiles("SK-11111-6"),
    )
    one = world.one(number)
    assert (one.state, one.readers, one.title) == ("received", "province", "Gá kẹp hàn cửa sắt")
    assert world.apply(stranger, SendForm("SK-11111-6")) == []


def test_anybody_else_learns_the_state_of_a_code_and_nothing_more(world: World) -> None:
    handed_in(world, world.person("7001"))
    known = world.known(world.person("7002"), "cho hỏi SK-11111-6 sao rồi")
    assert dict(known.states) == {"SK-11111-6": "received"}
    assert known.mine == ()


def test_an_answer_to_the_reviewer_brings_it_back(world: World) -> None:
    person = world.person()
    number = handed_in(world, person)
    world.review(lambda hand, connection: hand.ask(connection, world.one(number), "Bao nhiêu máy?"))
    assert world.known(person).mine[0].question == "Bao nhiêu máy?"
    assert world.one(number).state == State.NEEDS_MORE
    world.apply(person, AddToInitiative("SK-11111-6", answer="12 máy"))
    assert world.one(number).state == State.IN_REVIEW
    assert world.known(person).mine[0].question == ""
    kinds = [event.kind for event in world.look(lambda connection: store.history(connection, number))]
    assert kinds == ["state", "question", "answer", "state"]


def test_a_field_that_was_filled_is_not_overwritten_later(world: World) -> None:
    person = world.person()
    number = handed_in(world, person)
    world.apply(person, AddToInitiative("SK-11111-6", {"what": "Khác", "gain": "80 triệu"}))
    one = world.one(number)
    assert (one.fields["what"], one.gain) == ("Gá kẹp hàn cửa sắt", 80_000_000)


def test_an_idea_that_was_tried_is_looked_at_again(world: World) -> None:
    person = world.person()
    number = world.add("SK-11111-6", person, state="advised", fields={"use_state": "untried", "since": ""})
    assert world.one(number).idea
    use = {"use": "hôm qua", "use_state": "tried", "since": "2026-11-23", "since_precision": "day"}
    world.apply(person, ChangeInitiative("SK-11111-6", use=use))
    one = world.one(number)
    assert (one.idea, one.state) == (False, "in_review")


def test_withdrawing_twice_is_one_withdrawal(world: World) -> None:
    person = world.person()
    number = handed_in(world, person)
    world.apply(person, WithdrawInitiative("SK-11111-6"))
    world.apply(person, WithdrawInitiative("SK-11111-6"))
    events = world.look(lambda connection: store.history(connection, number))
    assert [event.state for event in events] == ["received", "withdrawn"]


def test_what_a_helper_hands_in_is_the_authors_once_claimed(world: World) -> None:
    helper, author = world.person("7001"), world.person("7002")
    hand_in = HandIn("SK-11111-6", FIELDS, helper=True, pin="4821")
    world.apply(helper, KeepDraft(FIELDS, (PICTURE,), helper=True), hand_in)
    row = world.look(lambda connection: store.by_code(connection, "SK-11111-6"))
    assert (row.person_id, row.confirmed, row.channel) == (None, False, "helper")
    assert world.known(helper).mine == ()
    assert "chưa khớp" in world.apply(author, ClaimInitiative("SK-11111-6", "0000"))[0].text
    world.apply(author, ClaimInitiative("SK-11111-6", "4821"))
    assert world.known(author).mine[0].code == "SK-11111-6"
    world.database.write(lambda connection: erasure.forget(connection, Vault((KEY,)), helper, world.hands()))
    assert world.known(author).mine[0].code == "SK-11111-6"
    assert len(world.look(lambda connection: file_store.of_initiative(connection, row.id))) == 1


def test_guessing_the_helpers_number_ends_after_a_few_tries(world: World) -> None:
    helper, thief = world.person("7001"), world.person("7002")
    world.apply(helper, KeepDraft(FIELDS, helper=True), HandIn("SK-11111-6", FIELDS, helper=True, pin="4821"))
    for guess in range(5):
        world.apply(thief, ClaimInitiative("SK-11111-6", f"{guess:04}"))
    world.apply(thief, ClaimInitiative("SK-11111-6", "4821"))
    assert world.known(thief).mine == ()


def test_forgetting_takes_the_initiative_its_files_and_its_history(world: World) -> None:
    person = world.person()
    number = handed_in(world, person)
    world.apply(person, AddToInitiative("SK-11111-6", files=(PICTURE,)))
    world.database.write(lambda connection: erasure.forget(connection, Vault((KEY,)), person, world.hands()))
    assert world.look(lambda connection: connection.execute(select(initiatives.c.id)).all()) == []
    assert world.look(lambda connection: connection.execute(select(initiative_events.c.id)).all()) == []
    assert world.look(lambda connection: file_store.of_initiative(connection, number)) == []


def test_files_of_one_message_are_taken_back_together(world: World) -> None:
    person = world.person()
    number = handed_in(world, person)
    world.apply(person, AddToInitiative("SK-11111-6", files=(PICTURE,)))
    world.hands.pass_by(minutes=1)
    world.apply(person, AddToInitiative("SK-11111-6", files=(PICTURE, PICTURE)))
    world.apply(person, DropFiles("SK-11111-6"))
    assert len(world.look(lambda connection: file_store.of_initiative(connection, number))) == 1


def test_every_move_of_an_officer_writes_to_the_author(world: World) -> None:
    person = world.person()
    number = handed_in(world, person)
    world.review(lambda hand, connection: hand.move(connection, world.one(number), State.IN_REVIEW))
    rows = world.look(lambda connection: connection.execute(select(outgoing.c.body, outgoing.c.origin)).all())
    assert [(row.origin, "Đang xem" in row.body) for row in rows] == [("notice", True)]


@pytest.mark.parametrize("held", [True, False])
def test_news_that_no_message_carried_is_to_be_called(world: World, held: bool) -> None:
    person = world.person()
    number = handed_in(world, person)
    world.review(lambda hand, connection: hand.move(connection, world.one(number), State.IN_REVIEW))
    if held:
        world.database.write(
            lambda connection: outbox.move(
                connection, OutboxEvent.WINDOW_CLOSED, outgoing.c.person_id == person, world.hands()
            )
        )
    waiting = store.untold(world.hands() + timedelta(minutes=1))
    assert len(world.look(lambda connection: connection.execute(waiting).all())) == int(held)
    event = next(one.id for one in world.look(lambda connection: store.history(connection, number)) if one.outbox_id)
    world.review(lambda hand, connection: hand.called(connection, event))
    assert world.look(lambda connection: connection.execute(waiting).all()) == []


def test_a_reminder_goes_inside_the_window_by_day_and_twice_at_most(world: World) -> None:
    person = world.person()
    world.apply(person, KeepDraft({"what": "Gá kẹp"}))
    assert world.office.reminding.work() == 0
    world.hands.pass_by(hours=25)  # 11:00 the next day; Zalo's free window is 48 hours
    assert world.office.reminding.work() == 1
    assert world.office.reminding.work() == 0
    world.hands.pass_by(hours=21)  # 08:00, the window closes in two hours
    assert world.office.reminding.work() == 1
    world.hands.pass_by(hours=26)
    assert world.office.reminding.work() == 0


def test_no_reminder_at_night(world: World) -> None:
    person = world.person()
    world.apply(person, KeepDraft({"what": "Gá kẹp"}))
    world.hands.pass_by(hours=19)  # 05:00
    assert world.office.reminding.work() == 0


def test_an_untouched_draft_goes_after_its_time(world: World) -> None:
    person = world.person()
    world.apply(person, KeepDraft({"what": "Gá kẹp"}))
    world.hands.pass_by(days=61)
    world.office.reminding.work()
    assert world.look(lambda connection: store.draft_of(connection, person)) is None
