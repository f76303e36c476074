"""Telling authors what is new: a message where one may go, otherwise a call that an officer must make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.clock import zone
from bot.library.organisation import DAYS, Organisation
from bot.library.texts import Texts
from bot.messages import PAYLOAD_PREFIX, Button, Outbound
from bot.platforms.contract import Platform
from bot.states import Origin
from bot.store import accounts, outbox, persons
from bot.store.initiatives import Initiative, told
from bot.store.outbox import Draft

WORKING_WEEK = frozenset({"mon", "tue", "wed", "thu", "fri"})
CALL_AFTER = 2  # working days that news may be held before somebody calls


class News:
    """Writes outbox rows; delivery keeps windows, order and retries."""

    def __init__(self, platforms: Mapping[str, Platform], texts: Callable[[], Texts]) -> None:
        self._platforms = platforms
        self._texts = texts

    @property
    def texts(self) -> Texts:
        return self._texts()

    def tell(
        self,
        connection: Connection,
        one: Initiative,
        event_id: int,
        text: str,
        now: datetime,
        *,
        buttons: Sequence[tuple[str, str]] = (),
        subject: str = "",
    ) -> int | None:
        """Tell the author what one event of the history says; the number of the message, None when nobody can write.

        `buttons`: title and action. `subject`: a newer message of the same subject replaces one that is still held.
        """
        sent = self.send(connection, one.person_id, text, now, buttons=buttons, subject=subject)
        told(connection, event_id, sent, to_call=sent is None or one.news == "phone")
        return sent

    def send(
        self,
        connection: Connection,
        person_id: int | None,
        text: str,
        now: datetime,
        *,
        buttons: Sequence[tuple[str, str]] = (),
        subject: str = "",
        useful_until: datetime | None = None,
    ) -> int | None:
        person = persons.get(connection, person_id) if person_id is not None else None
        account = accounts.get(connection, person.account_id) if person is not None else None
        platform = self._platforms.get(account.platform) if account is not None else None
        if person is None or account is None or platform is None or not person.reachable:
            return None
        choices = tuple(Button(title, payload=PAYLOAD_PREFIX + action) for title, action in buttons)
        parts = platform.parts(Outbound(text, choices, sticky=True), buttons=account.buttons)
        drafts = [
            Draft(
                account.id,
                person.id,
                Origin.NOTICE,
                part.body,
                subject=subject if len(parts) == 1 else "",  # replacing one part would leave half a message
                useful_until=useful_until,
                menu=part.menu,
            )
            for part in parts
        ]
        return outbox.add(connection, drafts, now)[0]


def working_days_ago(organisation: Organisation, now: datetime, days: int) -> datetime:
    """The moment so many working days back; without hours in the settings Monday to Friday count."""
    week = {day for day in DAYS if organisation.hours.get(day)} or WORKING_WEEK
    at = now.astimezone(zone())
    while days > 0:
        at -= timedelta(days=1)
        if DAYS[at.weekday()] in week and at.date() not in organisation.holidays:
            days -= 1
    return at.astimezone(now.tzinfo)
