"""What the effects of the topic do to the record, inside the turn's one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from bot import logs
from bot.clock import zone
from bot.errors import BotError
from bot.initiatives import states
from bot.initiatives.form import Form
from bot.initiatives.reading import money
from bot.initiatives.states import By, State
from bot.library.texts import Texts
from bot.store import files as file_store
from bot.store import initiatives as store
from bot.store.initiatives import Initiative
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
    Say,
    SendForm,
    WithdrawInitiative,
)

TITLE = 120
PIN_TRIES = 5
#: Of one initiative: more than that is a mistake or an attack.
MOST_FILES = 40
FETCHED = frozenset({"image", "video", "audio", "file"})


class Account(Protocol):
    @property
    def platform(self) -> str: ...


class Cause(Protocol):
    """Whose turn an effect belongs to; `bot.delivery.effects.Cause` is one."""

    @property
    def account(self) -> Account: ...
    @property
    def person_id(self) -> int: ...
    @property
    def now(self) -> datetime: ...


Apply = Callable[[Connection, Any, Any], Say | None]


class Record:
    """The effects of the topic of initiatives. `link` makes the address of a filled form."""

    def __init__(
        self, vault: Vault, form: Callable[[], Form], texts: Callable[[], Texts], link: Callable[[int, datetime], str]
    ) -> None:
        self._vault = vault
        self._form = form
        self._texts = texts
        self._link = link

    def effects(self) -> dict[type, Apply]:
        return {
            KeepDraft: self.keep_draft,
            DropDraft: self.drop_draft,
            HandIn: self.hand_in,
            AddToInitiative: self.add,
            DropFiles: self.drop_files,
            ChangeInitiative: self.change,
            WithdrawInitiative: self.withdraw,
            SendForm: self.send_form,
            ClaimInitiative: self.claim,
        }

    # ---- writing ----

    def keep_draft(self, connection: Connection, cause: Cause, effect: KeepDraft) -> None:
        if not effect.fields and not effect.files and not store.draft_of(connection, cause.person_id):
            return
        number = _draft(connection, cause, effect.fields)
        want_files(connection, cause, number, effect.files)

    def drop_draft(self, connection: Connection, cause: Cause, _effect: DropDraft) -> None:
        draft = store.draft_of(connection, cause.person_id)
        if draft is not None:
            store.drop(connection, draft.id)

    def hand_in(self, connection: Connection, cause: Cause, effect: HandIn) -> None:
        number = _draft(connection, cause, effect.fields)
        today = cause.now.astimezone(zone()).date()
        within = self._form().round_on(today)
        values: dict[str, Any] = {
            "code": effect.code,
            "readers": effect.readers,
            "received_at": cause.now,
            "round": within.name if within else "",
        }
        if effect.helper:
            values |= {"person_id": None, "channel": "helper", "confirmed": False, "pin": self._pin(effect)}
        store.move(connection, number, State.WRITING, State.RECEIVED, cause.now, **values)
        if effect.helper:
            store.set_helper(connection, number, cause.person_id)
            file_store.disown(connection, number)
        by = "helper" if effect.helper else By.AUTHOR
        store.record(connection, number, cause.now, "state", by, state_before=State.WRITING, state=State.RECEIVED)
        logs.event("initiative.received", initiative=number, helper=effect.helper)

    def _pin(self, effect: HandIn) -> str:
        return self._vault.hashes("initiative-pin", effect.code, effect.pin)[0]

    # ---- after ----

    def add(self, connection: Connection, cause: Cause, effect: AddToInitiative) -> None:
        one = _own(connection, cause, effect.code)
        if one is None:
            return
        filled = {key: value for key, value in effect.fields.items() if value and not one.fields.get(key)}
        if filled:
            fields = {**one.fields, **filled}
            store.change(connection, one.id, cause.now, **columns(fields), touched_at=cause.now)
        want_files(connection, cause, one.id, effect.files)
        text = effect.answer or ", ".join(self._form().label(key) for key in filled)
        if not text and not effect.files:
            return
        asked = bool(store.open_questions(connection, [one.id]))
        kind = "answer" if effect.answer and asked else "added"
        store.record(connection, one.id, cause.now, kind, By.AUTHOR, text=text)
        store.change(connection, one.id, cause.now, touched_at=cause.now)
        if one.state == State.NEEDS_MORE and (kind == "answer" or effect.files or filled):
            _move(connection, cause, one, State.IN_REVIEW)

    def drop_files(self, connection: Connection, cause: Cause, effect: DropFiles) -> None:
        one = _own(connection, cause, effect.code)
        if one is not None and file_store.drop_batch(connection, one.id, cause.person_id):
            store.record(connection, one.id, cause.now, "dropped", By.AUTHOR)

    def change(self, connection: Connection, cause: Cause, effect: ChangeInitiative) -> None:
        one = _own(connection, cause, effect.code)
        if one is None:
            return
        values: dict[str, Any] = {"touched_at": cause.now}
        if effect.news:
            values["news"] = effect.news
        if effect.phone:
            values |= columns({**one.fields, "phone": effect.phone})
        if effect.readers:
            values["readers"] = effect.readers
            store.record(connection, one.id, cause.now, "readers", By.AUTHOR, text=effect.readers)
        if effect.permit in {"employer", "name", "story"}:
            values[f"{effect.permit}_ok"] = effect.given
            said = f"{effect.permit}:{'yes' if effect.given else 'no'}"
            store.record(connection, one.id, cause.now, "permit", By.AUTHOR, text=said)
        if effect.use:
            values |= columns({**one.fields, **effect.use})
        store.change(connection, one.id, cause.now, **values)
        if effect.use:
            store.record(connection, one.id, cause.now, "added", By.AUTHOR, text=str(effect.use.get("use", "")))
            if one.state == State.ADVISED:
                _move(connection, cause, one, State.IN_REVIEW)

    def withdraw(self, connection: Connection, cause: Cause, effect: WithdrawInitiative) -> None:
        one = _own(connection, cause, effect.code)
        if one is not None:
            _move(connection, cause, one, State.WITHDRAWN)

    def send_form(self, connection: Connection, cause: Cause, effect: SendForm) -> Say | None:
        one = _own(connection, cause, effect.code)
        if one is None:
            return None
        texts = self._texts()
        return Say(texts("initiative.paper_link", noun=effect.code, url=self._link(one.id, cause.now)))

    def claim(self, connection: Connection, cause: Cause, effect: ClaimInitiative) -> Say:
        """The worker's own word: from now on it is theirs. After a few wrong numbers only an officer can help."""
        texts = self._texts()
        one = store.by_code(connection, effect.code)
        good = one is not None and not one.confirmed and one.pin_tries < PIN_TRIES
        if one is None or not good or one.pin not in self._vault.hashes("initiative-pin", effect.code, effect.pin):
            if one is not None and not one.confirmed:
                store.change(connection, one.id, cause.now, pin_tries=one.pin_tries + 1)
            return Say(texts("initiative.claim_wrong"))
        store.change(
            connection, one.id, cause.now, person_id=cause.person_id, confirmed=True, pin="", touched_at=cause.now
        )
        store.record(connection, one.id, cause.now, "confirmed", By.AUTHOR)
        return Say(texts("initiative.claimed", noun=effect.code))


def _draft(connection: Connection, cause: Cause, fields: Mapping[str, Any]) -> int:
    """The number of the person's one draft, with these fields."""
    found = store.draft_of(connection, cause.person_id)
    made = columns(fields)
    if found is not None:
        store.change(connection, found.id, cause.now, **made, touched_at=cause.now)
        return found.id
    return store.add(connection, cause.now, person_id=cause.person_id, state=State.WRITING, **made)


def _own(connection: Connection, cause: Cause, code: str) -> Initiative | None:
    one = store.by_code(connection, code)
    return one if one is not None and one.person_id == cause.person_id else None


def _move(connection: Connection, cause: Cause, one: Initiative, target: State) -> None:
    """A move by the author; one that the table does not have is silently none: an old button was pressed."""
    state = State(one.state)
    if states.fault(state, target, By.AUTHOR, frozenset()):
        return
    if store.move(connection, one.id, state, target, cause.now, touched_at=cause.now):
        store.record(connection, one.id, cause.now, "state", By.AUTHOR, state_before=state, state=target)


def want_files(connection: Connection, cause: Cause, number: int, sent: Sequence[Attachment]) -> None:
    """Note attachments to be fetched; what has no address, or is too much, is left out."""
    free = MOST_FILES - file_store.counts(connection, [number]).get(number, 0)
    rows = [
        {
            "person_id": cause.person_id,
            "initiative_id": number,
            "batch": cause.now.isoformat(),
            "kind": item.kind,
            "name": (item.name or "")[:200],
            "url": item.url,
            "platform": cause.account.platform,
        }
        for item in sent
        if item.url and item.kind in FETCHED
    ]
    file_store.want(connection, rows[: max(free, 0)], cause.now)


def columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that lists, searches and reports use, made of the answers; the answers stay as they were written."""
    said = {key: value for key, value in fields.items() if isinstance(value, str)}
    born, place_id = fields.get("born"), fields.get("place_id")
    title = said.get("title") or said.get("what", "")
    return {
        "fields": dict(fields),
        "title": _short(title),
        "author": said.get("author", ""),
        "born": born if isinstance(born, int) else None,
        "unit_id": place_id if isinstance(place_id, int) and place_id else None,
        "unit_said": said.get("place", ""),
        "subject": said.get("subject", ""),
        "gain": money(said.get("gain", "")),
        "idea": said.get("use_state") == "untried",
        "since": date.fromisoformat(said["since"]) if said.get("since") else None,
        "since_precision": said.get("since_precision", ""),
        "phone": said.get("phone", ""),
        "folded": store.searchable(*said.values()),
    }


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE else f"{line[: TITLE - 1].rstrip()}…"


def needed(one: Initiative | None) -> Initiative:
    """Raises BotError initiative.unknown."""
    if one is None:
        raise BotError("initiative.unknown")
    return one
