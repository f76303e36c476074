"""Finds what a message is and which reviewed answer it asks for. Nothing here makes a sentence."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from bot.library import keeping, parts
from bot.library.classify import ANSWER_WORTH, KIND_WORTH, Numbers, worth
from bot.library.lexicon import Found, Lexicon
from bot.library.load import CONTENT, Edits, Knowledge, load
from bot.library.vietnamese import normalise
from bot.talk import Kind, Match, Reading

SHOWN = 3
DECLINED_AT = 0.3  # so much weight outside for each part of a question, and it is declined
SURE = 0.65  # below it the first answers are offered to choose from
CLEAR = 0.8  # what each part of a message with several questions must reach to be answered by itself
LEANING = 6  # a message of up to so many words may lean on the answer before it
BRIEF = 2  # one of up to so many says little by itself ("khi nào"): what it seems to be must be surer than BRIEFLY
BRIEFLY = 0.9


class Library:
    """The answers, and the classifier trained on the example messages. Read-only: safe for any number of threads."""

    def __init__(self, knowledge: Knowledge, lexicon: Lexicon, kept: Path | None = None) -> None:
        """`kept`: the folder where the trained classifier is kept between starts."""
        self.answers = knowledge.answers
        self._lexicon = lexicon
        rows = [(example.text, example.label) for example in (*knowledge.examples, *knowledge.own_words())]
        texts, labels = [text for text, _ in rows], [label for _, label in rows]
        self.classifier = keeping.classifier(kept, texts, labels, kind_of, self._clause)
        self._kinds = [kind_of(label) for label in self.classifier.labels]

    @classmethod
    def open(cls, folder: Path = CONTENT, edits: Edits | None = None, *, kept: Path | None = None) -> Library:
        """Reads content/ with the officers' edits over it, and trains. Raises BotError("content.faulty")."""
        return cls(load(folder, edits), Lexicon.open(folder / "lexicon"), kept)

    def _clause(self, label: str) -> str:
        """The clause an answer rests on first, itself where it rests on none; for anything else its kind."""
        if label not in self.answers:
            return kind_of(label)
        if not self.answers[label].citations:
            return label
        first = self.answers[label].citations[0]
        return f"{first.document} {first.section}"

    def read(self, text: str, *, before: str = "") -> Reading:
        """What the message is, by its words; `before` is the id of the answer the person was given last, if any."""
        found = self._lexicon.find(text)
        reading = self._one(text, found, before)
        pieces = parts.split(text) if reading.kind is Kind.QUESTION and not found.signals & _ALONE else ()
        return replace(reading, parts=self._parts(reading, pieces)) if len(pieces) > 1 else reading

    def _one(self, text: str, found: Found, before: str = "") -> Reading:
        if not any(letter.isalpha() for letter in text):  # signs, smileys, a number no menu offered
            return Reading(Kind.SMALLTALK, 1.0, signals=found.signals)
        if found.kind is not None:
            return Reading(found.kind, 1.0, ((found.kind, 1.0),), signals=found.signals, subject=found.subject)
        if self._lexicon.foreign_document(normalise(text)):
            return Reading(Kind.OUT_OF_SCOPE, 0.9, ((Kind.OUT_OF_SCOPE, 0.9),), (), found.signals, "other_documents")
        reading = self._weighed(self.classifier.shares(text), text, found)
        return self._followed(reading, text, before) if before in self.answers else reading

    def _weighed(self, shares: Numbers, text: str, found: Found) -> Reading:
        kinds: dict[Kind, float] = defaultdict(float)
        subjects: dict[str, float] = {}
        answers: list[tuple[float, str]] = []
        for label, kind, share in zip(self.classifier.labels, self._kinds, shares, strict=True):
            kinds[kind] += float(share)
            if kind is Kind.QUESTION:
                answers.append((float(share), label))
            elif kind is Kind.OUT_OF_SCOPE:
                subjects[label.partition("/")[2]] = float(share)
        kind = _best_kind(kinds, found)
        subject = max(subjects, key=lambda name: subjects[name]) if kind is Kind.OUT_OF_SCOPE else ""
        matches = self._matches(answers, text)
        return Reading(
            kind=kind,
            confidence=worth(kinds[kind], KIND_WORTH),
            kinds=tuple(sorted(kinds.items(), key=lambda pair: -pair[1])),
            matches=matches,
            signals=found.signals | ({subject} & _SIGNAL_SUBJECTS),
            guessed=frozenset({subject} & _SIGNAL_SUBJECTS) - found.signals,
            subject=subject,
            unsure=kind is Kind.QUESTION and matches[0].confidence < SURE,
        )

    def _matches(self, answers: list[tuple[float, str]], text: str) -> tuple[Match, ...]:
        """The likeliest answers; where no clause holds what is asked for, the answer that says so comes first."""
        best = sorted(answers, reverse=True)[:SHOWN]
        share, first = best[0]
        instead = self._lexicon.instead(first, text)
        if instead:
            best = [(share, instead), *(pair for pair in best if pair[1] != instead)][:SHOWN]
        return tuple(Match(self.answers[label], worth(share, ANSWER_WORTH)) for share, label in best)

    def _followed(self, reading: Reading, text: str, before: str) -> Reading:
        """A short message that leans on the answer before it: read by rule, else with that answer's question."""
        brief = reading.kind is Kind.OUT_OF_SCOPE and not reading.signals and self._lexicon.leans(text, BRIEF)
        firm = reading.kind is not Kind.QUESTION and reading.confidence > (BRIEFLY if brief else CLEAR)
        if (firm and reading.kind is not Kind.SMALLTALK) or not self._lexicon.leans(text, LEANING):
            return reading
        meant = self._lexicon.follow_up(before, text)
        if meant in self.answers:
            rest = (match for match in reading.matches if match.answer.id != meant)
            sure = max(CLEAR, *(match.confidence for match in reading.matches))
            return replace(
                reading,
                kind=Kind.QUESTION,
                confidence=sure,
                matches=(Match(self.answers[meant], sure), *rest)[:SHOWN],
                subject="",
                unsure=False,
            )
        if firm or (reading.kind is Kind.QUESTION and not reading.unsure):
            return reading
        together = self.classifier.shares(text, f"{self.answers[before].question} {text}")
        return self._weighed(together, text, Found(reading.signals))

    def _parts(self, whole: Reading, pieces: tuple[str, ...]) -> tuple[Reading, ...]:
        """The pieces that are clear, when they ask for different things; none otherwise."""
        read = [self._one(piece, self._lexicon.find(piece)) for piece in pieces]
        kept = [one for one in read if one.kind is Kind.QUESTION and one.best and one.best.confidence >= CLEAR]
        asked = {one.best.answer.id for one in kept if one.best}
        likely = {match.answer.id for match in whole.matches}
        return tuple(kept) if len(kept) == len(asked) > 1 and asked & likely else ()


def _best_kind(kinds: dict[Kind, float], found: Found) -> Kind:
    kind = max(kinds, key=lambda one: kinds[one])
    if kind is Kind.QUESTION and kinds[Kind.OUT_OF_SCOPE] > DECLINED_AT * kinds[kind]:
        return Kind.OUT_OF_SCOPE
    return Kind.OUT_OF_SCOPE if kind is Kind.SMALLTALK and "insult" in found.signals else kind


_SIGNAL_SUBJECTS = {"danger", "insult", "injection"}
_ALONE = frozenset({"danger", "injection", "stop"})


def kind_of(label: str) -> Kind:
    """The kind a label stands for: a kind, out_of_scope/<subject>, or else an answer's id."""
    head = label.partition("/")[0]
    return Kind(head) if head in set(Kind) else Kind.QUESTION
