"""The Page's own settings in the Graph API: which events it sends, its greeting and menu, its token, its templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Blueprint, Response, request
from pydantic import BaseModel, ValidationError

from bot.simulator.answers import Answer
from bot.simulator.limits import Allowance
from bot.simulator.messenger_events import ALL_FIELDS
from bot.simulator.messenger_shapes import NewTemplate, Profile, ProfileFields, UtilityTemplate, complaint

if TYPE_CHECKING:
    from bot.simulator.messenger import Messenger

SCOPES = ("pages_messaging", "pages_manage_metadata", "pages_show_list", "business_management")
PROFILE_CALLS, PROFILE_WINDOW_S = 10, 600
#: What an ordinary bot subscribes to; the made-up Page begins so.
ORDINARY = ALL_FIELDS - {
    "response_feedback",
    "messaging_feedback",
    "feed",
    "messaging_account_linking",
    "messenger_template_status_update",
}
#: A template that the made-up Page had approved, to try with: (name, language) to its text.
SAMPLES = {("nhac_su_kien", "vi"): "Công đoàn xin nhắc anh/chị {{1}}: {{2}}. Hẹn gặp anh/chị."}
_PLACE = re.compile(r"\{\{(\d+)\}\}")
S = TypeVar("S", bound=BaseModel)

_PROFILE_NAMES = frozenset(Profile.model_fields)


class PageSettings:
    """What is set on the Page. It begins as one that a person has set up: subscribed, with Get Started."""

    def __init__(self, double: Messenger) -> None:
        self._double = double
        self.reset()

    def reset(self) -> None:
        self.fields = frozenset(ORDINARY)
        self.profile: dict[str, Any] = {"get_started": {"payload": "START"}}
        self.templates: dict[tuple[str, str], str] = dict(SAMPLES)
        self._profile_calls = Allowance(PROFILE_WINDOW_S)

    @property
    def start_payload(self) -> str:
        return str(self.profile.get("get_started", {}).get("payload", "START"))

    def shown(self) -> dict[str, object]:
        """Give what a person sees before and beside the conversation."""
        greeting, menu = _default(self.profile.get("greeting")), _default(self.profile.get("persistent_menu"))
        start = "get_started" in self.profile
        return {"greeting": greeting.get("text", ""), "start": start, "menu": menu.get("call_to_actions", [])}

    def add_routes(self, blueprint: Blueprint) -> None:
        def route(path: str, decide: Callable[..., Answer], *methods: str, by_app: bool = False) -> None:
            def view(version: str, **named: str) -> Response:
                return self._double.api("other", version, lambda: decide(**named), by_app=by_app)

            blueprint.add_url_rule(f"/graph/<version>{path}", f"graph {path}", view, methods=methods)

        route("/<node>/subscribed_apps", self._subscribed_apps, "GET", "POST", "DELETE")
        route("/<node>/messenger_profile", self._messenger_profile, "GET", "POST", "DELETE")
        route("/<node>/message_templates", self._message_templates, "GET", "POST")
        route("/debug_token", self._debug_token, "GET", by_app=True)
        route("/<node>", self._node, "GET")

    def check_template(self, given: UtilityTemplate) -> None:
        """Refuse a template that nobody approved, or one with more or fewer values than it has places."""
        text = self.templates.get((given.name, given.language.code))
        if text is None:
            words = f"(#100) Message template {given.name} does not exist in {given.language.code}"
            self._double.refuse(100, words=words)
        if (places := _places(text)) != len(given.values):
            words = f"(#100) Message template {given.name} has {places} parameters, {len(given.values)} were given"
            self._double.refuse(100, words=words)

    def filled(self, given: UtilityTemplate) -> str:
        """The text that a person reads."""
        text = self.templates[given.name, given.language.code]
        return _PLACE.sub(lambda place: given.values[int(place.group(1)) - 1], text)

    def _subscribed_apps(self, node: str) -> Answer:
        self._double.own_node(node)
        if request.method == "POST":
            self._double.know("subscribed_fields")
            named = frozenset(filter(None, request.args.get("subscribed_fields", "").split(",")))
            if not named or named - ALL_FIELDS:
                unknown = ", ".join(sorted(named - ALL_FIELDS)) or "nothing"
                self._double.refuse(100, words=f"(#100) Param subscribed_fields: {unknown} is not a field")
            self.fields = named
            return Answer({"success": True})
        self._double.know("fields")
        if request.method == "DELETE":
            self.fields = frozenset()
            return Answer({"success": True})
        account = self._double.account
        app = {"id": account.app_id, "name": account.name, "subscribed_fields": sorted(self.fields)}
        return Answer({"data": [app] if self.fields else []})

    def _messenger_profile(self, node: str) -> Answer:
        self._double.own_node(node)
        if not self._profile_calls.take(PROFILE_CALLS, self._double.tools.now())[0]:
            self._double.refuse(613)
        match request.method:
            case "GET":
                return self._profile_shown()
            case "POST":
                return self._profile_set()
        return self._profile_deleted()

    def _profile_shown(self) -> Answer:
        self._double.know("fields")
        names = request.args.get("fields", "").split(",")
        self._check_names(names)
        shown = {name: self.profile[name] for name in names if name in self.profile}
        return Answer({"data": [shown] if shown else []})

    def _profile_set(self) -> Answer:
        self._double.know()
        given = self._read(Profile)
        named = json.loads(given.model_dump_json(exclude_none=True))
        merged = {**self.profile, **named}
        if "persistent_menu" in merged and "get_started" not in merged:
            self._double.refuse(100, words="(#100) You must set a Get Started button to use a persistent menu")
        self.profile = merged
        self._double.tools.journal.changed()
        return Answer({"result": "success"})

    def _profile_deleted(self) -> Answer:
        self._double.know()
        names = self._read(ProfileFields).fields
        self._check_names(names)
        left = {name: value for name, value in self.profile.items() if name not in names}
        if "persistent_menu" in left and "get_started" not in left:
            self._double.refuse(100, words="(#100) The persistent menu needs the Get Started button")
        self.profile = left
        self._double.tools.journal.changed()
        return Answer({"result": "success"})

    def _check_names(self, names: list[str]) -> None:
        if unknown := [name for name in names if name not in _PROFILE_NAMES]:
            self._double.refuse(100, words=f"(#100) Param fields: {unknown[0][:40]} is not a property")

    def _message_templates(self, node: str) -> Answer:
        self._double.own_node(node)
        if request.method == "GET":
            shown = [{"name": name, "language": code, "status": "APPROVED"} for name, code in sorted(self.templates)]
            return Answer({"data": shown})
        made = self._read(NewTemplate)
        if made.category != "UTILITY" or made.body is None:
            self._double.refuse(100, words="(#100) The template is not a UTILITY template with a body")
        text = made.body.text.strip()
        if not _numbered(text) or _PLACE.match(text) or re.search(r"\{\{\d+\}\}$", text):
            self._double.refuse(100, words="(#100) INCORRECT_PARAMS")
        if _places(text) and made.body.example is None:
            self._double.refuse(100, words="(#100) INCORRECT_PARAMS: an example is needed")
        self.templates[made.name, made.language] = text
        return Answer({"id": str(len(self.templates)), "status": "APPROVED", "category": "UTILITY"})

    def _debug_token(self) -> Answer:
        self._double.know("input_token")
        token, account = request.args.get("input_token", ""), self._double.account
        if token != account.access_token or self._double.token_dead:
            wrong = {"code": 190, "message": "Invalid OAuth access token."}
            return Answer({"data": {"is_valid": False, "error": wrong}})
        data = {"is_valid": True, "app_id": account.app_id, "type": "PAGE", "profile_id": account.external_id}
        return Answer({"data": {**data, "expires_at": 0, "data_access_expires_at": 0, "scopes": list(SCOPES)}})

    def _node(self, node: str) -> Answer:
        self._double.know("fields")
        account = self._double.account
        if node in {"me", account.external_id}:
            return Answer({"id": account.external_id, "name": account.name})
        person = self._double.people.find(node)
        if person is None or not person.wrote:
            self._double.refuse(100, 33)
        last, _, first = person.name.partition(" ")
        return Answer({"first_name": first, "last_name": last, "id": person.id} if person.name else {"id": person.id})

    def _read(self, shape: type[S]) -> S:
        if request.mimetype != "application/json":
            self._double.refuse(100, words="(#100) The body must be application/json")
        try:
            return shape.model_validate_json(request.get_data())
        except ValidationError as error:
            self._double.refuse(100, *complaint(error))


def _places(text: str) -> int:
    return len(set(_PLACE.findall(text)))


def _numbered(text: str) -> bool:
    """Whether the places are 1, 2, 3 … without a gap."""
    found = {int(number) for number in _PLACE.findall(text)}
    return found == set(range(1, len(found) + 1))


def _default(entries: Any) -> dict[str, Any]:
    return next((entry for entry in entries or () if entry["locale"] == "default"), {})
