"""The log of every act, and whether its chain is whole."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from bot import talk
from bot.console import access
from bot.console.desk import desk
from bot.store import audit, staff

screen = Blueprint("audit", __name__)
PAGE = 50


@screen.get("/audit")
def index() -> str:
    return _page(None)


@screen.post("/audit/verify")
def verify() -> str:
    at = desk()
    by = access.here().staff.id
    with at.database.read() as connection:
        verdict = audit.verify(connection)
    at.database.write(
        lambda connection: audit.record(
            connection, at.clock(), by, "audit.verified", "audit", verdict.broken, rows=verdict.rows
        )
    )
    return _page(verdict)


def _page(verdict: audit.Verdict | None) -> str:
    below = request.args.get("below", type=talk.number)
    who = request.args.get("staff", type=talk.number)
    act = request.args.get("act", "")
    with desk().database.read() as connection:
        entries = audit.latest(connection, below=below, staff_id=who, act=act, limit=PAGE + 1)
        people = {person.id: person for person in staff.everyone(connection)}
    return render_template(
        "console/audit/index.html",
        entries=entries[:PAGE],
        more=entries[PAGE - 1].id if len(entries) > PAGE else None,
        people=people,
        verdict=verdict,
        who=who,
        act=act,
    )
