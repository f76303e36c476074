"""Every code staff can meet has its sentence, what to do, and no sentence is left without a code's file."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.library.load import CONTENT
from bot.platforms.messenger import error_codes as messenger
from bot.platforms.zalo import error_codes as zalo

ROOT = Path(__file__).resolve().parents[2]
WORDS = tomllib.loads((CONTENT / "errors.toml").read_text(encoding="utf-8"))
RAISED = {"BotError": 0, "Misconfigured": 0, "SendError": 1}  # where the code stands among the arguments


def codes_in_code() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "bot").rglob("*.py")]
    return {code for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) for code in _codes(node)}


def _codes(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    place = RAISED.get(name)
    values = [call.args[place]] if place is not None and len(call.args) > place else []
    values += [word.value for word in call.keywords if word.arg == "code"]
    yield from (
        value.value
        for value in values
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value
    )


def console_codes() -> set[str]:
    path = CONTENT / "console.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {f"{head}.{name}" for head, names in table.items() if isinstance(names, dict) for name in names}


def test_every_code_has_words() -> None:
    needed = codes_in_code() | messenger.names() | zalo.names()
    assert sorted(needed - WORDS.keys() - console_codes()) == []


@pytest.mark.parametrize("code", sorted(WORDS))
def test_an_entry_says_what_it_means_and_what_staff_do(code: str) -> None:
    assert WORDS[code].keys() == {"means", "do"}
    assert all(text.strip() and text.endswith((".", "!")) for text in WORDS[code].values())
