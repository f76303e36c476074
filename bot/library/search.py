"""Finds what a message is and which reviewed answer it asks for. Nothing here makes a sentence."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC

from bot.library.load import CONTENT, Knowledge, load
from bot.library.vietnamese import normalise
from bot.talk import Kind, Match, Reading

SHARPNESS = 6.0  # turns the classifier's margins into shares that add up to one
SHOWN = 3
OUTSIDE = 0.35  # so much weight outside for each part of a question, and it is declined

_INJECTION = re.compile(
    r"ignore (all|any|previous)|system prompt|bo qua (moi|cac|tat ca|het) (huong dan|lenh|chi dan|quy tac)|dong vai|"
    r"gia vo (lam|la)|quen het (huong dan|lenh)|you are now|jailbreak|developer mode"
)
_STOP = re.compile(r"^(stop|dung|huy|ngung|unsubscribe)( (nhan|gui|lai))?( tin)?( nhan)?( nua)?$")
_MENU = re.compile(r"^(menu|help|tro giup|bat dau|bat dau lai)$")
_OUR_NUMBERS = {"487", "16", "01", "1", "13"}  # the Plan, the Resolution, the Programme, the Decree
_DOCUMENT = re.compile(r"\b(?:nghi quyet|ke hoach|nghi dinh|thong tu|luat|chi thi|quyet dinh)(?: so)? (\d+)")


class Library:
    """The answers, and the classifier trained on the example messages. Read-only: safe for any number of threads."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.answers = knowledge.answers
        self._labels = sorted({example.label for example in knowledge.examples})
        self._kinds = [_kind(label) for label in self._labels]
        self._features = make_union(
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True, dtype=np.float32),
            TfidfVectorizer(
                tokenizer=str.split, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32
            ),
        )
        rows = self._features.fit_transform([normalise(example.text) for example in knowledge.examples])
        self._classifier = LinearSVC(C=0.6, random_state=0)
        self._classifier.fit(rows, [example.label for example in knowledge.examples])

    @classmethod
    def open(cls, folder: Path = CONTENT) -> Library:
        return cls(load(folder))

    def read(self, text: str) -> Reading:
        """What the message is, by its words alone."""
        plain = normalise(text)
        decided = self._decided(plain)
        if decided is not None:
            return decided
        shares = self._shares(plain)
        kinds: dict[Kind, float] = defaultdict(float)
        subjects: dict[str, float] = {}
        matches: list[tuple[float, str]] = []
        for label, kind, share in zip(self._labels, self._kinds, shares, strict=True):
            kinds[kind] += float(share)
            if kind is Kind.QUESTION:
                matches.append((float(share), label))
            elif kind is Kind.OUT_OF_SCOPE:
                subjects[label.partition("/")[2]] = float(share)
        ranked = tuple(sorted(kinds.items(), key=lambda pair: -pair[1]))
        best = sorted(matches, reverse=True)[:SHOWN]
        kind = ranked[0][0]
        if kind is Kind.QUESTION and kinds[Kind.OUT_OF_SCOPE] > OUTSIDE * kinds[kind]:
            kind = Kind.OUT_OF_SCOPE
        return Reading(
            kind=kind,
            confidence=kinds[kind],
            kinds=ranked,
            matches=tuple(Match(self.answers[label], share) for share, label in best),
            signals=frozenset({"danger"} if max(subjects, key=lambda name: subjects[name]) == "danger" else ()),
            subject=max(subjects, key=lambda name: subjects[name]),
        )

    def _decided(self, plain: str) -> Reading | None:
        """What no classifier needs to weigh: commands, injections, other documents by their number."""
        if not re.search(r"\w", plain):
            return Reading(Kind.SMALLTALK, 1.0)
        if _STOP.match(plain):
            return Reading(Kind.UNSUBSCRIBE, 1.0, signals=frozenset({"stop"}))
        if _MENU.match(plain):
            return Reading(Kind.MENU, 1.0, signals=frozenset({"menu"}))
        if _INJECTION.search(plain):
            return Reading(Kind.OUT_OF_SCOPE, 1.0, signals=frozenset({"injection"}), subject="injection")
        named = set(_DOCUMENT.findall(plain))
        if named and not named & _OUR_NUMBERS:
            return Reading(Kind.OUT_OF_SCOPE, 0.9, subject="other_documents")
        return None

    def _shares(self, plain: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        margins = self._classifier.decision_function(self._features.transform([plain]))[0]
        powers = np.exp(SHARPNESS * (margins - margins.max()))
        shares: np.ndarray[tuple[int], np.dtype[np.float64]] = powers / powers.sum()
        return shares


def _kind(label: str) -> Kind:
    head = label.partition("/")[0]
    return Kind(head) if head in set(Kind) else Kind.QUESTION
