"""Scores the answers on a file of labelled messages: kinds, first clause, what was declined."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.errors import BotError
from bot.library.search import Library
from bot.talk import Kind, Reading


@dataclass(slots=True)
class Score:
    """Counts of right ones out of all, by the rules of the question sets (`kind`, `also_ok`, `sections`)."""

    messages: int = 0
    kinds: int = 0
    questions: int = 0
    clauses: int = 0
    outside: int = 0
    declined: int = 0
    wrongly_declined: int = 0
    misses: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [
            f"messages            {self.messages}",
            f"kind right          {_share(self.kinds, self.messages)}",
            f"first clause right  {_share(self.clauses, self.questions)}",
            f"outside declined    {_share(self.declined, self.outside)}",
            f"wrongly declined    {_share(self.wrongly_declined, self.questions)}",
        ]


def score(library: Library, rows: Iterable[dict[str, Any]]) -> Score:
    total = Score()
    for row in rows:
        _add(total, row, library.read(row["text"]))
    return total


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The file's rows. Raises BotError naming the line that is not one JSON object with a text and a kind."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            Kind(row["kind"])
            row["text"] + ""
        except (ValueError, KeyError, TypeError) as error:
            raise BotError("evaluate.bad_line", file=path.name, line=number) from error
        rows.append(row)
    return rows


def cited(reading: Reading) -> str | None:
    """The first section a reading would cite; None when it is no question."""
    if reading.kind is not Kind.QUESTION or reading.best is None:
        return None
    return reading.best.answer.citations[0].section


def _add(total: Score, row: dict[str, Any], reading: Reading) -> None:
    fine = reading.kind == row["kind"] or reading.kind in row.get("also_ok", ())
    total.messages += 1
    total.kinds += fine
    if row["kind"] == Kind.QUESTION:
        right = cited(reading) in row["sections"]
        total.questions += 1
        total.clauses += right
        total.wrongly_declined += reading.kind is Kind.OUT_OF_SCOPE
        fine = fine and right
    elif row["kind"] == Kind.OUT_OF_SCOPE:
        total.outside += 1
        total.declined += fine
    if not fine:
        total.misses.append(
            f"{row.get('id', total.messages)}: {row['kind']} read as {reading.kind} {cited(reading) or ''}"
        )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} %  ({part} of {whole})" if whole else "  none"
