"""The console's sentences by code, from content/console.toml and content/errors.toml: no screen shows a bare code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bot.library.load import CONTENT

UNKNOWN = "form.unknown"


def say(code: str, **facts: object) -> str:
    """The sentence of a code with its facts filled in; of "form.unknown" when nobody wrote one."""
    known = _sentences()
    return known.get(code, known[UNKNOWN]).format_map(_Facts(facts | {"code": code}))


def known(code: str) -> bool:
    return code in _sentences()


class _Facts(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return ""


@cache
def _sentences(folder: Path = CONTENT) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in ("errors.toml", "console.toml", "console_daily.toml", "console_answers.toml"):
        path = folder / name
        if path.exists():
            _flatten(tomllib.loads(path.read_text(encoding="utf-8")), "", found)
    return found


def _flatten(table: Mapping[str, Any], prefix: str, found: dict[str, str]) -> None:
    """[sign_in] wrong = "…" becomes "sign_in.wrong"; a table with "says" and "do" is one sentence after the other."""
    for name, value in table.items():
        code = f"{prefix}{name}"
        if isinstance(value, str):
            found[code] = value
        elif isinstance(value, Mapping):
            parts = [value[part] for part in ("says", "means", "do") if isinstance(value.get(part), str)]
            if parts:
                found[code] = " ".join(parts)
            else:
                _flatten(value, f"{code}.", found)
