"""Coming in: password, then the second factor; the one-time link; a forgotten password with a printed code."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from bot.console import access, guard, passwords, second_factor, words
from bot.console.desk import desk
from bot.console.forms import Form, line, secret
from bot.errors import BotError
from bot.store import audit, invitations, options, sign_in, staff
from bot.store.staff import Staff

screen = Blueprint("sign_in", __name__)

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{2,59}")


class PasswordForm(Form):
    login = line(60)
    password = secret()


class CodeForm(Form):
    code = line(20)


class InvitationForm(Form):
    login = line(60, needed=False)
    name = line(80, needed=False)
    password = secret()
    again = secret()


class ForgottenForm(Form):
    login = line(60)
    recovery = line(20)
    code = line(20, needed=False)
    password = secret()
    again = secret()


# ---- the password ----


@screen.route("/sign-in", methods=["GET", "POST"])
def password() -> str | Response | tuple[str, int]:
    form = PasswordForm(request.form)
    if request.method == "GET":
        return render_template("console/sign_in/password.html", form=form)
    if not form.validate():
        return render_template("console/sign_in/password.html", form=form), 422
    if not may_try(form.login.text):
        return render_template("console/sign_in/password.html", form=form, fault="sign_in.locked"), 429
    person = _person(form.login.text, form.password.text)
    if person is None:
        return render_template("console/sign_in/password.html", form=form, fault="sign_in.wrong"), 422
    tries_right(form.login.text)
    return _begin(person, request.args.get("next", ""))


def _person(login: str, given: str) -> Staff | None:
    at = desk()
    with at.database.read() as connection:
        person = staff.by_login(connection, login)
        stored = staff.password_of(connection, person.id) if person else ""
    right = passwords.fits(stored, given)
    if person is None or person.disabled_at or not right:
        who = person.id if person else None
        at.database.write(lambda connection: audit.record(connection, at.clock(), who, "sign_in.failed", "staff", who))
        return None
    if passwords.outdated(stored):
        renewed = passwords.hashed(given)
        at.database.write(lambda connection: sign_in.set_password(connection, person.id, renewed))
    return person


def _begin(person: Staff, wanted: str) -> Response:
    """The password was right: to the code, to setting up a code, or in."""
    if person.totp_on:
        return _with_session(person.id, "code", url_for("console.sign_in.code", next=wanted or None))
    if second_factor_needed(person):
        return _with_session(person.id, "enrol", url_for("console.sign_in.enrol"))
    return _with_session(person.id, "full", guard.safe_next(wanted))


def second_factor_needed(person: Staff) -> bool:
    with desk().database.read() as connection:
        everybody, _ = options.current(connection, "console", "second_factor_for_all")
    return access.needs_second_factor(person.role, everybody=bool(everybody))


def _with_session(staff_id: int, stage: str, to: str) -> Response:
    """A new session takes the place of the one before it: its token is never carried over into more rights."""
    at = desk()
    now = at.clock()
    before = g.session

    def op(connection: Connection) -> str:
        if before is not None:
            sign_in.close_session(connection, before.id)
        if stage == "full":
            audit.record(connection, now, staff_id, "sign_in.done", "staff", staff_id)
        return sign_in.open_session(connection, now, staff_id, stage)

    token = at.database.write(op)
    response = redirect(to)
    guard.set_cookie(response, guard.SESSION, token)
    return response


# ---- the second factor ----


@screen.route("/sign-in/code", methods=["GET", "POST"])
def code() -> str | Response | tuple[str, int]:
    person = _half_in("code")
    if person is None:
        return redirect(url_for("console.sign_in.password"))
    form = CodeForm(request.form)
    if request.method == "GET":
        return render_template("console/sign_in/code.html", form=form)
    if not form.validate():
        return render_template("console/sign_in/code.html", form=form), 422
    if not may_try(person.login):
        return render_template("console/sign_in/code.html", form=form, fault="sign_in.locked"), 429
    if not second_factor_right(person, form.code.text):
        return render_template("console/sign_in/code.html", form=form, fault="sign_in.wrong_code"), 422
    tries_right(person.login, all_of_them=True)
    return _with_session(person.id, "full", guard.safe_next(request.args.get("next", "")))


def second_factor_right(person: Staff, given: str) -> bool:
    """A code of the app, used up now, or a printed one, used up now."""
    at = desk()
    now = at.clock()

    def op(connection: Connection) -> bool:
        sealed, _ = sign_in.totp_of(connection, person.id)
        key = at.vault.open(sealed).get("secret", "")
        step = second_factor.step(key, given, now) if key else None
        if step is not None:
            return sign_in.use_step(connection, person.id, step)
        used = sign_in.use_recovery_code(connection, person.id, second_factor.code_hashes(at.vault, person.id, given))
        if used:
            audit.record(connection, now, person.id, "sign_in.recovery_code_used", "staff", person.id)
        return used

    return at.database.write(op)


@screen.route("/sign-in/phone", methods=["GET", "POST"])
def enrol() -> str | Response | tuple[str, int]:
    person = _half_in("enrol")
    if person is None or person.totp_on:  # set up meanwhile: nobody sees that secret again
        return redirect(url_for("console.sign_in.password"))
    offered = _offer(person.id)
    key = str(desk().vault.open(offered)["secret"])
    form = CodeForm(request.form)
    organisation = desk().organisation()
    issuer = organisation.short_name or organisation.name or words.say("sign_in.issuer")
    shown = {
        "form": form,
        "qr": second_factor.qr(second_factor.address(key, person.login, issuer)),
        "key": key,
    }
    if request.method == "GET":
        return render_template("console/sign_in/enrol.html", **shown)
    step = second_factor.step(key, form.code.text, desk().clock())
    if not form.validate() or step is None:
        return render_template("console/sign_in/enrol.html", **shown, fault="sign_in.wrong_first_code"), 422
    if not _confirm(person, offered, step):
        return redirect(url_for("console.sign_in.password"))
    codes = fresh_codes(person)
    response = _with_session(person.id, "full", url_for("console.today.show"))
    page = make_response(render_template("console/sign_in/codes.html", codes=codes, signed_in=True))
    for cookie in response.headers.getlist("Set-Cookie"):
        page.headers.add("Set-Cookie", cookie)
    return page


def _offer(staff_id: int) -> bytes:
    """The sealed secret of this session: whoever has the password may have looked at another's, so each has its own."""
    at = desk()
    mine = staff.hashed(request.cookies[guard.SESSION])
    fresh = at.vault.seal({"secret": second_factor.new_secret(), "session": mine})

    def op(connection: Connection) -> bytes:
        sealed, _ = sign_in.totp_of(connection, staff_id)
        if sealed is not None and at.vault.open(sealed).get("session") == mine:
            return sealed
        sign_in.offer_totp(connection, staff_id, fresh)
        return fresh

    return at.database.write(op)


def _confirm(person: Staff, offered: bytes, step: int) -> bool:
    """The app is set up: remember it, and end what was opened by the password alone. False when another was first."""
    at = desk()
    now = at.clock()
    session_id = g.session.id

    def op(connection: Connection) -> bool:
        if not sign_in.confirm_totp(connection, person.id, offered):
            return False
        sign_in.use_step(connection, person.id, step)
        staff.revoke_sessions(connection, person.id, but=session_id)
        audit.record(connection, now, person.id, "sign_in.second_factor_set", "staff", person.id)
        return True

    if not at.database.write(op):
        return False
    tries_right(person.login, all_of_them=True)
    return True


def fresh_codes(person: Staff) -> list[str]:
    """New printed codes in place of the old ones. Shown once: only their hashes are kept."""
    at = desk()
    codes = second_factor.new_codes()
    hashes = [second_factor.code_hashes(at.vault, person.id, one)[0] for one in codes]

    def op(connection: Connection) -> None:
        sign_in.set_recovery_codes(connection, person.id, hashes)
        audit.record(connection, at.clock(), person.id, "sign_in.recovery_codes_made", "staff", person.id)

    at.database.write(op)
    return codes


# ---- the one-time link ----


@screen.route("/invitation/<token>", methods=["GET", "POST"])
def invitation(token: str) -> str | Response | tuple[str, int]:
    """Opening the link uses nothing up: messengers open links too, to draw a preview."""
    at = desk()
    with at.database.read() as connection:
        offer = invitations.invitation(connection, token, at.clock())
        known = staff.get(connection, offer.staff_id) if offer and offer.staff_id else None
    if offer is None:
        return render_template("console/sign_in/gone.html"), 410
    form = InvitationForm(request.form, name=offer.name)
    if request.method == "GET":
        return render_template("console/sign_in/invitation.html", form=form, offer=offer, known=known)
    fault = _account_fault(form, known)
    if not fault:
        try:
            return _accept(token, form, known)
        except BotError as error:
            fault = error.code
    return render_template("console/sign_in/invitation.html", form=form, offer=offer, known=known, fault=fault), 422


def _account_fault(form: InvitationForm | ForgottenForm, known: Staff | None) -> str:
    """The first thing wrong with a new account or a new password; "" when nothing is."""
    if not form.validate():
        return "form.faulty"
    login = known.login if known else form.login.text.lower()
    if isinstance(form, InvitationForm) and known is None:
        if not form.name.text:
            return "account.name_missing"
        if not LOGIN.fullmatch(login):
            return "account.login_odd"
    if form.password.text != form.again.text:
        return "password.differ"
    return passwords.fault(form.password.text, login)


def _accept(token: str, form: InvitationForm, known: Staff | None) -> Response:
    at = desk()
    now = at.clock()
    stored = passwords.hashed(form.password.text)
    login = known.login if known else form.login.text
    name = known.name if known else form.name.text

    def op(connection: Connection) -> Staff:
        staff_id = invitations.accept(connection, now, token, login=login, name=name, password=stored)
        made = staff.get(connection, staff_id)
        if made is None:
            raise BotError("staff.unknown")
        return made

    return _begin(at.database.write(op), "")


# ---- forgotten ----


@screen.route("/sign-in/forgotten", methods=["GET", "POST"])
def forgotten() -> str | Response | tuple[str, int]:
    """A new password for somebody with a printed code, and their phone when one is set up."""
    form = ForgottenForm(request.form)
    if request.method == "GET":
        return render_template("console/sign_in/forgotten.html", form=form)
    fault = _account_fault(form, None)
    status = 422
    if not fault and not may_try(form.login.text):
        fault, status = "sign_in.locked", 429
    if not fault and not _recovered(form):
        fault = "sign_in.not_recovered"
    if fault:
        return render_template("console/sign_in/forgotten.html", form=form, fault=fault), status
    tries_right(form.login.text, all_of_them=True)
    return redirect(url_for("console.sign_in.password", done="password_set"))


def _recovered(form: ForgottenForm) -> bool:
    at = desk()
    now = at.clock()
    stored = passwords.hashed(form.password.text)

    def op(connection: Connection) -> bool:
        person = staff.by_login(connection, form.login.text)
        if person is None or person.disabled_at:
            return False
        sealed, _ = sign_in.totp_of(connection, person.id)
        step = second_factor.step(str(at.vault.open(sealed)["secret"]), form.code.text, now) if sealed else None
        hashes = second_factor.code_hashes(at.vault, person.id, form.recovery.text)
        if not person.totp_on or step is None or not sign_in.use_step(connection, person.id, step):
            return False
        if not sign_in.use_recovery_code(connection, person.id, hashes):
            return False
        sign_in.set_password(connection, person.id, stored)
        staff.revoke_sessions(connection, person.id)
        audit.record(connection, now, person.id, "sign_in.password_recovered", "staff", person.id)
        return True

    return at.database.write(op)


# ---- out, and shared ----


@screen.route("/sign-out", methods=["POST"])
def out() -> Response:
    at = desk()
    session = g.session

    def op(connection: Connection) -> None:
        sign_in.close_session(connection, session.id)
        audit.record(connection, at.clock(), session.staff_id, "sign_in.out", "staff", session.staff_id)

    at.database.write(op)
    response = redirect(url_for("console.sign_in.password", done="signed_out"))
    guard.drop_cookie(response, guard.SESSION)
    return response


def _half_in(stage: str) -> Staff | None:
    """Who stands between the password and the console; None when nobody does."""
    session = g.session
    if session is None or session.stage != stage:
        return None
    with desk().database.read() as connection:
        return staff.get(connection, session.staff_id)


def _keys(login: str) -> tuple[tuple[str, int], tuple[str, int]]:
    vault = desk().vault
    return (
        (vault.hashes("login", login.strip().lower())[0], sign_in.MOST_FOR_LOGIN),
        (vault.hashes("address", _network(request.remote_addr or ""))[0], sign_in.MOST_FOR_ADDRESS),
    )


def _network(address: str) -> str:
    """An IPv6 connection has billions of addresses of its own, so its /64 counts as one."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((known, 64), strict=False)) if known.version == 6 else address


def may_try(login: str) -> bool:
    now = desk().clock()
    keys = _keys(login)
    allowed = desk().database.write(
        lambda connection: [sign_in.attempt(connection, now, key, most) for key, most in keys]
    )
    return all(allowed)


def tries_right(login: str, *, all_of_them: bool = False) -> None:
    (mine, _), (place, _) = _keys(login)

    def op(connection: Connection) -> None:
        (sign_in.forgive if all_of_them else sign_in.give_back)(connection, mine)
        sign_in.give_back(connection, place)

    desk().database.write(op)
