"""Applies what the platforms tell of messages sent: receipts, echoes, control, notices; many in one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot import logs
from bot.clock import Clock
from bot.delivery.directory import Directory
from bot.delivery.tally import Tally
from bot.messages import Inbound, InboundKind
from bot.states import OutboxEvent
from bot.store import inbox, marks, outbox, persons
from bot.store.accounts import Account
from bot.store.database import Database, passes
from bot.store.inbox import Row

BATCH = 50  # in one transaction: a webhook that must be acknowledged waits for it
#: Another app owns the thread until it gives it back; should that event get lost, the bot is back after this.
LONGEST_CONTROL = timedelta(hours=24)
_TAG = re.compile(r"out-([0-9]{1,18})")
_RECEIPTS = {
    InboundKind.DELIVERED: OutboxEvent.DELIVERY_RECEIPT,
    InboundKind.READ: OutboxEvent.READ_RECEIPT,
}


class Receipts:
    def __init__(
        self,
        database: Database,
        directory: Directory,
        clock: Clock,
        tally: Tally,
        *,
        staff_pause: Callable[[], timedelta],
    ) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock
        self._tally = tally
        self._staff_pause = staff_pause

    def work(self) -> int:
        """Apply what waits; how many rows were closed. One bad row does not stop the others."""
        try:
            return self._database.write(self._apply_all)
        except _BadRow as bad:
            row, now = bad.row, self._clock()
            logs.failure("receipt.failed", row=row.id)
            self._database.write(lambda connection: inbox.receipt_failed(connection, row, now, "receipt.failed"))
            return 1

    def _apply_all(self, connection: Connection) -> int:
        now = self._clock()
        rows = inbox.claim_receipts(connection, now, BATCH)
        if not rows:
            return 0
        heard = [one for row in rows if (one := self._read(row)) is not None]
        about = _look_up(connection, heard)
        for one in heard:
            try:
                self._apply(connection, one, about, now)
            except Exception as error:
                if passes(error):  # not the receipt's fault
                    raise
                raise _BadRow(one.row) from error
        inbox.close_receipts(connection, [row.id for row in rows], now)
        return len(rows)

    def _read(self, row: Row) -> _Heard | None:
        account = self._directory.account(row.account_id)
        try:
            return _Heard(row, account, self._directory.platform(account).read(row.body)) if account else None
        except Exception as error:
            if passes(error):
                raise
            raise _BadRow(row) from error

    def _apply(self, connection: Connection, heard: _Heard, about: _About, now: datetime) -> None:
        account, inbound = heard.account, heard.inbound
        if inbound.kind in _RECEIPTS:
            self._receipt(connection, account, inbound, about, now)
        elif inbound.kind is InboundKind.ECHO:
            self._echo(connection, account, inbound, about, now)
        elif inbound.kind is InboundKind.CONTROL and inbound.user_id:
            until = None if inbound.own else now + LONGEST_CONTROL
            self._silence(connection, account, inbound.user_id, until, now)
        elif inbound.user_id and inbound.opens_window:  # said while another app owns the thread
            self._wrote(connection, account, inbound)
        elif inbound.kind is InboundKind.NOTICE:
            marks.raise_alarm(
                connection, f"notice:{account.id}:{inbound.text}", f"{account.platform}.{inbound.text}", now
            )
        self._tally.add(f"receipt.{inbound.kind.value}")

    def _receipt(
        self, connection: Connection, account: Account, inbound: Inbound, about: _About, now: datetime
    ) -> None:
        event = _RECEIPTS[inbound.kind]
        ours = [name for name in inbound.message_ids if (account.id, name) in about.messages]
        outbox.confirm(connection, account.id, ours, event, inbound.at, now)
        person_id = about.people.get((account.id, inbound.user_id or ""))
        if inbound.watermark is not None and person_id is not None:
            outbox.confirm_up_to(connection, person_id, inbound.watermark, event, now)

    def _echo(self, connection: Connection, account: Account, inbound: Inbound, about: _About, now: datetime) -> None:
        """Our own echo proves that a message left; anybody else's means that a person speaks now."""
        if not inbound.own:
            if inbound.user_id:
                person_id = self._silence(connection, account, inbound.user_id, now + self._staff_pause(), now)
                for number in persons.close_handover(connection, person_id, now):
                    marks.end_alarm(connection, f"handover:{number}", now)
            return
        message_id = inbound.message_id or ""
        if inbound.tag and (ours := _TAG.fullmatch(inbound.tag)):
            outbox.confirm_tag(connection, account.id, int(ours[1]), message_id, now)
        elif (account.id, message_id) in about.messages and not outbox.confirm(
            connection, account.id, [message_id], OutboxEvent.ECHO, inbound.at, now
        ):
            known = persons.number(connection, account.id, inbound.user_id or "")
            if known is not None and inbound.text:
                outbox.confirm_text(connection, known, inbound.text, message_id, now)

    def _silence(
        self, connection: Connection, account: Account, user_id: str, until: datetime | None, now: datetime
    ) -> int:
        person_id = persons.ensure(connection, account.id, user_id, now)
        persons.change(connection, person_id, staff_until=until)
        return person_id

    def _wrote(self, connection: Connection, account: Account, inbound: Inbound) -> None:
        person = persons.find(connection, account.id, inbound.user_id or "")
        if person is not None and (person.wrote_at is None or person.wrote_at < inbound.at):
            persons.change(connection, person.id, wrote_at=inbound.at)


@dataclass(frozen=True, slots=True)
class _Heard:
    """A receipt that was read, and of which account it is."""

    row: Row
    account: Account
    inbound: Inbound


@dataclass(frozen=True, slots=True)
class _About:
    """What a batch of receipts may speak of, by account: messages that may be ours, and people by their id there."""

    messages: set[tuple[int, str]]
    people: dict[tuple[int, str], int]


def _look_up(connection: Connection, heard: Sequence[_Heard]) -> _About:
    """Look once for all of them: most of a storm is about another system's messages, or about people unknown here."""
    about = _About(set(), {})
    for number in {one.account.id for one in heard}:
        mine = [one.inbound for one in heard if one.account.id == number]
        named = {name for one in mine for name in (*one.message_ids, one.message_id) if name}
        users = {one.user_id for one in mine if one.watermark is not None and one.user_id}
        about.messages.update((number, name) for name in outbox.may_be_ours(connection, number, named))
        about.people.update(
            ((number, user), known) for user, known in persons.numbers(connection, number, users).items()
        )
    return about


class _BadRow(Exception):
    def __init__(self, row: Row) -> None:
        self.row = row
        super().__init__(row.id)
