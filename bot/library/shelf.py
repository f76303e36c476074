"""The official documents that are kept: every version with its original bytes, its clauses, and what it changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from bot.errors import BotError
from bot.library.documents import Document, Section
from bot.library.load import CONTENT, source
from bot.library.vietnamese import fold
from bot.talk import Answer, Citation, Clause

SHIPPED = CONTENT / "documents"
FORMATS, UNKNOWN = {".docx", ".pdf", ".txt"}, ".bin"  # how an original's name ends
WITHDRAWN = ".withdrawn"  # ends the name of a version that is kept and not used


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document on the shelf. `original`: the file with its bytes as they came."""

    document: Document
    folder: Path
    withdrawn: bool = False

    @property
    def file(self) -> Path:
        """The clauses, as JSON."""
        return self.folder / f"{self.document.version}.json{WITHDRAWN if self.withdrawn else ''}"

    @property
    def original(self) -> Path:
        found = (path for path in self.folder.glob(f"{self.document.version}.*") if not path.match("*.json*"))
        return next(found, self.folder / f"{self.document.version}{UNKNOWN}")

    @property
    def shipped(self) -> bool:
        return self.folder.is_relative_to(SHIPPED)


@dataclass(frozen=True, slots=True)
class Change:
    """What a new version changed: section ids, and the answers that rest on them."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    answers: tuple[str, ...]


class Documents:
    """The stored documents of some folders, each in its newest version."""

    def __init__(self, found: Mapping[str, Document]) -> None:
        self.by_number = dict(found)

    @classmethod
    def open(cls, *folders: Path) -> Documents:
        """The newest version of each document. Raises BotError("content.faulty") for a file that cannot be read."""
        found = (_load(file) for folder in folders or (SHIPPED,) for file in folder.glob("*/*.json"))
        return cls({one.number: one for one in sorted(found, key=lambda one: one.version)})

    def clause(self, number: str, section: str) -> Section | None:
        """The clause word for word, or None when the document or the section is not here."""
        document = self.by_number.get(number)
        return document.section(section) if document else None

    @property
    def labels(self) -> dict[str, str]:
        return {number: document.label for number, document in self.by_number.items()}

    def clauses(self, labels: Mapping[str, str] | None = None) -> dict[Citation, Clause]:
        """Every clause by how it is cited; `labels` by number go before the documents' own."""
        known = {**self.labels, **(labels or {})}
        return {
            (cited := Citation(number, section.id)): Clause(section.text, source([cited], known))
            for number, document in self.by_number.items()
            for section in document.sections
        }


def versions(*folders: Path) -> dict[str, list[Version]]:
    """All versions by the document's slug, newest first, withdrawn ones among them."""
    found: dict[str, list[Version]] = {}
    for file in (file for folder in folders for file in folder.glob("*/*.json*")):
        if file.name.endswith((".json", f".json{WITHDRAWN}")):
            one = Version(_load(file), file.parent, withdrawn=file.name.endswith(WITHDRAWN))
            found.setdefault(slug(one.document.number), []).append(one)
    return {name: sorted(ones, key=lambda one: -one.document.version) for name, ones in sorted(found.items())}


def stamp(*folders: Path) -> tuple[tuple[str, int], ...]:
    """Other than before when a version came, went or was taken out of use."""
    files = (file for folder in folders for file in folder.glob("*/*.json*"))
    return tuple(sorted((str(file), file.stat().st_mtime_ns) for file in files))


def set_withdrawn(version: Version, *, withdrawn: bool) -> None:
    """Take a loaded version out of use, or back into it; nothing is deleted."""
    version.file.rename(replace(version, withdrawn=withdrawn).file)


def store(document: Document, data: bytes, folder: Path, shipped: Path = SHIPPED) -> Document:
    """Keeps the original bytes and the clauses as the next version, counted on from the shipped one.

    The same bytes as the newest version again give that version.
    """
    name = slug(document.number)
    before = versions(shipped, folder).get(name, [])
    newest = next((one.document for one in before if not one.withdrawn), None)
    if newest and newest.sha256 == document.sha256:
        return newest
    version = max((one.document.version for one in before), default=0) + 1
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    suffix = Path(document.file).suffix.lower()
    (place / f"{version}{suffix if suffix in FORMATS else UNKNOWN}").write_bytes(data)
    half = place / f"{version}.json.part"
    half.write_text(json.dumps(_plain_data(document, version), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    half.rename(place / f"{version}.json")  # last, and whole or not at all: a version without it does not count
    return _load(place / f"{version}.json")


def compare(before: Document | None, after: Document, answers: Iterable[Answer]) -> Change:
    """What changed from one version to the next, spaces aside, and which answers rest on it."""
    old = {one.id: " ".join(one.text.split()) for one in before.sections} if before else {}
    new = {one.id: " ".join(one.text.split()) for one in after.sections}
    changed = tuple(id_ for id_ in new if id_ in old and old[id_] != new[id_])
    removed = tuple(id_ for id_ in old if id_ not in new)
    touched = {*changed, *removed}
    resting = (
        answer.id
        for answer in answers
        if any(citation.document == after.number and citation.section in touched for citation in answer.citations)
    )
    return Change(tuple(id_ for id_ in new if id_ not in old), removed, changed, tuple(sorted(resting)))


def slug(number: str) -> str:
    """A document's number as a folder and an address can hold it."""
    return re.sub(r"[^a-z0-9]+", "-", fold(number)).strip("-")


def _plain_data(document: Document, version: int) -> dict[str, object]:
    return {
        "number": document.number,
        "title": document.title,
        "issued": document.issued.isoformat() if document.issued else None,
        "version": version,
        "sha256": document.sha256,
        "file": document.file,
        "sections": [{"id": one.id, "headings": one.headings, "text": one.text} for one in document.sections],
    }


def _load(file: Path) -> Document:
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        return Document(
            number=raw["number"],
            title=raw["title"],
            issued=date.fromisoformat(raw["issued"]) if raw["issued"] else None,
            sha256=raw["sha256"],
            file=raw["file"],
            sections=tuple(Section(one["id"], tuple(one["headings"]), one["text"]) for one in raw["sections"]),
            version=raw["version"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BotError("content.faulty", file=f"{file.parent.name}/{file.name}") from error
