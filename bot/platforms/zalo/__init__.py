"""Zalo Official Account: an OA's inbox, by Zalo's OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.platforms.zalo import payload, profile, sending, templates, tokens, webhook
from bot.platforms.zalo.tokens import authorize_url, new_verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.clock import Clock
    from bot.messages import Approved, Event, Inbound, Outbound, Part, Receipt
    from bot.platforms.contract import Access, AppKeys, Check, Headers, TokenPair, Verdict
    from bot.platforms.http import Http

__all__ = ["ZaloPlatform", "authorize_url", "new_verifier"]


class ZaloPlatform:
    """The contract, as Zalo keeps it.

    `oa_ids` gives the ids of our OAs: in receipts they tell which side is the person. `menu_hint` is the line under a
    numbered list that says how to choose.
    """

    name = "zalo"
    has_typing = False
    #: An echo of our own brings the message's id and text but no tag.
    echoes = True
    #: One event each, of a few kilobytes; parsed before it is known to be Zalo's, for the time that is signed is in it.
    longest_webhook = 128 * 1024

    def __init__(
        self,
        http: Http,
        clock: Clock,
        *,
        oa_ids: Callable[[], frozenset[str]] = frozenset,
        menu_hint: str = "",
    ) -> None:
        self._http = http
        self._clock = clock
        self._oa_ids = oa_ids
        self._menu_hint = menu_hint

    def handshake(self, params: Mapping[str, str], verify_tokens: Sequence[str]) -> str | None:  # noqa: ARG002
        """Zalo has none; a person who opens the address in a browser sees that it lives."""
        return ""

    def verify(self, apps: Sequence[AppKeys], headers: Headers, body: bytes) -> Verdict:
        return webhook.verify(apps, headers, body)

    def split(self, body: bytes) -> list[Event]:
        return webhook.split(body, self._clock, self._oa_ids())

    def read(self, event: Mapping[str, object]) -> Inbound:
        return payload.read(event, self._clock)

    def parts(self, message: Outbound, *, buttons: bool) -> list[Part]:
        return sending.parts(message, buttons=buttons, hint=self._menu_hint)

    def approved(self, message: Approved) -> Part:
        return templates.part(message)

    def broadcast(self, access: Access, article: str, *, started: Callable[[], bool]) -> Receipt:
        return templates.broadcast(self._http, self._clock, access, article, started=started)

    def send(
        self,
        access: Access,
        user_id: str,
        part: Mapping[str, object],
        *,
        tag: str,  # noqa: ARG002 - nothing of ours travels along
        started: Callable[[], bool],
        late: bool = False,  # noqa: ARG002 - one window for everybody's words
    ) -> Receipt:
        return sending.send(self._http, self._clock, access, user_id, part, started=started, hint=self._menu_hint)

    def typing(self, access: Access, user_id: str) -> None:
        """Zalo shows nothing of the kind."""

    def refresh(self, access: Access, refresh_token: str, oauth_url: str) -> TokenPair | None:
        return tokens.refresh(self._http, access.app, refresh_token, oauth_url)

    def new_verifier(self) -> str:
        return new_verifier()

    def authorize_url(self, oauth_url: str, app_id: str, redirect_uri: str, *, state: str, verifier: str) -> str:
        return authorize_url(oauth_url, app_id, redirect_uri, state=state, verifier=verifier)

    def exchange_code(self, app: AppKeys, code: str, verifier: str, oauth_url: str) -> TokenPair:
        """Turn an admin's consent into the first token pair."""
        return tokens.exchange_code(self._http, app, code, verifier, oauth_url)

    def diagnose(self, access: Access, *, fix: bool, now: datetime) -> list[Check]:  # noqa: ARG002 - nothing to set
        return profile.diagnose(self._http, access, now)
