"""The first page: what waits for me, what is late, how the week went, and what of the whole is not well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import Connection, func, select

from bot.console import access, knowledge, plots
from bot.console.access import May
from bot.console.desk import desk
from bot.delivery.notifier import PAGES
from bot.initiatives.news import CALL_AFTER, working_days_ago
from bot.library.organisation import DAY_NAMES, Organisation
from bot.store import (
    accounts,
    announcements,
    answering,
    conversations,
    data_requests,
    incidents,
    initiative_lists,
    initiatives,
    marks,
    sign_in,
    staff,
    units,
)
from bot.store.announcements import Announcement, State
from bot.store.conversations import Line
from bot.store.marks import Alarm
from bot.store.schema import handovers, misses

screen = Blueprint("today", __name__)
FEW_CODES = 3
WEEK = 7
SHOWN = 8
#: What the bot cannot do well without; the settings screen has a field for each.
WANTED = {"name": "identity", "phone": "identity", "hours": "hours", "data_contact": "privacy"}
OLD_BACKUP = timedelta(hours=36)


@screen.get("/")
def show() -> str:
    here = access.here()
    organisation = desk().organisation()
    with desk().database.read() as connection:
        known = units.everything(connection)
        page: dict[str, Any] = {
            "alone": access.may(May.MANAGE_STAFF) and staff.administrators(connection) < 2,
            "codes": _codes(connection),
            "empty": [name for name in WANTED if not getattr(organisation, name)]
            if access.may(May.CHANGE_SETTINGS)
            else [],
            "no_units": not known and access.may(May.IMPORT_UNITS),
            "mine": [unit for unit in known.values() if unit.in_charge_id == here.staff.id],
            **_waiting(connection),
            **_initiatives(connection),
            **_duties(connection),
            **_answers(connection),
            "approvals": _approvals(connection),
            **_whole(connection),
        }
    return render_template("console/today/show.html", sections=WANTED, units=known, now=desk().clock(), **page)


def _codes(connection: Connection) -> int | None:
    """How many recovery codes are left, when they are few."""
    here = access.here().staff
    left = sign_in.recovery_codes_left(connection, here.id)
    return left if here.totp_on and left <= FEW_CODES else None


# ---- what waits ----


def _waiting(connection: Connection) -> dict[str, Any]:
    if not access.may(May.ANSWER):
        return {"waiting": [], "late": [], "stuck": 0}
    theirs = access.people_of(connection)
    open_ones = conversations.waiting(connection, theirs=theirs, limit=500)
    unanswered = [line for line in open_ones if line.unanswered]
    organisation = desk().organisation()
    late = [line for line in unanswered if _late(line, organisation)]
    late_ones = {line.person_id for line in late}
    rest = [line for line in unanswered if line.person_id not in late_ones]
    rest.sort(key=lambda line: line.assigned_id != access.here().staff.id)
    return {
        "waiting": rest[:SHOWN],
        "waiting_count": len(unanswered),
        "late": late[:SHOWN],
        "late_count": len(late),
        "stuck": conversations.stuck_count(connection, theirs),
    }


def _late(line: Line, organisation: Organisation) -> bool:
    """Somebody in danger at once; anybody else after one working day."""
    since = line.waits_since
    if since is None:
        return False
    return line.urgent or _working_day_after(since, organisation) < desk().clock()


def _working_day_after(at: datetime, organisation: Organisation) -> datetime:
    if organisation.hours:
        return organisation.working_days_after(desk().local(at), 1)
    return data_requests.working_days_after(at, 1)


def _approvals(connection: Connection) -> list[Announcement]:
    """Announcements that wait for a second person, when one may be it."""
    if not access.may(May.APPROVE):
        return []
    me = access.here().staff.id
    waiting = announcements.listed(connection, states=[State.SUBMITTED], limit=SHOWN)
    return [one for one in waiting if me not in {one.created_by, one.changed_by, one.submitted_by}]


def _duties(connection: Connection) -> dict[str, Any]:
    if not access.may(May.DATA_DUTIES):
        return {"requests": [], "incidents": []}
    asked = data_requests.open_ones(connection, limit=50)
    return {"requests": asked[:SHOWN], "requests_count": len(asked), "incidents": incidents.running(connection)}


def _initiatives(connection: Connection) -> dict[str, Any]:
    """What came in, and news that no message could carry: somebody has to call."""
    if not access.may(May.REVIEW_INITIATIVES):
        return {"initiatives": {}, "calls": []}
    theirs = initiative_lists.within(access.here().units)
    cutoff = working_days_ago(desk().organisation(), desk().clock(), CALL_AFTER)
    query = initiatives.untold(cutoff)
    return {
        "initiatives": initiatives.count_by_state(connection, theirs),
        "calls": connection.execute(query if theirs is None else query.where(theirs)).all()[:SHOWN],
    }


def _answers(connection: Connection) -> dict[str, Any]:
    """What the officers' own work on the answers asks for."""
    if not access.may(May.CHANGE_CONTENT):
        return {"unanswered": 0, "to_review": [], "to_read": []}
    return {
        "unanswered": answering.count_waiting(connection),
        "to_review": knowledge.due(connection, desk()),
        "to_read": [one for one in answering.open_ones(connection) if one.state is answering.DraftState.WAITING],
    }


# ---- the whole ----


def _whole(connection: Connection) -> dict[str, Any]:
    """Figures, accounts, backup and alarms: the province's matter."""
    if access.here().units is not None:
        return {"week": None, "accounts": [], "alarms": [], "backup": None, "watches": False}
    watches = access.may(May.MANAGE_ACCOUNTS)
    backup = marks.get(connection, "backup")
    return {
        "week": _week(connection),
        "accounts": accounts.all_accounts(connection) if watches else [],
        "alarms": [(one, _place(one)) for one in marks.open_alarms(connection) if _matters(one)] if watches else [],
        "backup": backup,
        "backup_without": bool(desk().settings.bot_s3_url),
        "backup_old": backup is None or desk().clock() - backup[1] > OLD_BACKUP,
        "watches": watches,
    }


def _matters(alarm: Alarm) -> bool:
    """Hand-overs stand in their own list."""
    return not alarm.cause.startswith("handover:")


def _place(alarm: Alarm) -> str:
    """The address, below the console's, where an alarm is looked after; "" for none."""
    kind, _, rest = alarm.cause.partition(":")
    number = rest.partition(":")[0]
    return PAGES[kind].format(number=number, person=alarm.facts.get("person", "")) if kind in PAGES else ""


def _week(connection: Connection) -> dict[str, Any]:
    days = [desk().today - timedelta(days=back) for back in range(WEEK - 1, -1, -1)]
    found = marks.figures(connection, days[0].isoformat())
    since = datetime(days[0].year, days[0].month, days[0].day, tzinfo=desk().zone)
    heard = {day: _sum(found, day, "turn") for day in days}
    sent = {day: _sum(found, day, "send.accepted") for day in days}
    return {
        "heard": plots.bars("Lượt đoàn viên nhắn", [(_label(day), heard[day]) for day in days]),
        "sent": plots.bars("Tin đã gửi", [(_label(day), sent[day]) for day in days]),
        "heard_total": sum(heard.values()),
        "sent_total": sum(sent.values()),
        "answers": sum(n for (_, what), n in found.items() if what.startswith("answer.")),
        "misses": connection.scalar(select(func.count()).where(misses.c.at >= since)) or 0,
        "handovers": connection.scalar(select(func.count()).where(handovers.c.opened_at >= since)) or 0,
    }


def _sum(found: Mapping[tuple[str, str], int], day: date, what: str) -> int:
    return found.get((day.isoformat(), what), 0)


def _label(day: date) -> str:
    name = DAY_NAMES[day.weekday()]
    return {"Chủ nhật": "CN"}.get(name, f"T{day.weekday() + 2}")
