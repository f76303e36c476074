"""The officers' edits written back into the files of content/, comments and order kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from sqlalchemy import Connection
from tomlkit import TOMLDocument

from bot.console.shipped import DOCUMENTS, KNOWLEDGE, MENUS, TEXTS
from bot.store.options import overlay


def written(connection: Connection, folder: Path) -> dict[str, str]:
    """Path under content/ to text, of every file that officers can change."""
    paths = [*sorted((folder / "texts").glob("*.toml")), *sorted((folder / "knowledge").glob("*.toml"))]
    found = {path.relative_to(folder).as_posix(): _read(path) for path in (*paths, folder / "menus.toml")}
    found["organisation.toml"] = _read(folder / "organisation.toml")
    for key, text in overlay(connection, TEXTS).items():
        stem, _, name = key.partition(".")
        _put(found[f"texts/{stem}.toml"], name, text)
    for key, choices in overlay(connection, MENUS).items():
        found["menus.toml"][key] = _tables(choices)
    for stem, document in overlay(connection, DOCUMENTS).items():
        _fill(found[f"knowledge/{stem}.toml"]["document"], document)
    entries = overlay(connection, KNOWLEDGE)
    for path in (name for name in found if name.startswith("knowledge/")):
        for entry in found[path]["answer"]:
            _fill(entry, entries.get(str(entry["id"]), {}))
    _fill(found["organisation.toml"], overlay(connection, "organisation"))
    return {name: tomlkit.dumps(document) for name, document in found.items()}


def _read(path: Path) -> TOMLDocument:
    return tomlkit.parse(path.read_text(encoding="utf-8"))


def _fill(table: Any, values: Mapping[str, Any]) -> None:
    """Put values into a table; a table among them is filled in its turn, and what is gone goes."""
    for name, value in values.items():
        if isinstance(value, Mapping) and name in table:
            _fill(table[name], value)
        elif value is None:
            table.pop(name, None)
        elif table.get(name) != value:
            _put(table, name, value)


def _put(table: Any, name: str, value: Any) -> None:
    long = isinstance(value, str) and "\n" in value
    table[name] = tomlkit.string(value, multiline=True) if long else value


def _tables(choices: list[dict[str, str]]) -> Any:
    made = tomlkit.aot()
    for choice in choices:
        table = tomlkit.table()
        for name, value in choice.items():
            table[name] = value
        made.append(table)
    return made
