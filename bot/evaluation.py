"""Scores the answers on a file of labelled messages: by kind, clause and style, and what was confused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import BotError
from bot.library.search import Library
from bot.library.vietnamese import fold
from bot.talk import Kind, Reading

NOISY = frozenset({"no_diacritics", "partial_diacritics", "teencode", "typo", "telex_slip"})
BINS = 10  # of the reliability table
WORST = 40


@dataclass(frozen=True, slots=True)
class Case:
    """A message and what it is. `sections`: clauses that answer it; `also_ok`: other kinds a reader would accept."""

    id: str
    text: str
    kind: Kind
    also_ok: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset()
    styles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case was read; `twin`: its twin without tone marks was read the same."""

    case: Case
    reading: Reading
    twin: bool

    @property
    def kind_right(self) -> bool:
        return self.reading.kind == self.case.kind or self.reading.kind in self.case.also_ok

    @property
    def clause_right(self) -> bool:
        return cited(self.reading) in self.case.sections

    @property
    def right(self) -> bool:
        return self.clause_right if self.case.kind is Kind.QUESTION else self.kind_right

    @property
    def confidence(self) -> float:
        """How sure the reading was of what `right` asks: the clause of a question, else the kind."""
        best = self.reading.best
        return best.confidence if self.reading.kind is Kind.QUESTION and best else self.reading.confidence


def cited(reading: Reading) -> str | None:
    """The first section a reading would cite; None when it is no question."""
    if reading.kind is not Kind.QUESTION or reading.best is None:
        return None
    citations = reading.best.answer.citations
    return citations[0].section if citations else None


def read_rows(path: Path) -> list[Case]:
    """The cases of a JSONL file. Raises BotError naming the line that is not one object with a text and a kind."""
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            cases.append(_case(json.loads(line), number))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BotError("evaluate.bad_line", file=path.name, line=number) from error
    return cases


def _case(row: dict[str, Any], number: int) -> Case:
    style = row.get("style", ())
    return Case(
        id=str(row.get("id", number)),
        text=row["text"] + "",
        kind=Kind(row["kind"]),
        also_ok=frozenset(row.get("also_ok", ())),
        sections=frozenset(row.get("sections", ())),
        styles=(style,) if isinstance(style, str) else tuple(style),
    )


def score(library: Library, cases: Iterable[Case]) -> Report:
    """Each case read by itself, as in a fresh conversation."""
    return Report([outcome(library, case) for case in cases])


def outcome(library: Library, case: Case) -> Outcome:
    reading, twin = library.read(case.text), library.read(fold(case.text))
    return Outcome(case, reading, reading.kind == twin.kind and cited(reading) == cited(twin))


@dataclass(frozen=True, slots=True)
class Share:
    """So many right ones out of so many."""

    right: int
    of: int

    def __str__(self) -> str:
        return f"{100 * self.right / self.of:5.1f} %  ({self.right} of {self.of})" if self.of else "  none"

    @property
    def value(self) -> float | None:
        return self.right / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a run, by the rules of the question sets."""

    outcomes: Sequence[Outcome]

    @property
    def questions(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.case.kind is Kind.QUESTION]

    @property
    def outside(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.case.kind is Kind.OUT_OF_SCOPE]

    def summary(self) -> dict[str, Share]:
        noisy = [one for one in self.questions if NOISY & set(one.case.styles)]
        indirect = [one for one in self.questions if "indirect" in one.case.styles]
        sure = [one for one in self.questions if one.reading.kind is Kind.QUESTION and not one.reading.unsure]
        return {
            "kind right": _share(self.outcomes, lambda one: one.kind_right),
            "first clause right": _share(self.questions, lambda one: one.clause_right),
            "  of the noisy ones": _share(noisy, lambda one: one.clause_right),
            "  of the indirect ones": _share(indirect, lambda one: one.clause_right),
            "outside declined": _share(self.outside, lambda one: one.kind_right),
            "wrongly declined": _share(self.questions, lambda one: one.reading.kind is Kind.OUT_OF_SCOPE),
            "answered outright": Share(len(sure), len(self.questions)),
            "  of these right": _share(sure, lambda one: one.clause_right),
            "same without marks": _share(self.outcomes, lambda one: one.twin),
        }

    def by_kind(self) -> dict[str, Share]:
        return _by(self.outcomes, lambda one: [one.case.kind.value], lambda one: one.kind_right)

    def by_clause(self) -> dict[str, Share]:
        return _by(self.questions, lambda one: sorted(one.case.sections), lambda one: one.clause_right)

    def by_style(self) -> dict[str, Share]:
        return _by(self.outcomes, lambda one: one.case.styles, lambda one: one.right)

    def confusion(self) -> dict[tuple[str, str], int]:
        """How many cases of a kind (first) were read as a kind (second)."""
        return dict(Counter((one.case.kind.value, one.reading.kind.value) for one in self.outcomes))

    def reliability(self) -> list[tuple[float, Share]]:
        """For each tenth of confidence its mean, and how many of its cases were right."""
        bins: list[list[Outcome]] = [[] for _ in range(BINS)]
        for one in self.outcomes:
            bins[min(BINS - 1, int(one.confidence * BINS))].append(one)
        return [
            (sum(one.confidence for one in ones) / len(ones), _share(ones, lambda one: one.right))
            for ones in bins
            if ones
        ]

    def calibration_error(self) -> float:
        """Mean distance between confidence and share of right ones, weighted by cases (expected calibration error)."""
        return sum(abs(mean - (share.value or 0)) * share.of for mean, share in self.reliability()) / max(
            1, len(self.outcomes)
        )

    @property
    def worst(self) -> list[Outcome]:
        """The misses, surest first."""
        return sorted((one for one in self.outcomes if not one.right), key=lambda one: -one.confidence)

    @property
    def misses(self) -> list[str]:
        return [
            f"{one.case.id}: {one.case.kind} {' '.join(sorted(one.case.sections))} read as {one.reading.kind} "
            f"{cited(one.reading) or ''} ({one.confidence:.2f})"
            for one in self.worst
        ]

    def lines(self) -> list[str]:
        """The report as text, a line each."""
        found = [f"messages                {len(self.outcomes)}"]
        found += [f"{name:22}  {share}" for name, share in self.summary().items()]
        for title, shares in (("kind", self.by_kind()), ("clause", self.by_clause()), ("style", self.by_style())):
            found += ["", f"by {title}", *(f"  {name:20}  {share}" for name, share in shares.items())]
        found += ["", "confused kinds (is, read as, messages)"]
        found += [
            f"  {is_:18} {read:18} {count}" for (is_, read), count in sorted(self.confusion().items()) if is_ != read
        ]
        found += ["", f"confidence against right ones (mean distance {self.calibration_error():.3f})"]
        found += [f"  {mean:5.2f}  {share}" for mean, share in self.reliability()]
        return found

    def as_json(self) -> dict[str, Any]:
        def plain(shares: dict[str, Share]) -> dict[str, Any]:
            return {
                name.strip(): {"right": share.right, "of": share.of, "share": share.value}
                for name, share in shares.items()
            }

        return {
            "messages": len(self.outcomes),
            "summary": plain(self.summary()),
            "by_kind": plain(self.by_kind()),
            "by_clause": plain(self.by_clause()),
            "by_style": plain(self.by_style()),
            "confusion": [
                {"is": is_, "read_as": read, "count": n} for (is_, read), n in sorted(self.confusion().items())
            ],
            "reliability": [
                {"confidence": mean, "right": share.right, "of": share.of} for mean, share in self.reliability()
            ],
            "calibration_error": self.calibration_error(),
            "misses": [
                {
                    "id": one.case.id,
                    "kind": one.case.kind,
                    "sections": sorted(one.case.sections),
                    "read_as": one.reading.kind,
                    "cited": cited(one.reading),
                    "confidence": one.confidence,
                }
                for one in self.worst
            ],
        }


def _share(ones: Sequence[Outcome], right: Callable[[Outcome], bool]) -> Share:
    return Share(sum(map(right, ones)), len(ones))


def _by(
    ones: Sequence[Outcome], names: Callable[[Outcome], Iterable[str]], right: Callable[[Outcome], bool]
) -> dict[str, Share]:
    groups: dict[str, list[Outcome]] = {}
    for one in ones:
        for name in names(one):
            groups.setdefault(name, []).append(one)
    return {name: _share(groups[name], right) for name in sorted(groups)}
