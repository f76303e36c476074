"""Our own examples as a test: each read by a library trained without it and without every near copy of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bot.evaluation import Case, Report, outcome
from bot.library.classify import softmax
from bot.library.lexicon import Lexicon
from bot.library.load import CONTENT, Example, Knowledge, load
from bot.library.search import Library, kind_of
from bot.library.vietnamese import fold, normalise

FOLDS = 5
ALIKE = 0.6  # share of letter runs two messages have in common to count as near copies
RUN = 4  # letters in such a run


def cross_validate(folder: Path = CONTENT, folds: int = FOLDS, alike: float = ALIKE) -> Report:
    """A hard test: whatever resembles a held message was taken out of the training with it."""
    knowledge = load(folder)
    found = []
    for held, library in _libraries(knowledge, folder, folds, alike):
        cases = [_case(knowledge, knowledge.examples[at]) for at in sorted(held)]
        found += [outcome(library, case) for case in cases]
    return Report(found)


def fit_sharpness(folder: Path = CONTENT, alike: float = ALIKE) -> float:
    """The SHARPNESS of `bot.library.classify` that makes shares truest on messages the classifier never saw."""
    knowledge = load(folder)
    scores, places = [], []
    for held, library in _libraries(knowledge, folder, FOLDS, alike):
        for example in (knowledge.examples[at] for at in held):
            scores.append(library.classifier.scores(example.text))
            places.append(library.classifier.labels.index(example.label))
    tried = np.arange(0.5, 8, 0.1)
    rows, right = np.array(scores), (np.arange(len(places)), places)
    losses = [-float(np.log(softmax(rows, sharpness)[right] + 1e-12).mean()) for sharpness in tried]
    return float(tried[int(np.argmin(losses))])


def worth(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> list[tuple[float, float]]:
    """From (share, was it right) of many readings: what shares are worth, as points that never fall."""
    order = np.array(sorted(pairs), dtype=float)
    points = [(float(part[:, 0].mean()), float(part[:, 1].mean())) for part in np.array_split(order, bins) if len(part)]
    rising = np.maximum.accumulate([right for _, right in points])
    return [(round(share, 3), round(float(right), 3)) for (share, _), right in zip(points, rising, strict=True)]


def _libraries(knowledge: Knowledge, folder: Path, folds: int, alike: float) -> Iterator[tuple[set[int], Library]]:
    """For each fold the places of its examples, and a library that knows only the others."""
    lexicon = Lexicon.open(folder / "lexicon")
    for held in cut(knowledge.examples, folds, alike):
        rest = tuple(one for at, one in enumerate(knowledge.examples) if at not in held)
        yield held, Library(Knowledge(knowledge.answers, rest), lexicon)


def cut(examples: Sequence[Example], folds: int, alike: float) -> list[set[int]]:
    """The examples' places cut into folds of like size, near copies always together."""
    groups: dict[int, list[int]] = defaultdict(list)
    for at, group in enumerate(near_copies([example.text for example in examples], alike)):
        groups[group].append(at)
    order = list(groups.values())
    np.random.default_rng(0).shuffle(order)
    found: list[set[int]] = [set() for _ in range(folds)]
    for places in sorted(order, key=len, reverse=True):
        min(found, key=len).update(places)
    return found


def near_copies(texts: Sequence[str], alike: float = ALIKE) -> list[int]:
    """For each text the number of its group; texts that share `alike` of their letter runs are in one group."""
    runs = [letter_runs(text) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    parent = list(range(len(texts)))

    def root(at: int) -> int:
        while parent[at] != at:
            at = parent[at]
        return at

    for at, mine in enumerate(runs):
        shared = Counter(other for run in mine for other in holders[run])
        for other, count in shared.items():
            if count >= alike * (len(mine) + len(runs[other]) - count):
                parent[root(at)] = root(other)
        for run in mine:
            holders[run].append(at)
    return [root(at) for at in range(len(texts))]


def letter_runs(text: str) -> set[str]:
    """The runs of RUN letters of a message as matching sees it; two messages with most in common are near copies."""
    plain = f" {normalise(text)} "
    return {plain[at : at + RUN] for at in range(max(1, len(plain) - RUN + 1))}


def _case(knowledge: Knowledge, example: Example) -> Case:
    answer = knowledge.answers.get(example.label)
    sections = frozenset(citation.section for citation in answer.citations) if answer else frozenset()
    return Case(
        example.label, example.text, kind_of(example.label), sections=sections, styles=tuple(_styles(example.text))
    )


def _styles(text: str) -> Iterator[str]:
    """What can be told of an example's style from its letters alone."""
    if text.lower() == fold(text):
        yield "no_diacritics"
    if text.isupper():
        yield "caps"
    if any(ord(letter) >= 0x2600 for letter in text):
        yield "emoji"
    if len(text.split()) <= 5:
        yield "short"
    if len(text.split()) > 20:
        yield "long"
