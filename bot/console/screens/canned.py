"""Texts that officers send often; all of them in one list, saved together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.console import access
from bot.console.desk import desk
from bot.console.forms import tidy
from bot.console.screens.conversation import MOST_TEXT
from bot.store import options

MOST_CANNED = 40


def texts() -> str | AnyResponse | tuple[str, int]:
    """Texts that officers send often; all of them in one list, saved together."""
    with desk().database.read() as connection:
        known, version = options.current(connection, "console", "canned")
    if request.method == "GET":
        return render_template("console/conversations/canned.html", texts=known or [], version=version)
    titles, texts = request.form.getlist("title"), request.form.getlist("text")
    given = [{"title": tidy(a), "text": tidy(b)} for a, b in zip(titles, texts, strict=False)]
    kept = [one for one in given if one["title"] or one["text"]]
    fault = _canned_fault(kept)
    if fault:
        return render_template("console/conversations/canned.html", texts=kept, version=version, fault=fault), 422
    at, by, seen = desk(), access.here().staff.id, request.form.get("version", type=talk.number)
    at.database.write(lambda connection: options.put(connection, at.clock(), by, "console", "canned", kept, over=seen))
    return redirect(url_for("console.conversations.canned", done="canned_saved"))


def _canned_fault(texts: Sequence[Mapping[str, str]]) -> str:
    if len(texts) > MOST_CANNED or any(len(one["title"]) > 60 or len(one["text"]) > MOST_TEXT for one in texts):
        return "talk.canned_too_long"
    return "" if all(one["title"] and one["text"] for one in texts) else "talk.canned_half"
