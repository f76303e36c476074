"""Indexes hold no row that nobody looks up by them: a message enters them when it gets what they order by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SMALLER = {
    "ix_inbox_finished": ("inbox", ["finished_at"], "finished_at IS NOT NULL"),
    "ix_outbox_finished": ("outbox", ["finished_at"], "finished_at IS NOT NULL"),
    "ix_outbox_message": ("outbox", ["account_id", "message_id"], "message_id IS NOT NULL"),
    "ix_outbox_announcement": ("outbox", ["announcement_id", "state"], "announcement_id IS NOT NULL"),
}


def upgrade() -> None:
    for name, (table, columns, where) in _SMALLER.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
