"""One's own account: password, phone, printed codes, the places one is signed in."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from bot.console import access, guard, passwords
from bot.console.desk import desk
from bot.console.forms import Form, line, secret
from bot.console.screens.sign_in import fresh_codes, may_try, second_factor_right, tries_right
from bot.store import audit, sign_in, staff

screen = Blueprint("me", __name__)


class NewPasswordForm(Form):
    before = secret()
    password = secret()
    again = secret()


class ProofForm(Form):
    """Once more who one is, before what opens the door is changed."""

    proof = secret()
    code = line(20, needed=False)


@screen.get("/me")
def show() -> str:
    return _page()


def _page(fault: str = "") -> str:
    me = access.here().staff
    with desk().database.read() as connection:
        left = sign_in.recovery_codes_left(connection, me.id)
    forms = {"new_password": NewPasswordForm(), "proof": ProofForm()}
    return render_template("console/me/show.html", left=left, fault=fault, **forms)


@screen.post("/me/password")
def change_password() -> str | Response | tuple[str, int]:
    me = access.here().staff
    form = NewPasswordForm(request.form)
    fault = "" if form.validate() else "form.faulty"
    if not fault and form.password.text != form.again.text:
        fault = "password.differ"
    fault = fault or passwords.fault(form.password.text, me.login) or _not_me(form.before.text)
    if fault:
        return _page(fault), 422
    at = desk()
    stored = passwords.hashed(form.password.text)
    session_id = g.session.id

    def op(connection: Connection) -> None:
        sign_in.set_password(connection, me.id, stored)
        staff.revoke_sessions(connection, me.id, but=session_id)
        audit.record(connection, at.clock(), me.id, "me.password_changed", "staff", me.id)

    at.database.write(op)
    return redirect(url_for("console.me.show", done="password_changed"))


@screen.post("/me/codes")
def new_codes() -> str | tuple[str, int]:
    fault = _proof_fault()
    if fault:
        return _page(fault), 422
    return render_template("console/sign_in/codes.html", codes=fresh_codes(access.here().staff), signed_in=True)


@screen.post("/me/phone")
def new_phone() -> str | Response | tuple[str, int]:
    """Another phone, or the first one: back to the page with the QR code."""
    fault = _proof_fault()
    if fault:
        return _page(fault), 422
    at = desk()
    me = access.here().staff
    now = at.clock()

    def op(connection: Connection) -> str:
        sign_in.drop_totp(connection, me.id)
        staff.revoke_sessions(connection, me.id)
        audit.record(connection, now, me.id, "me.phone_changed", "staff", me.id)
        return sign_in.open_session(connection, now, me.id, "enrol")

    response = redirect(url_for("console.sign_in.enrol"))
    guard.set_cookie(response, guard.SESSION, at.database.write(op))
    return response


@screen.post("/me/sessions")
def end_sessions() -> Response:
    at = desk()
    me = access.here().staff
    session_id = g.session.id

    def op(connection: Connection) -> None:
        staff.revoke_sessions(connection, me.id, but=session_id)
        audit.record(connection, at.clock(), me.id, "me.sessions_ended", "staff", me.id)

    at.database.write(op)
    return redirect(url_for("console.me.show", done="sessions_ended"))


def _proof_fault() -> str:
    me = access.here().staff
    form = ProofForm(request.form)
    if not form.validate():
        return "form.faulty"
    fault = _not_me(form.proof.text)
    if not fault and me.totp_on and not second_factor_right(me, form.code.text):
        fault = "sign_in.wrong_code"
    return fault


def _not_me(password: str) -> str:
    me = access.here().staff
    if not may_try(me.login):
        return "sign_in.locked"
    with desk().database.read() as connection:
        stored = staff.password_of(connection, me.id)
    if not passwords.fits(stored, password):
        return "password.not_yours"
    tries_right(me.login)
    return ""
