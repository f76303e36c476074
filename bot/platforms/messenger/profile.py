"""Is the Page ready: its token, the events it sends us, and what people see before they write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.messages import PAYLOAD_PREFIX
from bot.platforms.contract import Check
from bot.platforms.errors import SendError
from bot.platforms.messenger import sending, tokens
from bot.platforms.messenger.payload import START_PAYLOADS
from bot.platforms.text import nfc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from bot.messages import Button
    from bot.platforms.contract import Access
    from bot.platforms.http import Http

REQUIRED_FIELDS = (
    "messages",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_echoes",
    "message_edits",
    "messaging_handovers",
    "standby",
    "messaging_policy_enforcement",
)
#: With this field, rating buttons show under every message of the bot.
UNWANTED_FIELDS = frozenset({"response_feedback"})
MAX_GREETING, MAX_MENU, MAX_MENU_TITLE = 160, 5, 30


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person sees before writing: the greeting, and the menu beside the text field."""

    greeting: str
    menu: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where the questions of one diagnosis are asked."""

    http: Http
    access: Access
    now: datetime

    def ask(self, method: str, *path: str, params: dict[str, str] | None = None, body: object = None) -> dict[str, Any]:
        answer = sending.call(self.http, self.access, method, path, params=params, body=body)
        if not isinstance(answer.json, dict) or "error" in answer.json or answer.status >= 400:
            raise sending.refused(answer, self.now)
        return answer.json


def diagnose(http: Http, access: Access, profile: Profile | None, *, fix: bool, now: datetime) -> list[Check]:
    """Ask the platform whether the Page is ready; with `fix`, set its fields, greeting, button and menu."""
    desk = _Desk(http, access, now)
    return [
        *_reported(("token",), lambda: [_token(desk)]),
        *_reported(("subscription",), lambda: [_subscription(desk, fix=fix)]),
        *_reported(_wanted(profile), lambda: _appearance(desk, profile, fix=fix)),
    ]


def _reported(names: Sequence[str], check: Callable[[], list[Check]]) -> list[Check]:
    try:
        return check()
    except SendError as error:
        facts = {"vendor": error.vendor} if error.vendor else None
        return [Check(name, ok=False, code=error.code, facts=facts) for name in names]


def _token(desk: _Desk) -> Check:
    params = {**tokens.inspector(desk.access), "input_token": desk.access.token}
    return tokens.judge(desk.access, desk.ask("GET", "debug_token", params=params), desk.now)


def _subscription(desk: _Desk, *, fix: bool) -> Check:
    path = (desk.access.account, "subscribed_apps")
    found = _subscribed(desk.ask("GET", *path).get("data"), desk.access.app.app_id)
    missing = [name for name in REQUIRED_FIELDS if name not in found]
    unwanted = sorted(UNWANTED_FIELDS & found)
    if not missing and not unwanted:
        return Check("subscription", ok=True)
    if fix:
        fields = ",".join(sorted((found | set(REQUIRED_FIELDS)) - UNWANTED_FIELDS))
        desk.ask("POST", *path, params={"subscribed_fields": fields})
        return Check("subscription", ok=True, facts={"fixed": [*missing, *unwanted]})
    facts = {"missing": missing, "unwanted": unwanted}
    return Check("subscription", ok=False, code="messenger.subscription", facts=facts)


def _subscribed(data: object, app_id: str) -> frozenset[str]:
    apps = [app for app in data if isinstance(app, dict)] if isinstance(data, list) else []
    fields = [app.get("subscribed_fields") for app in apps if str(app.get("id")) == app_id]
    return frozenset(name for item in fields if isinstance(item, list) for name in item if isinstance(name, str))


def _appearance(desk: _Desk, profile: Profile | None, *, fix: bool) -> list[Check]:
    fields = {"fields": "greeting,get_started,persistent_menu"}
    data = desk.ask("GET", "me", "messenger_profile", params=fields).get("data")
    found = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    matches = {
        "greeting": profile is None or _greeting(found.get("greeting")) == _wanted_greeting(profile),
        "get_started": _start(found.get("get_started")) in START_PAYLOADS,
        "menu": profile is None or _menu(found.get("persistent_menu")) == _wanted_menu(profile),
    }
    wrong = [name for name in _wanted(profile) if not matches[name]]
    if fix and wrong:  # one call for all: Meta allows ten in ten minutes
        desk.ask("POST", "me", "messenger_profile", body=_settings(profile, wrong))
        return [Check(name, ok=True, facts={"fixed": name in wrong}) for name in _wanted(profile)]
    codes = {name: "" if matches[name] else f"messenger.{name}" for name in matches}
    return [Check(name, ok=matches[name], code=codes[name]) for name in _wanted(profile)]


def _wanted(profile: Profile | None) -> tuple[str, ...]:
    """Name what is looked at: without texts of ours there is nothing to compare a greeting or menu with."""
    return ("get_started",) if profile is None else ("greeting", "get_started", "menu")


def _settings(profile: Profile | None, wrong: Sequence[str]) -> dict[str, object]:
    """Build what is posted. Get Started always goes along: Meta refuses a menu without it."""
    settings: dict[str, object] = {"get_started": {"payload": PAYLOAD_PREFIX + "start"}}
    if profile is not None and "greeting" in wrong:
        settings["greeting"] = [{"locale": "default", "text": _wanted_greeting(profile)}]
    if profile is not None and "menu" in wrong:
        actions = _wanted_menu(profile)
        menu = {"locale": "default", "composer_input_disabled": False, "call_to_actions": actions}
        settings["persistent_menu"] = [menu]
    return settings


def _wanted_greeting(profile: Profile) -> str:
    return sending.shorten(profile.greeting, MAX_GREETING)


def _wanted_menu(profile: Profile) -> list[dict[str, str]]:
    return [_action(button) for button in profile.menu[:MAX_MENU]]


def _action(button: Button) -> dict[str, str]:
    title = sending.shorten(button.title, MAX_MENU_TITLE)
    if button.url is not None:
        return {"type": "web_url", "title": title, "url": button.url}
    return {"type": "postback", "title": title, "payload": button.payload or ""}


def _greeting(value: object) -> str | None:
    text = _default(value).get("text")
    return nfc(text) if isinstance(text, str) else None


def _start(value: object) -> object:
    return value.get("payload") if isinstance(value, dict) else None


def _menu(value: object) -> list[dict[str, object]]:
    """Reduce a menu to what we set; Meta adds its own settings to links."""
    actions = _default(value).get("call_to_actions")
    items = [item for item in actions if isinstance(item, dict)] if isinstance(actions, list) else []
    ours = ("type", "title", "payload", "url")
    return [{name: item[name] for name in ours if name in item} for item in items]


def _default(value: object) -> dict[str, Any]:
    items = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return next((item for item in items if item.get("locale") == "default"), {})
