"""Reads content/ into answers and examples; every fault is told with its file."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.errors import BotError
from bot.library.lexicon import Lexicon
from bot.library.schema import MOST_WORDS, Document, Entry, KnowledgeFile
from bot.library.vietnamese import short_forms, topic_phrases
from bot.talk import Answer, Citation, Kind

CONTENT = Path(__file__).resolve().parents[2] / "content"


@dataclass(frozen=True, slots=True)
class Example:
    """A message people might send. `label` is an answer's id, a kind, or out_of_scope/<subject>."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    answers: dict[str, Answer]
    examples: tuple[Example, ...]

    def own_words(self) -> tuple[Example, ...]:
        """The answers' own titles, questions and sentences: whoever writes in their words should find them too."""
        return tuple(
            Example(text, answer.id)
            for answer in self.answers.values()
            for text in (answer.title, answer.question, answer.short)
        )


@dataclass(frozen=True, slots=True)
class Edits:
    """What officers changed, as it is stored."""

    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of shipped answers, by id
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # how they are named, by the file's name
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of their own, by id: whole entries
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)  # messages more, by the answer's id
    labels: Mapping[str, str] = field(default_factory=dict)  # of documents that were loaded, by number


def load(folder: Path = CONTENT, edits: Edits | None = None) -> Knowledge:
    """All of content/ with the edits over it. Raises BotError("content.faulty") when `faults` would find any."""
    found = faults(folder)
    if found:
        raise BotError("content.faulty", first=found[0], faults=len(found))
    edits = edits or Edits()
    answers = edited(edits.entries, edits.documents, folder, own=edits.answers, labels=edits.labels)
    return Knowledge(answers, tuple(_more(_examples(folder), edits.examples, answers)))


def _more(
    shipped: Sequence[Example], added: Mapping[str, Sequence[str]], answers: Mapping[str, Answer]
) -> list[Example]:
    """The examples with those that officers added; the same words mean what the officers said last."""
    moved = {text: label for label, texts in added.items() if label in answers for text in texts}
    return [example for example in shipped if example.text not in moved] + [
        Example(text, label) for text, label in moved.items()
    ]


def edited(
    entries: Mapping[str, Mapping[str, Any]],
    documents: Mapping[str, Mapping[str, Any]],
    folder: Path = CONTENT,
    *,
    own: Mapping[str, Mapping[str, Any]] | None = None,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Answer]:
    """The answers by id with officers' edits over them: of entries by id, of documents by the file's name.

    `own`: whole answers that officers wrote, by id; `labels`: see `Edits`. Raises ValidationError when an edit does
    not fit.
    """
    shipped = [(path.stem, _parse(path)) for path in _knowledge(folder)]
    spoken = [_spoken(stem, file, documents) for stem, file in shipped]
    # an entry may name another file's document: it follows when that one is replaced
    numbers = {file.document.number: now.number for (_, file), now in zip(shipped, spoken, strict=True)}
    files = []
    for (_, file), document in zip(shipped, spoken, strict=True):
        rows = [{**one.model_dump(), **entries.get(one.id, {})} for one in file.answer]
        kept = [_renumbered(row, numbers) for row in rows]
        files.append(KnowledgeFile.model_validate({"document": document, "answer": kept}))
    known = {**(labels or {}), **{file.document.number: file.document.label for file in files}}
    answers = {entry.id: _answer(file.document.number, entry, known) for file in files for entry in file.answer}
    written = [Entry.model_validate(_renumbered(dict(row), numbers)) for row in (own or {}).values()]
    return {**answers, **{entry.id: _answer("", entry, known) for entry in written}}


def labels_of(documents: Mapping[str, Mapping[str, Any]], folder: Path = CONTENT) -> dict[str, str]:
    """How the documents that the knowledge speaks of are named, by number, with the edits over them."""
    files = [(path.stem, _parse(path)) for path in _knowledge(folder)]
    return {one.number: one.label for one in (_spoken(stem, file, documents) for stem, file in files)}


def _spoken(stem: str, file: KnowledgeFile, documents: Mapping[str, Mapping[str, Any]]) -> Document:
    return Document.model_validate({**file.document.model_dump(), **documents.get(stem, {})})


def faults(folder: Path = CONTENT) -> list[str]:
    """Every fault of content/, a line each: `file: what is wrong`."""
    found: list[str] = []
    ids: set[str] = set()
    for path in _knowledge(folder):
        try:
            parsed = _parse(path)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            found.append(f"{path.name}: {error}")
            continue
        except ValidationError as error:
            found += [f"{path.name}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
            continue
        for entry in parsed.answer:
            if entry.id in ids:
                found.append(f"{path.name}: {entry.id}: this id stands twice")
            ids.add(entry.id)
            found += [f"{path.name}: {entry.id}: {what}" for what in _entry_faults(entry)]
    labels = {example.label for example in _examples(folder)}
    known = ids | set(Kind)
    found += [
        f"examples: {label}: no such answer or kind"
        for label in sorted(labels)
        if label.partition("/")[0] not in known and label not in known
    ]
    found += [f"examples: {answer}: no example message leads to this answer" for answer in sorted(ids - labels)]
    return found + _lexicon_faults(folder / "lexicon", ids)


def _lexicon_faults(folder: Path, answers: set[str]) -> list[str]:
    try:
        named = Lexicon.open(folder).answers_named()
        short_forms(folder)
        topic_phrases(folder)
    except BotError as error:
        return [f"lexicon: {error}"]
    except (OSError, ValueError, KeyError, AttributeError, IndexError) as error:  # not TOML, or not of its shape
        return [f"lexicon: {type(error).__name__}: {error}"]
    return [f"lexicon: {answer}: no such answer" for answer in sorted(named - answers)]


def _entry_faults(entry: Entry) -> list[str]:
    found = []
    if (count := len(entry.short.split())) > MOST_WORDS:
        found.append(f"short has {count} words, at most {MOST_WORDS}")
    found += [
        f"{name} is not in Unicode NFC"
        for name in ("title", "question", "short", "longer")
        if not unicodedata.is_normalized("NFC", getattr(entry, name))
    ]
    if not entry.short.strip():
        found.append("short is empty")
    if entry.reviewed > date(2100, 1, 1):
        found.append("reviewed lies in the future")
    if not entry.citations and not entry.unsaid:
        found.append("cites no clause and is not marked unsaid")
    return found


def _knowledge(folder: Path) -> list[Path]:
    return sorted((folder / "knowledge").glob("*.toml"))


def _parse(path: Path) -> KnowledgeFile:
    return KnowledgeFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def _renumbered(entry: dict[str, Any], numbers: Mapping[str, str]) -> dict[str, Any]:
    citations = []
    for said in entry.get("citations", ()):
        other, mark, section = said.rpartition(": ")
        citations.append(numbers.get(other, other) + mark + section)
    document = entry.get("document", "")
    return {**entry, "document": numbers.get(document, document), "citations": citations}


def _answer(number: str, entry: Entry, labels: Mapping[str, str]) -> Answer:
    citations = tuple(_citation(one, entry.document or number) for one in entry.citations)
    return Answer(
        id=entry.id,
        citations=citations,
        title=entry.title,
        question=entry.question,
        short=entry.short.strip(),
        longer=entry.longer.strip(),
        source=source(citations, labels) if citations else _own_word(entry.reviewed),
        old_bodies=entry.old_bodies,
        unsaid=entry.unsaid,
        valid_until=entry.valid_until,
    )


def _citation(said: str, number: str) -> Citation:
    """A section of the entry's document, or "number: section" of another one."""
    other, _, section = said.rpartition(": ")
    return Citation(other or number, section)


def source(citations: Sequence[Citation], labels: Mapping[str, str]) -> str:
    """The line a member sees: the first clause of each document, which is named by its label, else its number."""
    first = {one.document: one.section for one in reversed(citations)}
    told = dict.fromkeys(one.document for one in citations)
    parts = [", ".join(filter(None, (labels.get(number, number), _section(first[number])))) for number in told]
    return f"({'; '.join(parts)})"


def _own_word(reviewed: date) -> str:
    """The line under an answer that no document holds: whose word it is, and of when."""
    return f"(Công đoàn trả lời ngày {reviewed:%d/%m/%Y}; văn bản không nói chuyện này)"


def _section(section: str) -> str:
    names = {"header": "phần đầu", "noi_nhan": "nơi nhận", "toàn văn": ""}
    if section in names:
        return names[section]
    return f"mục {section}" if section[0] == "I" else section


def _examples(folder: Path) -> list[Example]:
    found = []
    for path in sorted((folder / "examples").rglob("*.txt")):
        label = path.relative_to(folder / "examples").as_posix().removesuffix(".txt").removeprefix("question/")
        found += [Example(line, label) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return found
