"""What the clock does for announcements: drafts of the year, reminders, and letting the approved ones go in time.

Called every few seconds; all that happens once is claimed in a table, so restarts and a second clock change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot import logs
from bot.announcements import running
from bot.announcements.announcing import Announcing
from bot.announcements.campaigns import Campaigns, Planned
from bot.clock import zone
from bot.errors import BotError
from bot.store import announcements, audit, marks
from bot.store.announcements import Announcement, State
from bot.talk import Texts


def work(announcing: Announcing, campaigns: Callable[[], Campaigns]) -> None:
    """One round."""
    _draft_the_year(announcing, campaigns())
    _remind(announcing)
    _fire(announcing)


# ---- each year's drafts ----


def _draft_the_year(announcing: Announcing, campaigns: Campaigns) -> None:
    now = announcing.clock()
    year = now.astimezone(zone()).year
    ahead = timedelta(days=announcing.rules.ours(now.astimezone(zone()).date()).draft_days_before)
    for key, planned in campaigns.planned().items():
        for of in (year, year + 1):
            moment = planned.moment(of)
            if planned.on and moment - ahead <= now < moment:
                announcing.database.write(
                    lambda connection, key=key, planned=planned, of=of: _draft(  # type: ignore[misc]
                        announcing, connection, key, planned, of, now
                    )
                )


def _draft(
    announcing: Announcing, connection: Connection, key: str, planned: Planned, year: int, now: datetime
) -> None:
    if not announcements.once(connection, f"draft:{key}", str(year), now):
        return
    fill = announcing.words().texts
    moment = planned.moment(year)
    number = announcements.add(
        connection,
        now,
        None,
        title=_filled(fill, planned.title),
        body=_filled(fill, planned.body),
        buttons=[[title, to] for title, to in planned.buttons],
        audience={"initiative_states": list(planned.initiative_states)} if planned.initiative_states else {},
        campaign=key,
        slot=str(year),
        important=planned.important,
        trial=announcing.rules.ours(moment.date()).trial_people,
        send_at=moment,
        on_feed=not planned.initiative_states,
    )
    _tell(connection, number, "announcement.drafted", now, moment)
    audit.record(connection, now, None, "announcement.drafted", "announcement", number, slot=f"{key}/{year}")


def _filled(texts: Texts, text: str) -> str:
    """The union's own words put in; the merge fields of a person stay as they are."""
    kept = {"tên": "{tên}", "đơn vị": "{đơn vị}", "sáng kiến": "{sáng kiến}", "danh sách": "{danh sách}"}
    return texts.fill(text.strip(), **kept)


# ---- reminders, and what its day finds unapproved ----


def _remind(announcing: Announcing) -> None:
    now = announcing.clock()
    days = announcing.rules.ours(now.astimezone(zone()).date()).remind_days_before
    with announcing.database.read() as connection:
        waiting = announcements.listed(connection, states=[State.DRAFT, State.SUBMITTED], limit=500)
    for one in waiting:
        if one.send_at is None or not (one.slot or one.state is State.SUBMITTED):
            continue
        if one.send_at <= now:
            announcing.database.write(lambda connection, one=one: _lapse(connection, one, now))  # type: ignore[misc]
            continue
        day = min((day for day in days if one.send_at - now <= timedelta(days=day)), default=None)
        if day is not None:
            announcing.database.write(
                lambda connection, one=one, day=day: _remind_once(connection, one, day, now)  # type: ignore[misc]
            )


def _remind_once(connection: Connection, one: Announcement, day: int, now: datetime) -> None:
    if one.send_at is not None and announcements.once(connection, f"remind:{one.id}", f"{one.send_at:%F}/{day}", now):
        marks.end_alarm(connection, f"announcement:{one.id}:unapproved", now)
        _tell(connection, one.id, "announcement.unapproved", now, one.send_at)


def _lapse(connection: Connection, one: Announcement, now: datetime) -> None:
    if announcements.move(connection, "lapse", one.id, state_code="announcement.lapsed"):
        _tell(connection, one.id, "announcement.lapsed", now, one.send_at or now)
        audit.record(connection, now, None, "announcement.lapsed", "announcement", one.id)


def _tell(connection: Connection, number: int, code: str, now: datetime, moment: datetime) -> None:
    when = f"{moment.astimezone(zone()):%H:%M %d/%m/%Y}"
    marks.raise_alarm(connection, f"announcement:{number}:unapproved", code, now, announcement=number, when=when)


# ---- the moment ----


def _fire(announcing: Announcing) -> None:
    now = announcing.clock()
    ours = announcing.rules.ours(now.astimezone(zone()).date())
    with announcing.database.read() as connection:
        due = announcements.due(connection, now)
    for one in due:
        late = one.send_at is not None and now - one.send_at > timedelta(minutes=ours.grace_minutes)
        try:
            if late or not ours.open_at(now):
                running.ask(announcing, one, "announcement.woke_late", now)
            else:
                running.start(announcing, one.id)
        except BotError as error:
            logs.warn("announcement.not_started", announcement=one.id, code=error.code)
            running.ask(announcing, one, error.code, now)
