"""What an edit of the answers would change: the question tests, read by the library as it is and as it would be.

Training two libraries takes seconds and memory that a serving process should not lend: `run` does it in a process of
its own, this module as a program.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bot import evaluation
from bot.errors import BotError
from bot.evaluation import Case, Outcome
from bot.library.load import CONTENT, Edits
from bot.library.search import Library
from bot.talk import Kind, Reading

CHECKS = "questions_check.jsonl"
MOST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Change:
    """One check message that would be read otherwise. `before`, `after`: an answer's title, else the kind."""

    text: str
    before: str
    after: str
    was_right: bool
    is_right: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """`right_before`, `right_after`: of `checks` messages. `missed_lines`: of `lines`, which would miss it."""

    checks: int
    right_before: int
    right_after: int
    changes: tuple[Change, ...] = ()
    lines: int = 0
    missed_lines: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        return sum(change.was_right and not change.is_right for change in self.changes)

    @property
    def won(self) -> int:
        return sum(change.is_right and not change.was_right for change in self.changes)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be tried: the edits as they are and as they would be, and the messages that should meet `answer`."""

    before: Edits
    after: Edits
    answer: str = ""
    lines: Sequence[str] = field(default_factory=tuple)


def run(asked: Asked, folder: Path = CONTENT) -> Trial:
    """Try it in a process of its own. Raises BotError answer.trial_failed."""
    said = json.dumps({**asdict(asked), "folder": str(folder.resolve())}, ensure_ascii=False)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bot.trial"],
            input=said, capture_output=True, text=True, encoding="utf-8", timeout=MOST_SECONDS, check=True,
            cwd=Path(__file__).resolve().parents[1],
        )  # fmt: skip
        return from_json(json.loads(done.stdout))
    except (subprocess.SubprocessError, ValueError, KeyError, OSError) as error:
        raise BotError("answer.trial_failed") from error


def from_json(told: Mapping[str, Any]) -> Trial:
    changes = tuple(Change(**change) for change in told["changes"])
    return Trial(**{**told, "changes": changes, "missed_lines": tuple(told["missed_lines"])})


def try_out(asked: Asked, folder: Path = CONTENT) -> Trial:
    """The same in this process."""
    cases = evaluation.read_rows(folder / CHECKS)
    old = _outcomes(Library.open(folder, asked.before), cases)
    library = Library.open(folder, asked.after)
    new = _outcomes(library, cases)
    return Trial(
        checks=len(cases),
        right_before=sum(one.right for one in old),
        right_after=sum(one.right for one in new),
        changes=tuple(
            Change(one.case.text, told(one.reading), told(other.reading), one.right, other.right)
            for one, other in zip(old, new, strict=True)
            if told(one.reading) != told(other.reading)
        ),
        lines=len(asked.lines),
        missed_lines=tuple(line for line in asked.lines if not _meets(library.read(line), asked.answer)),
    )


def _outcomes(library: Library, cases: Sequence[Case]) -> list[Outcome]:
    return [Outcome(case, library.read(case.text), twin=True) for case in cases]


def _meets(reading: Reading, answer: str) -> bool:
    """The answer is given, or at least offered among a few to choose from."""
    if reading.kind is not Kind.QUESTION or reading.best is None:
        return False
    offered = reading.matches if reading.unsure else reading.matches[:1]
    return any(match.answer.id == answer for match in offered)


def told(reading: Reading) -> str:
    """A reading in a few words: the title of its answer, else the code of its kind."""
    if reading.kind is Kind.QUESTION and reading.best is not None:
        return reading.best.answer.title
    return reading.kind.value


def main() -> None:
    asked = json.loads(sys.stdin.buffer.read())
    edits = (Edits(**asked["before"]), Edits(**asked["after"]))
    trial = try_out(Asked(*edits, asked["answer"], asked["lines"]), Path(asked["folder"]))
    sys.stdout.buffer.write(json.dumps(asdict(trial), ensure_ascii=False).encode())


if __name__ == "__main__":
    main()
