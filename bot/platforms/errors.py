"""The closed list of what can go wrong with a send. An adapter names it; delivery decides what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Refusal(StrEnum):
    UNREACHABLE = "unreachable"  # this person cannot be written to until they write again
    THROTTLED = "throttled"  # too fast or over a quota: the whole account pauses
    WINDOW_CLOSED = "window_closed"  # not allowed now; hold
    BLOCKED = "blocked"  # this person refuses this class of message
    REJECTED = "rejected"  # our request was bad: a bug, never tried again
    MISCONFIGURED = "misconfigured"  # a person must mend the account: hold everything, alarm
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a state
    UNSURE = "unsure"  # it may have arrived


class SendError(Exception):
    """A send did not end in a receipt.

    `code`: our stable code, with an entry in content/errors.toml (e.g. "zalo.-230"). `vendor`: the platform's own
    code, for the log. `retry_at`: when it makes sense to try again; with THROTTLED the account pauses until then.
    `transient`: trying this very message again may work. `alarm`: a person must know.
    """

    def __init__(
        self,
        refusal: Refusal,
        code: str,
        *,
        vendor: str = "",
        retry_at: datetime | None = None,
        transient: bool = False,
        alarm: bool = False,
    ) -> None:
        self.refusal = refusal
        self.code = code
        self.vendor = vendor
        self.retry_at = retry_at
        self.transient = transient
        self.alarm = alarm
        super().__init__(f"{refusal}: {code} {vendor}".rstrip())


@dataclass(frozen=True, slots=True)
class CodeRule:
    """One row of a vendor's error table."""

    refusal: Refusal
    source: str  # where the meaning comes from, as in the contract document
    seen: str  # the date of that source, ISO
    transient: bool = False
    pause_s: int = 0  # THROTTLED: how long the account rests when the answer does not say
    alarm: bool = False  # a person must know
