"""The shipped content/ as the officers' edits see it: area, key and JSON value of every text, menu and answer."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bot.library.organisation import Organisation
from bot.library.schema import KnowledgeFile
from bot.library.texts import Texts
from bot.store.options import overlay

TEXTS, MENUS, KNOWLEDGE, DOCUMENTS = AREAS = ("texts", "menus", "knowledge", "documents")

Values = Mapping[str, Any]


def of(area: str, folder: Path) -> dict[str, Any]:
    """Everything shipped of one area, by key."""
    return {TEXTS: _texts, MENUS: _menus, KNOWLEDGE: _answers, DOCUMENTS: _documents}[area](folder)


def now(connection: Connection, area: str, folder: Path) -> dict[str, Any]:
    """The same with the edits over it."""
    edits = overlay(connection, area)
    return {key: edits.get(key, value) for key, value in of(area, folder).items()}


def spoken(connection: Connection, organisation: Organisation, folder: Path, trial: Values, area: str) -> Texts:
    """The bot's texts as they stand, with a trial of one area over them."""
    edits = {name: {**overlay(connection, name), **(trial if name == area else {})} for name in (TEXTS, MENUS)}
    return Texts.open(organisation, folder, texts=edits[TEXTS], menus=edits[MENUS])


def knowledge_files(folder: Path) -> dict[str, KnowledgeFile]:
    paths = sorted((folder / "knowledge").glob("*.toml"))
    return {path.stem: KnowledgeFile.model_validate(_table(path)) for path in paths}


def _texts(folder: Path) -> dict[str, Any]:
    paths = sorted((folder / "texts").glob("*.toml"))
    return {f"{path.stem}.{name}": text.strip() for path in paths for name, text in _table(path).items()}


def _menus(folder: Path) -> dict[str, Any]:
    return _table(folder / "menus.toml")


def _answers(folder: Path) -> dict[str, Any]:
    return {
        entry.id: entry.model_dump(mode="json") for file in knowledge_files(folder).values() for entry in file.answer
    }


def _documents(folder: Path) -> dict[str, Any]:
    return {stem: file.document.model_dump(mode="json") for stem, file in knowledge_files(folder).items()}


def _table(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
