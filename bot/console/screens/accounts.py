"""The channels: connecting an Official Account or a Page step by step, seeing what is missing, mending a dead token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import BooleanField, FloatField, RadioField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from bot.console import access, words
from bot.console.desk import desk
from bot.console.forms import Form, Secret, line, options, secret
from bot.console.unit_tree import choices
from bot.delivery.connecting import New
from bot.errors import BotError
from bot.platforms.contract import Check
from bot.store import accounts as store
from bot.store import marks, units
from bot.store.accounts import CEILINGS, Account

screen = Blueprint("accounts", __name__)
PLATFORMS = ("zalo", "messenger")
_DIGITS = Regexp(r"^[0-9]{5,30}$", message="channel.id_odd")
_TOKEN = Regexp(r"^[!-~]{10,2000}$", message="channel.token_odd")


def _token(*, needed: bool = True) -> Secret:
    """Longer than a password; never shown again."""
    first = InputRequired("form.needed") if needed else Optional()
    return Secret(filters=(_plain,), validators=[first, Length(max=2000, message="form.too_long")])


def _plain(value: str | None) -> str:
    return (value or "").strip()


class ConnectForm(Form):
    """Both platforms; the template shows each its fields."""

    name = line(80, needed=False)
    app_id = line(40)
    app_secret = secret(needed=False)
    external_id = line(40)
    signing = secret(needed=False)
    way = RadioField(choices=options([("consent", ""), ("paste", "")]), default="consent")
    access = _token(needed=False)
    refresh = _token(needed=False)
    unit = SelectField(coerce=int, default=0)
    practice = BooleanField()


class TokenForm(Form):
    access = _token()
    refresh = _token(needed=False)


class KeysForm(Form):
    app_secret = secret(needed=False)
    signing = secret(needed=False)


class FactsForm(Form):
    name = line(80, needed=False)
    unit = SelectField(coerce=int, default=0)
    rate = FloatField(validators=[InputRequired("form.needed")])
    buttons = BooleanField()
    human_agent = BooleanField()


# ---- the list ----


@screen.get("/accounts")
def index() -> str:
    at = desk()
    with at.database.read() as connection:
        found = store.all_accounts(connection)
        known = units.everything(connection)
    rows = [(one, at.connecting.has_token(one)) for one in found]
    return render_template("console/accounts/index.html", rows=rows, units=known, platforms=PLATFORMS)


# ---- connecting ----


@screen.route("/accounts/add", methods=["GET", "POST"])
def add() -> str | Response | tuple[str, int]:
    platform = request.args.get("platform", "zalo")
    if platform not in PLATFORMS:
        abort(404)
    form = _connect_form(platform)
    if request.method == "GET":
        return _connect_page(platform, form)
    fault = _fault(platform, form)
    if not fault:
        try:
            number = desk().connecting.add(access.here().staff.id, _new(platform, form))
            return redirect(url_for("console.accounts.show", number=number, done="channel_added", look=1))
        except BotError as error:
            fault = error.code
    return _connect_page(platform, form, fault), 422


def _connect_form(platform: str) -> ConnectForm:
    """In practice the doubles' own page names the keys; there the box stands ticked."""
    form = ConnectForm(request.form, data={"practice": bool(desk().connecting.hosts.practice), "way": "consent"})
    form.unit.choices = _units()
    for field in (form.app_id, form.external_id):
        field.validators = [*field.validators, _DIGITS]
    if platform == "messenger":
        form.way.data = "paste"
    return form


def _units() -> Any:
    with desk().database.read() as connection:
        return options([(0, "Cả tỉnh"), *choices(units.everything(connection))])


def _fault(platform: str, form: ConnectForm) -> str:
    if not form.validate():
        return "form.faulty"
    if form.way.data != "paste":
        return ""
    given = [form.access.text, *([form.refresh.text] if platform == "zalo" else [])]
    return "" if all(_TOKEN.regex.match(one) for one in given) else "channel.token_odd"


def _new(platform: str, form: ConnectForm) -> New:
    pasted = form.way.data == "paste"
    return New(
        platform=platform,
        app_id=form.app_id.text,
        external_id=form.external_id.text,
        app_secret=form.app_secret.text.strip(),
        signing=form.signing.text.strip(),
        access=form.access.text if pasted else "",
        refresh=form.refresh.text if pasted and platform == "zalo" else "",
        name=form.name.text,
        unit_id=form.unit.data or None,
        practice=bool(form.practice.data) and platform in desk().connecting.hosts.practice,
    )


def _connect_page(platform: str, form: ConnectForm, fault: str = "") -> str:
    return render_template(
        "console/accounts/add.html", platform=platform, form=form, fault=fault, callback=_callback(),
        webhook=_webhook(platform), practice=platform in desk().connecting.hosts.practice, public=_public(),
    )  # fmt: skip


def _public() -> str:
    return desk().settings.bot_public_url or request.host_url.rstrip("/")


def _webhook(platform: str) -> str:
    return f"{_public()}/webhooks/{platform}"


def _callback() -> str:
    return _public() + url_for("console.accounts.consented")


# ---- one account ----


@screen.route("/accounts/<int:number>", methods=["GET", "POST"])
def show(number: int) -> str | Response | tuple[str, int]:
    account = _account(number)
    form = _facts_form(account)
    if request.method == "GET":
        checks = desk().connecting.examine(account, fix=True) if request.args.get("look") and _ready(account) else None
        return _page(account, form, checks=checks)
    if not form.validate():
        return _page(account, form, "form.faulty"), 422
    desk().connecting.change(
        access.here().staff.id, account, name=form.name.text, unit_id=form.unit.data or None, rate=form.rate.data,
        buttons=bool(form.buttons.data), human_agent=bool(form.human_agent.data),
    )  # fmt: skip
    return redirect(url_for("console.accounts.show", number=number, done="channel_saved"))


def _account(number: int) -> Account:
    with desk().database.read() as connection:
        found = store.get(connection, number)
    if found is None or found.state == store.REMOVED:
        abort(404)
    return found


def _ready(account: Account) -> bool:
    return desk().connecting.has_token(account)


def _facts_form(account: Account) -> FactsForm:
    form = FactsForm(
        request.form,
        data={
            "name": account.name, "unit": account.unit_id or 0, "rate": _whole(account.rate),
            "buttons": account.buttons, "human_agent": account.human_agent,
        },
    )  # fmt: skip
    form.unit.choices = _units()
    form.rate.validators = [InputRequired("form.needed"), NumberRange(0.1, _ceiling(account), "channel.rate_odd")]
    return form


def _whole(rate: float) -> float:
    """66 stands in its field as 66, not as 66.0."""
    return int(rate) if rate.is_integer() else rate


def _ceiling(account: Account) -> float:
    return CEILINGS[account.platform][0]


def _page(
    account: Account,
    form: FactsForm,
    fault: str = "",
    checks: Sequence[Check] | None = None,
    token_form: TokenForm | None = None,
) -> str:
    at = desk()
    with at.database.read() as connection:
        heard = marks.starting_with(connection, f"signature:{account.platform}:")
        known = units.everything(connection)
    app = at.connecting.app(account)
    return render_template(
        "console/accounts/show.html", account=account, form=form, fault=fault, app=app, ceiling=_ceiling(account),
        checks=None if checks is None else [_in_words(check) for check in checks],
        token_form=token_form or TokenForm(), keys_form=KeysForm(), has_token=_ready(account), units=known,
        webhook=_webhook(account.platform), callback=_callback(),
        heard=max((when for _, when in heard.values()), default=None),
        public=_public(),
    )  # fmt: skip


def _in_words(check: Check) -> dict[str, Any]:
    """One line of the diagnosis: what was looked at, and what to do when it is not well."""
    name = f"channel.checks.{check.name}"
    told = ""
    if check.code:
        told = words.say(check.code) if words.known(check.code) else words.say("talk.unknown_code", which=check.code)
    facts = [
        words.say(f"channel.facts.{fact}", value=value if not isinstance(value, list) else ", ".join(map(str, value)))
        for fact, value in (check.facts or {}).items()
        if words.known(f"channel.facts.{fact}") and value not in (None, "", [], False)
    ]
    return {
        "ok": check.ok,
        "name": words.say(name) if words.known(name) else words.say("channel.checks.other"),
        "told": told if not check.ok or check.code else "",
        "facts": facts,
    }


@screen.post("/accounts/<int:number>/check")
def check(number: int) -> str:
    """The button “Kiểm tra”: ask the platform, and set what a program may set."""
    account = _account(number)
    checks = desk().connecting.examine(account, fix=True)
    fresh = _account(number)
    return _page(fresh, _facts_form(fresh), checks=checks)


@screen.post("/accounts/<int:number>/tokens")
def tokens(number: int) -> str | Response | tuple[str, int]:
    """The button “Kết nối lại”, by pasting a fresh token (pair)."""
    account, form = _account(number), TokenForm(request.form)
    given = [form.access.text, *([form.refresh.text] if account.platform == "zalo" else [])]
    if not form.validate() or not all(_TOKEN.regex.match(one) for one in given):
        return _page(account, _facts_form(account), "channel.token_odd", token_form=form), 422
    refresh = form.refresh.text if account.platform == "zalo" else ""
    desk().connecting.set_tokens(access.here().staff.id, account, form.access.text, refresh)
    return redirect(url_for("console.accounts.show", number=number, done="channel_reconnected", look=1))


@screen.post("/accounts/<int:number>/keys")
def keys(number: int) -> str | Response | tuple[str, int]:
    account, form = _account(number), KeysForm(request.form)
    app_secret, signing = form.app_secret.text.strip(), form.signing.text.strip()
    if not form.validate() or not (app_secret or signing):
        return _page(account, _facts_form(account), "account.secret_missing"), 422
    desk().connecting.set_keys(access.here().staff.id, account, app_secret=app_secret, signing=signing)
    return redirect(url_for("console.accounts.show", number=number, done="channel_keys"))


@screen.post("/accounts/<int:number>/consent")
def consent(number: int) -> str:
    """Prepare the platform's page of consent. A link and not a redirect: forms here lead nowhere else."""
    account = _account(number)
    link = desk().connecting.ask_consent(account, g.session.id, _callback())
    return render_template("console/accounts/consent.html", account=account, link=link, callback=_callback())


@screen.get("/accounts/consented")
def consented() -> str | Response | tuple[str, int]:
    """Where the platform sends the administrator's browser back to."""
    code, state = request.args.get("code", ""), request.args.get("state", "")
    if not code or not state:
        return render_template("console/accounts/refused.html", fault="account.consent_over"), 422
    try:
        number = desk().connecting.finish_consent(
            access.here().staff.id, g.session.id, state=state, code=code, external_id=request.args.get("oa_id", "")
        )
    except BotError as error:
        return render_template("console/accounts/refused.html", fault=error.code), 422
    return redirect(url_for("console.accounts.show", number=number, done="channel_reconnected", look=1))


@screen.post("/accounts/<int:number>/act")
def act(number: int) -> Response:
    account, by, connecting = _account(number), access.here().staff.id, desk().connecting
    acts = {"pause": connecting.pause, "resume": connecting.resume, "remove": connecting.remove}
    which = request.form.get("act", "")
    if which not in acts or (which == "remove" and request.form.get("sure") != "yes"):
        abort(422)
    acts[which](by, account)
    if which == "remove":
        return redirect(url_for("console.accounts.index", done="channel_removed"))
    return redirect(url_for("console.accounts.show", number=number, done=f"channel_{which}"))
