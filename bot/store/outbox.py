"""What goes out: queued, leased within the account's allowance, moved by the table of states.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)

from bot.messages import Button
from bot.states import OUTBOX_MOVES, Lane, Origin, OutboxEvent, OutboxState
from bot.store import accounts
from bot.store.accounts import Account
from bot.store.prepared import Among, Prepared
from bot.store.schema import Moment, early_receipts, outbox, persons
from bot.store.sql import insert_or_ignore, upsert

#: Well over the time-outs of one HTTP call; a row whose lease ran out is nobody's.
LEASE = timedelta(seconds=40)
#: A claimed reply that waited longer for a free sender looks again whether it is still ours.
AT_ONCE = timedelta(seconds=5)
#: A reply nobody confirmed is sent again once, so long after.
DOUBT = timedelta(seconds=10)

_OPEN = text("outbox.state IN ('queued', 'waiting')")
#: Keys of a stored body that are for us and not for the platform.
OURS = frozenset({"human", "menu", "billed", "way", "plain"})
_S = OutboxState
#: Nothing more is to be done for these, whatever a receipt may still tell.
_FINISHED = frozenset({_S.SENT, _S.DELIVERED, _S.READ, _S.FAILED, _S.EXPIRED, _S.CANCELLED})
__all__ = ["DOUBT", "LEASE", "Claimed", "Draft", "Lane", "add", "claim", "move"]


@dataclass(frozen=True, slots=True)
class Draft:
    """One part of one message, to be queued."""

    account_id: int
    person_id: int
    origin: Origin
    body: Mapping[str, object]
    turn: str = ""
    inbox_id: int | None = None
    announcement_id: int | None = None
    due_at: datetime | None = None
    subject: str = ""
    useful_until: datetime | None = None
    human: bool = False
    #: Numbered choices that this message shows outside a turn: remembered once it was sent, so that a number chooses.
    menu: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A leased row, with all that one attempt needs."""

    id: int
    account: Account
    person_id: int
    user_id: str
    wrote_at: datetime | None
    origin: Origin
    body: Mapping[str, Any]
    turn: str
    attempts: int
    doubts: int
    useful_until: datetime | None
    begun_at: datetime | None
    owner: str


def add(connection: Connection, drafts: Sequence[Draft], now: datetime) -> list[int]:
    """Queue drafts in their order; their numbers."""
    if not drafts:
        return []
    return [int(_ADD.rows(connection, **_row(draft, now))[0][0]) for draft in drafts]


def _row(draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "account_id": draft.account_id,
        "person_id": draft.person_id,
        "origin": draft.origin.value,
        "priority": draft.origin.priority,
        "announcement_id": draft.announcement_id,
        "inbox_id": draft.inbox_id,
        "turn": draft.turn,
        "body": json.dumps(_kept(draft), ensure_ascii=False),
        "blocks": draft.origin is not Origin.ANNOUNCEMENT,
        "queued_at": now,
        "due_at": draft.due_at or now,
        "subject": draft.subject,
        "useful_until": draft.useful_until,
        "created_at": now,
    }


_ADDED = (
    *("account_id", "person_id", "origin", "priority", "announcement_id", "inbox_id", "turn", "body", "blocks"),
    *("queued_at", "due_at", "subject", "useful_until", "created_at"),
)
_ADD = Prepared(lambda _: insert(outbox).values({name: bindparam(name) for name in _ADDED}).returning(outbox.c.id))


def _kept(draft: Draft) -> dict[str, object]:
    kept = dict(draft.body)
    if draft.human:
        kept["human"] = True
    if draft.menu:
        kept["menu"] = [[button.title, button.payload] for button in draft.menu]
    return kept


# ---- claiming ----


_WITH_WORK = Prepared(
    lambda _: (
        select(outbox.c.account_id)
        .where(_OPEN, outbox.c.announcement_id.is_(None), outbox.c.due_at <= bindparam("moment"))
        .distinct()
    )
)


def accounts_with_work(connection: Connection, now: datetime) -> list[int]:
    """Accounts that have a reply or notice due: a cheap look before anything is written."""
    return [row[0] for row in _WITH_WORK.rows(connection, moment=now)]


def claim(
    connection: Connection,
    account_id: int,
    owner: str,
    now: datetime,
    limit: int,
    *,
    announcement_id: int | None = None,
    a_day: int | None = None,
) -> list[Claimed]:
    """Lease up to `limit` due rows within the account's allowance, replies first, in the order of each person.

    The account's row is locked meanwhile, so that all workers together keep its rate. `a_day`: how many announcements
    one person may get in 24 hours; what is over waits.
    """
    account = accounts.get(connection, account_id, lock=True)
    if account is None or account.state != accounts.ACTIVE or (account.paused_until and account.paused_until > now):
        return []
    allowance = refilled(account, now)
    limit = min(limit, int(allowance))
    if limit < 1:
        return []
    rows = _lease(connection, account, owner, now, limit, announcement_id, a_day)
    if rows:
        # never back: who waited longer for the lock would have the same moments filled in twice
        refilled_at = max(now, account.refilled_at)
        accounts.change(connection, account_id, allowance=allowance - len(rows), refilled_at=refilled_at)
    return rows


def refilled(account: Account, now: datetime) -> float:
    """What the account may send at this moment: a token bucket."""
    elapsed = max(0.0, (now - account.refilled_at).total_seconds())
    return min(account.burst, account.allowance + elapsed * account.pace(now))


def _lease(
    connection: Connection,
    account: Account,
    owner: str,
    now: datetime,
    limit: int,
    announcement_id: int | None,
    a_day: int | None,
) -> list[Claimed]:
    facts = {"of_account": account.id, "moment": now, "most": limit, "by": owner, "until": now + LEASE}
    if announcement_id is not None:
        facts["of_announcement"] = announcement_id
    if a_day is not None:
        facts |= {"a_day": a_day, "day_ago": now - timedelta(hours=24)}
    statement = _leasing(announced=announcement_id is not None, limited=a_day is not None)
    rows = [_claimed(row, account, owner) for row in statement.rows(connection, **facts)]
    return sorted(rows, key=lambda row: (row.origin.priority, row.id))


@cache
def _leasing(*, announced: bool, limited: bool) -> Prepared:
    return Prepared(lambda _: _lease_statement(announced=announced, limited=limited))


def _lease_statement(*, announced: bool, limited: bool) -> Any:
    """The claim. States stand as literals, or the partial indexes would not serve it."""
    older = outbox.alias("older")
    before = or_(
        older.c.queued_at < outbox.c.queued_at,
        and_(older.c.queued_at == outbox.c.queued_at, older.c.id < outbox.c.id),
    )
    blocked = exists().where(older.c.person_id == outbox.c.person_id, before, text("older.blocks"))
    useful = or_(outbox.c.useful_until.is_(None), outbox.c.useful_until >= bindparam("moment"))
    which = (
        and_(outbox.c.announcement_id.is_not(None), outbox.c.announcement_id == bindparam("of_announcement"))
        if announced
        else outbox.c.announcement_id.is_(None)
    )
    if limited:
        which = and_(which, _had_today() < bindparam("a_day", type_=Integer))
    ready = (
        select(outbox.c.id)
        .where(
            outbox.c.account_id == bindparam("of_account"),
            which,
            _OPEN,
            outbox.c.due_at <= bindparam("moment"),
            useful,
            ~blocked,
        )
        .order_by(*([] if announced else [outbox.c.priority]), outbox.c.due_at, outbox.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)  # SQLite leaves it out: it has one writer
    )
    return (
        update(outbox)
        .where(outbox.c.id.in_(ready.scalar_subquery()))
        .values(
            state=OutboxState.SENDING.value,
            owner=bindparam("by"),
            lease_until=bindparam("until"),
            # a reply leaves at once, and one in doubt is sent again: that saves it a transaction of its own
            begun_at=case((outbox.c.origin == Origin.REPLY.value, bindparam("moment", type_=Moment())), else_=None),
            blocks=True,
            attempts=outbox.c.attempts + 1,
        )
        .returning(*_CLAIMED)
    )


def _of_person(column: Any) -> Any:
    return select(column).where(persons.c.id == outbox.c.person_id).scalar_subquery()


_OF_A_CLAIM = [name for name in Claimed.__dataclass_fields__ if name not in {"account", "owner"}]
#: In that order.
_CLAIMED = (
    outbox.c.id,
    outbox.c.person_id,
    _of_person(persons.c.user_id),
    _of_person(persons.c.wrote_at),
    outbox.c.origin,
    outbox.c.body,
    outbox.c.turn,
    outbox.c.attempts,
    outbox.c.doubts,
    outbox.c.useful_until,
    outbox.c.begun_at,
)


def _had_today() -> Any:
    """How many announcements the person of a row has got in 24 hours, or may have."""
    had = outbox.alias("had")
    query = select(func.count()).where(
        had.c.person_id == outbox.c.person_id,
        had.c.origin == Origin.ANNOUNCEMENT.value,
        had.c.id != outbox.c.id,
        or_(
            had.c.sent_at > bindparam("day_ago"),
            had.c.begun_at > bindparam("day_ago"),
            had.c.state == OutboxState.SENDING.value,
        ),
    )
    return query.scalar_subquery()


def _claimed(row: tuple[Any, ...], account: Account, owner: str) -> Claimed:
    facts = dict(zip(_OF_A_CLAIM, row, strict=True))
    facts |= {"origin": Origin(facts["origin"]), "body": json.loads(facts["body"])}
    return Claimed(account=account, owner=owner, **facts)


# ---- moving ----


def move(
    connection: Connection,
    event: OutboxEvent,
    which: Any,
    now: datetime,
    **values: Any,
) -> int:
    """Make the move of states.py for the rows of `which` that stand in a state it may leave; how many did."""
    return connection.execute(_moving(event, which, values, literal(now, Moment()))).rowcount


def _moving(event: OutboxEvent, which: Any, values: Mapping[str, Any], moment: Any) -> Any:
    leaves, reaches = OUTBOX_MOVES[event]
    values = {"state": reaches.value, "owner": None, "lease_until": None, **_consequences(reaches, moment), **values}
    may = outbox.c.state.in_([literal_column(f"'{state.value}'") for state in sorted(leaves)])
    return update(outbox).where(which, may).values(**values)


def _consequences(state: OutboxState, moment: Any) -> dict[str, Any]:
    """What a state means for the other columns."""
    if state in _FINISHED:
        return {"blocks": False, "finished_at": func.coalesce(outbox.c.finished_at, moment)}
    if state is OutboxState.HELD:
        return {"blocks": False}
    if state in {OutboxState.QUEUED, OutboxState.WAITING}:
        return {"blocks": outbox.c.origin != Origin.ANNOUNCEMENT.value, "begun_at": None}
    return {}


@cache
def _moving_often(event: OutboxEvent, which: Any, names: tuple[str, ...]) -> Prepared:
    """`which`: one of the constants below."""
    to: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names}
    return Prepared(lambda _: _moving(event, which, to, bindparam("moment", type_=Moment())))


def _move_often(
    connection: Connection, event: OutboxEvent, which: Any, who: Mapping[str, Any], now: datetime, **values: Any
) -> int:
    to = {f"to_{name}": value for name, value in values.items()}
    return _moving_often(event, which, tuple(values)).count(connection, moment=now, **who, **to)


_ROW = outbox.c.id == bindparam("row")
_ATTEMPT = and_(_ROW, outbox.c.attempts == bindparam("attempt"))
_MINE = and_(_ATTEMPT, outbox.c.owner == bindparam("by"))
_OF_ACCOUNT = outbox.c.account_id == bindparam("of_account")
_TAGGED = and_(_ROW, _OF_ACCOUNT)
_NAMED = and_(_OF_ACCOUNT, outbox.c.message_id == bindparam("message_id"))
#: A watermark is the platform's time of the last message it speaks of: later than our request, earlier than its answer.
_EARLIER = and_(
    outbox.c.person_id == bindparam("of_person"),
    outbox.c.sent_at.is_not(None),
    func.coalesce(outbox.c.begun_at, outbox.c.sent_at) <= bindparam("watermark"),
)
_BEGIN = Prepared(
    lambda _: (
        update(outbox).where(_MINE, outbox.c.state == OutboxState.SENDING.value).values(begun_at=bindparam("moment"))
    )
)
_NAME = Prepared(
    lambda _: (
        update(outbox)
        .where(_ATTEMPT, outbox.c.message_id.is_(None))
        .values(message_id=bindparam("to_message_id"), sent_at=bindparam("moment"))
    )
)
_FASTER = and_(
    early_receipts.c.account_id == bindparam("of_account"),
    early_receipts.c.message_id.in_((bindparam("message_id"), bindparam("anything"))),
)
_EARLY = Prepared(
    lambda _: (
        select(early_receipts.c.message_id, early_receipts.c.state, early_receipts.c.at)
        .where(_FASTER)
        .order_by(early_receipts.c.id)
    )
)
#: Gives whether there are early receipts: mostly there are none, and then nothing more is asked.
_ACCEPT = Prepared(
    lambda _: _moving(
        OutboxEvent.ACCEPTED,
        _ATTEMPT,
        {"message_id": bindparam("message_id"), "sent_at": bindparam("moment", type_=Moment())},
        bindparam("moment", type_=Moment()),
    ).returning(exists().where(_FASTER).label("early"))
)


def _fence(row: Claimed) -> dict[str, Any]:
    """What tells the row as this owner leased it this time."""
    return {"row": row.id, "attempt": row.attempts, "by": row.owner}


def move_ours(connection: Connection, event: OutboxEvent, row: Claimed, now: datetime, **values: Any) -> bool:
    """Move a leased row; False when it is no longer ours."""
    return _move_often(connection, event, _MINE, _fence(row), now, **values) == 1


def begins(row: Claimed, now: datetime) -> bool:
    """Whether the claim a moment ago noted already that the request is about to leave."""
    return row.begun_at is not None and now - row.begun_at < AT_ONCE


def begin(connection: Connection, row: Claimed, now: datetime) -> bool:
    """Note that the request is about to leave; False when the row is no longer ours."""
    return _BEGIN.count(connection, **_fence(row), moment=now) == 1


def accepted(connection: Connection, row: Claimed, message_id: str, now: datetime) -> bool:
    """Note the platform's id, and apply receipts that were faster than its answer."""
    _one_at_a_time(connection, row.account.id, message_id)
    _one_at_a_time(connection, row.account.id, _anything_to(row.person_id))
    # the fence is the attempt alone: an answer that comes after the lease is still the truth about the message
    who = {"row": row.id, "attempt": row.attempts}
    early = {"of_account": row.account.id, "message_id": message_id, "anything": _anything_to(row.person_id)}
    moved = _ACCEPT.first(connection, **who, **early, moment=now)
    if moved is None:  # a receipt by tag was here first, and could not know the id's time
        _NAME.count(connection, **who, to_message_id=message_id, moment=now)
    if row.body.get("menu"):
        _remember_menu(connection, row)
    if moved is None or moved[0]:
        _apply_early(connection, row, early, now)
    return moved is not None


def _apply_early(connection: Connection, row: Claimed, early: Mapping[str, Any], now: datetime) -> None:
    for name, event, at in _EARLY.rows(connection, **early):
        if name == early["message_id"]:
            confirm(connection, row.account.id, [name], OutboxEvent(event), at, now)
        else:
            _confirm_earlier(connection, row.person_id, at, OutboxEvent(event), now)


def _remember_menu(connection: Connection, row: Claimed) -> None:
    memory = connection.execute(select(persons.c.memory).where(persons.c.id == row.person_id)).scalar()
    kept = json.dumps({**json.loads(memory or "{}"), "menu": row.body["menu"]}, ensure_ascii=False)
    connection.execute(update(persons).where(persons.c.id == row.person_id).values(memory=kept))


# ---- receipts ----

_STAMPS = {OutboxEvent.DELIVERY_RECEIPT: "delivered_at", OutboxEvent.READ_RECEIPT: "read_at"}


_KNOWN = Prepared(lambda _: select(outbox.c.id).where(_NAMED).limit(1))
_KNOWN_OF = Among(
    lambda names: select(outbox.c.message_id).where(_OF_ACCOUNT, outbox.c.message_id.in_(names)).distinct()
)
#: Each has an index of its own, which holds no other rows.
_ANY_ON_ITS_WAY = Prepared(
    lambda _: select(literal(1)).where(
        or_(*(select(outbox.c.id).where(text(f"outbox.state = '{state}'")).exists() for state in ("sending", "unsure")))
    )
)


def may_be_ours(connection: Connection, account_id: int, message_ids: Iterable[str]) -> set[str]:
    """Which of these messages we may have sent; the others are another system's on the same account.

    While anything is on its way that is all of them: a receipt may be faster than the answer with the message's id.
    Only of a row that an officer settled by hand before its answer came, a receipt that fast is taken for another's.
    """
    asked = set(message_ids)
    # in this order: what was on its way at the first look has its id at the second
    if not asked or _ANY_ON_ITS_WAY.first(connection) is not None:
        return asked
    return {name for (name,) in _KNOWN_OF.rows(connection, asked, of_account=account_id)}


def confirm(
    connection: Connection, account_id: int, message_ids: Sequence[str], event: OutboxEvent, at: datetime, now: datetime
) -> int:
    """Apply a receipt that names messages; how many of them are known.

    Those that are not are kept until the send is written down.
    """
    return sum(_confirm(connection, account_id, one, event, at, now) for one in message_ids)


def _confirm(
    connection: Connection, account_id: int, message_id: str, event: OutboxEvent, at: datetime, now: datetime
) -> bool:
    who = {"of_account": account_id, "message_id": message_id}
    stamp = {_STAMPS[event]: at} if event in _STAMPS else {}
    if _move_often(connection, event, _NAMED, who, now, **stamp):
        return True
    if _one_at_a_time(connection, account_id, message_id) and _move_often(connection, event, _NAMED, who, now, **stamp):
        return True
    if _KNOWN.first(connection, **who) is not None:  # asked last: known, and yet it did not move, means a repetition
        return True
    _KEEP_EARLY.count(
        connection, account_id=account_id, message_id=message_id, state=event.value, at=at, received_at=now
    )
    return False


def _one_at_a_time(connection: Connection, account_id: int, message_id: str) -> bool:
    """Wait for whoever writes down the same message; True when somebody may have: it is worth another look.

    A receipt and the answer it belongs to, in two transactions, would each miss what the other writes.
    """
    if connection.dialect.name == "sqlite":  # it has one writer
        return False
    _LOCK_NAME.rows(connection, of_account=account_id, message_id=message_id)
    return True


_LOCK_NAME = Prepared(
    lambda _: select(
        func.pg_advisory_xact_lock(func.hashtextextended(bindparam("message_id"), bindparam("of_account"))).is_(None)
    )
)


_KEEP_EARLY = Prepared(
    lambda dialect: insert_or_ignore(dialect, early_receipts).values(
        {name: bindparam(name) for name in ("account_id", "message_id", "state", "at", "received_at")}
    )
)


def confirm_up_to(
    connection: Connection, person_id: int, watermark: datetime, event: OutboxEvent, now: datetime
) -> int:
    """Apply a receipt that names no message but a moment: every earlier send of this person.

    One that is on its way just now may be among them; that is seen when its answer is written down.
    """
    on_its_way = {"of_person": person_id, "watermark": watermark}
    if found := _ON_ITS_WAY.first(connection, **on_its_way):
        _one_at_a_time(connection, found[0], _anything_to(person_id))
        early = {"account_id": found[0], "message_id": _anything_to(person_id), "state": event.value}
        _KEEP_WATERMARK.count(connection, **early, at=watermark, received_at=now)
    return _confirm_earlier(connection, person_id, watermark, event, now)


def _confirm_earlier(
    connection: Connection, person_id: int, watermark: datetime, event: OutboxEvent, now: datetime
) -> int:
    who = {"of_person": person_id, "watermark": watermark}
    return _move_often(connection, event, _EARLIER, who, now, **{_STAMPS[event]: watermark})


def _anything_to(person_id: int) -> str:
    """Stand for whatever is on its way to a person, where an early receipt names a message."""
    return f"person:{person_id}"


_ON_ITS_WAY = Prepared(
    lambda _: (
        select(outbox.c.account_id)
        .where(
            outbox.c.person_id == bindparam("of_person"),
            text("outbox.state = 'sending'"),
            outbox.c.begun_at <= bindparam("watermark"),
        )
        .limit(1)
    )
)
_KEEP_WATERMARK = Prepared(
    lambda dialect: upsert(
        dialect,
        early_receipts,
        conflict=("account_id", "message_id", "state"),
        change=lambda new: {"at": new.at, "received_at": new.received_at},
    ).values({name: bindparam(name) for name in ("account_id", "message_id", "state", "at", "received_at")})
)


def confirm_tag(connection: Connection, account_id: int, row_id: int, message_id: str, now: datetime) -> int:
    """Our own echo, known by the tag we sent along: it left."""
    who = {"of_account": account_id, "row": row_id}
    return _move_often(connection, OutboxEvent.ECHO, _TAGGED, who, now, message_id=message_id, sent_at=now)


def confirm_text(connection: Connection, person_id: int, said: str, message_id: str, now: datetime) -> int:
    """Our own echo without a tag: settle the oldest send in doubt that said exactly this."""
    doubtful = select(outbox.c.id, outbox.c.body).where(
        outbox.c.person_id == person_id, outbox.c.state.in_(("sending", "unsure")), outbox.c.message_id.is_(None)
    )
    for row in connection.execute(doubtful.order_by(outbox.c.id)).all():
        if json.loads(row.body).get("text") == said:
            return move(connection, OutboxEvent.ECHO, outbox.c.id == row.id, now, message_id=message_id, sent_at=now)
    return 0


# ---- held, called off, repaired ----


_HELD = text("outbox.state = 'held'")
_HELD_OF = Prepared(
    lambda _: (
        select(outbox.c.id, outbox.c.subject, outbox.c.useful_until)
        .where(outbox.c.person_id == bindparam("of_person"), _HELD)
        .order_by(outbox.c.priority, outbox.c.id.desc())
    )
)


def release_held(connection: Connection, person_id: int, now: datetime) -> int | None:
    """Let the newest useful held row of this person go right behind what was queued at `now`.

    Older held rows of the same subject are replaced by it: a newer state of a thing makes the older one untrue.
    """
    held = _HELD_OF.rows(connection, of_person=person_id)
    late = [number for number, _, until in held if until is not None and until < now]
    if late:
        move(connection, OutboxEvent.TOO_LATE, outbox.c.id.in_(late), now)
    number, subject = next(((one, about) for one, about, _ in held if one not in late), (None, ""))
    if number is None:
        return None
    if subject:
        same = and_(outbox.c.person_id == person_id, outbox.c.subject == subject, outbox.c.id != number, _HELD)
        move(connection, OutboxEvent.CALLED_OFF, same, now, code="replaced")
    behind = now + timedelta(microseconds=1)
    move(connection, OutboxEvent.PERSON_WROTE, outbox.c.id == number, now, due_at=now, queued_at=behind)
    return int(number)


def expire(connection: Connection, which: Any, now: datetime) -> int:
    late = and_(which, outbox.c.useful_until.is_not(None), outbox.c.useful_until < now)
    return move(connection, OutboxEvent.TOO_LATE, late, now)


def call_off(connection: Connection, person_id: int, origins: Iterable[Origin], now: datetime) -> int:
    which = and_(outbox.c.person_id == person_id, outbox.c.origin.in_([origin.value for origin in origins]))
    return move(connection, OutboxEvent.CALLED_OFF, which, now, code="opted_out")


def return_leases(connection: Connection, now: datetime, *, alive: str | None = None) -> tuple[int, int]:
    """Take back rows whose lease ran out (or whose owner is not `alive`): (to try again, unsure)."""
    lost = outbox.c.lease_until < now
    if alive is not None:
        lost = lost | (outbox.c.owner != alive)
    sending = literal_column("outbox.state") == literal_column("'sending'")
    before = move(
        connection, OutboxEvent.LEASE_LOST_BEFORE, and_(sending, lost, outbox.c.begun_at.is_(None)), now, due_at=now
    )
    after = move(
        connection,
        OutboxEvent.LEASE_LOST_AFTER,
        and_(sending, lost, outbox.c.begun_at.is_not(None)),
        now,
        code="unsure.lease",
        due_at=now + DOUBT,
        doubts=outbox.c.doubts + 1,
    )
    return before, after


def resolve_doubts(connection: Connection, now: datetime) -> tuple[int, int]:
    """Send a reply again once when nothing confirmed it; leave the rest to a person: (sent again, left)."""
    unsure = and_(text("outbox.state = 'unsure' AND outbox.blocks"), outbox.c.due_at <= now)
    reply = and_(outbox.c.origin == Origin.REPLY.value, outbox.c.doubts == 1)
    again = move(connection, OutboxEvent.RESEND, and_(unsure, reply), now, due_at=now)
    left = connection.execute(update(outbox).where(unsure, ~reply).values(blocks=False)).rowcount
    return again, left
