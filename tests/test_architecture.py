"""The arrows of the design: who may import whom, and the few things that may stand in one place only."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CODE = [*sorted((ROOT / "bot").rglob("*.py")), *sorted((ROOT / "handlers").rglob("*.py"))]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_imports_point_downward() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    found = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout[-3000:]


def test_nothing_imports_the_tests() -> None:
    assert [path for path in CODE if any(name.split(".")[0] == "tests" for name in imports(path))] == []


def test_the_console_and_the_web_never_call_a_platform() -> None:
    """What they want said is a row of the outbox; only a diagnosis asks a platform something."""
    for path in CODE:
        if {"console", "web"} & set(path.relative_to(ROOT).parts):
            assert not any(name.split(".")[0] in {"requests", "urllib3"} for name in imports(path)), path


def test_only_the_delivery_sends() -> None:
    senders = [
        path.relative_to(ROOT).as_posix()
        for path in CODE
        if any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "send"
            and any(word.arg == "started" for word in node.keywords)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert [path for path in senders if not path.startswith("bot/platforms/")] == ["bot/delivery/outbox.py"]


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "base", "misc"])
def test_no_file_without_a_subject(name: str) -> None:
    assert [path for path in CODE if path.stem == name] == []


def test_no_clock_but_the_one_that_is_handed_in() -> None:
    """A topic and the engine are told the time."""
    for path in CODE:
        if {"handlers", "conversation", "library"} & set(path.relative_to(ROOT).parts):
            text = path.read_text(encoding="utf-8")
            assert "datetime.now(" not in text, path
            assert "time.time(" not in text, path
