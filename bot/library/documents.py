"""Official documents: read from docx, pdf or text into clauses. `bot.library.shelf` keeps them."""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.errors import BotError
from bot.library.clauses import Cut, cut

MOST_BYTES = 20 * 2**20
MOST_UNPACKED = 100 * 2**20  # of a docx, which is a zip
MOST_FILES = 2000  # in a docx
MOST_PAGES = 500
MOST_LETTERS = 2 * 10**6
_KIND = re.compile(
    r"(?:Kế hoạch|Nghị quyết|Hướng dẫn|Chương trình(?: hành động)?|Quyết định|Thông báo|Quy định|Quy chế|Kết luận|"
    r"Chỉ thị)\b"
)


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    headings: tuple[str, ...]  # of the parts it stands in
    text: str  # word for word


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a document. `version` is 0 until it is stored."""

    number: str  # "487/KH-LĐLĐ"
    title: str
    issued: date | None
    sha256: str  # of the original bytes
    file: str  # the original's name as it came
    sections: tuple[Section, ...]
    version: int = 0

    def section(self, id_: str) -> Section | None:
        return next((one for one in self.sections if one.id == id_), None)

    @property
    def label(self) -> str:
        """As a source names it: "Kế hoạch 487/KH-LĐLĐ"; the number alone where the title does not say what it is."""
        kind = _KIND.match(self.title)
        return f"{kind[0]} {self.number}" if kind else self.number


def read(data: bytes, file: str, number: str = "") -> Document:
    """Reads a document's bytes; `number` replaces the one found in it.

    Raises BotError: document.empty, .too_big, .unknown_format, .encrypted, .unreadable, .no_text, .no_clauses,
    .no_number.
    """
    found = cut(_paragraphs(data, file))
    if len(found.clauses) < 2:
        raise BotError("document.no_clauses", file=Path(file).name)
    if not (number or found.number):
        raise BotError("document.no_number", file=Path(file).name)
    return _document(found, data, file, number)


def _document(found: Cut, data: bytes, file: str, number: str) -> Document:
    return Document(
        number=number or found.number,
        title=found.title,
        issued=found.issued,
        sha256=hashlib.sha256(data).hexdigest(),
        file=Path(file).name,
        sections=tuple(Section(one.id, tuple(one.headings), one.text) for one in found.clauses),
    )


# ---- what a file holds ----


def _paragraphs(data: bytes, file: str) -> list[str]:
    """The text of a file, a line a paragraph, without the empty ones."""
    name = Path(file).name
    if not data:
        raise BotError("document.empty", file=name)
    if len(data) > MOST_BYTES:
        raise BotError("document.too_big", file=name, megabytes=MOST_BYTES >> 20)
    if data.startswith(b"PK"):
        lines = _docx(data, name)
    elif data[:1024].lstrip().startswith(b"%PDF"):
        lines = _pdf(data, name)
    else:
        lines = _plain(data, name)
    found = [line for line in (unicodedata.normalize("NFC", line).strip() for line in lines) if line]
    if not any(letter.isalpha() for line in found for letter in line):
        raise BotError("document.no_text", file=name)
    if sum(map(len, found)) > MOST_LETTERS:
        raise BotError("document.too_big", file=name, letters=MOST_LETTERS)
    return found


def _docx(data: bytes, name: str) -> list[str]:
    try:
        packed = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except zipfile.BadZipFile as error:
        raise BotError("document.unreadable", file=name) from error
    if len(packed) > MOST_FILES or sum(one.file_size for one in packed) > MOST_UNPACKED:
        raise BotError("document.too_big", file=name, megabytes=MOST_UNPACKED >> 20)
    if any(one.flag_bits & 1 for one in packed):
        raise BotError("document.encrypted", file=name)
    if "word/document.xml" not in {one.filename for one in packed}:
        raise BotError("document.unknown_format", file=name)
    from docx import Document as Word  # noqa: PLC0415  (only an import needs it)
    from docx.table import Table  # noqa: PLC0415

    try:
        blocks = list(Word(io.BytesIO(data)).iter_inner_content())
        return [
            line
            for block in blocks
            for text in (_cells(block) if isinstance(block, Table) else [block.text])
            for line in text.split("\n")
        ]
    except Exception as error:  # a foreign file may break the reader in any way
        raise BotError("document.unreadable", file=name) from error


def _cells(table: object) -> list[str]:
    """A table's cells, row by row; a merged cell once."""
    seen: set[int] = set()
    found = []
    for row in table.rows:  # type: ignore[attr-defined]
        for cell in row.cells:
            if id(cell._tc) not in seen:  # noqa: SLF001  (the only mark of a merged cell)
                seen.add(id(cell._tc))  # noqa: SLF001
                found.append(cell.text)
    return found


def _pdf(data: bytes, name: str) -> list[str]:
    from pypdf import PdfReader  # noqa: PLC0415  (only an import needs it)

    try:
        reader = PdfReader(io.BytesIO(data))
        locked, pages = reader.is_encrypted, 0 if reader.is_encrypted else len(reader.pages)
    except Exception as error:  # a foreign file may break the reader in any way
        raise BotError("document.unreadable", file=name) from error
    if locked:
        raise BotError("document.encrypted", file=name)
    if pages > MOST_PAGES:
        raise BotError("document.too_big", file=name, pages=MOST_PAGES)
    try:
        lines = [line for page in reader.pages for line in page.extract_text().split("\n")]
    except Exception as error:
        raise BotError("document.unreadable", file=name) from error
    return _joined(lines)


def _joined(lines: Iterable[str]) -> list[str]:
    """A pdf's lines made paragraphs: one goes on when it ends no sentence and the next begins with a small letter."""
    found: list[str] = []
    for line in (line.strip() for line in lines):
        goes_on = found and line and line[0].islower() and found[-1] and found[-1][-1] not in ".;:!?"
        if goes_on:
            found[-1] = f"{found[-1]} {line}"
        elif line and not re.fullmatch(r"-?\s*\d{1,3}\s*-?", line):  # a page's number
            found.append(line)
    return found


def _plain(data: bytes, name: str) -> list[str]:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BotError("document.unknown_format", file=name) from error
    if "\x00" in text:
        raise BotError("document.unknown_format", file=name)
    return text.splitlines()
