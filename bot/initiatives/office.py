"""All parts of the initiatives together, as runtime and the console need them."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.clock import Clock
from bot.files.downloading import Rules
from bot.initiatives.facts import Facts
from bot.initiatives.form import Form
from bot.initiatives.news import News
from bot.initiatives.record import Record
from bot.initiatives.reminding import Reminding
from bot.library.texts import Texts
from bot.platforms.contract import Platform
from bot.store.database import Database
from bot.store.files import File
from bot.store.vault import Vault

LINK_LASTS = timedelta(days=3)


class Links:
    """Addresses of filled forms that end by themselves; nothing is stored, a deleted initiative is simply not there."""

    def __init__(self, vault: Vault, url: str) -> None:
        self._vault = vault
        self._url = url

    def make(self, initiative_id: int, now: datetime) -> str:
        until = int((now + LINK_LASTS).timestamp())
        return f"{self._url}/initiative-form/{initiative_id}-{until}-{self._signs(initiative_id, until)[0]}"

    def opens(self, token: str, now: datetime) -> int | None:
        """Whose form a token opens; None when it is over or made up."""
        number, _, rest = token.partition("-")
        until, _, sign = rest.partition("-")
        if not all(part.isascii() and part.isdecimal() and len(part) < 16 for part in (number, until)):
            return None
        good = any(hmac.compare_digest(sign.encode(), one.encode()) for one in self._signs(int(number), int(until)))
        return int(number) if good and int(until) > now.timestamp() else None

    def _signs(self, initiative_id: int, until: int) -> list[str]:
        return [one[:40] for one in self._vault.hashes("initiative-form", str(initiative_id), str(until))]


class Office:
    """Built once a process. `form` and `texts` give the officers' newest words."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        platforms: Mapping[str, Platform],
        clock: Clock,
        form: Callable[[], Form],
        texts: Callable[[], Texts],
        url: str,
        *,
        elsewhere: str = "",
    ) -> None:
        self.links = Links(vault, url)
        self.news = News(platforms, texts)
        self.facts = Facts(form, self._closed, clock, elsewhere=elsewhere)
        self.record = Record(vault, form, texts, self.links.make)
        self.reminding = Reminding(database, self.news, form, clock)
        self._texts = texts

    def _closed(self) -> str:
        texts = self._texts()
        return texts("initiative.closed")

    @staticmethod
    def _refusals(texts: Texts) -> dict[str, str]:
        """Why a file was not taken, by the code of the refusal."""
        return {
            "empty": texts("attachments.refused_empty"),
            "unknown": texts("attachments.refused_unknown"),
            "broken": texts("attachments.refused_broken"),
            "bomb": texts("attachments.refused_bomb"),
            "too_large": texts("attachments.refused_too_large"),
            "address": texts("attachments.refused_address"),
        }

    def tell_of_file(self, connection: Connection, file: File, code: str, now: datetime) -> None:
        """Ask for one file again, or say kindly why it was not taken."""
        texts = self._texts()
        name = file.name or texts(f"attachments.{file.kind}")
        why = self._refusals(texts).get(code)
        if why is not None:
            text = texts("initiative.news_file_refused", noun=name, unit=why, most=Rules.load().megabytes)
        elif code == "host":  # sent again at once, it would fail again
            text = texts("initiative.news_file_host", noun=name)
        else:
            text = texts("initiative.news_file_failed", noun=name)
        self.news.send(connection, file.person_id, text, now, subject=f"file:{file.id}")
