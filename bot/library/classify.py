"""The classifier behind the search: learns labels from example messages and gives each label a calibrated share.

Linear support vector machines, one against the rest, trained by dual coordinate descent (Hsieh and others, 2008; the
method of LIBLINEAR), all classes in one sweep. Three levels are learnt at once and their margins added: labels, kinds,
clauses. Own code because the library that holds this method costs 100 MB and 1.6 s at every start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.library.features import Features, Row

Numbers: TypeAlias = NDArray[np.float32]

#: Turns added margins into shares; the value with the least log loss on folds that the classifier had not seen.
SHARPNESS = 3.4
#: What a share is worth: (share, how often a reading with that share was right), for the best kind and for the best
#: answer, from the same folds (`bot.evaluation_folds.worth`). Refit both when the examples have changed a good deal.
KIND_WORTH = (
    (0.0, 0.2), (0.25, 0.28), (0.5, 0.41), (0.69, 0.57), (0.82, 0.67), (0.9, 0.77), (0.95, 0.83), (0.98, 0.89),
    (0.99, 0.93), (0.998, 0.96), (1.0, 0.995),
)  # fmt: skip
ANSWER_WORTH = (
    (0.0, 0.0), (0.135, 0.147), (0.245, 0.274), (0.342, 0.394), (0.44, 0.505), (0.53, 0.58), (0.62, 0.7), (0.72, 0.79),
    (0.81, 0.83), (0.87, 0.895), (0.92, 0.91), (0.955, 0.96), (0.98, 0.966), (1.0, 0.993),
)  # fmt: skip
KIND_WEIGHT = 0.4
CLAUSE_WEIGHT = 0.8
SWEEPS = 4  # over all messages; more changed nothing on the folds
SOFTNESS = 0.5  # 1 / 2C of the squared hinge loss, C = 1


class Classifier:
    """Labels ranked for a message."""

    def __init__(self, labels: Sequence[str], features: Features, weights: Numbers) -> None:
        """`weights`: a row a feature and a column a label."""
        self.labels = labels
        self.features = features
        self.weights = weights

    @classmethod
    def learn(
        cls, texts: Sequence[str], labels: Sequence[str], kind: Callable[[str], str], clause: Callable[[str], str]
    ) -> Classifier:
        """Train on example messages, in a second or two."""
        names = sorted(set(labels))
        features, rows = Features.learn(texts)
        levels = [_columns(names, group) for group in (str, kind, clause)]
        widths = np.cumsum([0, *(max(columns) + 1 for columns in levels)])
        place = {label: at for at, label in enumerate(names)}
        targets = np.full((len(texts), widths[-1]), -1, dtype=np.float32)
        for row, label in zip(targets, labels, strict=True):
            for start, columns in zip(widths, levels, strict=False):
                row[start + columns[place[label]]] = 1
        learnt = _train(rows, targets, features.count)
        parts = zip((1.0, KIND_WEIGHT, CLAUSE_WEIGHT), widths, levels, strict=False)
        weights = sum(weight * learnt[:, start + np.array(columns)] for weight, start, columns in parts)
        return cls(names, features, np.asarray(weights, dtype=np.float32))

    def scores(self, text: str) -> Numbers:
        """The added margins of every label."""
        row = self.features.row(text)
        return row.weights @ self.weights[row.places]

    def shares(self, *texts: str) -> Numbers:
        """A share for each of `labels`, adding up to one; several texts are weighed alike."""
        return softmax(np.mean([self.scores(text) for text in texts], axis=0), SHARPNESS)


def _columns(labels: Sequence[str], group: Callable[[str], str]) -> list[int]:
    """For each label the column of its group."""
    place = {name: at for at, name in enumerate(sorted({group(label) for label in labels}))}
    return [place[group(label)] for label in labels]


def _train(rows: Sequence[Row], targets: Numbers, features: int) -> Numbers:
    """Weights, a row a feature and a column a class, for targets of +1 and -1, a row a message."""
    classes = targets.shape[1]
    weights = np.zeros((features, classes), dtype=np.float32)
    flat = weights.reshape(-1)
    duals = np.zeros_like(targets)
    steps = [np.float32(1 / (float(row.weights @ row.weights) + SOFTNESS)) for row in rows]
    order = np.random.default_rng(0)
    for _ in range(SWEEPS):
        for at in order.permutation(len(rows)).tolist():
            row, dual, step = rows[at], duals[at], steps[at]
            moved = row.weights @ weights.take(row.places, axis=0, mode="clip")
            moved *= targets[at]
            moved *= -step
            moved += step
            moved += dual * (1 - step * SOFTNESS)
            np.maximum(moved, 0, out=moved)
            change = moved - dual
            some = change.nonzero()[0]  # few: most classes are far from this message
            duals[at] = moved
            change *= targets[at]
            flat[(row.places * classes)[:, None] + some] += row.weights[:, None] * change[some]
    return weights


def worth(share: float, table: Sequence[tuple[float, float]]) -> float:
    """The chance that a reading with this share is right."""
    shares, chances = zip(*table, strict=True)
    return float(np.interp(share, shares, chances))


def softmax(scores: Numbers, sharpness: float) -> Numbers:
    powers = np.exp(sharpness * (scores - scores.max(axis=-1, keepdims=True)))
    shares: Numbers = powers / powers.sum(axis=-1, keepdims=True)
    return shares
