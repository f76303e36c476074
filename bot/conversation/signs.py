"""Signs that matter inside a conversation: content/lexicon/conversation.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from bot.errors import BotError
from bot.library.lexicon import Phrases, SignalFile
from bot.library.load import CONTENT
from bot.library.vietnamese import Word, marked_words


class Signs:
    """Read-only after the start. The rules of matching are those of signals.toml."""

    def __init__(self, file: SignalFile) -> None:
        self._particles = {word.plain for word in marked_words(file.particles)}
        self._signals = [
            (entry.name, Phrases(entry.alone), Phrases(entry.within), Phrases(entry.unless)) for entry in file.signal
        ]

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
        words = marked_words(text)
        bare = self._bare(words)
        return frozenset(
            name
            for name, alone, within, unless in self._signals
            if (alone.whole(words) or alone.whole(bare) or within.within(words)) and not unless.within(words)
        )

    def _bare(self, words: Sequence[Word]) -> list[Word]:
        """The message without particles and punctuation around it."""
        kept = [word for word in words if word.plain[0].isalnum()]
        while kept and kept[0].plain in self._particles:
            kept.pop(0)
        while kept and kept[-1].plain in self._particles:
            kept.pop()
        return kept
