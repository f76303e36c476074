"""Zalo's error codes and what each means for one of our sends, row by row with the source and its date.

Three tables, as the same number means different things at different doors: the OA's API, templates sent by phone
number (ZBS, once ZNS), and the token host. The numbers in square brackets are those of the contract document.
A quota or an empty purse closes only what is paid for: answers within 48 hours stay free, so such a message is held
until the person writes, and the account goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.platforms.errors import CodeRule, Refusal

_OA = ("docs.zaloplatforms.com/docs/OA/phu-luc/ma-loi [3][4]", "2026-08-20")
_LIMITS = ("docs.zaloplatforms.com/docs/OA/phu-luc/gioi-han-toc-do-api [3][5]", "2026-09-16")
_LIVE = ("official table [3][4] and seen live [19]", "2026-08-20")
_ZBS = ("ZBS table [3], ChatbotX error-mapper [8]", "2026-08-20")
_OAUTH = ("OAuth codes attested [3][8][16]", "2026-08-20")
_UNCONFIRMED = ("not confirmed by a source: prudence", "2026-11-24")

_MINUTE = 60


def _again(source: tuple[str, str]) -> CodeRule:
    """Try the one message a little later; the account need not rest."""
    return CodeRule(Refusal.THROTTLED, *source, transient=True)


def _throttled(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.THROTTLED, *source, transient=True, pause_s=_MINUTE)


def _token(source: tuple[str, str]) -> CodeRule:
    """A fresh token mends it; only when no fresh one is to be had must a person know."""
    return CodeRule(Refusal.TOKEN_EXPIRED, *source)


def _consent(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.TOKEN_EXPIRED, *source, alarm=True)


def _config(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.MISCONFIGURED, *source, alarm=True)


def _window(source: tuple[str, str], *, alarm: bool = False) -> CodeRule:
    return CodeRule(Refusal.WINDOW_CLOSED, *source, alarm=alarm)


def _spent(source: tuple[str, str]) -> CodeRule:
    return _window(source, alarm=True)


def _unreachable(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.UNREACHABLE, *source)


def _blocked(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.BLOCKED, *source)


def _rejected(source: tuple[str, str], *, alarm: bool = False) -> CodeRule:
    return CodeRule(Refusal.REJECTED, *source, alarm=alarm)


def _bug(source: tuple[str, str]) -> CodeRule:
    return _rejected(source, alarm=True)


CODES: dict[int, CodeRule] = {
    # it did not arrive, and may later
    -200: _again(_OA),  # failed, no reason given
    -214: _again(_OA),  # an article is still being processed
    -32: _throttled(_LIMITS),
    # the token
    -216: _token(_OA),  # invalid
    -220: _token(_OA),  # expired or removed
    # not now
    -211: _spent(_OA),  # the function's quota
    -218: _window(_OA),  # as much as this person may receive in a day
    -230: _window(_LIVE),  # no interaction in 7 days
    -232: _window(_OA),  # never interacted, or too long ago
    -234: _window(_OA),  # night
    -320: _spent(_OA),  # no billing account
    -321: _spent(_OA),  # an empty one
    # not to this person
    -213: _unreachable(_OA),  # does not follow
    -227: _unreachable(_OA),  # banned, or away for 45 days
    -217: _blocked(_OA),
    -244: _blocked(_OA),  # refuses this class of message
    # the OA or the app is not set up for this
    -204: _config(_OA),  # OA disabled
    -205: _config(_OA),  # OA missing
    -209: _config(_OA),  # app inactive
    -212: _config(_OA),  # the API not registered for the app
    -219: _config(_OA),  # app removed
    -221: _config(_OA),  # OA not verified
    -223: _config(_OA),  # OA has not granted this API
    -224: _config(_OA),  # package too low
    -235: _config(_OA),  # not for this type of OA
    -242: _config(_OA),  # appsecret_proof
    -248: _config(_OA),  # against the platform's standards: sending on makes it worse
    # our request was bad
    -100: _rejected(_OA),  # attachment_id expired
    -201: _rejected(_OA),
    -210: _bug(_OA),  # over a limit
    -233: _bug(_OA),  # message type; also what refused buttons may answer
    -237: _bug(_OA),  # groups and their assets: we send to none
    -238: _bug(_OA),
    -240: _bug(_OA),  # the second version of the API is closed
    -241: _bug(_OA),
    -249: _bug(_OA),  # a template that cannot go by user id
    -403: _bug(_OA),
}

ZBS_CODES: dict[int, CodeRule] = {
    -100: _again(_ZBS),
    -124: _token(_ZBS),
    -133: _window(_ZBS),  # night
    **dict.fromkeys((-144, -1441, -147, -1471, -1472), _spent(_ZBS)),  # quota of the day or the month
    **dict.fromkeys((-115, -126, -137), _spent(_ZBS)),  # no money
    **dict.fromkeys((-114, -118, -119, -139, -140, -141), _unreachable(_ZBS)),  # cannot or will not receive
    **dict.fromkeys((-101, -102, -103, -104, -105, -117, -120, -125, -135, -1351, -136, -138, -145), _config(_ZBS)),
    -146: _config(_ZBS),  # template disabled for its quality
    -108: _rejected(_ZBS),  # phone number
    **dict.fromkeys((-109, -111, -112, -1121, -1122, -1124, -131, -132), _bug(_ZBS)),  # payload or template
}

#: A spent refresh token has no number of its own that anybody knows: whatever is refused, a person consents again.
OAUTH_CODES: dict[int, CodeRule] = {
    -14002: _consent(_OAUTH),  # app not active, or a wrong app id
    -14003: _consent(_OAUTH),  # redirect address differs from the one in the console
    -14029: _consent(_OAUTH),  # app not approved
}
OAUTH_UNKNOWN = "zalo.oauth.refused"

#: Refused until six in the morning.
NIGHT = frozenset({"zalo.-234", "zalo.zbs.-133"})
#: What an API answers that takes no buttons.
BUTTONS_REFUSED = frozenset({"zalo.-201", "zalo.-233"})


@dataclass(frozen=True, slots=True)
class Worded:
    """A meaning of `code` that only the message tells apart. `phrases`: any of them, in lower case."""

    code: int
    name: str
    phrases: tuple[str, ...]
    rule: CodeRule


WORDED: tuple[Worded, ...] = (
    Worded(-201, "template", ("template_id", "template_data", "template id"), _bug(_OA)),
    Worded(-201, "user", ("user_id", "user id", "userid"), _unreachable(_OA)),
    Worded(-223, "quota", ("quota",), _spent(_OA)),  # articles of the month
)

#: For what the table does not hold. Counted by its vendor number, so that a frequent one is noticed.
UNKNOWN = CodeRule(Refusal.REJECTED, *_UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class Found:
    """A rule and our stable name for it."""

    name: str
    rule: CodeRule


def look_up(code: int, message: str = "") -> Found:
    """Find what an error of the OA's API means. `message` is only read where numbers cannot tell."""
    low = message.lower()
    for row in WORDED:
        if row.code == code and any(phrase in low for phrase in row.phrases):
            return Found(f"zalo.{code}.{row.name}", row.rule)
    return Found(f"zalo.{code}", CODES[code]) if code in CODES else Found("zalo.unknown", UNKNOWN)


def look_up_zbs(code: int) -> Found:
    """Find what an error of the template API by phone number means."""
    return Found(f"zalo.zbs.{code}", ZBS_CODES[code]) if code in ZBS_CODES else Found("zalo.unknown", UNKNOWN)


def names() -> frozenset[str]:
    """Every name of an error of Zalo's; each has an entry in content/errors.toml."""
    numbers = [*(f"zalo.{code}" for code in CODES), *(f"zalo.zbs.{code}" for code in ZBS_CODES)]
    worded = [f"zalo.{row.code}.{row.name}" for row in WORDED]
    oauth = [OAUTH_UNKNOWN, *(f"zalo.oauth.{code}" for code in OAUTH_CODES)]
    return frozenset([*numbers, *worded, *oauth, "zalo.unknown"])
