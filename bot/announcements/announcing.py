"""What every part of announcing works with, handed in once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.clock import Clock
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.platforms.contract import Advertiser, Platform
from bot.platforms.rules import Rules
from bot.store.database import Database
from bot.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Words:
    """The officers' newest words."""

    organisation: Organisation
    texts: Texts


@dataclass(frozen=True, slots=True)
class Announcing:
    database: Database
    platforms: Mapping[str, Platform]
    clock: Clock
    vault: Vault
    rules: Rules
    words: Callable[[], Words]
    public_url: str  # without a trailing slash

    @property
    def advertisers(self) -> Mapping[str, Advertiser]:
        """Those platforms that take paid messages."""
        return {name: one for name, one in self.platforms.items() if isinstance(one, Advertiser)}
