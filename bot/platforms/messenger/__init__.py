"""Facebook Messenger: a Page's inbox, by Meta's Graph API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.platforms.messenger import payload, profile, sending, templates, tokens, webhook
from bot.platforms.messenger.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.clock import Clock
    from bot.messages import Approved, Campaign, Event, Inbound, Outbound, Part, Receipt
    from bot.platforms.contract import Access, AppKeys, Check, Headers, TokenPair, Verdict
    from bot.platforms.http import Http

__all__ = ["MessengerPlatform", "Profile"]


class MessengerPlatform:
    """The contract, as Messenger keeps it. `app_ids` gives our apps at Meta, `greeting` what people see first."""

    name = "messenger"
    has_typing = True
    echoes = True
    longest_webhook = 4 * 1024 * 1024  # Meta batches up to 1,000 updates

    def __init__(
        self,
        http: Http,
        clock: Clock,
        *,
        app_ids: Callable[[], frozenset[str]] = frozenset,
        profile: Profile | None = None,
    ) -> None:
        self._http = http
        self._clock = clock
        self._app_ids = app_ids
        self._profile = profile

    def handshake(self, params: Mapping[str, str], verify_tokens: Sequence[str]) -> str | None:
        return webhook.verify_subscription(params, verify_tokens)

    def verify(self, apps: Sequence[AppKeys], headers: Headers, body: bytes) -> Verdict:
        return webhook.verify(apps, headers, body)

    def split(self, body: bytes) -> list[Event]:
        return webhook.split(body, self._clock)

    def read(self, event: Mapping[str, object]) -> Inbound:
        return payload.read(event, self._clock, self._app_ids())

    def parts(self, message: Outbound, *, buttons: bool) -> list[Part]:  # noqa: ARG002 - Messenger has buttons always
        return sending.parts(message)

    def approved(self, message: Approved) -> Part:
        return templates.part(message)

    def opt_in(self, title: str) -> Part:
        return templates.opt_in(title)

    def paid(self, part: Part, campaign: Campaign, token: str) -> Part:
        return templates.paid(part, campaign, token)

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
        return sending.send(self._http, self._clock, access, user_id, part, tag=tag, started=started, late=late)

    def typing(self, access: Access, user_id: str) -> None:
        sending.typing(self._http, access, user_id)

    def refresh(self, access: Access, refresh_token: str, oauth_url: str) -> TokenPair | None:  # noqa: ARG002
        return tokens.refresh()

    def diagnose(self, access: Access, *, fix: bool, now: datetime) -> list[Check]:
        return profile.diagnose(self._http, access, self._profile, fix=fix, now=now)
