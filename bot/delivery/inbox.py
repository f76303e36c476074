"""Step 2 of the way of a message: one person's waiting events, one turn, one transaction.

State, effects and replies are written together or not at all. Next: `bot/conversation/engine.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot import logs
from bot.clock import Clock
from bot.conversation.engine import Engine, Outcome, Standing
from bot.delivery.directory import Directory
from bot.delivery.effects import Apply, Cause
from bot.delivery.tally import Tally
from bot.messages import Inbound, InboundKind, Outbound, Part
from bot.platforms.contract import Platform
from bot.states import InboxState, Origin
from bot.store import inbox, optins, outbox, persons, said
from bot.store.accounts import Account
from bot.store.database import Database, DatabaseAway
from bot.store.inbox import FenceLost, Row
from bot.store.outbox import Claimed, Draft
from bot.talk import Answered, ForgetMe, Person, Rated, Say

#: After an outage old events arrive: they count for the window, and get no answer days later.
STALE = timedelta(hours=24)
#: Known, and no turn: they only change what is known of the person.
_NO_TURN = frozenset({InboundKind.UNFOLLOW, InboundKind.REACTION, InboundKind.EDIT, InboundKind.IGNORED})

#: What another part knows of whoever writes, for `Turn.facts`; a quick look, for it happens at every turn.
Facts = Callable[[Connection, Account, persons.Person | None, Sequence[Inbound]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Turn:
    """What was heard, from whom."""

    head: Row
    account: Account
    platform: Platform
    heard: Sequence[Inbound]
    merged: Sequence[int]
    person: persons.Person | None
    facts: Mapping[str, Any]
    now: datetime

    @property
    def id(self) -> str:
        return f"t{self.head.id}"


class Inbox:
    """Turns waiting events into replies. Any number of threads may call `handle`, each with rows of its own."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        engine: Callable[[], Engine],
        effects: Mapping[type, Apply],
        clock: Clock,
        tally: Tally,
        owner: str,
        facts: Sequence[Facts] = (),
    ) -> None:
        self._database = database
        self._directory = directory
        self._engine = engine
        self._effects = effects
        self._clock = clock
        self._tally = tally
        self._owner = owner
        self._facts = facts

    def claim(self, limit: int) -> list[Row]:
        now = self._clock()
        return self._database.write(lambda connection: inbox.claim_talk(connection, self._owner, now, limit))

    def handle(self, head: Row, *, room: int = 0) -> list[Claimed]:
        """One turn. A fault parks the row after a few tries; only a database that is away raises.

        Gives up to `room` messages of the account leased for sending: mostly this turn's own replies.
        """
        logs.correlation.set(f"t{head.id}")
        try:
            return self._turn(head, room)
        except FenceLost:
            logs.warn("turn.fence_lost", row=head.id)
        except DatabaseAway:
            raise
        except Exception:  # noqa: BLE001 - whatever a topic did, the member hears of it and the others go on
            logs.failure("turn.failed", row=head.id)
            self._failed(head)
        return []

    def _turn(self, head: Row, room: int) -> list[Claimed]:
        if head.attempts > inbox.MOST_ATTEMPTS:  # each time the process died over it
            self._failed(head)
            return []
        turn = self._hear(head)
        if turn is None:
            self._database.write(lambda connection: self._close(connection, head, InboxState.IGNORED, "no_account"))
            return []
        if _no_turn(turn.heard[0]) or turn.now - head.at > STALE:
            code = "" if _no_turn(turn.heard[0]) else "stale"
            self._database.write(lambda connection: self._note(connection, turn, code))
            return []
        outcome = self._engine().answer(turn.heard, _standing(turn), turn.now)
        parts = [part for say in outcome.says for part in _parts(turn, say)]
        leased = self._database.write(lambda connection: self._keep(connection, turn, outcome, parts, room))
        self._tally.add("turn")
        for effect in outcome.effects:
            if isinstance(effect, Answered):
                self._tally.add(f"answer.{effect.answer}")
            elif isinstance(effect, Rated):
                self._tally.add(f"{'up' if effect.good else 'down'}.{effect.answer}")
        logs.event("turn.done", row=head.id, merged=len(turn.merged), topic=outcome.topic, replies=len(parts))
        return leased

    def _hear(self, head: Row) -> _Turn | None:
        account = self._directory.account(head.account_id)
        if account is None:
            return None
        platform = self._directory.platform(account)
        with self._database.read() as connection:
            person = persons.find(connection, head.account_id, head.user_id)
            heard, merged = self._merge(platform, head, inbox.waiting_behind(connection, head))
            facts: dict[str, Any] = {}
            for known in self._facts:
                facts |= known(connection, account, person, heard)
        return _Turn(head, account, platform, heard, merged, person, facts, self._clock())

    def _merge(self, platform: Platform, head: Row, behind: Sequence[Row]) -> tuple[list[Inbound], list[int]]:
        heard, merged = [platform.read(head.body)], []
        for row in behind:
            following = platform.read(row.body)
            if _no_turn(heard[0]) or not self._engine().merges(heard[-1], following):
                break
            heard.append(following)
            merged.append(row.id)
        return heard, merged

    # ---- the one transaction ----

    def _keep(
        self, connection: Connection, turn: _Turn, outcome: Outcome, parts: Sequence[Part], room: int
    ) -> list[Claimed]:
        inbox.finish(connection, turn.head, self._owner, turn.now, merged=turn.merged, turn=turn.id)
        person_id = self._met(connection, turn, memory=_remembered(outcome, parts))
        _note_words(connection, person_id, turn)
        cause = Cause(turn.account, person_id, turn.head.user_id, _words(turn.heard), turn.now)
        added = [self._effects[type(effect)](connection, cause, effect) for effect in outcome.effects]
        more = [part for say in added if say is not None for part in _parts(turn, say)]
        outbox.add(connection, [_draft(turn, person_id, part) for part in (*parts, *more)], turn.now)
        if outcome.held_may_follow and turn.person is not None:
            outbox.release_held(connection, person_id, turn.now)
        return outbox.claim(connection, turn.account.id, self._owner, turn.now, room) if room > 0 else []

    def _note(self, connection: Connection, turn: _Turn, code: str) -> None:
        """An event that changes what is known of the person and asks for no answer."""
        self._close(connection, turn.head, InboxState.IGNORED if code else InboxState.DONE, code)
        if turn.person is not None or turn.heard[0].kind is not InboundKind.UNFOLLOW:
            _note_words(connection, self._met(connection, turn, counted=0), turn)

    def _close(self, connection: Connection, head: Row, state: InboxState, code: str) -> None:
        inbox.finish(connection, head, self._owner, self._clock(), state=state, code=code)

    def _met(self, connection: Connection, turn: _Turn, *, counted: int = 1, memory: object = None) -> int:
        """Write down who wrote and when; a person who was leaving is back."""
        person_id = (
            turn.person.id
            if turn.person
            else persons.ensure(connection, turn.head.account_id, turn.head.user_id, turn.now)
        )
        values: dict[str, Any] = {"reachable": True, "unreachable_code": "", "leaving_at": None}
        if counted:
            values["turns"] = (turn.person.turns if turn.person else 0) + counted
        if memory is not None:
            values["memory"] = memory
        opened = [min(one.at, turn.now) for one in turn.heard if one.opens_window]
        if opened:
            before = [turn.person.wrote_at] if turn.person and turn.person.wrote_at else []
            values["wrote_at"] = max(opened + before)
        for one in turn.heard:
            _note_opt_in(connection, person_id, one)
            if one.kind in {InboundKind.FOLLOW, InboundKind.UNFOLLOW}:
                values["follows"] = one.kind is InboundKind.FOLLOW
        persons.change(connection, person_id, **values)
        return person_id

    def _failed(self, head: Row) -> None:
        now = self._clock()

        def op(connection: Connection) -> bool:
            parked = inbox.try_again(connection, head, self._owner, now, "turn.failed")
            if parked:
                self._apologise(connection, head, now)
            return parked

        try:
            if self._database.write(op):
                self._tally.add("turn.parked")
        except FenceLost:
            logs.warn("turn.fence_lost", row=head.id)

    def _apologise(self, connection: Connection, head: Row, now: datetime) -> None:
        account = self._directory.account(head.account_id)
        if account is None:
            return
        person_id = persons.ensure(connection, head.account_id, head.user_id, now)
        wrote = {"wrote_at": head.at} if head.at > now - STALE else {}
        persons.change(connection, person_id, leaving_at=None, **wrote)  # back, so that staff find what is parked
        platform = self._directory.platform(account)
        for part in platform.parts(Outbound(self._engine().texts("delivery.sorry")), buttons=account.buttons):
            draft = Draft(account.id, person_id, Origin.REPLY, part.body, turn=f"t{head.id}", inbox_id=head.id)
            outbox.add(connection, [draft], now)


def _no_turn(one: Inbound) -> bool:
    """Asks for no answer: nobody said anything, or they only pressed yes on the platform's own request."""
    return one.kind in _NO_TURN or bool(one.token and not _stops(one))


def _stops(one: Inbound) -> bool:
    return one.kind is InboundKind.OPTIN and "stop" in one.text


def _note_opt_in(connection: Connection, person_id: int, one: Inbound) -> None:
    if _stops(one):
        optins.stopped(connection, person_id, one.at)
    elif one.token:
        optins.agreed(connection, person_id, one.token, one.until, one.at)


def _standing(turn: _Turn) -> Standing:
    person = turn.person
    if person is None:
        return Standing(platform=turn.account.platform, facts=turn.facts)
    known = Person(
        id=person.id,
        first_contact=person.turns == 0,
        subscribed=person.subscribed,
        unit=person.unit_said,
        unit_asked=person.unit_asked,
        with_staff=person.handed_over,
        stored={"messages": person.turns, "since": person.created_at, "subscribed": person.subscribed},
    )
    return Standing(known, person.memory, person.staff_until, turn.account.platform, turn.facts)


def _parts(turn: _Turn, say: Say) -> list[Part]:
    return turn.platform.parts(Outbound(say.text, say.buttons, sticky=say.sticky), buttons=turn.account.buttons)


def _remembered(outcome: Outcome, parts: Sequence[Part]) -> dict[str, object]:
    """The topics' memory, and the numbered menu that the member sees last."""
    if any(isinstance(effect, ForgetMe) for effect in outcome.effects):
        return {}
    memory = {name: value for name, value in outcome.memory.items() if name != "menu" or not parts}
    menus = [part.menu for part in parts if part.menu]
    if menus:
        memory["menu"] = [[button.title, button.payload] for button in menus[-1]]
    return memory


def _draft(turn: _Turn, person_id: int, part: Part) -> Draft:
    return Draft(turn.account.id, person_id, Origin.REPLY, part.body, turn=turn.id, inbox_id=turn.head.id)


def _note_words(connection: Connection, person_id: int, turn: _Turn) -> None:
    """So that officers find each message by its words."""
    for row_id, one in zip((turn.head.id, *turn.merged), turn.heard, strict=True):
        said.note(connection, person_id, one.text, one.at, inbox_id=row_id)


def _words(heard: Sequence[Inbound]) -> str:
    return "\n".join(one.text for one in heard if one.text)
