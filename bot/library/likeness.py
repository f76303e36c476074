"""Groups messages that ask for the same thing, by the features the classifier sees of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from bot.library.classify import Numbers
from bot.library.features import Features
from bot.library.vietnamese import normalise

BLOCK = 2048
ALIKE = 0.3  # likeness of a message to a group, on average over its members, to be taken into it


def groups(texts: Sequence[str], background: Sequence[str] = (), alike: float = ALIKE) -> list[list[int]]:
    """The places of the texts, those alike together; groups in the order of their first text.

    Texts that are the same but for marks, signs and spaces are always together. `background`: other messages, from
    which is learnt what everybody writes ("cho em hỏi") and so tells little.
    """
    same: dict[str, list[int]] = defaultdict(list)
    for at, text in enumerate(texts):
        same[normalise(text)].append(at)
    kinds = list(same.values())
    likeness = _likeness([texts[places[0]] for places in kinds], background)
    found: list[list[int]] = []
    sums = np.zeros_like(likeness)  # row: a group; column: how alike that text is to all members together
    for at in range(len(kinds)):
        sizes = np.array([len(members) for members in found] or [1])
        near = sums[: len(sizes), at] / sizes
        best = int(np.argmax(near))
        if near[best] < alike:
            best = len(found)
            found.append([])
        found[best].append(at)
        sums[best] += likeness[at]
    return [sorted(place for member in members for place in kinds[member]) for members in found]


def _likeness(texts: Sequence[str], background: Sequence[str]) -> Numbers:
    """Cosine of every two texts' rows, without the one feature that all have: from 0 to 1."""
    found: Numbers = np.zeros((len(texts), len(texts)), dtype=np.float32)
    if not texts:
        return found
    features, rows = Features.learn([*texts, *background], fewest=1)
    del rows[len(texts) :]
    owners = np.repeat(np.arange(len(texts)), [len(row.places) - 1 for row in rows])
    places = np.concatenate([row.places[:-1] for row in rows])
    weights = np.concatenate([row.weights[:-1] for row in rows])
    for first in range(0, features.count, BLOCK):  # some columns at a time: the whole would not fit the memory bar
        inside = (places >= first) & (places < first + BLOCK)
        block = np.zeros((len(texts), BLOCK), dtype=np.float32)
        block[owners[inside], places[inside] - first] = weights[inside]
        found += block @ block.T
    lengths = np.sqrt(np.maximum(np.diag(found), 1e-6))
    likeness: Numbers = found / np.outer(lengths, lengths)
    return likeness
