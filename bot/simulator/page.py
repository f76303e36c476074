"""The chat page: two phones beside the raw exchange. It asks for what is new every 700 ms."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, jsonify, render_template, request
from pydantic import Field

from bot.simulator.control import Order, PersonId, Said, own_origin_only, read
from bot.simulator.faults import Platform
from bot.simulator.samples import FILES
from bot.talk import number

if TYPE_CHECKING:
    from bot.simulator import Simulator
    from bot.simulator.messenger import Messenger
    from bot.simulator.people import Person
    from bot.simulator.zalo import Zalo

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_KEYS = {
    "zalo": (
        ("app_id", "Mã ứng dụng (App ID)"),
        ("app_secret", "Khóa bí mật của ứng dụng"),
        ("external_id", "Mã OA"),
        ("oa_secret_key", "OA Secret Key"),
        ("access_token", "Access Token"),
        ("refresh_token", "Refresh Token"),
    ),
    "messenger": (
        ("app_id", "Mã ứng dụng (App ID)"),
        ("app_secret", "App Secret"),
        ("external_id", "Mã trang (Page ID)"),
        ("access_token", "Page Access Token"),
    ),
}


class Entering(Order):
    """A phone is put on the page: of somebody new, or of somebody whom the browser remembers."""

    platform: Platform
    id: PersonId | None = None
    last_at: float | None = Field(None, ge=0)
    follows: bool = False


class Page:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._boot = secrets.token_hex(4)

    def add_routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/", "page", self._shown)
        blueprint.add_url_rule("/keys", "keys", self._keys)
        blueprint.add_url_rule("/files/<name>", "file", self._file)
        blueprint.add_url_rule("/page/enter", "enter", self._enter, methods=["POST"])
        blueprint.add_url_rule("/page/act", "act", self._act, methods=["POST"])
        blueprint.add_url_rule("/page/state", "state", self._state)

    def _shown(self) -> Response:
        answer = Response(render_template("simulator/page.html"), content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _keys(self) -> Response:
        """What an officer copies from the platforms' own sites when connecting; made up, and of use here only."""
        found = [
            (one, [(label, getattr(one, name)) for name, label in _KEYS[one.platform]])
            for one in self._simulator.accounts
        ]
        answer = Response(
            render_template("simulator/keys.html", accounts=found), content_type="text/html; charset=utf-8"
        )
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _file(self, name: str) -> Response:
        kind, raw = FILES.get(name) or abort(404)
        return Response(raw, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    def _enter(self) -> Response:
        own_origin_only()
        entering = read(Entering)
        double = self._simulator.double(entering.platform)
        length = 19 if entering.platform == "zalo" else 16
        person = double.people.watch(entering.id or str(secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1)))
        if person.last_at is None and entering.last_at is not None:
            # the double was started anew; the person is the same
            person.touch(min(entering.last_at, self._simulator.tools.now()))
            person.follows = entering.follows
        self._simulator.tools.journal.changed()
        return jsonify({"id": person.id, "name": person.name})

    def _act(self) -> Response:
        own_origin_only()
        said = read(Said)
        return jsonify({"mid": self._simulator.let(said.platform, said.user, said.act_alone())})

    def _state(self) -> Response:
        own_origin_only()
        # with whose phones are shown: an answer for somebody else, overtaken on its way, must not stand for theirs
        shown = "-".join(request.args.get(double.name, "") for double in self._simulator.doubles)
        version = f"{self._boot}.{self._simulator.tools.journal.version}.{shown}"
        self._look(request.args.get("look", "").split(","))
        if request.args.get("version") == version:
            return Response(status=204)
        since = request.args.get("exchange", "0")
        boot, _, _ = request.args.get("version", "").partition(".")
        last = (number(since) or 0) if boot == self._boot else 0
        phones = {double.name: self._phone(double) for double in self._simulator.doubles}
        exchanges = self._simulator.tools.journal.exchanges(last)
        faults = self._simulator.tools.faults.listed()
        return jsonify({"version": version, "phones": phones, "exchanges": exchanges, "faults": faults})

    def _look(self, platforms: list[str]) -> None:
        """Let the people look at their phones: those that the visitor sees."""
        for double in self._simulator.doubles:
            person = double.people.find(request.args.get(double.name, ""))
            if double.name in platforms and person is not None and person.unseen:
                double.look(person)

    def _phone(self, double: Zalo | Messenger) -> dict[str, object] | None:
        person = double.people.find(request.args.get(double.name, ""))
        if person is None or person.bubbles is None:
            return None
        now = self._simulator.tools.now()
        return {
            "id": person.id,
            "name": person.name,
            "follows": person.follows,
            "blocked": person.blocked,
            "last_at": person.last_at,
            "window_open": self._open(double, person, now),
            "subscribed": double.subscribed,
            "typing": max(person.typing_until - now, 0),
            "bubbles": [bubble.told() for bubble in list(person.bubbles)],
            **double.phone(),
        }

    def _open(self, double: Zalo | Messenger, person: Person, now: float) -> bool:
        idle = person.idle_s(now)
        return idle is not None and idle <= double.knobs.window_s
