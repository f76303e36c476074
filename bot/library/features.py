"""What the classifier sees of a message: pieces of its words and its words, weighted by how rare they are (TF-IDF)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.library.vietnamese import normalise, topics, with_readings

PIECE = 3  # letters in a piece of a word, its borders counted; runs of four as well changed nothing on unseen messages
_WORD = "="  # begins the name of a word, so that it is not taken for a piece
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One message: the places of its features and their weights. The last feature is always there (the bias)."""

    places: NDArray[np.intp]
    weights: NDArray[np.float32]


class Features:
    """Which features there are and how rare each is."""

    def __init__(self, names: Sequence[str], is_word: NDArray[np.bool_], rarity: NDArray[np.float32]) -> None:
        self.names = names
        self.is_word = is_word
        self.rarity = rarity
        self.count = len(names) + 1
        self._places = {name: at for at, name in enumerate(names)}

    @classmethod
    def learn(cls, texts: Sequence[str], fewest: int = FEWEST) -> tuple[Features, list[Row]]:
        """Learn them from the example messages, and give the messages' rows.

        `fewest`: messages a piece must stand in to be kept.
        """
        met: dict[str, int] = {}  # every piece and word, in the order they were met
        said = [np.array([met.setdefault(one, len(met)) for one in _features(text)], dtype=np.intp) for text in texts]
        seen = np.bincount(np.concatenate(said), minlength=len(met))
        is_word = np.array([one[0] == _WORD for one in met], dtype=bool)
        kept = np.flatnonzero((seen >= fewest) | is_word)
        moved = np.full(len(met), -1, dtype=np.intp)
        moved[kept] = np.arange(len(kept))
        rarity = (np.log((1 + len(texts)) / (1 + seen[kept])) + 1).astype(np.float32)
        features = cls([one for one, at in met.items() if moved[at] >= 0], is_word[kept], rarity)
        return features, [features._row(places[places >= 0]) for places in (moved[ones] for ones in said)]

    def row(self, text: str) -> Row:
        known = (self._places.get(one) for one in _features(text))
        return self._row(np.array([place for place in known if place is not None], dtype=np.intp))

    def _row(self, places: NDArray[np.intp]) -> Row:
        """Pieces and words weigh alike together, however many there are of each."""
        weights = self.rarity[places]
        words = self.is_word[places]
        squares = weights * weights
        of_words = float(squares @ words)
        lengths = np.where(words, of_words, float(squares.sum()) - of_words)
        return Row(
            np.append(places, self.count - 1), np.append(weights / np.sqrt(np.maximum(lengths, 1e-6)), np.float32(1))
        )


@lru_cache(maxsize=1 << 14)
def _pieces_of(word: str) -> tuple[str, ...]:
    """Every run of PIECE letters inside a word and its borders."""
    padded = f" {word} "
    return tuple(padded[at : at + PIECE] for at in range(max(1, len(padded) - PIECE + 1)))


def _features(text: str) -> dict[str, None]:
    """Once each, in order: the pieces of a message, its words with the readings of short forms, pairs, topics."""
    plain = normalise(text)
    said = with_readings(plain).split()
    return dict.fromkeys(
        [piece for word in plain.split() for piece in _pieces_of(word)]
        + [_WORD + word for word in said]
        + [f"{_WORD}{first} {second}" for first, second in pairwise(said)]
        + [f"{_WORD}@{topic}" for topic in sorted(topics(plain))]
    )
