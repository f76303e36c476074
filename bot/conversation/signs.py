"""Signs that matter inside a conversation: content/lexicon/conversation.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from bot.errors import BotError
from bot.library.lexicon import SignalFile, Signals
from bot.library.load import CONTENT
from bot.library.vietnamese import marked_words


class Signs:
    """Read-only after the start. The rules of matching are those of signals.toml."""

    def __init__(self, file: SignalFile) -> None:
        self._signals = Signals(file)

    @classmethod
    def open(cls, folder: Path = CONTENT) -> Signs:
        """Raises BotError("content.faulty")."""
        path = folder / "lexicon" / "conversation.toml"
        try:
            return cls(SignalFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise BotError("content.faulty", first=f"{path.name}: {error}", faults=1) from None

    def find(self, text: str) -> frozenset[str]:
        """The names of the signs in a message."""
        return frozenset(entry.name for entry in self._signals.find(marked_words(text)))
