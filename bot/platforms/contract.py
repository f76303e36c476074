"""What every platform adapter can do. Delivery and web know this file, never a concrete platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bot.messages import Approved, Campaign, Event, Inbound, Outbound, Part, Receipt


@dataclass(frozen=True, slots=True)
class AppKeys:
    """An app at the platform: it owns the signing keys. `secrets` come newest first (two during a rotation)."""

    app_id: str  # the platform's id
    secrets: tuple[str, ...]  # Messenger: app secret; Zalo: app secret (token calls)
    signing: tuple[str, ...]  # what signs webhooks: Messenger the same; Zalo the OA secret key(s)
    verify_token: str = ""  # Messenger's GET handshake


@dataclass(frozen=True, slots=True)
class Access:
    """What a call for one account needs. The token is read from the store each time, never cached by an adapter."""

    account: str  # the platform's id of the OA or Page
    app: AppKeys
    token: str
    api_url: str  # without trailing slash
    api_version: str = ""  # Messenger, e.g. "v25.0"
    buttons: bool = False  # Zalo: send real buttons instead of numbered text


class Signature(StrEnum):
    GOOD = "good"
    UNSIGNED_PROBE = "unsigned_probe"  # the platform's own harmless check: answer 200, do nothing
    MISSING = "missing"
    BAD = "bad"
    WRONG_KEY = "wrong_key"  # it would have matched with the app secret in place of the signing key
    WRONG_TERM = "wrong_term"  # it would have matched with another first term (Zalo: oa_id)


@dataclass(frozen=True, slots=True)
class Verdict:
    signature: Signature
    app: AppKeys | None = None  # whose key it was


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A fresh pair. Its refresh token must be committed before the access token is used."""

    access: str
    refresh: str
    expires_in: timedelta


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a diagnosis: `code` has an entry in content/errors.toml when `ok` is false."""

    name: str
    ok: bool
    code: str = ""
    facts: Mapping[str, object] | None = None


class MalformedWebhook(ValueError):
    """A body that is signed but is not what the platform sends: answered 200, counted, nothing kept."""


class Headers(Protocol):
    """A request's headers, as werkzeug gives them: asked for by name, in whatever case it was sent."""

    def get(self, name: str, /) -> str | None: ...


class Platform(Protocol):
    """One platform. Implementations hold no state but a pooled HTTP session and a clock."""

    name: str  # "zalo" | "messenger"
    has_typing: bool  # can show that an answer is being written
    echoes: bool  # echoes our own sends, so that an unsure one can be settled
    longest_webhook: int  # bytes; more is refused before anybody looks at it

    def handshake(self, params: Mapping[str, str], verify_tokens: Sequence[str]) -> str | None:
        """Answer a GET on the webhook's address: the body of a 200, or None for 403."""
        ...

    def verify(self, apps: Sequence[AppKeys], headers: Headers, body: bytes) -> Verdict:
        """Say whether the raw body is from the platform. Constant time; never raises on any bytes."""
        ...

    def split(self, body: bytes) -> list[Event]:
        """Cut a verified body into its events, in order. Unknown ones are left out; raises MalformedWebhook."""
        ...

    def read(self, event: Mapping[str, object]) -> Inbound:
        """Read one event as `split` gave it. What is not understood is UNSUPPORTED or IGNORED, never an exception."""
        ...

    def parts(self, message: Outbound, *, buttons: bool) -> list[Part]:
        """Cut a message into what the platform takes in one request each: text in NFC, limits kept, none empty."""
        ...

    def approved(self, message: Approved) -> Part:
        """Fill an approved template. Raises ValueError for one without a name or with a value that says nothing."""
        ...

    def send(
        self,
        access: Access,
        user_id: str,
        part: Mapping[str, object],
        *,
        tag: str,
        started: Callable[[], bool],
        late: bool = False,
    ) -> Receipt:
        """Send one part.

        `started` is called once, immediately before the request leaves; when it gives False nothing is sent and
        `Cancelled` is raised. `tag` travels along where the platform echoes it. `late`: after the ordinary window,
        typed by a person, on an account that was granted it. Raises SendError.
        """
        ...

    def typing(self, access: Access, user_id: str) -> None:
        """Show that an answer is coming. Best effort: never raises, never counts as a message."""
        ...

    def refresh(self, access: Access, refresh_token: str, oauth_url: str) -> TokenPair | None:
        """A new pair; None where tokens do not rotate.

        Raises SendError TOKEN_EXPIRED (a person must consent again) or UNSURE.
        """
        ...

    def diagnose(self, access: Access, *, fix: bool, now: datetime) -> list[Check]:
        """Ask the platform whether the account is ready; with `fix`, set what a program may set."""
        ...


class Broadcaster(Protocol):
    """A platform that can send one article to all who follow an account, in one act (Zalo)."""

    def broadcast(self, access: Access, article: str, *, started: Callable[[], bool]) -> Receipt:
        """Send the article to every follower. `started` as for `send`; the receipt's id may be "". Raises SendError."""
        ...


@runtime_checkable
class Advertiser(Protocol):
    """A platform that takes paid messages to people who agreed to a request of its own (Messenger)."""

    def opt_in(self, title: str) -> Part:
        """The request, for somebody in the window. Raises ValueError for a title the platform would refuse."""
        ...

    def paid(self, part: Part, campaign: Campaign, token: str) -> Part:
        """An ordinary part, to be carried by a campaign to the one whose token it is. Raises ValueError."""
        ...


class Cancelled(Exception):
    """`started` said no: the row is no longer ours to send."""
