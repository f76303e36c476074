"""Columns of the officers' daily screens, and every newer table: a bridge until the first revision is made anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Id, Moment
from bot.store.tables import metadata

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.add_column("accounts", sa.Column("human_agent", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("handovers", sa.Column("assigned_id", Id))
    op.add_column("handovers", sa.Column("answered_at", Moment()))
    op.execute(
        f"ALTER TABLE persons ADD COLUMN unit_id {'INTEGER' if on_sqlite else 'BIGINT'} "
        "CONSTRAINT fk_persons_unit_id REFERENCES units (id)"
    )
    op.create_index("ix_persons_unit", "persons", ["unit_id", "wrote_at", "id"])
    op.create_index("ix_persons_wrote", "persons", ["wrote_at", "id"])
    for name, table, column, where in (
        ("ix_handovers_open", "handovers", "opened_at", "closed_at IS NULL"),
        ("ix_inbox_parked", "inbox", "id", "state = 'parked'"),
        ("ix_outbox_doubtful", "outbox", "id", "state = 'unsure'"),
    ):
        op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    metadata.create_all(op.get_bind())
