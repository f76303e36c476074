"""Where a colleague is told of what needs them: their e-mail, and their own Zalo or Messenger."""

from __future__ import annotations

import re

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.console import access
from bot.console.desk import desk
from bot.console.forms import tidy
from bot.store import accounts, conversations, notifications

screen = Blueprint("notices", __name__)
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")


@screen.get("/notices")
def show() -> str:
    return _page()


def _page(code: str = "", fault: str = "") -> str:
    here = access.here().staff
    at = desk()
    with at.database.read() as connection:
        lines = conversations.some(connection, notifications.links_of(connection, here.id))
        every = {one.id: one for one in accounts.all_accounts(connection)}
    return render_template(
        "console/notices/show.html", lines=list(lines.values()), accounts=every, code=code, fault=fault,
        mails=bool(at.settings.smtp_url), minutes=int(notifications.CODE_LASTS.total_seconds() // 60),
    )  # fmt: skip


@screen.post("/notices/code")
def code() -> str:
    """Shown on this answer only; typed in the chat it links whoever types it."""
    at, by = desk(), access.here().staff.id
    made = at.database.write(lambda connection: notifications.new_code(connection, at.vault, at.clock(), by))
    return _page(f"{made[:4]} {made[4:]}")


@screen.post("/notices/unlink")
def unlink() -> Response:
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: notifications.unlink(connection, at.clock(), by))
    return redirect(url_for("console.notices.show", done="unlinked"))


@screen.post("/notices/email")
def email() -> str | Response | tuple[str, int]:
    given = tidy(request.form.get("email"))
    if given and (not _EMAIL.fullmatch(given) or len(given) > 120):
        return _page(fault="notices.email_odd"), 422
    at, by = desk(), access.here().staff.id
    at.database.write(lambda connection: notifications.set_email(connection, at.clock(), by, given))
    return redirect(url_for("console.notices.show", done="email_saved"))
