"""Colleagues: who they are and what they may do; inviting one, helping one back in, one leaving."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response
from wtforms import SelectField

from bot.console import access, second_factor
from bot.console.desk import desk
from bot.console.forms import Form, boxes, line, options
from bot.console.unit_tree import choices
from bot.errors import BotError
from bot.store import invitations, leaving, staff, units
from bot.store.staff import Role, Staff

screen = Blueprint("staff", __name__)
LIVES = {"1": timedelta(days=1), "3": timedelta(days=3), "7": timedelta(days=7)}


class InviteForm(Form):
    name = line(80)
    role = SelectField(choices=options((role.value, "") for role in Role), default=Role.UNIT.value)
    units = boxes()
    days = SelectField(choices=options((days, days) for days in LIVES), default="3")


class ChangeForm(Form):
    name = line(80)
    email = line(120, needed=False)
    role = SelectField(choices=options((role.value, "") for role in Role))
    units = boxes()


class LeaveForm(Form):
    successor = SelectField(coerce=int, validate_choice=False)


@screen.get("/staff")
def index() -> str:
    at = desk()
    with at.database.read() as connection:
        people = staff.everyone(connection)
        invited = invitations.open_invitations(connection, at.clock())
        known = units.everything(connection)
    alone = sum(person.role is Role.ADMINISTRATOR and not person.disabled_at for person in people) < 2
    return render_template("console/staff/index.html", people=people, invited=invited, units=known, alone=alone)


@screen.route("/staff/invite", methods=["GET", "POST"])
def invite() -> str | tuple[str, int]:
    form = InviteForm(request.form)
    form.units.choices = _unit_choices()
    if request.method == "GET":
        return render_template("console/staff/invite.html", form=form)
    fault = _fault(form, form.role.data)
    if fault:
        return render_template("console/staff/invite.html", form=form, fault=fault), 422
    at = desk()
    role, chosen, life = Role(form.role.data), form.units.data or (), LIVES[form.days.data]
    by, now = access.here().staff.id, at.clock()
    token = at.database.write(
        lambda connection: invitations.invite(
            connection, now, role=role, name=form.name.text, units_of=_kept(role, chosen), by=by, life=life
        )
    )
    return _link_page(token, form.name.text, now + life)


@screen.post("/staff/invitations/<int:invitation_id>/withdraw")
def withdraw(invitation_id: int) -> Response:
    at = desk()
    by = access.here().staff.id
    at.database.write(lambda connection: invitations.withdraw(connection, at.clock(), invitation_id, by))
    return redirect(url_for("console.staff.index", done="invitation_withdrawn"))


@screen.route("/staff/<int:staff_id>", methods=["GET", "POST"])
def show(staff_id: int) -> str | Response | tuple[str, int]:
    person = _person(staff_id)
    form = _change_form(person)
    if request.method == "GET":
        return _person_page(person, form)
    fault = _fault(form, form.role.data)
    if not fault:
        try:
            _change(person, form)
        except BotError as error:
            fault = error.code
    if fault:
        return _person_page(person, form, fault), 422
    return redirect(url_for("console.staff.index", done="staff_changed"))


def _change(person: Staff, form: ChangeForm) -> None:
    at = desk()
    role = Role(form.role.data)
    by, now = access.here().staff.id, at.clock()
    at.database.write(
        lambda connection: leaving.change(
            connection, now, by, person.id,
            name=form.name.text, email=form.email.text, role=role, units_of=_kept(role, form.units.data or ()),
        )
    )  # fmt: skip


@screen.post("/staff/<int:staff_id>/reset")
def reset(staff_id: int) -> str | tuple[str, int]:
    """A lost phone or password: whatever opened the door before ends now, a link opens it anew.

    Not for oneself: who found an open screen could take the account with it.
    """
    person = _person(staff_id)
    if staff_id == access.here().staff.id:
        return _person_page(person, _change_form(person), "staff.not_yourself"), 422
    at = desk()
    by, now = access.here().staff.id, at.clock()

    def op(connection: Connection) -> str:
        staff.revoke_sessions(connection, staff_id)
        return invitations.invite(
            connection, now, role=person.role, name=person.name, by=by, life=LIVES["1"], staff_id=staff_id
        )

    return _link_page(at.database.write(op), person.name, now + LIVES["1"], again=True)


@screen.route("/staff/<int:staff_id>/leave", methods=["GET", "POST"])
def leave(staff_id: int) -> str | Response | tuple[str, int]:
    person = _person(staff_id)
    if staff_id == access.here().staff.id:
        return _person_page(person, _change_form(person), "staff.not_yourself"), 422
    at = desk()
    with at.database.read() as connection:
        others = [one for one in staff.everyone(connection) if one.id != staff_id and not one.disabled_at]
        held = leaving.holding(connection, staff_id)
    form = LeaveForm(request.form)
    shown = {"person": person, "others": others, "held": held, "form": form}
    if request.method == "GET":
        return render_template("console/staff/leave.html", **shown)
    successor = next((one for one in others if str(one.id) == request.form.get("successor")), None)
    if successor is None and (held or request.form.get("successor") not in {"", "0", None}):
        return render_template("console/staff/leave.html", **shown, fault="staff.successor_missing"), 422
    by, now = access.here().staff.id, at.clock()
    try:
        at.database.write(
            lambda connection: leaving.disable(connection, now, by, staff_id, successor.id if successor else None)
        )
    except BotError as error:
        return render_template("console/staff/leave.html", **shown, fault=error.code), 422
    return redirect(url_for("console.staff.index", done="staff_left"))


def _person(staff_id: int) -> Staff:
    with desk().database.read() as connection:
        person = staff.get(connection, staff_id)
    if person is None:
        abort(404)
    return person


def _change_form(person: Staff) -> ChangeForm:
    form = ChangeForm(request.form, name=person.name, email=person.email, role=person.role, units=list(person.units))
    form.units.choices = _unit_choices()
    return form


def _person_page(person: Staff, form: ChangeForm, fault: str = "") -> str:
    return render_template("console/staff/show.html", person=person, form=form, fault=fault)


def _unit_choices() -> Any:
    with desk().database.read() as connection:
        return options(choices(units.everything(connection)))


def _fault(form: InviteForm | ChangeForm, role: str) -> str:
    if not form.validate():
        return "form.faulty"
    return "staff.units_needed" if role == Role.UNIT and not form.units.data else ""


def _kept(role: Role, chosen: list[int] | tuple[()]) -> list[int]:
    """Administrators and provincial officers see everything; units would say otherwise."""
    return [] if role in {Role.ADMINISTRATOR, Role.PROVINCIAL} else list(chosen)


def _link_page(token: str, name: str, until: object, *, again: bool = False) -> str:
    """The link is shown on this answer only: what is stored cannot make it again."""
    base = desk().settings.bot_public_url or request.host_url.rstrip("/")
    link = base + url_for("console.sign_in.invitation", token=token)
    return render_template(
        "console/staff/link.html", link=link, qr=second_factor.qr(link), name=name, until=until, again=again
    )
