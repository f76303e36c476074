"""The Flask application: webhooks, health, the public pages, the console, and the simulator where it is on."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from bot import console, logs
from bot.runtime import Runtime
from bot.simulator import Simulator
from bot.store.database import DatabaseAway
from bot.web import feed, health, initiatives, pages, webhooks
from bot.web.security import harden

MOST_BYTES = 4 * 1024 * 1024  # of a request, where a page says nothing else


def create_app(runtime: Runtime, simulator: Simulator | None = None) -> Flask:
    """Put the parts of one process behind their addresses."""
    settings = runtime.settings
    app = Flask("bot", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    harden(app, https=settings.bot_public_url.startswith("https://"))
    app.register_error_handler(Exception, _fault)
    app.register_blueprint(
        webhooks.blueprint(
            webhooks.Door(runtime.intake, runtime.directory, runtime.clock, runtime.tally, runtime.signatures)
        )
    )
    app.register_blueprint(
        health.blueprint(health.Health(runtime.database, runtime.clock, runtime.tally, settings.bot_metrics_token))
    )
    app.register_blueprint(
        pages.blueprint(pages.Pages(runtime.database, runtime.clock, lambda: runtime.voice.organisation))
    )
    app.extensions["announcing"] = runtime.announcing
    app.register_blueprint(feed.blueprint(feed.Feed(runtime.database, runtime.announcing.words, runtime.url)))
    app.register_blueprint(initiatives.blueprint(initiatives.Shelf(runtime)))
    if simulator is not None:
        runtime.connecting.hosts = replace(runtime.connecting.hosts, practice=_practice(simulator))
    app.register_blueprint(
        console.blueprint(runtime.database, settings, runtime.directory, runtime.connecting, now=runtime.clock),
        url_prefix="/console",
    )
    if simulator is not None:
        _mount(app, simulator, open_to_all=settings.bot_simulator == "1")
    return app


def _fault(error: Exception) -> Response | HTTPException:
    """Say it ourselves: Flask would log the address, and an address can hold the token of somebody's link."""
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, DatabaseAway):
        logs.warn("database.away", endpoint=request.endpoint)
        return Response("Hệ thống đang bận, anh/chị thử lại sau ít phút.\n", 503, {"Retry-After": "5"}, "text/plain")
    logs.failure("web.failed", endpoint=request.endpoint)
    return Response("Có lỗi phía hệ thống, anh/chị thử lại sau ít phút.\n", 500, mimetype="text/plain")


def _practice(simulator: Simulator) -> dict[str, dict[str, str]]:
    """Where the doubles are, so that officers can connect to them as they would to the platforms."""
    return {
        one.platform: {"api_url": one.api_url, "oauth_url": one.oauth_url, "api_version": one.api_version}
        for one in simulator.accounts
    }


def _mount(app: Flask, simulator: Simulator, *, open_to_all: bool) -> None:
    """The doubles hold made-up members only, but they can write to the bot as anybody: loopback unless set to 1."""
    blueprint = simulator.blueprint()

    @blueprint.before_request
    def _near() -> Response | None:
        forwarded = "X-Forwarded-For" in request.headers
        near = not forwarded and ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104 - an address nobody has
        return None if open_to_all or near else Response("403\n", 403, mimetype="text/plain")

    app.register_blueprint(blueprint)
