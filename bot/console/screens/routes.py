"""Ways beyond the ordinary window: switches, and the templates that the platforms approved. All off as shipped."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response

from bot import talk
from bot.announcements import drafting, routes
from bot.announcements.drafting import Message
from bot.announcements.routes import (
    AREA,
    ARTICLES,
    MOST_VALUE,
    PAID,
    PLACES,
    SWITCHES,
    VALUES,
    Gallery,
    Paid,
    Template,
)
from bot.console import access
from bot.console.desk import desk
from bot.console.forms import tidy
from bot.console.screens.announcements import announcing
from bot.errors import BotError
from bot.store import accounts, options
from bot.store.accounts import Account

screen = Blueprint("routes", __name__)
#: The rules' settings that this page switches, with the platform whose account it takes.
OFFERED = {
    "messenger_utility": "messenger",
    "zalo_template": "zalo",
    "zalo_broadcast": "zalo",
    "messenger_marketing": "messenger",
}
CAMPAIGN = ("ad_account", "campaign", "campaign_cost")
WORDS = "="  # the officer's own words instead of a value
SAMPLE = Message(0, "Mời dự lễ tôn vinh", "Lễ bắt đầu lúc 8 giờ sáng thứ Bảy", (), (), free=False)


@screen.route("/settings/routes", methods=["GET", "POST"])
def index() -> str | Response | tuple[str, int]:
    if request.method == "GET":
        return _index()
    month = request.form.get("articles_a_month", "").strip()
    if month and not _number(month, 1, 100):
        return _index("settings.number_odd"), 422
    on = {name: True for name in OFFERED if request.form.get(name) == "yes"}
    try:
        paid = _paid_given()
    except BotError as error:
        return _index(error.code), 422
    _put({SWITCHES: on or None, ARTICLES: int(month) if month else None, **paid})
    return redirect(url_for("console.routes.index", done="saved"))


def _index(fault: str = "") -> str:
    known = _gallery()
    names = {number: account.name or account.external_id for number, account in _accounts().items()}
    return render_template(
        "console/routes/index.html",
        offered=OFFERED, known=known, names=names, fault=fault, shipped=_articles_shipped(),
        rules={name: _rule(name) for name in OFFERED}, pages=_pages(),
    )  # fmt: skip


def _pages() -> dict[int, Account]:
    return {n: one for n, one in _accounts().items() if one.platform == "messenger" and one.state != "removed"}


def _paid_given() -> dict[str, object]:
    """Each Page's campaign as the options keep it, None for none. Raises BotError routes.campaign_odd."""
    found: dict[str, object] = {}
    for number in _pages():
        account, campaign, cost = (request.form.get(f"{name}_{number}", "").strip() for name in CAMPAIGN)
        facts = {"account_id": number, "ad_account": account, "campaign": campaign, "cost_vnd": cost or 0}
        try:
            made = Paid.model_validate(facts) if account or campaign else None
        except ValidationError:
            raise BotError("routes.campaign_odd") from None
        found[f"{PAID}{number}"] = made.model_dump(mode="json") if made else None
    return found


def _rule(setting: str) -> Any:
    ways = announcing().rules.ways(OFFERED[setting], desk().today)
    return next((rule for rule in ways if rule.setting == setting), None)


def _articles_shipped() -> int:
    quotas = announcing().rules.quotas_of("zalo", desk().today)
    return next((quota.most for quota in quotas if quota.what == "articles"), 0)


@screen.route("/settings/routes/<key>", methods=["GET", "POST"])
def template(key: str) -> str | Response | tuple[str, int]:
    """One template; "new" adds one."""
    made = _gallery().templates.get(key)
    if made is None and key != "new":
        abort(404)
    if request.method == "GET":
        return _template(key, _filled(made), made)
    if request.form.get("act") == "remove" and made is not None:
        _put({key: None})
        return redirect(url_for("console.routes.index", done="template_removed"))
    given = _given()
    if request.form.get("act") == "continue" and given["rows"]:
        return _template(key, given, made)
    key = key if made is not None else f"template.{secrets.token_hex(4)}"
    try:
        changed = _made(key, given)
    except BotError as error:
        return _template(key if made is not None else "new", given, made, error.code), 422
    _put({key: changed.model_dump(mode="json")})
    return redirect(url_for("console.routes.template", key=key, done="saved"))


def _given() -> dict[str, Any]:
    """The form as it came, tidied; the places are those of the text."""
    account = _accounts().get(talk.number(request.form.get("account")) or 0)
    text, platform = tidy(request.form.get("text")), account.platform if account else "messenger"
    rows = [
        {
            "name": place,
            "value": request.form.get(f"value_{place}", ""),
            "words": " ".join(tidy(request.form.get(f"words_{place}")).split()),
            "most": request.form.get(f"most_{place}", "60").strip(),
        }
        for place in _places(platform, text)
    ]
    plain = {name: " ".join(tidy(request.form.get(name)).split()) for name in ("name", "language", "cost")}
    return {"account": account.id if account else 0, "platform": platform, "text": text, "rows": rows, **plain}


def _places(platform: str, text: str) -> list[str]:
    """The places as written, so that each is asked for even where their numbers are odd."""
    return list(dict.fromkeys(PLACES[platform].findall(text)))


def _filled(made: Template | None) -> dict[str, Any]:
    if made is None:
        return {"account": 0, "platform": "", "name": "", "language": "vi", "text": "", "cost": "", "rows": []}
    rows = [
        {
            "name": one.name,
            "value": one.value if one.own_words is None else WORDS,
            "words": one.own_words or "",
            "most": str(one.most),
        }
        for one in made.parameters
    ]
    plain = {"name": made.name, "language": made.language, "text": made.text, "cost": str(made.cost_vnd or "")}
    return {"account": made.account_id, "platform": made.platform, "rows": rows, **plain}


def _made(key: str, given: Mapping[str, Any]) -> Template:
    """The template as the options keep it. Raises BotError routes.… with what is wrong."""
    platform, text = given["platform"], given["text"]
    faults = (
        (not given["account"], "routes.account_missing"),
        (not given["name"], "routes.name_missing"),
        (platform == "zalo" and not (given["name"].isascii() and given["name"].isdecimal()), "routes.id_odd"),
        (
            platform == "messenger" and not re.fullmatch(r"[a-z]{2}(_[A-Z]{2})?", given["language"]),
            "routes.language_odd",
        ),
        (not text, "routes.text_missing"),
        (platform == "messenger" and not _text_as_meta_wants(text), "routes.places_odd"),
        (any(row["value"] not in {*VALUES, WORDS} for row in given["rows"]), "routes.values_missing"),
        (any(not _number(row["most"], 1, MOST_VALUE) for row in given["rows"]), "routes.most_odd"),
        (bool(given["cost"]) and not _number(given["cost"], 0, 100_000), "routes.cost_odd"),
    )
    for wrong, code in faults:
        if wrong:
            raise BotError(code)
    rows = sorted(given["rows"], key=lambda row: int(row["name"])) if platform == "messenger" else given["rows"]
    try:
        return Template(
            key=key, account_id=given["account"], platform=platform, name=given["name"], text=text,
            language=given["language"] if platform == "messenger" else "",
            cost_vnd=int(given["cost"] or 0) if platform == "zalo" else 0,
            parameters=tuple(
                routes.Parameter(
                    name=row["name"],
                    value=WORDS + row["words"] if row["value"] == WORDS else row["value"],
                    most=int(row["most"]),
                )
                for row in rows
            ),
        )  # fmt: skip
    except ValidationError:
        raise BotError("routes.words_odd") from None


def _text_as_meta_wants(text: str) -> bool:
    """Places are numbered from 1 on, and none stands at the beginning or the end."""
    found = routes.places("messenger", text)
    at_the_edge = re.match(r"\{\{\d+\}\}", text) or re.search(r"\{\{\d+\}\}$", text)
    return found != ["?"] and not at_the_edge


def _number(text: str, least: int, most: int) -> bool:
    found = talk.number(text)
    return found is not None and least <= found <= most


def _template(key: str, given: Mapping[str, Any], made: Template | None, fault: str = "") -> str:
    shown = {} if made is None or fault else _looks(made)
    listed = {number: account for number, account in _accounts().items() if account.state != "removed"}
    return render_template(
        "console/routes/template.html",
        key=key, given=given, fault=fault, shown=shown, listed=listed, values=VALUES, words_value=WORDS,
        most=MOST_VALUE,
    )  # fmt: skip


def _looks(made: Template) -> dict[str, str]:
    """Case to what a member reads."""
    words = announcing().words()
    cases = routes.CASES if made.merges else {"same": drafting.LONGEST}
    return {case: made.shown(routes.values(made, SAMPLE, words, facts)) for case, facts in cases.items()}


def _gallery() -> Gallery:
    with desk().database.read() as connection:
        return Gallery.read(connection)


def _accounts() -> dict[int, Account]:
    with desk().database.read() as connection:
        return {account.id: account for account in accounts.all_accounts(connection)}


def _put(values: Mapping[str, object]) -> None:
    at, by = desk(), access.here().staff.id

    def op(connection: Any) -> None:
        for key, value in values.items():
            options.put(connection, at.clock(), by, AREA, key, value)

    at.database.write(op)
