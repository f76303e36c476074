"""What officers do with an initiative: every act in one transaction with its history, audit row and news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from bot.errors import BotError
from bot.initiatives import codes, states
from bot.initiatives.news import News
from bot.initiatives.record import columns
from bot.initiatives.states import LABELS, By, State
from bot.store import audit
from bot.store import initiatives as store
from bot.store.initiatives import Initiative

#: Longer words would not fit one message with its buttons.
LONGEST = 400
PERMITS = {
    "employer": "initiative.permit_employer",
    "name": "initiative.permit_name",
    "story": "initiative.permit_story",
}


@dataclass(frozen=True, slots=True)
class Review:
    """One officer's hand. `staff_id` goes into history and audit."""

    news: News
    staff_id: int
    now: datetime

    def move(
        self,
        connection: Connection,
        one: Initiative,
        target: State,
        *,
        reason: str = "",
        number: str = "",
        day: date | None = None,
    ) -> None:
        """Change the state and tell the author. Raises BotError: the code of what is missing, or changed_meanwhile."""
        there = {"reason": bool(reason), "tried": not one.idea, "recognition": bool(number and day)}
        given = frozenset(name for name, is_there in there.items() if is_there)
        if fault := states.fault(State(one.state), target, By.STAFF, given):
            raise BotError(fault)
        values: dict[str, Any] = {"reason": reason if target is State.UNFIT else ""}
        if target is State.RECOGNISED:
            values |= {"recognition_number": number, "recognition_date": day}
        if not store.move(connection, one.id, one.state, target, self.now, **values):
            raise BotError("initiative.changed_meanwhile")
        event = self._record(
            connection, one, "question" if target is State.NEEDS_MORE else "state",
            state_before=one.state, state=target, text=reason,
        )  # fmt: skip
        self._audit(connection, one, "initiative.moved", before=one.state, after=target.value)
        self._tell(connection, one, event, target, reason, number, day)

    def _tell(
        self, connection: Connection, one: Initiative, event: int, target: State, reason: str, number: str,
        day: date | None,
    ) -> None:  # fmt: skip
        texts = self.news.texts
        lines = [texts("initiative.news_state", noun=one.code or "", unit=texts(LABELS[target]))]
        buttons = [("Xem hồ sơ", f"initiative:show:{one.code}")]
        subject = f"initiative:{one.id}"
        if target is State.RECOGNISED and day is not None:
            lines.append(texts("initiative.news_recognised", noun=number, when=f"{day:%d/%m/%Y}"))
        if target is State.NEEDS_MORE:
            lines.append(texts("initiative.question", noun=reason))
            buttons.insert(0, ("Trả lời", f"initiative:answer:{one.code}"))
            subject = f"initiative:{one.id}:question:{event}"
        elif reason:
            note = texts("initiative.news_note", noun=reason)
            lines.append(texts("initiative.reason", noun=reason) if target is State.UNFIT else note)

        self.news.tell(connection, one, event, "\n".join(lines), self.now, buttons=buttons, subject=subject)

    def ask(self, connection: Connection, one: Initiative, question: str) -> None:
        """Ask the author; the answer comes back into the history. The state follows where the table has a move."""
        if not states.fault(State(one.state), State.NEEDS_MORE, By.STAFF, frozenset({"reason"})):
            self.move(connection, one, State.NEEDS_MORE, reason=question)
            return
        event = self._record(connection, one, "question", text=question)
        self._audit(connection, one, "initiative.asked")
        text = self.news.texts("initiative.news_question", unit=one.code or "", noun=question)
        buttons = [("Trả lời", f"initiative:answer:{one.code}")]
        subject = f"initiative:{one.id}:question:{event}"
        self.news.tell(connection, one, event, text, self.now, buttons=buttons, subject=subject)

    def note(self, connection: Connection, one: Initiative, words: str) -> None:
        """For officers' eyes only."""
        self._record(connection, one, "note", text=words)
        self._audit(connection, one, "initiative.noted")

    def assign(self, connection: Connection, one: Initiative, to: int | None) -> None:
        store.change(connection, one.id, self.now, assigned_id=to)
        self._record(connection, one, "assigned", text=str(to or ""))
        self._audit(connection, one, "initiative.assigned", to=to)

    def ask_permission(self, connection: Connection, one: Initiative, purpose: str) -> None:
        """Ask the author for one separate consent. Raises BotError initiative.no_such_permit."""
        if purpose not in PERMITS:
            raise BotError("initiative.no_such_permit")
        event = self._record(connection, one, "asked_permit", text=purpose)
        self._audit(connection, one, "initiative.permission_asked", purpose=purpose)
        text = self.news.texts(PERMITS[purpose], noun=f"{one.code} ({one.title[:60]})")
        buttons = [
            ("Đồng ý", f"initiative:permit:{purpose}:{one.code}:yes"),
            ("Không", f"initiative:permit:{purpose}:{one.code}:no"),
        ]
        subject = f"initiative:{one.id}:permit:{purpose}"
        self.news.tell(connection, one, event, text, self.now, buttons=buttons, subject=subject)

    def note_permission(self, connection: Connection, one: Initiative, purpose: str, given: bool, how: str) -> None:
        """Consent given on paper or by phone."""
        if purpose not in PERMITS:
            raise BotError("initiative.no_such_permit")
        store.change(connection, one.id, self.now, **{f"{purpose}_ok": given})
        self._record(connection, one, "permit", text=f"{purpose}:{'yes' if given else 'no'}: {how}")
        self._audit(connection, one, "initiative.permission_noted", purpose=purpose, given=given)

    def place(self, connection: Connection, one: Initiative, unit_id: int | None) -> None:
        """Say which unit the author's workplace is."""
        store.change(connection, one.id, self.now, unit_id=unit_id)
        self._record(connection, one, "placed")
        self._audit(connection, one, "initiative.placed", unit=unit_id)

    def called(self, connection: Connection, event_id: int) -> None:
        """The author heard it by phone. Raises BotError initiative.changed_meanwhile."""
        event = store.called(connection, event_id, self.staff_id, self.now)
        if event is None:
            raise BotError("initiative.changed_meanwhile")
        audit.record(connection, self.now, self.staff_id, "initiative.called", "initiative", event.initiative_id)

    def enter(
        self,
        connection: Connection,
        fields: Mapping[str, Any],
        *,
        channel: str,
        consent_note: str,
        readers: str,
        within: str,
        unit_id: int | None,
    ) -> int:
        """One that came on paper or by phone; its number. Raises BotError initiative.consent_needed."""
        if not consent_note:
            raise BotError("initiative.consent_needed")
        made = {**columns(fields), "unit_id": unit_id}
        number = store.add(
            connection, self.now, state=State.RECEIVED, channel=channel, consent_note=consent_note, readers=readers,
            received_at=self.now, news="phone" if made["phone"] else "here", round=within, **made,
        )  # fmt: skip
        while not store.take_code(connection, number, codes.fresh()):
            pass
        store.record(
            connection, number, self.now, "state", By.STAFF, staff_id=self.staff_id, state=State.RECEIVED,
            text=consent_note,
        )  # fmt: skip
        audit.record(connection, self.now, self.staff_id, "initiative.entered", "initiative", number, channel=channel)
        return number

    def _record(self, connection: Connection, one: Initiative, kind: str, **more: Any) -> int:
        return store.record(connection, one.id, self.now, kind, By.STAFF, staff_id=self.staff_id, **more)

    def _audit(self, connection: Connection, one: Initiative, act: str, **facts: Any) -> None:
        audit.record(connection, self.now, self.staff_id, act, "initiative", one.id, **facts)
