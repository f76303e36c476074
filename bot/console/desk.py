"""What every screen works with: the database, the settings, the time and the officers' own words, handed in once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import current_app

from bot import logs
from bot.clock import Clock
from bot.delivery.connecting import Connecting
from bot.delivery.directory import Directory
from bot.errors import BotError
from bot.library.organisation import Organisation
from bot.settings import Settings
from bot.store import options
from bot.store.database import Database
from bot.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Desk:
    database: Database
    settings: Settings
    vault: Vault
    clock: Clock
    content: Path
    directory: Directory
    connecting: Connecting
    _organisation: dict[int, Organisation] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.zone

    @property
    def today(self) -> date:
        return self.clock().astimezone(self.zone).date()

    @property
    def secure(self) -> bool:
        """Reached by https: cookies then never travel without it."""
        return self.settings.bot_public_url.startswith("https://")

    def organisation(self) -> Organisation:
        """The organisation as the officers last saved it; as shipped when an old edit fits this version no longer."""
        with self.database.read() as connection:
            version = options.version(connection)
            found = self._organisation.get(version)
            edits = {} if found else options.overlay(connection, "organisation")
        if found is None:
            try:
                found = Organisation.open(self.content, edits)
            except BotError:  # the settings screen must open, or nobody could mend it
                logs.failure("console.edits_do_not_fit")
                found = Organisation.open(self.content)
            self._organisation.clear()
            self._organisation[version] = found
        return found

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)


def desk() -> Desk:
    """The desk of the running app."""
    found: Desk = current_app.extensions["console"]
    return found
