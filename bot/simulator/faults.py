"""Faults on demand: which call or webhook goes wrong next, and how."""

from __future__ import annotations

import random
import threading
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Platform = Literal["zalo", "messenger"]


class Kind(StrEnum):
    # what happens to a webhook
    DUPLICATE = "duplicate"  # comes twice
    LATE = "late"  # comes `seconds` later, and what follows from this person waits behind it
    REORDERED = "reordered"  # comes behind the person's next event (or after `seconds` without one)
    FORGED = "forged"  # comes with a signature by another key, and truly after it
    # what happens to a call
    SLOW = "slow"  # the answer takes `seconds`
    ERROR = "error"  # the platform's own error `code`, with HTTP `status` (200: an error dressed as success)
    THROTTLED = "throttled"  # HTTP 429; `body` false: without the platform's error
    SERVER_ERROR = "server_error"  # HTTP `status` (500); `body` false: without the platform's error
    UNREADABLE = "unreadable"  # HTTP 200 with a page of HTML
    CUT = "cut"  # the connection breaks before any answer
    NEVER = "never"  # no answer for `seconds`, then the connection breaks
    DEAD_TOKEN = "dead_token"  # noqa: S105 - a word, not a token


WEBHOOK_KINDS = frozenset({Kind.DUPLICATE, Kind.LATE, Kind.REORDERED, Kind.FORGED})
#: When no answer comes back, the message has still arrived unless the rule says otherwise.
_ACCEPTED_BY_DEFAULT = frozenset({Kind.CUT, Kind.NEVER, Kind.UNREADABLE})
_SECONDS = {Kind.LATE: 5.0, Kind.REORDERED: 3.0, Kind.SLOW: 3.0, Kind.NEVER: 20.0}


class Rule(BaseModel):
    """One fault: for the `next` so many, or each time with `probability`; exactly one of the two is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    platform: Platform
    kind: Kind
    next: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] | None = None
    on: Literal["send", "action", "token", "other", "any"] = "send"  # which calls; webhooks do not ask
    seconds: Annotated[float, Field(ge=0, le=120)] | None = None
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    code: int | None = None
    subcode: int | None = None
    body: bool = True
    accepted: bool | None = None  # the message arrives all the same

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.next is None) == (self.probability is None):
            raise ValueError("give either next or probability")
        return self

    @property
    def pause(self) -> float:
        return self.seconds if self.seconds is not None else _SECONDS.get(self.kind, 0.0)

    @property
    def arrives(self) -> bool:
        return self.kind in _ACCEPTED_BY_DEFAULT if self.accepted is None else self.accepted


class Faults:
    """The rules in force, oldest first; the first that strikes is the one."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._rules: list[Rule] = []
        self._left: list[int | None] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        with self._lock:
            self._rules.append(rule)
            self._left.append(rule.next)

    def clear(self, platform: str | None = None) -> None:
        with self._lock:
            kept = [at for at, rule in enumerate(self._rules) if platform is not None and rule.platform != platform]
            self._rules = [self._rules[at] for at in kept]
            self._left = [self._left[at] for at in kept]

    def listed(self) -> list[dict[str, object]]:
        """Give the rules in force, `next` being what is left of it."""
        with self._lock:
            pairs = list(zip(self._rules, self._left, strict=True))
        return [{**rule.model_dump(exclude_none=True), **({"next": left} if left else {})} for rule, left in pairs]

    def for_call(self, platform: str, what: str) -> Rule | None:
        return self._draw(platform, what, webhook=False)

    def for_webhook(self, platform: str) -> Rule | None:
        return self._draw(platform, "any", webhook=True)

    def _draw(self, platform: str, what: str, *, webhook: bool) -> Rule | None:
        if not self._rules:
            return None
        with self._lock:
            for at, rule in enumerate(self._rules):
                meant = rule.platform == platform and (rule.kind in WEBHOOK_KINDS) == webhook
                if meant and (webhook or rule.on in {what, "any"}) and self._strikes(at, rule):
                    return rule
        return None

    def _strikes(self, at: int, rule: Rule) -> bool:
        left = self._left[at]
        if left is None:
            return self._chance.random() < (rule.probability or 0)
        if left > 1:
            self._left[at] = left - 1
        else:
            del self._rules[at], self._left[at]
        return True
