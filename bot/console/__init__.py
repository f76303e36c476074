"""The officers' console: one Flask blueprint, every screen a file of its own, every request past one guard."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, g, render_template, request, send_from_directory
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException

from bot import clock, logs, talk
from bot.clock import Clock
from bot.console import access, guard, words
from bot.console.desk import Desk, desk
from bot.console.screens import (
    accounts,
    announcement_writing,
    announcements,
    answers,
    approving,
    audit,
    campaigns,
    conversations,
    data_requests,
    documents,
    drafts,
    events,
    incidents,
    initiatives,
    initiatives_entry,
    initiatives_papers,
    initiatives_reports,
    initiatives_settings,
    initiatives_stories,
    me,
    notices,
    people,
    questions,
    routes,
    sign_in,
    staff,
    today,
    units,
)
from bot.console.screens import content as content_screen
from bot.console.screens import settings as settings_screen
from bot.delivery.connecting import Connecting
from bot.delivery.directory import Directory
from bot.errors import BotError
from bot.library.load import CONTENT
from bot.settings import Settings
from bot.store.database import Database, DatabaseAway
from bot.store.vault import Vault

SCREENS = (
    sign_in,
    me,
    notices,
    today,
    conversations,
    people,
    initiatives,
    initiatives_entry,
    initiatives_papers,
    initiatives_reports,
    initiatives_settings,
    initiatives_stories,
    data_requests,
    incidents,
    announcements,
    announcement_writing,
    approving,
    campaigns,
    events,
    accounts,
    staff,
    audit,
    units,
    questions,
    drafts,
    answers,
    documents,
    content_screen,
    settings_screen,
    routes,
)


def blueprint(
    database: Database,
    settings: Settings,
    directory: Directory,
    connecting: Connecting,
    *,
    now: Clock = clock.now,
    content: Path = CONTENT,
) -> Blueprint:
    """The console, to be registered under /console. Every need is handed in here.

    It talks to no platform by itself: `directory` reads and cuts messages, `connecting` asks for an officer.
    """
    made = Blueprint(
        "console", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    made.record_once(_hand_over(Desk(database, settings, Vault(settings.keys()), now, content, directory, connecting)))
    made.url_value_preprocessor(_possible)
    made.before_request(guard.permit)
    made.after_request(guard.finish)
    made.context_processor(_context)
    made.register_error_handler(Exception, _explain)
    made.add_url_rule("/library/<path:name>", "library", _library)
    for screen in SCREENS:
        made.register_blueprint(screen.screen)
    made.add_url_rule("/<path:rest>", "missing", _missing, methods=["GET", "POST"])
    return made


def _possible(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """An address with a number that no row can have leads nowhere; a database would choke on thirty digits."""
    if any(isinstance(value, int) and talk.number(str(value)) is None for value in (values or {}).values()):
        abort(404)


def _hand_over(made: Desk) -> Callable[[BlueprintSetupState], None]:
    def hand_over(state: BlueprintSetupState) -> None:
        state.app.extensions["console"] = made
        state.app.jinja_env.filters.setdefault("local", lambda at: f"{made.local(at):%H:%M %d/%m/%Y}")

    return hand_over


def _context() -> dict[str, object]:
    """What every template may use."""
    return {
        "say": words.say,
        "known": words.known,
        "views": current_app.view_functions,
        "may": access.may,
        "form_token": guard.form_token,
        "done": code if words.known(code := f"done.{request.args.get('done', '')}") else "",
        "me": g.access.staff if "access" in g else None,
        "organisation": desk().organisation(),
    }


_LIBRARY = find_spec("flask_bootstrap")


def _library(name: str) -> Response:
    """The component library's own files, out of its package: no other host is asked."""
    if _LIBRARY is None or not _LIBRARY.submodule_search_locations:
        abort(404)
    return send_from_directory(Path(_LIBRARY.submodule_search_locations[0]) / "static" / "bootstrap5", name)


def _missing(rest: str) -> Response:  # noqa: ARG001 - Flask passes the rest of the address
    abort(404)


def _explain(error: Exception) -> tuple[str, int]:
    """Every failure as a page in plain words with the next step."""
    if isinstance(error, HTTPException):
        status = error.code or 500
        code = f"page.{status}"
    elif isinstance(error, DatabaseAway):
        status, code = 503, "page.503"
    elif isinstance(error, BotError):
        status, code = 409, error.code
    else:
        logs.failure("console.failed", endpoint=request.endpoint)
        status, code = 500, "page.500"
    facts = error.facts if isinstance(error, BotError) else {}
    return _page(words.say(code if words.known(code) else "page.other", **facts), status), status


def _page(sentence: str, status: int) -> str:
    try:
        return render_template("console/error.html", sentence=sentence, status=status)
    except Exception:  # noqa: BLE001 - even the organisation's name is out of reach
        return current_app.jinja_env.get_template("console/bare.html").render(sentence=sentence)
