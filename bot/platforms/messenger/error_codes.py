"""Meta's error codes and what each means for one of our sends, row by row with the source and its date.

A row is found by number, never by HTTP status. Meta prints some numbers now as `code`, now as `error_subcode`, so
long numbers are looked up in both places. A few faults share code 100 and differ only in words: `WORDED`.
The numbers in square brackets are those of the contract document: 2 send-messages guide, 14 error table,
19 error-handling guide, 27 and 38 and 39 independent implementations.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.platforms.errors import CodeRule, Refusal

_ERRORS = ("messenger-platform/error-codes [14]", "2026-06-25")
_GRAPH = ("graph-api/guides/error-handling [19]", "2026-09-11")
_LIMITS = ("graph-api/overview/rate-limiting [11]", "2026-03-23")
_TAGS = ("messenger-platform/send-messages [2]", "2026-05-05")
_RUBY = ("jgorset/facebook-messenger error_parser [27]", "2026-09-11")
_META_ERRORS = ("raaabdullah1/meta-graph-errors [39]", "2026-10-01")
_MARKETING = ("marketing-messages-on-messenger/api-reference [16]", "2026-06-30")
_LIVE = ("one implementation's live sends", "2026-09-14")
_UNCONFIRMED = ("not confirmed by a source: prudence", "2026-11-24")

_MINUTE, _HOUR = 60, 3600

#: Numbers from here on are unique over codes and subcodes alike.
_LONG = 1_000_000


def _unsure(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.UNSURE, *source)


def _again(source: tuple[str, str]) -> CodeRule:
    """Try the one message a little later; the account need not rest."""
    return CodeRule(Refusal.THROTTLED, *source, transient=True)


def _throttled(source: tuple[str, str], pause_s: int = 5 * _MINUTE, *, alarm: bool = False) -> CodeRule:
    return CodeRule(Refusal.THROTTLED, *source, transient=True, pause_s=pause_s, alarm=alarm)


def _token(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.TOKEN_EXPIRED, *source, alarm=True)


def _config(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.MISCONFIGURED, *source, alarm=True)


def _window(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.WINDOW_CLOSED, *source)


def _unreachable(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.UNREACHABLE, *source)


def _blocked(source: tuple[str, str]) -> CodeRule:
    return CodeRule(Refusal.BLOCKED, *source)


def _rejected(source: tuple[str, str], *, alarm: bool = False) -> CodeRule:
    return CodeRule(Refusal.REJECTED, *source, alarm=alarm)


def _spent(source: tuple[str, str]) -> CodeRule:
    """Budget or campaign: a person must act, ordinary messages go on."""
    return CodeRule(Refusal.WINDOW_CLOSED, *source, alarm=True)


_policy = _config  # the Page is restricted: only a person can lift that, and sending on makes it worse

CODES: dict[tuple[int, int | None], CodeRule] = {
    # it may have arrived
    (1, None): _unsure(_ERRORS),
    (1, 99): _unsure(_ERRORS),
    (1, 1357046): _unsure(_ERRORS),  # shown although the message was sent
    (2, None): _unsure(_ERRORS),  # may also mean that the person blocked the Page
    # it did not, and may later
    (1200, None): _again(_RUBY),
    (100, 2018008): _again(_ERRORS),  # media could not be fetched
    (100, 2018294): _again(_ERRORS),  # video took too long
    (2018321, None): _again(_ERRORS),  # Messenger's own questions-and-answers flow is running
    # too fast
    (4, None): _throttled(_LIMITS),
    (4, 2018022): _throttled(_RUBY),
    (17, None): _throttled(_LIMITS),
    (32, None): _throttled(_LIMITS),
    (341, None): _throttled(_GRAPH),
    (613, None): _throttled(_LIMITS),
    (613, 2534040): _throttled(_ERRORS),
    (80001, None): _throttled(_LIMITS),
    (80006, None): _throttled(_LIMITS),
    (368, None): _throttled(_GRAPH, 6 * _HOUR, alarm=True),  # blocked for a while over policy
    # not now
    (4, 2018354): _window(_ERRORS),
    (10, 2018278): _window(_ERRORS),
    (10, 2018065): _window(_ERRORS),
    (10, 2534022): _window(_ERRORS),
    (2018300, None): _window(_ERRORS),  # another app controls the thread
    # not to this person
    (10, 2018108): _unreachable(_ERRORS),
    (100, 2018001): _unreachable(_ERRORS),
    (200, 1545041): _unreachable(_ERRORS),
    (551, None): _unreachable(_ERRORS),
    (551, 1545041): _unreachable(_ERRORS),
    (10, 1893015): _blocked(_ERRORS),  # stopped this topic
    # the token
    (102, None): _token(_ERRORS),
    (190, None): _token(_ERRORS),
    (190, 458): _token(_GRAPH),  # app removed
    (190, 459): _token(_GRAPH),  # account checkpoint
    (190, 460): _token(_GRAPH),  # password changed or logged out
    (190, 463): _token(_META_ERRORS),  # expired
    (190, 464): _token(_UNCONFIRMED),  # user not confirmed
    (190, 467): _token(_META_ERRORS),  # invalidated
    (190, 492): _token(_UNCONFIRMED),  # lost the role on the Page
    # the app or the Page is not set up for this
    (2, 2018344): _config(_ERRORS),
    (3, None): _config(_GRAPH),
    (10, None): _config(_ERRORS),
    (100, 33): _config(_ERRORS),  # our calls name the Page, so it is the Page that is missing
    (200, None): _config(_GRAPH),
    (200, 2018028): _config(_ERRORS),
    (200, 2018027): _config(_ERRORS),
    (200, 2018021): _config(_ERRORS),
    (230, None): _config(_RUBY),
    (2018171, None): _config(_ERRORS),
    (2018234, None): _config(_ERRORS),
    (2018164, None): _config(_ERRORS),
    # the Page is restricted
    (10, 1404170): _policy(_ERRORS),
    (10, 1893063): _policy(_ERRORS),
    (613, 2018338): _policy(_ERRORS),
    (2022, None): _policy(_ERRORS),
    # paid marketing messages: whatever fails, ordinary words wait until the person writes
    **{(code, None): _window(_MARKETING) for code in (2300004, 2300034, 2300035, 2300037)},  # the token
    **{(code, None): _window(_MARKETING) for code in (2300042, 2300043, 2300044)},  # as many as this person may get
    **{(code, None): _window(_MARKETING) for code in (2300030, 2300031, 2300032, 2300052)},  # region, unavailable
    **{(code, None): _spent(_MARKETING) for code in (2300000, 2300015, 2300053, 2300054, 2300056, 2300058)},  # money
    **{(code, None): _again(_MARKETING) for code in (2300055, 2300057, *range(2300060, 2300064), 2300078)},
    **{(code, None): _again(_LIVE) for code in (2300012, 2300041)},  # a fresh campaign is being made ready
    # our request was bad
    (9, 2018352): _rejected(_ERRORS),
    (100, None): _rejected(_ERRORS),
    (100, 2018014): _rejected(_ERRORS),
    (100, 2018015): _rejected(_ERRORS),
    (100, 2018040): _rejected(_ERRORS),
    (100, 2018041): _rejected(_ERRORS),
    (100, 2018047): _rejected(_ERRORS),
    (100, 2018053): _rejected(_ERRORS),
    (100, 2018074): _rejected(_ERRORS),
    (100, 2018109): _rejected(_ERRORS),
    (506, None): _rejected(_GRAPH),
    (613, 1893016): _rejected(_ERRORS),
    (10303, None): _rejected(_ERRORS),
    (2018218, None): _rejected(_ERRORS),  # a profile that cannot be read; no send answers so
    (2018247, None): _rejected(_ERRORS),
    (9000001, None): _rejected(_ERRORS),  # the message was deleted
}


@dataclass(frozen=True, slots=True)
class Worded:
    """A row of code 100 that only the English message tells apart. `phrases`: any of them, in lower case."""

    name: str
    phrases: tuple[str, ...]
    rule: CodeRule


#: In order of precedence.
WORDED: tuple[Worded, ...] = (
    Worded("proof", ("appsecret_proof",), _token(_UNCONFIRMED)),
    Worded("notification_token", ("notification messages token", "notification_messages_token"), _window(_ERRORS)),
    Worded(
        "tag",
        ("message tag", "message_tag", "account_update", "confirmed_event_update", "post_purchase_update"),
        _rejected(_TAGS, alarm=True),
    ),
    Worded("template", ("message template",), _rejected(_UNCONFIRMED, alarm=True)),
    Worded("recipient", ("no matching user", "valid id string"), _unreachable(_ERRORS)),
    Worded("length", ("length of param", "too long", "characters"), _rejected(_ERRORS)),
)

#: For what the table does not hold. Counted by its vendor number, so that a frequent one is noticed.
UNKNOWN = CodeRule(Refusal.REJECTED, *_UNCONFIRMED)

_BY_LONG_NUMBER = {number: key for key in CODES for number in key if number is not None and number >= _LONG}


@dataclass(frozen=True, slots=True)
class Found:
    """A rule and our stable name for it."""

    name: str
    rule: CodeRule


def look_up(code: int, subcode: int | None, message: str = "") -> Found:
    """Find what an error means. `message` is only read where numbers cannot tell."""
    key = _key(code, subcode)
    if key is not None and key != (100, None):
        return Found(name_of(key), CODES[key])
    if code == 100:
        return _by_words(message.lower())
    if _is_permission(code):
        return Found(name_of((200, None)), CODES[200, None])
    return Found("messenger.unknown", UNKNOWN)


def name_of(key: tuple[int, int | None]) -> str:
    return ".".join(["messenger", *(str(number) for number in key if number is not None)])


def names() -> frozenset[str]:
    """Every name that `look_up` can give; each has an entry in content/errors.toml."""
    worded = {f"messenger.100.{row.name}" for row in WORDED}
    return frozenset({name_of(key) for key in CODES} | worded | {"messenger.unknown"})


def _key(code: int, subcode: int | None) -> tuple[int, int | None] | None:
    if (code, subcode) in CODES:
        return (code, subcode)
    for number in (subcode, code):
        if number in _BY_LONG_NUMBER:
            return _BY_LONG_NUMBER[number]
    return (code, None) if (code, None) in CODES else None


def _by_words(message: str) -> Found:
    for row in WORDED:
        if any(phrase in message for phrase in row.phrases):
            return Found(f"messenger.100.{row.name}", row.rule)
    return Found(name_of((100, None)), CODES[100, None])


def _is_permission(code: int) -> bool:
    """Report whether Meta's range for permissions holds the code."""
    return 200 <= code <= 299
