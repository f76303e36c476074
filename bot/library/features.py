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
        self._weight, self._a_word = np.append(rarity, np.float32(0)), np.append(is_word, False)  # with the bias
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
        return features, features._rows([places[places >= 0] for places in (moved[ones] for ones in said)])

    def row(self, text: str) -> Row:
        known = (self._places.get(one) for one in _features(text))
        return self._rows([np.array([place for place in known if place is not None], dtype=np.intp)])[0]

    def _rows(self, messages: Sequence[NDArray[np.intp]]) -> list[Row]:
        """Weigh pieces and words alike together, however many there are of each. All messages at once: it is faster."""
        bias = np.array([len(self.names)])
        places = np.concatenate([part for message in messages for part in (message, bias)])
        begins = np.cumsum([0, *(len(message) + 1 for message in messages)])
        weights = self._weight[places]
        words = self._a_word[places]
        squares = weights * weights
        of_words, of_all = (np.add.reduceat(one, begins[:-1]) for one in (squares * words, squares))
        each = np.repeat(np.arange(len(messages)), np.diff(begins))
        weights /= np.sqrt(np.maximum(np.where(words, of_words[each], (of_all - of_words)[each]), 1e-6))
        weights[begins[1:] - 1] = 1
        return [Row(places[at:end], weights[at:end]) for at, end in pairwise(begins.tolist())]


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
