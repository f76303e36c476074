"""The public pages: who this is and Zalo's domain check, the privacy notice, and a member's own data by their link."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, render_template

from bot.clock import Clock
from bot.library.organisation import Organisation
from bot.store import exports
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Pages:
    database: Database
    clock: Clock
    organisation: Callable[[], Organisation]


def blueprint(pages: Pages) -> Blueprint:
    site = Blueprint("site", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

    @site.get("/")
    def home() -> str:
        return render_template("web/home.html", union=pages.organisation())

    @site.get("/zalo_verifier<code>.html")
    def zalo_file(code: str) -> Response:
        """Zalo's other way to prove a domain: a file whose name and content carry the code."""
        known = pages.organisation().zalo_verification
        if not known or code != known:
            return Response("404\n", 404, mimetype="text/plain")
        return Response(render_template("web/zalo.html", code=known))

    @site.get("/privacy")
    def privacy() -> str:
        return render_template("web/privacy.html", union=pages.organisation())

    @site.get("/my-data/<token>")
    def my_data(token: str) -> Response:
        """Everything kept of one person, as the link they asked for in the chat promises."""
        with pages.database.read() as connection:
            person_id = exports.by_link(connection, token, pages.clock())
            data = exports.gather(connection, person_id) if person_id is not None else None
        if not data:
            return Response(render_template("web/link_over.html", union=pages.organisation()), 404)
        response = Response(json.dumps(data, ensure_ascii=False, indent=2), mimetype="application/json")
        response.headers["Content-Disposition"] = "attachment; filename=du-lieu-cua-toi.json"
        response.headers["Cache-Control"] = "no-store"
        return response

    return site
