"""Send API: a message in parts that Meta takes, one request for each, and what the answer means."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.messages import Part, Receipt
from bot.platforms.contract import Cancelled
from bot.platforms.errors import CodeRule, Refusal, SendError
from bot.platforms.http import NoAnswer, NotSent
from bot.platforms.messenger.error_codes import look_up
from bot.platforms.messenger.tokens import credentials, graph_url
from bot.platforms.text import nfc, split_text, utf16_units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.clock import Clock
    from bot.messages import Button, Outbound
    from bot.platforms.contract import Access
    from bot.platforms.http import Answer, Http

MAX_TEXT = 1900  # Meta says "less than 2000 characters" and not how it counts an emoji
MAX_TEMPLATE_TEXT = 640
MAX_QUICK_REPLIES = 13
MAX_BUTTONS = 3
MAX_TITLE = 20
MAX_PAYLOAD = 1000

#: Tried once when Meta finds a text too long after all: under 2000 even if it counts bytes of UTF-8.
_SMALLER = 600
_TOO_LONG = "messenger.100.length"
#: A message with buttons must have a text; this stands where there is none left.
_NO_TEXT = "…"
_ANSWER = {"messaging_type": "RESPONSE"}
#: Only for what a person typed: bot output under this tag costs the Page its right to it.
_LATE = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
#: Only for an approved template: free text under this type is refused.
_UTILITY = {"messaging_type": "UTILITY"}
_TYPING_TIMEOUT = (1.0, 2.0)
_DAY_S = 24 * 3600

#: Refusals that Meta's `is_transient` softens to "a little later"; the others are patient anyway.
_SOFTENED = frozenset({Refusal.REJECTED, Refusal.UNREACHABLE, Refusal.MISCONFIGURED})
_TRANSIENT = CodeRule(Refusal.THROTTLED, "graph-api/guides/error-handling [19]", "2026-09-11", transient=True)
_TOO_MANY = CodeRule(
    Refusal.THROTTLED, "HTTP 429 without an error body: RFC 6585", "2012-04-01", transient=True, pause_s=60
)


def parts(message: Outbound) -> list[Part]:
    """Cut a message into the `message` objects of as many requests; the choices stand on the last."""
    text, buttons = nfc(message.text).strip(), message.buttons
    if any(len(button.payload or "") > MAX_PAYLOAD for button in buttons):
        raise ValueError(f"a button's payload is longer than {MAX_PAYLOAD} characters")
    choices = tuple(button for button in buttons if button.url is None)
    links = tuple(button for button in buttons if button.url is not None)
    if (message.sticky or links) and len(buttons) <= MAX_BUTTONS:
        return _with_templates(text, buttons)
    text = "\n".join([text, *(f"{nfc(link.title)}: {link.url}" for link in links)]).strip()
    if message.sticky or len(choices) > MAX_QUICK_REPLIES:
        return _with_templates(text, choices)
    return _with_quick_replies(text, choices)


def _with_quick_replies(text: str, choices: Sequence[Button]) -> list[Part]:
    if not choices:
        return _plain(_pieces(text, MAX_TEXT))
    *first, last = _pieces(text, MAX_TEXT) or [_NO_TEXT]
    replies = [
        {"content_type": "text", "title": shorten(button.title), "payload": button.payload} for button in choices
    ]
    return [*_plain(first), Part({"text": last, "quick_replies": replies})]


def _with_templates(text: str, buttons: Sequence[Button]) -> list[Part]:
    if not buttons:
        return _plain(_pieces(text, MAX_TEXT))
    first, tail = _tail(text)
    groups = [buttons[start : start + MAX_BUTTONS] for start in range(0, len(buttons), MAX_BUTTONS)]
    texts = [tail] + [_NO_TEXT] * (len(groups) - 1)
    return [*_plain(first), *(_template(text, group) for text, group in zip(texts, groups, strict=True))]


def _tail(text: str) -> tuple[list[str], str]:
    """Cut off an end that a template can hold; what comes before goes as ordinary text."""
    *short, tail = _pieces(text, MAX_TEMPLATE_TEXT) or [_NO_TEXT]
    if short and text.endswith(tail):
        return _pieces(text[: -len(tail)].rstrip(), MAX_TEXT), tail
    return short, tail


def _template(text: str, buttons: Sequence[Button]) -> Part:
    payload = {"template_type": "button", "text": text, "buttons": [_button(item) for item in buttons]}
    return Part({"attachment": {"type": "template", "payload": payload}})


def _button(button: Button) -> dict[str, str | None]:
    if button.url is not None:
        return {"type": "web_url", "title": shorten(button.title), "url": button.url}
    return {"type": "postback", "title": shorten(button.title), "payload": button.payload}


def _plain(texts: Sequence[str]) -> list[Part]:
    return [Part({"text": text}) for text in texts]


def _pieces(text: str, limit: int) -> list[str]:
    return [piece for piece in split_text(text, limit, utf16_units) if piece.strip()]


def shorten(title: str, limit: int = MAX_TITLE) -> str:
    """Cut a title between what people see as characters; Meta would cut in the middle of one."""
    whole = nfc(title).strip()
    if utf16_units(whole) <= limit:
        return whole or _NO_TEXT
    kept = ""
    for cluster in _clusters(whole):
        if utf16_units(kept + cluster) > limit - 1:
            break
        kept += cluster
    return kept.rstrip() + "…"


def _clusters(text: str) -> Iterator[str]:
    cluster = ""
    for char in text:
        if cluster and not _continues(cluster, char):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _continues(cluster: str, char: str) -> bool:
    """Tell whether a character belongs to the one before: marks, skin tones, joined emoji, the halves of a flag."""
    if unicodedata.category(char) in {"Mn", "Mc", "Me"} or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    if char == "\u200d" or cluster[-1] == "\u200d" or "\U000e0020" <= char <= "\U000e007f":
        return True
    return len(cluster) == 1 and all("\U0001f1e6" <= half <= "\U0001f1ff" for half in (cluster, char))


def send(
    http: Http,
    clock: Clock,
    access: Access,
    user_id: str,
    part: Mapping[str, object],
    *,
    tag: str,
    started: Callable[[], bool],
    late: bool = False,
) -> Receipt:
    """Send one part; see the contract. A text that Meta finds too long is cut smaller, once."""
    kind = _UTILITY if "template" in part else _LATE if late else _ANSWER
    attempt = partial(_attempt, http, clock, access, user_id, kind)
    if not started():
        raise Cancelled
    if "subscription_token" in part:
        return _send_paid(http, clock, access, part, tag)
    try:
        return attempt({**part, "metadata": tag})
    except SendError as error:
        smaller = _cut_smaller(part) if error.code == _TOO_LONG else []
        if len(smaller) < 2:
            raise
    return _send_pieces(attempt, smaller, tag)


def _send_paid(http: Http, clock: Clock, access: Access, part: Mapping[str, Any], tag: str) -> Receipt:
    """Send a marketing message; the person is known by the token alone."""
    body = {
        "message_id": part["campaign"],
        "messenger_delivery_data": {"subscription_token": part["subscription_token"]},
        "message": {**part["message"], "metadata": tag},
    }
    answer = call(http, access, "POST", (f"act_{part['ad_account']}", "messages"), body=body)
    tracking = answer.json.get("marketing_message_tracking_id") if isinstance(answer.json, dict) else None
    if isinstance(tracking, str | int) and tracking:
        return Receipt(str(tracking), _usage(answer.headers))
    raise refused(answer, clock())


def _cut_smaller(part: Mapping[str, object]) -> list[Mapping[str, object]]:
    text = part.get("text")
    if not isinstance(text, str) or not text.strip():
        return []
    *first, last = _pieces(text, _SMALLER)
    return [*({"text": piece} for piece in first), {**part, "text": last}]


def _send_pieces(
    attempt: Callable[[Mapping[str, object]], Receipt], pieces: Sequence[Mapping[str, object]], tag: str
) -> Receipt:
    """Send what stands for one part. Only the last bears the tag itself: its echo means that all have left."""
    *first, last = pieces
    sent = 0
    try:
        for piece in first:
            attempt({**piece, "metadata": f"{tag}/{sent}"})
            sent += 1
        return attempt({**last, "metadata": tag})
    except SendError as error:
        if sent == 0:
            raise
        raise SendError(Refusal.UNSURE, "messenger.partly_sent", vendor=error.vendor) from None


def _attempt(
    http: Http,
    clock: Clock,
    access: Access,
    user_id: str,
    kind: Mapping[str, str],
    message: Mapping[str, object],
) -> Receipt:
    body = {"recipient": {"id": user_id}, **kind, "message": message}
    answer = call(http, access, "POST", (access.account, "messages"), body=body)
    message_id = answer.json.get("message_id") if isinstance(answer.json, dict) else None
    if isinstance(message_id, str) and message_id:
        return Receipt(message_id, _usage(answer.headers))
    raise refused(answer, clock())


def typing(http: Http, access: Access, user_id: str) -> None:
    """Show the three dots. It is decoration: whatever goes wrong is nobody's business."""
    body = {"recipient": {"id": user_id}, "sender_action": "typing_on"}
    with contextlib.suppress(SendError):
        call(http, access, "POST", (access.account, "messages"), body=body, timeout=_TYPING_TIMEOUT)


def call(
    http: Http,
    access: Access,
    method: str,
    path: Sequence[str],
    *,
    params: Mapping[str, str] | None = None,
    body: object = None,
    timeout: tuple[float, float] | None = None,
) -> Answer:
    """Call the Graph API as the Page (or as `params` says); what is no answer at all becomes a SendError."""
    signed = {**credentials(access), **(params or {})}
    try:
        return http.call(method, graph_url(access, *path), params=signed, body=body, timeout=timeout)
    except NotSent:
        problem = SendError(Refusal.THROTTLED, "network.not_sent", transient=True)
    except NoAnswer:
        problem = SendError(Refusal.UNSURE, "network.no_answer")
    raise problem  # outside the handlers: nothing chained to it knows the address with the token


def refused(answer: Answer, now: datetime) -> SendError:
    """Say what an answer without a receipt means. Meta's message is never repeated: it may quote the token."""
    error = answer.json.get("error") if isinstance(answer.json, dict) else None
    code = _number(error.get("code")) if isinstance(error, dict) else None
    if not isinstance(error, dict) or code is None:
        return _without_body(answer, now)
    subcode = _number(error.get("error_subcode"))
    found = look_up(code, subcode, str(error.get("message", "")))
    rule = found.rule
    if error.get("is_transient") is True and rule.refusal in _SOFTENED:
        rule = _TRANSIENT
    return _send_error(rule, found.name, answer, now, vendor=_vendor(code, subcode, error.get("fbtrace_id")))


def _without_body(answer: Answer, now: datetime) -> SendError:
    vendor = f"HTTP {answer.status}"
    if answer.status == 429:
        return _send_error(_TOO_MANY, "messenger.429", answer, now, vendor=vendor)
    return SendError(Refusal.UNSURE, "messenger.unreadable", vendor=vendor)


def _send_error(rule: CodeRule, name: str, answer: Answer, now: datetime, *, vendor: str) -> SendError:
    retry_at = None
    if rule.refusal is Refusal.THROTTLED and rule.pause_s:
        pause_s = _regain_s(answer.headers) or _number(answer.headers.get("Retry-After")) or rule.pause_s
        retry_at = now + timedelta(seconds=min(max(pause_s, 1), _DAY_S))
    return SendError(rule.refusal, name, vendor=vendor, retry_at=retry_at, transient=rule.transient, alarm=rule.alarm)


def _vendor(code: int, subcode: int | None, trace: object) -> str:
    numbers = str(code) if subcode is None else f"{code}/{subcode}"
    safe = isinstance(trace, str) and len(trace) <= 40 and trace.replace("_", "").replace("-", "").isalnum()
    return f"{numbers} trace={trace}" if safe else numbers


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def _usage(headers: Mapping[str, str]) -> dict[str, object]:
    """Read how much of the allowance is spent: the highest of all percentages, and how long a block lasts."""
    loads = [_json(headers.get("X-App-Usage")), *_business(headers)]
    names = ("call_count", "total_time", "total_cputime")
    percents = [_number(load.get(name)) for load in loads if isinstance(load, dict) for name in names]
    facts: dict[str, object] = {}
    if known := [percent for percent in percents if percent is not None]:
        facts["usage"] = max(known)
    if regain_s := _regain_s(headers):
        facts["regain_s"] = regain_s
    return facts


def _regain_s(headers: Mapping[str, str]) -> int:
    """Read the longest time until access comes back; Meta counts it in minutes."""
    minutes = [_number(load.get("estimated_time_to_regain_access")) for load in _business(headers)]
    return 60 * max((number for number in minutes if number is not None), default=0)


def _business(headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """List the usage records that concern messages; an app's advertising has its own allowance."""
    records = _json(headers.get("X-Business-Use-Case-Usage"))
    lists = records.values() if isinstance(records, dict) else ()
    loads = [load for item in lists if isinstance(item, list) for load in item if isinstance(load, dict)]
    return [load for load in loads if load.get("type", "messenger") in {"messenger", "pages"}]


def _json(value: str | None) -> Any:
    try:
        return json.loads(value or "null")
    except (ValueError, RecursionError):
        return None
