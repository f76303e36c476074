"""A leader's page, opened by a link on a phone: what goes out, to how many, and Duyệt or Trả lại."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from bot.announcements import approval, preflight, preview, routes
from bot.announcements.drafting import Message
from bot.console.desk import desk
from bot.console.screens.announcements import announcing
from bot.errors import BotError
from bot.store import units
from bot.store.announcements import Announcement
from bot.store.approvals import Link

screen = Blueprint("approving", __name__)


@screen.route("/approve/<token>", methods=["GET", "POST"])
def show(token: str) -> ResponseReturnValue:
    try:
        link, one = approval.by_link(announcing(), token)
    except BotError:
        return render_template("console/announcements/over.html"), 410
    if _author_here(one):
        return _page(link, one, fault="announcement.own"), 403
    if request.method == "GET":
        return _page(link, one)
    return _decide(token, link, one)


def _decide(token: str, link: Link, one: Announcement) -> ResponseReturnValue:
    verdict, note = request.form.get("verdict"), request.form.get("note", "").strip()[:600]
    try:
        if verdict == "approve":
            approval.approve_by_link(announcing(), token, request.form.get("digest", ""))
        elif verdict == "send_back":
            if not note:
                return _page(link, one, fault="announcement.note_missing"), 422
            approval.send_back(announcing(), one.id, note, token=token)
        else:
            return _page(link, one), 422
    except BotError as error:
        return _page(link, one, fault=error.code), 409
    return render_template("console/announcements/thanks.html", verdict=verdict)


def _author_here(one: Announcement) -> bool:
    """The link was opened in the browser of one who wrote it: that is no second person."""
    return g.session is not None and g.session.staff_id in approval.authors(one)


def _page(link: Link, one: Announcement, fault: str = "") -> str:
    with desk().database.read() as connection:
        known = units.everything(connection)
    return render_template(
        "console/announcements/approve.html",
        link=link,
        one=one,
        units=known,
        looks=preview.looks(announcing(), Message.of(one), routes.chosen(one)),
        check=preflight.check(announcing(), one),
        fault=fault,
    )
