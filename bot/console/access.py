"""The one place that decides who may do what: a permission for every endpoint, roles' permissions, a scope of units.

Every request passes `permit` before its view runs. An endpoint that the table does not name is closed to all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import abort, g
from sqlalchemy import Connection, Select
from sqlalchemy.sql import ColumnElement

from bot.store import scope
from bot.store import units as unit_store
from bot.store.scope import Scope
from bot.store.staff import Role, Staff


class May(StrEnum):
    """What a role can be allowed to do."""

    SIGN_IN = "sign_in"  # anybody: the pages before one is signed in
    BE_HERE = "be_here"  # anybody signed in
    SEE_UNITS = "see_units"
    CHANGE_UNITS = "change_units"  # inside one's scope
    IMPORT_UNITS = "import_units"
    SEE_SETTINGS = "see_settings"
    CHANGE_SETTINGS = "change_settings"
    CHANGE_CONTENT = "change_content"
    SEND = "send"  # messages that go to many people
    SEE_ANNOUNCEMENTS = "see_announcements"
    APPROVE = "approve"  # as the second person
    ANSWER = "answer"  # read members' words and answer them
    SEE_PEOPLE = "see_people"
    DATA_DUTIES = "data_duties"  # export, forget, requests, incidents
    SEE_INITIATIVES = "see_initiatives"  # inside one's scope, and only what the author lets one read
    REVIEW_INITIATIVES = "review_initiatives"  # change the state, ask, assign, note, enter those on paper
    SCORE_INITIATIVES = "score_initiatives"  # the rubric of two reviewers
    EXPORT_INITIATIVES = "export_initiatives"
    SET_INITIATIVES = "set_initiatives"  # form, rounds, template
    PUBLISH_STORIES = "publish_stories"
    ASK_REPORTS = "ask_reports"  # of units
    SEND_REPORTS = "send_reports"  # for one's own unit
    MANAGE_ACCOUNTS = "manage_accounts"  # the OAs and Pages, with their keys
    MANAGE_STAFF = "manage_staff"
    SEE_AUDIT = "see_audit"


_LOOK = frozenset({May.BE_HERE, May.SEE_UNITS, May.SEE_ANNOUNCEMENTS, May.SEE_INITIATIVES})
_INITIATIVES = frozenset({May.REVIEW_INITIATIVES, May.EXPORT_INITIATIVES, May.SEND_REPORTS})
_MEMBERS = frozenset({May.ANSWER, May.SEE_PEOPLE})
ROLES: dict[Role, frozenset[May]] = {
    Role.ADMINISTRATOR: frozenset(May) - {May.SIGN_IN},
    Role.PROVINCIAL: _LOOK
    | _MEMBERS
    | _INITIATIVES
    | {May.SCORE_INITIATIVES, May.SET_INITIATIVES, May.PUBLISH_STORIES, May.ASK_REPORTS}
    | {May.DATA_DUTIES, May.MANAGE_ACCOUNTS}
    | {May.SEND, May.APPROVE}
    | {May.CHANGE_UNITS, May.IMPORT_UNITS, May.SEE_SETTINGS, May.CHANGE_SETTINGS, May.CHANGE_CONTENT},
    Role.UNIT: _LOOK | _MEMBERS | _INITIATIVES | {May.CHANGE_UNITS, May.SEND},
    Role.REVIEWER: _LOOK | {May.SCORE_INITIATIVES},
    Role.READER: _LOOK,
}

#: Endpoint, without "console.", to what it takes. POST may take more than GET.
SCREENS: dict[str, May | tuple[May, May]] = {
    "static": May.SIGN_IN,
    "library": May.SIGN_IN,
    "missing": May.SIGN_IN,
    "sign_in.password": May.SIGN_IN,
    "sign_in.code": May.SIGN_IN,
    "sign_in.forgotten": May.SIGN_IN,
    "sign_in.invitation": May.SIGN_IN,
    "sign_in.enrol": May.SIGN_IN,
    "sign_in.out": May.BE_HERE,
    "me.show": May.BE_HERE,
    "me.change_password": May.BE_HERE,
    "me.new_codes": May.BE_HERE,
    "me.new_phone": May.BE_HERE,
    "me.end_sessions": May.BE_HERE,
    "today.show": May.BE_HERE,
    "notices.show": May.BE_HERE,
    "notices.code": May.BE_HERE,
    "notices.unlink": May.BE_HERE,
    "notices.email": May.BE_HERE,
    "conversations.index": May.ANSWER,
    "conversations.show": May.ANSWER,
    "conversations.live": May.ANSWER,
    "conversations.reply": May.ANSWER,
    "conversations.assign": May.ANSWER,
    "conversations.note": May.ANSWER,
    "conversations.back": May.ANSWER,
    "conversations.stuck": May.ANSWER,
    "conversations.settle": May.ANSWER,
    "conversations.canned": (May.ANSWER, May.CHANGE_CONTENT),
    "people.index": May.SEE_PEOPLE,
    "people.show": May.SEE_PEOPLE,
    "people.correct": May.SEE_PEOPLE,
    "people.export": May.DATA_DUTIES,
    "people.forget": May.DATA_DUTIES,
    "data_requests.index": May.DATA_DUTIES,
    "data_requests.add": May.DATA_DUTIES,
    "data_requests.show": May.DATA_DUTIES,
    "incidents.index": May.DATA_DUTIES,
    "incidents.add": May.DATA_DUTIES,
    "incidents.show": May.DATA_DUTIES,
    "incidents.step": May.DATA_DUTIES,
    "incidents.touch": May.DATA_DUTIES,
    "incidents.export": May.DATA_DUTIES,
    "incidents.minutes": May.DATA_DUTIES,
    "accounts.index": May.MANAGE_ACCOUNTS,
    "accounts.add": May.MANAGE_ACCOUNTS,
    "accounts.show": May.MANAGE_ACCOUNTS,
    "accounts.check": May.MANAGE_ACCOUNTS,
    "accounts.tokens": May.MANAGE_ACCOUNTS,
    "accounts.keys": May.MANAGE_ACCOUNTS,
    "accounts.consent": May.MANAGE_ACCOUNTS,
    "accounts.consented": May.MANAGE_ACCOUNTS,
    "accounts.act": May.MANAGE_ACCOUNTS,
    "staff.index": May.MANAGE_STAFF,
    "staff.invite": May.MANAGE_STAFF,
    "staff.withdraw": May.MANAGE_STAFF,
    "staff.show": May.MANAGE_STAFF,
    "staff.reset": May.MANAGE_STAFF,
    "staff.leave": May.MANAGE_STAFF,
    "audit.index": May.SEE_AUDIT,
    "audit.verify": May.SEE_AUDIT,
    "units.index": May.SEE_UNITS,
    "units.show": (May.SEE_UNITS, May.CHANGE_UNITS),
    "units.add": May.CHANGE_UNITS,
    "units.poster": May.SEE_UNITS,
    "units.template": May.IMPORT_UNITS,
    "units.load": May.IMPORT_UNITS,
    "units.export": May.SEE_UNITS,
    "initiatives.index": May.SEE_INITIATIVES,
    "initiatives.show": May.SEE_INITIATIVES,
    "initiatives.file": May.SEE_INITIATIVES,
    "initiatives.view": May.SEE_INITIATIVES,
    "initiatives.drop_view": May.SEE_INITIATIVES,
    "initiatives.move": May.REVIEW_INITIATIVES,
    "initiatives.ask": May.REVIEW_INITIATIVES,
    "initiatives.note": May.REVIEW_INITIATIVES,
    "initiatives.assign": May.REVIEW_INITIATIVES,
    "initiatives.place": May.REVIEW_INITIATIVES,
    "initiatives.permission": May.REVIEW_INITIATIVES,
    "initiatives.called": May.REVIEW_INITIATIVES,
    "initiatives.transcript": May.REVIEW_INITIATIVES,
    "initiatives.score": May.SCORE_INITIATIVES,
    "initiatives_entry.add": May.REVIEW_INITIATIVES,
    "initiatives_entry.attach": May.REVIEW_INITIATIVES,
    "initiatives_papers.index": May.EXPORT_INITIATIVES,
    "initiatives_papers.one": May.EXPORT_INITIATIVES,
    "initiatives_papers.ask": May.EXPORT_INITIATIVES,
    "initiatives_papers.again": May.EXPORT_INITIATIVES,
    "initiatives_papers.get": May.EXPORT_INITIATIVES,
    "initiatives_settings.show": (May.SEE_SETTINGS, May.SET_INITIATIVES),
    "initiatives_settings.field": (May.SEE_SETTINGS, May.SET_INITIATIVES),
    "initiatives_settings.template": (May.SEE_SETTINGS, May.SET_INITIATIVES),
    "initiatives_settings.reset": May.SET_INITIATIVES,
    "initiatives_stories.index": May.SEE_INITIATIVES,
    "initiatives_stories.edit": May.PUBLISH_STORIES,
    "initiatives_stories.publish": May.PUBLISH_STORIES,
    "initiatives_reports.index": May.SEND_REPORTS,
    "initiatives_reports.add": May.ASK_REPORTS,
    "initiatives_reports.show": May.SEND_REPORTS,
    "initiatives_reports.send": May.SEND_REPORTS,
    "initiatives_reports.document": May.SEND_REPORTS,
    "initiatives_reports.merged": May.ASK_REPORTS,
    "settings.index": May.SEE_SETTINGS,
    "settings.section": (May.SEE_SETTINGS, May.CHANGE_SETTINGS),
    "routes.index": (May.SEE_SETTINGS, May.CHANGE_SETTINGS),
    "routes.template": (May.SEE_SETTINGS, May.CHANGE_SETTINGS),
    "settings.undo": May.CHANGE_SETTINGS,
    "questions.index": May.CHANGE_CONTENT,
    "questions.dismiss": May.CHANGE_CONTENT,
    "questions.start": May.CHANGE_CONTENT,
    "drafts.new": May.CHANGE_CONTENT,
    "drafts.edit": May.CHANGE_CONTENT,
    "drafts.try_out": May.CHANGE_CONTENT,
    "drafts.submit": May.CHANGE_CONTENT,
    "drafts.drop": May.CHANGE_CONTENT,
    "drafts.publish": May.CHANGE_CONTENT,
    "drafts.undo": May.CHANGE_CONTENT,
    "answers.index": May.SEE_SETTINGS,
    "answers.show": May.SEE_SETTINGS,
    "answers.reviewed": May.CHANGE_CONTENT,
    "answers.take_down": May.CHANGE_CONTENT,
    "answers.bring_back": May.CHANGE_CONTENT,
    "documents.index": May.SEE_SETTINGS,
    "documents.load": May.CHANGE_CONTENT,
    "documents.keep": May.CHANGE_CONTENT,
    "documents.show": May.SEE_SETTINGS,
    "documents.original": May.SEE_SETTINGS,
    "documents.withdraw": May.CHANGE_CONTENT,
    "content.index": May.SEE_SETTINGS,
    "content.thing": (May.SEE_SETTINGS, May.CHANGE_CONTENT),
    "content.preview": May.SEE_SETTINGS,
    "content.undo": May.CHANGE_CONTENT,
    "content.reset": May.CHANGE_CONTENT,
    "content.export": May.SEE_SETTINGS,
    "announcements.index": May.SEE_ANNOUNCEMENTS,
    "announcements.show": May.SEE_ANNOUNCEMENTS,
    "announcements.progress": May.SEE_ANNOUNCEMENTS,
    "announcements.submit": May.SEND,
    "announcements.invite": May.SEND,
    "announcements.send_back": May.SEND,
    "announcements.start": May.SEND,
    "announcements.pause": May.SEND,
    "announcements.resume": May.SEND,
    "announcements.stop": May.SEND,
    "announcements.settle_article": May.SEND,
    "announcements.settle": May.SEND,
    "announcements.export": May.SEND,
    "announcements.test": May.SEND,
    "announcements.testers": May.SEND,
    "announcements.approve": May.APPROVE,
    "approving.show": May.SIGN_IN,  # a leader with a link
    "writing.new": May.SEND,
    "writing.edit": May.SEND,
    "writing.copy": May.SEND,
    "writing.discard": May.SEND,
    "campaigns.index": May.SEE_ANNOUNCEMENTS,
    "campaigns.says": May.CHANGE_CONTENT,
    "campaigns.planned": May.CHANGE_CONTENT,
    "campaigns.honours": May.CHANGE_CONTENT,
    "campaigns.remove": May.CHANGE_CONTENT,
    "campaigns.template": May.CHANGE_CONTENT,
    "campaigns.card": May.CHANGE_CONTENT,
    "campaigns.send_cards": May.APPROVE,
    "campaigns.all_cards": May.CHANGE_CONTENT,
    "events.index": May.SEE_ANNOUNCEMENTS,
    "events.new": May.SEND,
    "events.show": May.SEND,
    "events.export": May.SEND,
}


@dataclass(frozen=True, slots=True)
class Access:
    """What the person of this request may do. `units` is None when every unit is theirs."""

    staff: Staff
    may: frozenset[May]
    units: frozenset[int] | None

    def covers(self, unit_id: int | None) -> bool:
        """A row of this unit is theirs. A row without a unit belongs to the province."""
        return self.units is None or unit_id in self.units

    def reads(self, unit_id: int | None, readers: str) -> bool:
        """An initiative: all of them for the whole province, for a unit only what the author lets it read."""
        return self.units is None or (readers == "unit" and unit_id in self.units)


def of(connection: Connection, staff: Staff) -> Access:
    """Reviewers and readers see the whole province unless units were named; unit officers never do."""
    everywhere = staff.role in {Role.ADMINISTRATOR, Role.PROVINCIAL} or (
        staff.role in {Role.REVIEWER, Role.READER} and not staff.units
    )
    scope = None if everywhere else unit_store.below(connection, staff.units)
    return Access(staff, ROLES[staff.role], scope)


def needs_second_factor(role: Role, *, everybody: bool) -> bool:
    """Administrators and those who may send always; the others when the setting says so."""
    return everybody or bool(ROLES[role] & {May.MANAGE_STAFF, May.SEND})


def needed(endpoint: str, method: str) -> May | None:
    """What this request takes; None for an endpoint nobody has placed in the table."""
    takes = SCREENS.get(endpoint)
    if isinstance(takes, tuple):
        return takes[0] if method in {"GET", "HEAD", "OPTIONS"} else takes[1]
    return takes


def here() -> Access:
    """The access of the running request, put there after sign-in."""
    access: Access = g.access
    return access


def may(what: May) -> bool:
    access: Access | None = g.get("access")
    return access is not None and what in access.may


def check_unit(unit_id: int | None) -> None:
    """404 for a row outside one's units: not even its existence is told."""
    if not here().covers(unit_id):
        abort(404)


def people_of(connection: Connection) -> Scope | None:
    """The people one may see; None for all."""
    return scope.of(connection, here().units)


def limited(query: Select[Any], column: ColumnElement[Any]) -> Select[Any]:
    """Narrow a list to the rows of one's units."""
    scope = here().units
    return query if scope is None else query.where(column.in_(scope))
