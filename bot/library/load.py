"""Reads content/ into answers and examples; every fault is told with its file."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def load(folder: Path = CONTENT) -> Knowledge:
    """All of content/. Raises BotError("content.faulty") when `faults` would find any."""
    found = faults(folder)
    if found:
        raise BotError("content.faulty", first=found[0], faults=len(found))
    files = [_parse(path) for path in _knowledge(folder)]
    return Knowledge(_all_answers(files), tuple(_examples(folder)))


def edited(
    entries: Mapping[str, Mapping[str, Any]], documents: Mapping[str, Mapping[str, Any]], folder: Path = CONTENT
) -> dict[str, Answer]:
    """The answers by id with officers' edits over them: of entries by id, of documents by the file's name.

    Raises ValidationError when an edit does not fit.
    """
    shipped = [(path.stem, _parse(path)) for path in _knowledge(folder)]
    spoken = [
        Document.model_validate({**file.document.model_dump(), **documents.get(stem, {})}) for stem, file in shipped
    ]
    # an entry may name another file's document: it follows when that one is replaced
    numbers = {file.document.number: now.number for (_, file), now in zip(shipped, spoken, strict=True)}
    files = []
    for (_, file), document in zip(shipped, spoken, strict=True):
        rows = [{**one.model_dump(), **entries.get(one.id, {})} for one in file.answer]
        kept = [_renumbered(row, numbers) for row in rows]
        files.append(KnowledgeFile.model_validate({"document": document, "answer": kept}))
    return _all_answers(files)


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
    return found


def _knowledge(folder: Path) -> list[Path]:
    return sorted((folder / "knowledge").glob("*.toml"))


def _parse(path: Path) -> KnowledgeFile:
    return KnowledgeFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def _renumbered(entry: dict[str, Any], numbers: Mapping[str, str]) -> dict[str, Any]:
    citations = []
    for said in entry["citations"]:
        other, mark, section = said.rpartition(": ")
        citations.append(numbers.get(other, other) + mark + section)
    return {**entry, "document": numbers.get(entry["document"], entry["document"]), "citations": citations}


def _all_answers(files: Sequence[KnowledgeFile]) -> dict[str, Answer]:
    labels = {file.document.number: file.document.label for file in files}
    return {entry.id: _answer(file, entry, labels) for file in files for entry in file.answer}


def _answer(file: KnowledgeFile, entry: Entry, labels: Mapping[str, str]) -> Answer:
    number = entry.document or file.document.number
    citations = tuple(_citation(one, number) for one in entry.citations)
    return Answer(
        id=entry.id,
        citations=citations,
        title=entry.title,
        question=entry.question,
        short=entry.short.strip(),
        longer=entry.longer.strip(),
        source=_source(citations, labels),
        old_bodies=entry.old_bodies,
        unsaid=entry.unsaid,
    )


def _citation(said: str, number: str) -> Citation:
    """A section of the entry's document, or "number: section" of another one."""
    other, _, section = said.rpartition(": ")
    return Citation(other or number, section)


def _source(citations: Sequence[Citation], labels: Mapping[str, str]) -> str:
    """The line a member sees: the first clause of each document."""
    first = {one.document: one.section for one in reversed(citations)}
    told = dict.fromkeys(one.document for one in citations)
    return f"({'; '.join(', '.join(filter(None, (labels[number], _section(first[number])))) for number in told)})"


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
