"""The control API under /simulator/control: faults, settings, people, and what was sent. JSON in, JSON out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeVar

import requests
from flask import Blueprint, Response, abort, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.simulator.acts import Act
from bot.simulator.faults import Platform, Rule
from bot.talk import number

if TYPE_CHECKING:
    from bot.simulator import Simulator

MAX_MADE_UP = 400_000
PersonId = Annotated[str, StringConstraints(pattern=r"^\d{5,32}$")]
S = TypeVar("S", bound=BaseModel)


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Crowd(Order):
    """People to make up, or to set right: ids from `first` on, one after the other, or the ids named."""

    platform: Platform
    first: PersonId = "7000000000000001"
    count: Annotated[int, Field(ge=1, le=MAX_MADE_UP)] = 1
    ids: list[PersonId] = []
    last_act_s_ago: Annotated[float, Field(ge=0)] | None = 0  # null: never wrote
    follows: bool = True
    blocked: bool = False

    def named(self) -> list[str]:
        return self.ids or [str(int(self.first) + at) for at in range(self.count)]


class Said(Act):
    platform: Platform
    user: PersonId

    def act_alone(self) -> Act:
        return Act(**self.model_dump(exclude={"platform", "user"}))


class SaidAll(Order):
    acts: Annotated[list[Said], Field(min_length=1, max_length=10_000)]


class Knob(Order):
    platform: Platform
    set: dict[str, Any]


class TokenState(Order):
    platform: Platform
    state: Literal["dead", "spent", "alive"]


class Which(Order):
    platform: Platform


class Control:
    """The endpoints. Everything that they do, tests and the page's drawer do through them."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def add_routes(self, blueprint: Blueprint) -> None:
        def route(path: str, view: Callable[[], object], method: str) -> None:
            def guarded() -> Response:
                own_origin_only()
                return jsonify(view())

            name = f"control {method} {path}"
            blueprint.add_url_rule(f"/control/{path}", name, guarded, methods=[method])

        route("state", self.state, "GET")
        route("faults", self._simulator.tools.faults.listed, "GET")
        route("faults", self._add_fault, "POST")
        route("faults", self._clear_faults, "DELETE")
        route("settings", self._set, "POST")
        route("people", self._people, "POST")
        route("say", self._say, "POST")
        route("calls", self._calls, "GET")
        route("calls", lambda: self._simulator.tools.journal.forget(calls=True), "DELETE")
        route("webhooks", self._simulator.tools.journal.webhooks, "GET")
        route("webhooks", lambda: self._simulator.tools.journal.forget(webhooks=True), "DELETE")
        route("exchanges", self._exchanges, "GET")
        route("token", self._token, "POST")
        route("subscribe", self._subscribe, "POST")
        route("check", self._check, "POST")
        route("reset", self._simulator.reset, "POST")

    def state(self) -> dict[str, object]:
        tools = self._simulator.tools
        doubles = {
            double.name: {
                "account": double.account.external_id,
                "app_id": double.account.app_id,
                "people": len(double.people),
                "subscribed": double.subscribed,
                "settings": double.knobs.model_dump(),
            }
            for double in self._simulator.doubles
        }
        waiting = tools.deliveries.waiting
        return {**doubles, "faults": tools.faults.listed(), "counts": tools.journal.counts(), "waiting": waiting}

    def _add_fault(self) -> object:
        self._simulator.tools.faults.add(read(Rule))
        self._simulator.tools.journal.changed()
        return self._simulator.tools.faults.listed()

    def _clear_faults(self) -> object:
        platform = request.args.get("platform")
        self._simulator.tools.faults.clear(platform)
        self._simulator.tools.journal.changed()
        return self._simulator.tools.faults.listed()

    def _set(self) -> object:
        knob = read(Knob)
        double = self._simulator.double(knob.platform)
        try:
            changed = type(double.knobs).model_validate({**double.knobs.model_dump(), **knob.set})
        except ValidationError as error:
            _bad(error)
        double.knobs = changed
        return changed.model_dump()

    def _people(self) -> object:
        crowd = read(Crowd)
        people = self._simulator.double(crowd.platform).people
        last = None if crowd.last_act_s_ago is None else self._simulator.tools.now() - crowd.last_act_s_ago
        try:
            number = people.fill(crowd.named(), last, follows=crowd.follows, blocked=crowd.blocked)
        except ValueError as error:
            abort(refusal(str(error)))
        return {"people": number}

    def _say(self) -> object:
        body = request.get_json(silent=True)
        several = isinstance(body, dict) and "acts" in body
        acts = read(SaidAll).acts if several else [read(Said)]
        mids = [self._simulator.let(said.platform, said.user, said.act_alone()) for said in acts]
        return {"mids": mids} if several else {"mid": mids[0]}

    def _calls(self) -> object:
        return self._simulator.tools.journal.calls(_number("start"))

    def _exchanges(self) -> object:
        return self._simulator.tools.journal.exchanges(_number("since"))

    def _token(self) -> object:
        order = read(TokenState)
        if order.platform == "messenger":
            self._simulator.messenger.token_dead = order.state != "alive"
        elif order.state == "alive":
            pair = self._simulator.zalo.tokens.consent_again()
            return {"access_token": pair.access, "refresh_token": pair.refresh}
        else:
            self._simulator.zalo.tokens.revoke(refresh_too=order.state == "spent")
        return {"state": order.state}

    def _subscribe(self) -> object:
        double = self._simulator.double(read(Which).platform)
        double.subscribed = True
        self._simulator.tools.journal.changed()
        return {"subscribed": True}

    def _check(self) -> object:
        """Call the bot's webhook as the platform's console does when its address is saved."""
        double = self._simulator.double(read(Which).platform)
        return [_called(call) for call in double.console_calls()]


def own_origin_only() -> None:
    """Refuse what another site's page sends through the visitor's browser."""
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        abort(403)
    if request.method == "POST" and request.mimetype != "application/json":
        abort(refusal("Content-Type must be application/json", 415))


def read(shape: type[S]) -> S:
    try:
        return shape.model_validate_json(request.get_data() or b"{}")
    except ValidationError as error:
        _bad(error)


def _bad(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False, include_input=False)[0]
    abort(refusal(f"{'.'.join(map(str, first['loc']))}: {first['msg']}"))


def refusal(why: str, status: int = 400) -> Response:
    answer = jsonify({"error": why})
    answer.status_code = status
    return answer


def _number(name: str) -> int:
    return number(request.args.get(name)) or 0


def _called(call: requests.Request) -> Mapping[str, object]:
    began = time.perf_counter()
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.send(session.prepare_request(call), timeout=5, allow_redirects=False)
    except requests.RequestException as error:
        return {"status": 0, "body": type(error).__name__, "ms": 0}
    ms = round((time.perf_counter() - began) * 1000, 1)
    return {"status": answer.status_code, "body": answer.text[:200], "ms": ms}
