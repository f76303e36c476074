"""Brings a database to the schema of this version; safe to call at every start and from several processes."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bot.errors import BotError
from bot.store import said
from bot.store.database import Database

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 487_016  # one number for all processes on the same PostgreSQL


def upgrade(database: Database) -> None:
    """Run what is missing. Raises BotError("database.newer") when a newer version wrote this database."""
    config = _config()
    with database.engine.connect() as connection:
        if not database.on_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        current = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if current is not None and current not in known:
            raise BotError("database.newer", revision=current)
        if current != ScriptDirectory.from_config(config).get_current_head():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    database.write(said.prepare)


def declared(name: str | None, kind: str, _parents: object) -> bool:
    """For Alembic: whether what it found in a database belongs to the declared tables, or is the search index."""
    return kind not in {"table", "index", "column"} or not (name or "").startswith(said.INDEX)


def revision(database: Database, message: str) -> None:
    """Write a new revision file from the difference between the tables in code and the database."""
    config = _config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return config
