"""What every part of announcing works with, handed in once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from bot.clock import Clock
from bot.library.organisation import Organisation
from bot.library.texts import Texts
from bot.platforms.contract import Platform
from bot.platforms.rules import Rules
from bot.store.database import Database
from bot.store.vault import Vault

#: What is known of people for the merge fields: person to field to value. A value that is not known is left out.
Values: TypeAlias = Callable[[Connection, Sequence[int]], Mapping[int, Mapping[str, str]]]
#: The people whose own initiative is in one of these states, as a query of person ids; None where nobody knows.
Among: TypeAlias = Callable[[Sequence[str]], object]


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
    values: Values = lambda _connection, _people: {}
    among: Among | None = None
    initiative_states: Mapping[str, str] | None = None  # state to its Vietnamese word, for choosing an audience
