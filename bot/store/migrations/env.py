"""Alembic's entry: it is always called from `bot.store.upgrade`, which hands over the connection."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from bot.store.schema import Id, Moment
from bot.store.tables import metadata
from bot.store.upgrade import declared


def _rendered(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our own types by their names in schema.py."""
    if kind == "type" and isinstance(item, Moment):
        return "Moment()"
    if kind == "type" and item is Id:
        return "Id"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a column by making the table anew
    render_item=_rendered,
    include_name=declared,
)
with context.begin_transaction():
    context.run_migrations()
