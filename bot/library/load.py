"""Reads content/ into answers and examples; every fault is told with its file."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from bot.errors import BotError
from bot.library.schema import MOST_WORDS, Entry, KnowledgeFile
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
    answers = {answer.id: answer for path in _knowledge(folder) for answer in _answers(_parse(path))}
    return Knowledge(answers, tuple(_examples(folder)))


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
    return found


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


def _answers(file: KnowledgeFile) -> list[Answer]:
    return [_answer(file, entry) for entry in file.answer]


def _answer(file: KnowledgeFile, entry: Entry) -> Answer:
    number = entry.document or file.document.number
    label = file.document.label if number == file.document.number else f"Kế hoạch {number}"
    return Answer(
        id=entry.id,
        citations=tuple(Citation(number, section) for section in entry.citations),
        title=entry.title,
        question=entry.question,
        short=entry.short.strip(),
        longer=entry.longer.strip(),
        source=f"({label}, {_section(entry.citations[0])})",
        old_bodies=entry.old_bodies,
        unsaid=entry.unsaid,
    )


def _section(section: str) -> str:
    names = {"header": "phần đầu", "noi_nhan": "nơi nhận"}
    if section in names:
        return names[section]
    return f"mục {section}" if section[0] == "I" else section


def _examples(folder: Path) -> list[Example]:
    found = []
    for path in sorted((folder / "examples").rglob("*.txt")):
        label = path.relative_to(folder / "examples").as_posix().removesuffix(".txt").removeprefix("question/")
        found += [Example(line, label) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return found
