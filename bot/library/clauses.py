"""Cuts an official document into its clauses by its own numbering; every word stays as it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

HEADER = "header"
RECIPIENTS = "noi_nhan"

_ROMAN = re.compile(r"(?:PHẦN|Phần)?\s*\b([IVX]+)\s*[.)/\-–:]\s*(?=\S)")
_ARTICLE = re.compile(r"Điều\s+(\d+)\s*[.:]?\s*")
_DOTTED = re.compile(r"(\d+(?:\.\d+)+)\s*[.)]?\s+(?=\S)")
_SINGLE = re.compile(r"(\d{1,2})\s*[.)]\s+(?=\S)")
_RECIPIENTS = re.compile(r"nơi nhận\s*:?", re.IGNORECASE)
_SIGNATURE = re.compile(r"\W*(?:TM|KT|TL|TUQ|Q)\s*\.\s")
_CLOSING = re.compile(r"trên đây là\b", re.IGNORECASE)
_NUMBER = re.compile(r"Số\s*:?\s*(\d+)\s*[/-]\s*([A-ZĐ][A-ZĐ0-9&]*(?:\s*[-–]\s*[A-ZĐ][A-ZĐ0-9&]*)*)")
_DASH = re.compile(r"\s*[-–]\s*")
_ISSUED = re.compile(r"ngày\s+(\d{1,2})\s+tháng\s+(\d{1,2})\s+năm\s+(\d{4})", re.IGNORECASE)
_TYPE = re.compile(
    r"\W*(KẾ HOẠCH|NGHỊ QUYẾT|HƯỚNG DẪN|CHƯƠNG TRÌNH(?: HÀNH ĐỘNG)?|QUYẾT ĐỊNH|THÔNG BÁO|QUY ĐỊNH|QUY CHẾ|KẾT LUẬN|"
    r"CHỈ THỊ)\W*$"
)


@dataclass(slots=True)
class Clause:
    """One clause: `id` as it is cited ("II.3.4", "Điều 5.2", "header"), its heading lines, its paragraphs."""

    id: str
    headings: list[str] = field(default_factory=list)  # of the parts it stands in, outermost first
    paragraphs: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class Cut:
    """What could be read of a document. `number` and `title` are "" and `issued` None where it does not say."""

    number: str
    title: str
    issued: date | None
    clauses: tuple[Clause, ...]


def cut(paragraphs: Sequence[str]) -> Cut:
    """The clauses in their order. Parts that only hold other parts are headings and no clauses."""
    reader = _Reader()
    for paragraph in paragraphs:
        reader.take(paragraph)
    head = "\n".join(reader.clauses[0].paragraphs)
    return Cut(_number(head), _title(reader.clauses[0].paragraphs), _issued(head), tuple(reader.kept()))


class _Reader:
    """Where we are in the document: the open clause, and the numbers of the parts around it."""

    def __init__(self) -> None:
        self._header = Clause(HEADER)
        self.clauses = [self._header]
        self._open = self._header
        self._path: list[str] = []  # ids of the parts we are in, outermost first
        self._ended = False  # past the signature, which belongs to the header

    def kept(self) -> list[Clause]:
        return [clause for clause in self.clauses if clause.paragraphs and not self._only_heading(clause)]

    def _only_heading(self, clause: Clause) -> bool:
        inside = f"{clause.id}."
        return len(clause.paragraphs) == 1 and any(other.id.startswith(inside) for other in self.clauses)

    def take(self, paragraph: str) -> None:
        if self._ended or _SIGNATURE.match(paragraph):
            self._ended = True
            self._header.paragraphs.append(paragraph)
        elif _RECIPIENTS.match(paragraph):
            self._begin(RECIPIENTS, paragraph)
        elif _CLOSING.match(paragraph) and self._open is not self._header:
            self._open = self._header
            self._header.paragraphs.append(paragraph)
        elif new := self._numbered(paragraph):
            self._begin(new, paragraph)
        else:
            self._open.paragraphs.append(paragraph)

    def _numbered(self, paragraph: str) -> str | None:
        """The id of the clause that begins here; None for a number out of turn, which is part of the text."""
        if found := _ROMAN.match(paragraph):
            return found[1] if _roman(found[1]) == self._last(0) + 1 else None
        if found := _ARTICLE.match(paragraph):
            return f"Điều {found[1]}" if int(found[1]) == self._last(0) + 1 else None
        if self._open is self._header or self._open.id == RECIPIENTS:
            return None
        found = _DOTTED.match(paragraph) or _SINGLE.match(paragraph)
        if not found:
            return None
        numbers = found[1].split(".")
        parent = ".".join([self._path[0], *numbers[:-1]])
        return f"{parent}.{numbers[-1]}" if int(numbers[-1]) == self._after(parent) + 1 else None

    def _last(self, depth: int) -> int:
        """The number of the outermost part we are in; 0 before the first."""
        if len(self._path) <= depth:
            return 0
        outer = self._path[depth].removeprefix("Điều ")
        return int(outer) if outer.isdigit() else _roman(outer)

    def _after(self, parent: str) -> int:
        """The last number given inside the part `parent`; 0 when it has none yet."""
        inside = [clause.id for clause in self.clauses if clause.id.rpartition(".")[0] == parent]
        return int(inside[-1].rpartition(".")[2]) if inside else 0

    def _begin(self, id_: str, paragraph: str) -> None:
        parts = id_.split(".")
        outer = [".".join(parts[: depth + 1]) for depth in range(len(parts) - 1)]
        headings = [clause.paragraphs[0] for clause in self.clauses if clause.id in outer and clause.paragraphs]
        self._open = Clause(id_, headings, [paragraph])
        self._path = [*outer, id_]
        self.clauses.append(self._open)


def _roman(letters: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in letters]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def _number(head: str) -> str:
    found = _NUMBER.search(head)
    return f"{found[1]}/{_DASH.sub('-', found[2])}" if found else ""


def _issued(head: str) -> date | None:
    found = _ISSUED.search(head)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None


def _title(paragraphs: Sequence[str]) -> str:
    """The kind of document and the line after it: "KẾ HOẠCH" and "Thực hiện Nghị quyết …"."""
    for at, paragraph in enumerate(paragraphs[:-1]):
        if found := _TYPE.match(paragraph):
            return f"{found[1].capitalize()} {paragraphs[at + 1].strip(' *')}"
    return ""
