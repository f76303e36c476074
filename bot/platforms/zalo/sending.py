"""Consultation messages ("tư vấn"): a message in parts that Zalo takes, one request each, and what the answer means."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.clock import VIETNAM
from bot.messages import Part, Receipt
from bot.platforms.contract import Cancelled
from bot.platforms.errors import CodeRule, Refusal, SendError
from bot.platforms.http import NoAnswer, NotSent
from bot.platforms.text import identity, nfc, split_text, utf16_units
from bot.platforms.zalo.error_codes import BUTTONS_REFUSED, NIGHT, look_up
from bot.platforms.zalo.tokens import usable
from bot.platforms.zalo.webhook import ANONYMOUS, mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.clock import Clock
    from bot.messages import Button, Outbound
    from bot.platforms.contract import Access
    from bot.platforms.http import Answer, Http

MAX_TEXT = 1990  # 2,000 characters, and no word on how an emoji counts
MAX_BUTTONS = 5
MAX_TITLE = 100
MAX_PAYLOAD = 1000

#: Stands where buttons need a text and there is none left.
_NO_TEXT = "…"
_DAY_S = 24 * 3600
_MORNING = 6
#: So that not everything held by night leaves in the same second.
_JITTER_S = 600
_TOO_MANY = CodeRule(
    Refusal.THROTTLED, "HTTP 429 without an error body: RFC 6585", "2012-04-01", transient=True, pause_s=60
)
#: What a receipt keeps of the `quota` member, for figures.
_QUOTA = ("quota_type", "remain", "total", "expired_date", "owner_type")


def parts(message: Outbound, *, buttons: bool, hint: str = "") -> list[Part]:
    """Cut a message into the `message` objects of as many requests.

    Choices are a numbered list at the end, and `menu` says what the numbers mean. With `buttons`, up to five are real
    ones; `menu` is set all the same, as the numbers stand there when Zalo refuses the buttons. `hint` follows the list.
    A picture stands with the last text, and buttons are numbers then: there is one place for either.
    """
    if message.picture:
        *first, last_part = parts(replace(message, picture=""), buttons=False, hint=hint)
        return [*first, replace(last_part, body={**last_part.body, "attachment": _picture(message.picture)})]
    if any(len(button.payload or "") > MAX_PAYLOAD for button in message.buttons):
        raise ValueError(f"a button's payload is longer than {MAX_PAYLOAD} characters")
    text, shown = nfc(message.text).strip(), [_button(button) for button in message.buttons]
    if not shown:
        return [Part({"text": piece}) for piece in split_text(text, MAX_TEXT, utf16_units)]
    choices = tuple(button for button in message.buttons if button.url is None)
    listed = _listed(shown, hint)
    head, tail = _room(text, listed)
    last: list[dict[str, object]]
    if buttons and len(shown) <= MAX_BUTTONS and utf16_units(listed) <= MAX_TEXT:
        last = [{"text": tail or _NO_TEXT, "attachment": _template(shown)}]
    else:
        last = [{"text": piece} for piece in split_text(f"{tail}\n\n{listed}", MAX_TEXT, utf16_units)]
    return [*(Part({"text": piece}) for piece in head), *(Part(body) for body in last[:-1]), Part(last[-1], choices)]


def _room(text: str, listed: str) -> tuple[list[str], str]:
    """Cut a text so that its end and the list fit into one message; else the list stands alone."""
    pieces = split_text(text, MAX_TEXT, utf16_units)
    if pieces and utf16_units(f"{pieces[-1]}\n\n{listed}") <= MAX_TEXT:
        return pieces[:-1], pieces[-1]
    return pieces, ""


def _button(button: Button) -> dict[str, Any]:
    title = shorten(button.title)
    if button.url is not None:
        return {"title": title, "type": "oa.open.url", "payload": {"url": button.url}}
    # "show" would print the payload in the chat, as if the person had typed it
    return {"title": title, "type": "oa.query.hide", "payload": button.payload}


def _template(buttons: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    return {"type": "template", "payload": {"buttons": list(buttons)}}


def _picture(url: str) -> dict[str, object]:
    shown = {"media_type": "image", "url": url}
    return {"type": "template", "payload": {"template_type": "media", "elements": [shown]}}


def _listed(buttons: Sequence[Mapping[str, Any]], hint: str) -> str:
    """Write buttons as text: links as they are, then the choices by number, then how to choose."""
    links = [f"{item['title']}: {item['payload']['url']}" for item in buttons if item["type"] == "oa.open.url"]
    choices = [item["title"] for item in buttons if item["type"] != "oa.open.url"]
    numbered = [f"{number}. {title}" for number, title in enumerate(choices, 1)]
    return nfc("\n".join([*links, *numbered, *([hint] if hint and numbered else [])]))


def shorten(title: str) -> str:
    """One line of at most 100 characters, cut at a word where it can be."""
    line = " ".join(nfc(title).split())
    if utf16_units(line) <= MAX_TITLE:
        return line or _NO_TEXT
    return split_text(line, MAX_TITLE - 1, utf16_units)[0] + "…"


def send(
    http: Http,
    clock: Clock,
    access: Access,
    user_id: str,
    part: Mapping[str, object],
    *,
    started: Callable[[], bool],
    hint: str = "",
) -> Receipt:
    """Send one part; see the contract. Buttons that Zalo refuses go again as a numbered list, once."""
    attempt = partial(_attempt, http, clock, access, user_id)
    if "template_id" in part and user_id.startswith(ANONYMOUS):
        raise SendError(Refusal.WINDOW_CLOSED, "window.closed")  # templates go to people with an account only
    if not started():
        raise Cancelled
    try:
        return attempt(part)
    except SendError as error:
        plain = _as_text(part, hint) if error.code in BUTTONS_REFUSED else None
        refused_by = error.code
        if plain is None:
            raise
    receipt = attempt(plain)
    return Receipt(receipt.message_id, {**receipt.facts, "buttons_refused": refused_by})


def _as_text(part: Mapping[str, object], hint: str) -> dict[str, object] | None:
    buttons = mapping(mapping(part.get("attachment")).get("payload")).get("buttons")
    if not buttons:
        return None
    text = part.get("text")
    return {"text": f"{'' if text == _NO_TEXT else text}\n\n{_listed(buttons, hint)}".strip()}


def _attempt(http: Http, clock: Clock, access: Access, user_id: str, message: Mapping[str, object]) -> Receipt:
    path, body = _request(user_id, message)
    answer = call(http, access, "POST", path, body=body)
    data = mapping(mapping(answer.json).get("data"))
    message_id = identity(data.get("message_id"))
    if _error(answer) in (0, None) and message_id:
        return Receipt(message_id, {**_quota(data), **_rate(answer.headers)})
    raise refused(answer, clock())


def _request(user_id: str, message: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Name the door and write the body; a template names its recipient beside itself."""
    if "template_id" in message:
        return "v3.0/oa/message/template", {"user_id": user_id, **message}
    path, recipient = _recipient(user_id)
    return path, {"recipient": recipient, "message": message}


def _recipient(user_id: str) -> tuple[str, dict[str, str]]:
    """Name whom a message goes to, and the door: visitors without an account still use the older one."""
    if not user_id.startswith(ANONYMOUS):
        return "v3.0/oa/message/cs", {"user_id": user_id}
    visitor, _, conversation = user_id.removeprefix(ANONYMOUS).rpartition(":")
    return "v2.0/oa/message", {"anonymous_id": visitor, "conversation_id": conversation}


def call(http: Http, access: Access, method: str, path: str, *, body: object = None) -> Answer:
    """Call the OA's API; what is no answer at all becomes a SendError."""
    if not usable(access.token):
        raise SendError(Refusal.TOKEN_EXPIRED, "zalo.no_token")
    try:
        return http.call(method, f"{access.api_url}/{path}", headers={"access_token": access.token}, body=body)
    except NotSent:
        problem = SendError(Refusal.THROTTLED, "network.not_sent", transient=True)
    except NoAnswer:
        problem = SendError(Refusal.UNSURE, "network.no_answer")
    raise problem  # outside the handlers: nothing chained to it knows the request


def refused(answer: Answer, now: datetime) -> SendError:
    """Say what an answer without a receipt means. Zalo's message is never repeated: it may quote what was sent."""
    code = _error(answer)
    if code in (0, None):
        return _without_code(answer, now)
    found = look_up(code, str(mapping(answer.json).get("message", "")))
    return _send_error(found.rule, found.name, answer, now, vendor=str(code))


def _without_code(answer: Answer, now: datetime) -> SendError:
    vendor = f"HTTP {answer.status}"
    if answer.status == 429:
        return _send_error(_TOO_MANY, "zalo.429", answer, now, vendor=vendor)
    return SendError(Refusal.UNSURE, "zalo.unreadable", vendor=vendor)


def _send_error(rule: CodeRule, name: str, answer: Answer, now: datetime, *, vendor: str) -> SendError:
    retry_at = None
    if name in NIGHT:
        retry_at = _morning(now)
    elif rule.pause_s:
        retry_at = _next_try(answer.headers, now)
    return SendError(rule.refusal, name, vendor=vendor, retry_at=retry_at, transient=rule.transient, alarm=rule.alarm)


def _next_try(headers: Mapping[str, str], now: datetime) -> datetime:
    """Give when to go on: as the header says, else at the next minute, when the count starts anew."""
    wait_s = _number(headers.get("Retry-After"))
    if wait_s is not None:
        return now + timedelta(seconds=min(max(wait_s, 1), _DAY_S))
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _morning(now: datetime) -> datetime:
    """Give a moment after six in Vietnam: no official page names the zone, and none names another."""
    there = now.astimezone(VIETNAM)
    six = there.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
    day = timedelta(days=0 if there < six else 1)
    return (six + day + timedelta(seconds=random.uniform(0, _JITTER_S))).astimezone(now.tzinfo)


def _error(answer: Answer) -> int | None:
    return _number(mapping(answer.json).get("error"))


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def _quota(data: Mapping[str, Any]) -> dict[str, object]:
    """Read what the message was paid with; Zalo leaves the member out when it sends a bill."""
    quota = data.get("quota")
    if not isinstance(quota, dict):
        return {"billed": True}
    kept = {name: quota[name] for name in _QUOTA if isinstance(quota.get(name), str | int)}
    return {"quota": kept}


def _rate(headers: Mapping[str, str]) -> dict[str, object]:
    """Read how many requests a minute are allowed, and how many are left of this one."""
    found = {"rate_limit": headers.get("X-RateLimit-Limit"), "rate_remain": headers.get("X-RateLimit-Remain")}
    return {name: number for name, value in found.items() if (number := _number(value)) is not None}
