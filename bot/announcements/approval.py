"""A second person says yes, to exactly this text for exactly these people at exactly this time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.announcements import drafting, honouring, preflight, routes
from bot.announcements.announcing import Announcing
from bot.announcements.drafting import Message
from bot.announcements.preflight import Preflight
from bot.clock import zone
from bot.errors import BotError
from bot.store import announcements, approvals, audience, audit, marks
from bot.store.announcements import Announcement, State
from bot.store.approvals import Link
from bot.store.audience import CHUNK


def need(connection: Connection, number: int) -> Announcement:
    """The announcement. Raises BotError announcement.gone."""
    one = announcements.get(connection, number)
    if one is None:
        raise BotError("announcement.gone")
    return one


def present(connection: Connection, one: Announcement) -> str:
    """The fingerprint of the announcement as it stands."""
    return drafting.digest(one, announcements.picture_token(connection, one.picture_id))


def submit(announcing: Announcing, number: int, by: int) -> Preflight:
    """Offer a draft for approval. Raises BotError announcement.faulty, .late, .quiet, .changed, .nobody."""
    now = announcing.clock()
    with announcing.database.read() as connection:
        one = need(connection, number)
    if one.state is State.DRAFT:
        honouring.settle(announcing, one, by)
    with announcing.database.read() as connection:
        one = need(connection, number)
        digest = present(connection, one)
    if drafting.faults(announcing, Message.of(one), one.question) or routes.faults(announcing, one):
        raise BotError("announcement.faulty")
    _check_time(announcing, one, now)
    seen = preflight.check(announcing, one)
    if not seen.people():
        raise BotError("announcement.nobody")

    def op(connection: Connection) -> None:
        same = announcements.announcements.c.edition == one.edition
        if not announcements.move(
            connection, "submit", number, same, digest=digest, submitted_by=by, seen=seen.figures, note=""
        ):
            raise BotError("announcement.changed")
        audit.record(connection, now, by, "announcement.submitted", "announcement", number, edition=one.edition)

    announcing.database.write(op)
    return seen


def _check_time(announcing: Announcing, one: Announcement, now: datetime) -> None:
    if one.send_at is None:
        return
    if one.send_at < now:
        raise BotError("announcement.late")
    if not announcing.rules.ours(one.send_at.astimezone(zone()).date()).open_at(one.send_at):
        raise BotError("announcement.quiet")


def authors(one: Announcement) -> frozenset[int | None]:
    """Who may not approve it."""
    return frozenset({one.created_by, one.changed_by, one.submitted_by} - {None})


def approve(announcing: Announcing, number: int, digest: str, by: int) -> None:
    """An officer approves. Raises BotError announcement.own for one who wrote it, .changed when it is not the same."""
    with announcing.database.read() as connection:
        one = need(connection, number)
    if by in authors(one):
        raise BotError("announcement.own")
    _approve(announcing, one, digest, by=by)


def approve_by_link(announcing: Announcing, token: str, digest: str) -> None:
    """A leader approves by the link. Raises BotError approval.over, announcement.changed."""
    link, one = by_link(announcing, token)
    _approve(announcing, one, digest, link=link)


def by_link(announcing: Announcing, token: str) -> tuple[Link, Announcement]:
    """What a link is about. Raises BotError approval.over when it is used, too old, or the text changed."""
    with announcing.database.read() as connection:
        link = approvals.find(connection, token)
        one = announcements.get(connection, link.announcement_id) if link else None
    if link is None or one is None or link.used_at is not None or link.until <= announcing.clock():
        raise BotError("approval.over")
    if one.state is not State.SUBMITTED or one.digest != link.digest:
        raise BotError("approval.over")
    return link, one


def _approve(
    announcing: Announcing, one: Announcement, digest: str, *, by: int | None = None, link: Link | None = None
) -> None:
    now = announcing.clock()
    with announcing.database.read() as connection:
        if one.state is not State.SUBMITTED or digest != one.digest or present(connection, one) != digest:
            raise BotError("announcement.changed")
    seen = preflight.check(announcing, one)
    if preflight.changed_much(announcing, one.seen, seen.at_once, now):
        announcing.database.write(lambda connection: announcements.change(connection, one.id, seen=seen.figures))
        raise BotError("announcement.counts_changed")
    people, who = freeze(announcing, one)

    def op(connection: Connection) -> None:
        same = announcements.announcements.c.digest == digest
        if link is not None and not approvals.use(connection, link.id, "approved", now):
            raise BotError("approval.over")
        if not announcements.move(
            connection, "approve", one.id, same,
            approved_by=by, approver=link.name if link else "", approved_at=now, seen=seen.figures,
            people=people, people_digest=who, checkpoint=0, fanned_out=False, tried=False,
        ):  # fmt: skip
            raise BotError("announcement.changed")
        marks.end_alarm(connection, f"announcement:{one.id}:unapproved", now)
        audit.record(
            connection, now, by, "announcement.approved", "announcement", one.id,
            people=people, digest=digest[:16], link=link.id if link else None,
        )  # fmt: skip

    announcing.database.write(op)


def freeze(announcing: Announcing, one: Announcement) -> tuple[int, str]:
    """Write down who gets it, in steps, so that webhooks are not kept waiting: how many, and a digest of who."""
    while announcing.database.write(lambda connection: audience.clear(connection, one.id)):
        pass
    open_ways = preflight.ways(announcing, one, one.send_at or announcing.clock())
    with announcing.database.read() as connection:
        chosen = preflight.choice(announcing, connection, one)
        people, of, digest = audience.frozen_ids(connection, chosen, open_ways)
    for start in range(0, len(people), CHUNK):
        some = list(zip(people[start : start + CHUNK], of[start : start + CHUNK], strict=True))
        announcing.database.write(lambda connection, some=some: audience.freeze(connection, one.id, some))  # type: ignore[misc]
    numbers = sorted(set(of))
    announcing.database.write(lambda connection: announcements.over(connection, one.id, numbers))
    return len(people), digest


def send_back(announcing: Announcing, number: int, note: str, *, by: int | None = None, token: str = "") -> None:
    """The approver wants it otherwise; or an officer takes it back. Raises BotError approval.over, .changed."""
    now = announcing.clock()
    link = by_link(announcing, token)[0] if token else None

    def op(connection: Connection) -> None:
        if link is not None and not approvals.use(connection, link.id, "sent_back", now):
            raise BotError("approval.over")
        if not announcements.move(
            connection, "send_back", number, note=note, digest="", approved_by=None, approver="", approved_at=None,
            state_code="",
        ):  # fmt: skip
            raise BotError("announcement.changed")
        audit.record(
            connection, now, by, "announcement.sent_back", "announcement", number, link=link.id if link else None
        )

    announcing.database.write(op)


def invite(announcing: Announcing, number: int, name: str, by: int) -> str:
    """The token of a link for a leader. Raises BotError announcement.changed unless it waits for approval."""
    now = announcing.clock()

    def op(connection: Connection) -> str:
        one = need(connection, number)
        if one.state is not State.SUBMITTED:
            raise BotError("announcement.changed")
        audit.record(connection, now, by, "announcement.link_made", "announcement", number)
        return approvals.invite(connection, number, one.digest, name, by, now)

    return announcing.database.write(op)
