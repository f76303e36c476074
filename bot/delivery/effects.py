"""What each effect of a topic does to the store, inside the turn's one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.states import Origin
from bot.store import data_requests, erasure, exports, marks, notifications, outbox, persons, workplaces
from bot.store.accounts import Account
from bot.store.vault import Vault
from bot.talk import (
    Answered,
    CallOff,
    Consent,
    ExportMe,
    ForgetMe,
    HandOver,
    LinkStaff,
    Missed,
    Say,
    SetUnit,
    TakeBack,
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Whose turn an effect belongs to."""

    account: Account
    person_id: int
    user_id: str
    said: str  # the member's words, for the officers who will answer them
    now: datetime


#: Gives words to add behind the reply where the effect has some of its own (a link made just now).
Apply = Callable[[Connection, Cause, Any], Say | None]


def _consent(connection: Connection, cause: Cause, effect: Consent) -> None:
    persons.add_consent(
        connection,
        cause.person_id,
        purpose=effect.purpose,
        given=effect.given,
        words=effect.words,
        version=effect.version,
        channel=cause.account.platform,
        now=cause.now,
    )


def _set_unit(connection: Connection, cause: Cause, effect: SetUnit) -> None:
    """Keep the words, and the unit they mean where only one can be meant."""
    unit_id = workplaces.meant(connection, effect.said, cause.now)
    persons.change(connection, cause.person_id, unit_said=effect.said, unit_id=unit_id, unit_asked=True)


def _hand_over(connection: Connection, cause: Cause, effect: HandOver) -> None:
    number = persons.open_handover(
        connection, cause.person_id, reason=effect.reason, urgent=effect.urgent, now=cause.now
    )
    code = "handover.urgent" if effect.urgent else "handover.waiting"
    marks.raise_alarm(connection, f"handover:{number}", code, cause.now, person=cause.person_id, reason=effect.reason)
    if effect.reason == "privacy":
        data_requests.asked_in_chat(connection, cause.now, cause.person_id)


def _take_back(connection: Connection, cause: Cause, _effect: TakeBack) -> None:
    """The bot speaks again. A hand-over that nobody answered yet goes on waiting: only staff close it."""
    persons.change(connection, cause.person_id, staff_until=None)


def _missed(connection: Connection, cause: Cause, effect: Missed) -> None:
    persons.add_miss(connection, cause.person_id, cause.said, effect.nearest, cause.now)


def _call_off(connection: Connection, cause: Cause, _effect: CallOff) -> None:
    outbox.call_off(connection, cause.person_id, [Origin.ANNOUNCEMENT], cause.now)


def _nothing(_connection: Connection, _cause: Cause, _effect: Answered) -> None:
    """An answer's use is a figure; the tally counts it."""


#: runtime adds what announcements and initiatives bring.
EFFECTS: Mapping[type, Apply] = {
    Consent: _consent,
    SetUnit: _set_unit,
    HandOver: _hand_over,
    TakeBack: _take_back,
    Missed: _missed,
    Answered: _nothing,
    CallOff: _call_off,
}


def forget(vault: Vault) -> Apply:
    def apply(connection: Connection, cause: Cause, _effect: ForgetMe) -> None:
        erasure.forget(connection, vault, cause.person_id, cause.now)
        data_requests.done_at_once(connection, cause.now, data_requests.Kind.DELETE, cause.person_id)

    return apply


def export(link: Callable[[str], Say]) -> Apply:
    """`link` puts the address of a token into words."""

    def apply(connection: Connection, cause: Cause, _effect: ExportMe) -> Say:
        data_requests.done_at_once(connection, cause.now, data_requests.Kind.SEE, cause.person_id)
        return link(exports.open_link(connection, cause.person_id, cause.now))

    return apply


def link_staff(vault: Vault, said: Callable[[bool], Say]) -> Apply:
    """`said` puts into words whether the code was good."""

    def apply(connection: Connection, cause: Cause, effect: LinkStaff) -> Say:
        return said(notifications.link(connection, vault, cause.now, cause.person_id, effect.code))

    return apply
