"""The officers' edits written back into the files of content/, comments and order kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from sqlalchemy import Connection
from tomlkit import TOMLDocument

from bot.console.shipped import DOCUMENTS, KNOWLEDGE, MENUS, TEXTS
from bot.library.load import load
from bot.store.answering import ANSWERS, EXAMPLES
from bot.store.options import overlay

OWN_FILE = "can-bo.toml"
OWN_DOCUMENT = {
    "number": "Công đoàn trả lời",
    "label": "Công đoàn trả lời",
    "title": "Những câu trả lời do cán bộ công đoàn soạn trong bảng điều khiển",
    "source": "Cán bộ công đoàn soạn và duyệt",
}


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
    own = overlay(connection, ANSWERS)
    if own:
        found[f"knowledge/{OWN_FILE}"] = _own(own)
    texts = {name: tomlkit.dumps(document) for name, document in found.items()}
    return texts | _examples(overlay(connection, EXAMPLES), own, folder)


def _own(answers: Mapping[str, Mapping[str, Any]]) -> TOMLDocument:
    """The answers that officers wrote, in a file of their own; each names the documents it cites."""
    made, rows = tomlkit.document(), tomlkit.aot()
    made["document"] = dict(OWN_DOCUMENT)
    for answer in answers.values():
        table = tomlkit.table()
        for name, value in answer.items():
            if value is not None:
                _put(table, name, value)
        rows.append(table)
    made["answer"] = rows
    return made


def _examples(added: Mapping[str, list[str]], own: Collection[str], folder: Path) -> dict[str, str]:
    """Path to text of the example files that officers added to. A message that they moved leaves its old file."""
    known = {example.label for example in load(folder).examples} | set(own)
    moved = {text: label for label, texts in added.items() if label in known for text in texts}
    found = {}
    for path in sorted((folder / "examples").rglob("*.txt")):
        before = path.read_text(encoding="utf-8").splitlines()
        kept = [text for text in before if text not in moved]
        found[path.relative_to(folder).as_posix()] = (before, kept)
    for text, label in moved.items():
        found.setdefault(f"examples/question/{label}.txt", ([], []))[1].append(text)
    return {name: "\n".join(kept) + "\n" for name, (before, kept) in found.items() if kept != before}


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
