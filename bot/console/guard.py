"""At the door of every request: size, session, the form's own token, and whether this person may do this."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

from flask import Request, Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.console import access
from bot.console.desk import Desk, desk
from bot.store import sign_in, staff
from bot.store.sign_in import Session

SESSION = "console_session"
VISIT = "console_visit"  # ties a form to the browser that asked for it, signed in or not
MOST_BYTES = 2 * 1024 * 1024
#: Scans and photos; only from somebody signed in.
LARGER = dict.fromkeys(("initiatives_entry.attach", "initiatives_reports.add", "documents.load"), 25 * 1024 * 1024)
#: What a page asks by itself: an unattended screen must still time out.
UNSEEN = frozenset({"console.conversations.live"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_ALLOWED = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self' data:",  # the component library draws its arrows as data
    "font-src": "'self'",
    "media-src": "'self'",  # voice notes
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
POLICY = "; ".join(f"{what} {where}" for what, where in _ALLOWED.items())
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # links with one-time tokens stay here
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def permit() -> AnyResponse | None:
    """Run before every view of the console; None lets it run."""
    request.max_content_length = MOST_BYTES
    request.max_form_memory_size = MOST_BYTES
    endpoint = (request.endpoint or "").partition(".")[2]
    need = access.needed(endpoint, request.method)
    if need is None:
        abort(404)
    if endpoint in {"static", "library"}:
        return None
    g.visit = request.cookies.get(VISIT) or secrets.token_urlsafe(24)
    at = desk()
    g.session = _session(at, request)
    if g.session is not None and g.session.stage == "full":
        request.max_content_length = LARGER.get(endpoint, MOST_BYTES)
    if request.method not in SAFE:
        check_form(at, request.form)
    if need is access.May.SIGN_IN:
        return None
    if g.session is None or g.session.stage != "full":
        return _to_sign_in()
    with at.database.read() as connection:
        person = staff.get(connection, g.session.staff_id)
        if person is None:
            return _to_sign_in()
        g.access = access.of(connection, person)
    if need not in g.access.may:
        abort(403)
    return None


def finish(response: Response) -> Response:
    """Run after every view: the headers, and the cookie that forms are tied to."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if (request.endpoint or "").endswith((".static", ".library")):
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response
    response.headers["Cache-Control"] = "no-store"
    visit = g.get("visit")
    if visit and request.cookies.get(VISIT) != visit:
        set_cookie(response, VISIT, visit)
    return response


def form_token() -> str:
    """What every form carries in `csrf_token`: bound to this browser's visit.

    Not to the session: who was signed out while writing signs in beside it and sends the same form again.
    """
    return desk().vault.hashes("form", g.visit)[0]


def check_form(at: Desk, form: Mapping[str, str]) -> None:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(400)
    given = form.get("csrf_token", "")
    wanted = at.vault.hashes("form", request.cookies.get(VISIT, ""))
    if not request.cookies.get(VISIT) or not any(hmac.compare_digest(given.encode(), one.encode()) for one in wanted):
        abort(400)


def set_cookie(response: AnyResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, path=url_for("console.today.show"), httponly=True, samesite="Lax", secure=desk().secure
    )


def drop_cookie(response: AnyResponse, name: str) -> None:
    response.delete_cookie(
        name, path=url_for("console.today.show"), httponly=True, samesite="Lax", secure=desk().secure
    )


def _session(at: Desk, asked: Request) -> Session | None:
    token = asked.cookies.get(SESSION)
    if not token:
        return None
    now = at.clock()
    with at.database.read() as connection:
        found = sign_in.session(connection, now, token)
    if found is None:
        return None
    session, seen_at = found
    if now - seen_at > sign_in.SEEN_EVERY and asked.endpoint not in UNSEEN:
        at.database.write(lambda connection: sign_in.seen(connection, now, session.id))
    return session


def _to_sign_in() -> AnyResponse:
    """A half-done sign-in goes on where it stands; a form sent too late is kept by the browser's own Back."""
    if g.session is not None:
        return redirect(url_for(f"console.sign_in.{'code' if g.session.stage == 'code' else 'enrol'}"))
    if request.method not in SAFE:
        abort(401)
    wanted = request.full_path.rstrip("?")
    return redirect(url_for("console.sign_in.password", next=wanted))


def safe_next(wanted: str) -> str:
    """Where to go after signing in: a page of ours, never an address from outside."""
    home = url_for("console.today.show")
    plain = wanted.startswith(home) and "\\" not in wanted and not any(ord(letter) < 32 for letter in wanted)
    return wanted if plain else home
