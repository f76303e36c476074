"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.schema import Id, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), server_default="{}", nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("over_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("cause", name=op.f("pk_alarms")),
    )
    op.create_table(
        "announcement_slots",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("what", "slot", name=op.f("pk_announcement_slots")),
    )
    op.create_table(
        "answer_drafts",
        sa.Column("id", Id, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=True),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("misses", sa.Text(), nullable=False),
        sa.Column("tell", sa.Boolean(), nullable=False),
        sa.Column("made_by", Id, nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("trial", sa.Text(), nullable=True),
        sa.Column("published_by", Id, nullable=True),
        sa.Column("published_at", Moment(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_drafts")),
    )
    with op.batch_alter_table("answer_drafts", schema=None) as batch_op:
        batch_op.create_index("ix_answer_drafts_state", ["state", "changed_at"], unique=False)

    op.create_table(
        "apps",
        sa.Column("id", Id, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("seeded", sa.Text(), server_default="", nullable=False),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apps")),
        sa.UniqueConstraint("platform", "app_id", name=op.f("uq_apps_platform_app_id")),
    )
    op.create_table(
        "audit",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_at", ["at"], unique=False)
        batch_op.create_index("ix_audit_staff", ["staff_id", "id"], unique=False)
        batch_op.create_index("ix_audit_subject", ["subject", "subject_id", "id"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audit_id", Id, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "counts",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "what", name=op.f("pk_counts")),
    )
    op.create_table(
        "data_requests",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("unit_id", Id, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("answer_by", Moment(), nullable=False),
        sa.Column("finish_by", Moment(), nullable=False),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("contact", sa.Text(), server_default="", nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_requests")),
    )
    with op.batch_alter_table("data_requests", schema=None) as batch_op:
        batch_op.create_index(
            "ix_data_requests_open",
            ["answer_by"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index("ix_data_requests_person", ["person_id"], unique=False)
        batch_op.create_index("ix_data_requests_received", ["received_at"], unique=False)

    op.create_table(
        "forgotten",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_forgotten")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("discovered_at", Moment(), nullable=False),
        sa.Column("happened", sa.Text(), server_default="", nullable=False),
        sa.Column("harm", sa.Text(), server_default="", nullable=False),
        sa.Column("measures", sa.Text(), server_default="", nullable=False),
        sa.Column("touched", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reported_at", Moment(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.create_index(
            "ix_incidents_open",
            ["discovered_at"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
    op.create_table(
        "option_versions",
        sa.Column("id", Id, nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_option_versions")),
        sa.UniqueConstraint("area", "key", "id", name=op.f("uq_option_versions_area_key_id")),
    )
    with op.batch_alter_table("option_versions", schema=None) as batch_op:
        batch_op.create_index("ix_option_versions_at", ["at"], unique=False)

    op.create_table(
        "options",
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("version", Id, nullable=False),
        sa.PrimaryKeyConstraint("area", "key", name=op.f("pk_options")),
    )
    op.create_table(
        "paper_jobs",
        sa.Column("id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_jobs")),
    )
    with op.batch_alter_table("paper_jobs", schema=None) as batch_op:
        batch_op.create_index("ix_paper_jobs_key", ["key"], unique=False)
        batch_op.create_index(
            "ix_paper_jobs_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'working')"),
            postgresql_where=sa.text("state IN ('queued', 'working')"),
        )
        batch_op.create_index("ix_paper_jobs_staff", ["staff_id", "id"], unique=False)

    op.create_table(
        "pictures",
        sa.Column("id", Id, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
        sa.UniqueConstraint("token", name=op.f("uq_pictures_token")),
    )
    op.create_table(
        "report_requests",
        sa.Column("id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("file_id", Id, nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("questions", sa.Text(), nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_requests")),
    )
    op.create_table(
        "saved_views",
        sa.Column("id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("staff_id", "name", name=op.f("uq_saved_views_staff_id_name")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("locked_until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_failures")),
    )
    with op.batch_alter_table("sign_in_failures", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_failures_since", ["since"], unique=False)

    op.create_table(
        "staff",
        sa.Column("id", Id, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_on", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("disabled_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )
    op.create_table(
        "survey_votes",
        sa.Column("id", Id, nullable=False),
        sa.Column("announcement_id", Id, nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.Column("choice", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_votes")),
        sa.UniqueConstraint("announcement_id", "voter", name=op.f("uq_survey_votes_announcement_id_voter")),
    )
    op.create_table(
        "survey_words",
        sa.Column("id", Id, nullable=False),
        sa.Column("announcement_id", Id, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_words")),
    )
    with op.batch_alter_table("survey_words", schema=None) as batch_op:
        batch_op.create_index("ix_survey_words_announcement", ["announcement_id", "id"], unique=False)

    op.create_table(
        "survey_writers",
        sa.Column("announcement_id", Id, nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("announcement_id", "writer", name=op.f("pk_survey_writers")),
    )
    op.create_table(
        "units",
        sa.Column("id", Id, nullable=False),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), server_default="", nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("successor_id", Id, nullable=True),
        sa.Column("in_charge_id", Id, nullable=True),
        sa.Column("contact", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name=op.f("fk_units_parent_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["units.id"], name=op.f("fk_units_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
    )
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.create_index("ix_units_folded", ["folded"], unique=False)
        batch_op.create_index("ix_units_in_charge", ["in_charge_id"], unique=False)
        batch_op.create_index("ix_units_parent", ["parent_id"], unique=False)

    op.create_table(
        "accounts",
        sa.Column("id", Id, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("app_pk", Id, nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_id", Id, nullable=True),
        sa.Column("tokens", sa.LargeBinary(), nullable=True),
        sa.Column("tokens_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tokens_at", Moment(), nullable=True),
        sa.Column("tokens_until", Moment(), nullable=True),
        sa.Column("seeded", sa.Text(), server_default="", nullable=False),
        sa.Column("api_url", sa.Text(), server_default="", nullable=False),
        sa.Column("oauth_url", sa.Text(), server_default="", nullable=False),
        sa.Column("api_version", sa.Text(), server_default="", nullable=False),
        sa.Column("buttons", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("human_agent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("state_code", sa.Text(), server_default="", nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.Column("named_rate", sa.Float(), nullable=True),
        sa.Column("named_until", Moment(), nullable=True),
        sa.Column("burst", sa.Float(), nullable=False),
        sa.Column("allowance", sa.Float(), nullable=False),
        sa.Column("refilled_at", Moment(), nullable=False),
        sa.Column("paused_until", Moment(), nullable=True),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["app_pk"], ["apps.id"], name=op.f("fk_accounts_app_pk")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_accounts_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("platform", "external_id", name=op.f("uq_accounts_platform_external_id")),
    )
    op.create_table(
        "announcements",
        sa.Column("id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("buttons", sa.Text(), server_default="[]", nullable=False),
        sa.Column("question", sa.Text(), server_default="{}", nullable=False),
        sa.Column("picture_id", Id, nullable=True),
        sa.Column("unit_id", Id, nullable=True),
        sa.Column("audience", sa.Text(), server_default="{}", nullable=False),
        sa.Column("routes", sa.Text(), server_default="{}", nullable=False),
        sa.Column("campaign", sa.Text(), server_default="", nullable=False),
        sa.Column("slot", sa.Text(), server_default="", nullable=False),
        sa.Column("important", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("allow_cost", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rate", sa.Float(), server_default="0", nullable=False),
        sa.Column("trial", sa.Integer(), server_default="0", nullable=False),
        sa.Column("send_at", Moment(), nullable=True),
        sa.Column("useful_until", Moment(), nullable=True),
        sa.Column("on_feed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_code", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("edition", sa.Integer(), server_default="1", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("seen", sa.Text(), server_default="{}", nullable=False),
        sa.Column("people", sa.Integer(), server_default="0", nullable=False),
        sa.Column("people_digest", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("changed_by", Id, nullable=True),
        sa.Column("submitted_by", Id, nullable=True),
        sa.Column("approved_by", Id, nullable=True),
        sa.Column("approver", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("approved_at", Moment(), nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("checkpoint", Id, server_default="0", nullable=False),
        sa.Column("fanned_out", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("tried", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("allowance", sa.Float(), server_default="0", nullable=False),
        sa.Column("refilled_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_announcements_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    with op.batch_alter_table("announcements", schema=None) as batch_op:
        batch_op.create_index("ix_announcements_campaign", ["campaign", "slot"], unique=False)
        batch_op.create_index("ix_announcements_changed", ["changed_at"], unique=False)
        batch_op.create_index("ix_announcements_state", ["state", "send_at"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), server_default="", nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_id", Id, nullable=True),
        sa.Column("starts_at", Moment(), nullable=False),
        sa.Column("closes_at", Moment(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=True),
        sa.Column("remind_hours", sa.Integer(), server_default="24", nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_events_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_open", ["state", "starts_at"], unique=False)

    op.create_table(
        "staff_invitations",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("units", sa.Text(), server_default="[]", nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_invitations_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_invitations_token_hash")),
    )
    with op.batch_alter_table("staff_invitations", schema=None) as batch_op:
        batch_op.create_index("ix_staff_invitations_until", ["until"], unique=False)

    op.create_table(
        "staff_link_codes",
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_link_codes_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_link_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_staff_link_codes_code_hash")),
    )
    op.create_table(
        "staff_notices",
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("mailed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("messaged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_notices_staff_id")),
        sa.PrimaryKeyConstraint("cause", "staff_id", name=op.f("pk_staff_notices")),
    )
    with op.batch_alter_table("staff_notices", schema=None) as batch_op:
        batch_op.create_index("ix_staff_notices_at", ["at"], unique=False)

    op.create_table(
        "staff_recovery_codes",
        sa.Column("id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_recovery_codes_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_recovery_codes")),
    )
    with op.batch_alter_table("staff_recovery_codes", schema=None) as batch_op:
        batch_op.create_index("ix_staff_recovery_codes_staff", ["staff_id"], unique=False)

    op.create_table(
        "staff_sessions",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_staff_sessions_staff", ["staff_id"], unique=False)

    op.create_table(
        "staff_units",
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("unit_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_units_staff_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_staff_units_unit_id")),
        sa.PrimaryKeyConstraint("staff_id", "unit_id", name=op.f("pk_staff_units")),
    )
    op.create_table(
        "unit_aliases",
        sa.Column("id", Id, nullable=False),
        sa.Column("unit_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_aliases_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_aliases")),
        sa.UniqueConstraint("unit_id", "folded", name=op.f("uq_unit_aliases_unit_id_folded")),
    )
    with op.batch_alter_table("unit_aliases", schema=None) as batch_op:
        batch_op.create_index("ix_unit_aliases_folded", ["folded"], unique=False)

    op.create_table(
        "unit_reports",
        sa.Column("request_id", Id, nullable=False),
        sa.Column("unit_id", Id, nullable=False),
        sa.Column("figures", sa.Text(), server_default="{}", nullable=False),
        sa.Column("answers", sa.Text(), server_default="{}", nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"], ["report_requests.id"], name=op.f("fk_unit_reports_request_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_reports_unit_id")),
        sa.PrimaryKeyConstraint("request_id", "unit_id", name=op.f("pk_unit_reports")),
    )
    with op.batch_alter_table("unit_reports", schema=None) as batch_op:
        batch_op.create_index("ix_unit_reports_unit", ["unit_id", "sent_at"], unique=False)

    op.create_table(
        "announcement_accounts",
        sa.Column("announcement_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_announcement_accounts_account_id")),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_announcement_accounts_announcement_id")
        ),
        sa.PrimaryKeyConstraint("announcement_id", "account_id", name=op.f("pk_announcement_accounts")),
    )
    op.create_table(
        "announcement_articles",
        sa.Column("announcement_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("leased_at", Moment(), nullable=True),
        sa.Column("begun_at", Moment(), nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_announcement_articles_account_id")),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_announcement_articles_announcement_id")
        ),
        sa.PrimaryKeyConstraint("announcement_id", "account_id", name=op.f("pk_announcement_articles")),
    )
    op.create_table(
        "approval_links",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("announcement_id", Id, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_approval_links_announcement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_approval_links_token_hash")),
    )
    with op.batch_alter_table("approval_links", schema=None) as batch_op:
        batch_op.create_index("ix_approval_links_announcement", ["announcement_id"], unique=False)

    op.create_table(
        "early_receipts",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_early_receipts_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_receipts")),
        sa.UniqueConstraint(
            "account_id", "message_id", "state", name=op.f("uq_early_receipts_account_id_message_id_state")
        ),
    )
    op.create_table(
        "inbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("state", sa.Text(), server_default="received", nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("turn", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_inbox_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("account_id", "event_key", name=op.f("uq_inbox_account_id_event_key")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index("ix_inbox_finished", ["finished_at"], unique=False)
        batch_op.create_index(
            "ix_inbox_leased",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'working'"),
            postgresql_where=sa.text("state = 'working'"),
        )
        batch_op.create_index(
            "ix_inbox_open_person",
            ["account_id", "user_id", "id"],
            unique=False,
            sqlite_where=sa.text("lane = 'talk' AND state IN ('received', 'working')"),
            postgresql_where=sa.text("lane = 'talk' AND state IN ('received', 'working')"),
        )
        batch_op.create_index(
            "ix_inbox_parked",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state = 'parked'"),
            postgresql_where=sa.text("state = 'parked'"),
        )
        batch_op.create_index("ix_inbox_person", ["account_id", "user_id", "id"], unique=False)
        batch_op.create_index(
            "ix_inbox_ready",
            ["lane", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'received'"),
            postgresql_where=sa.text("state = 'received'"),
        )

    op.create_table(
        "persons",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("wrote_at", Moment(), nullable=True),
        sa.Column("reachable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("unreachable_code", sa.Text(), server_default="", nullable=False),
        sa.Column("follows", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("unit_said", sa.Text(), server_default="", nullable=False),
        sa.Column("unit_id", Id, nullable=True),
        sa.Column("unit_asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("subscribed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("misses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("staff_until", Moment(), nullable=True),
        sa.Column("memory", sa.Text(), server_default="{}", nullable=False),
        sa.Column("leaving_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_persons_account_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_persons_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
        sa.UniqueConstraint("account_id", "user_id", name=op.f("uq_persons_account_id_user_id")),
    )
    with op.batch_alter_table("persons", schema=None) as batch_op:
        batch_op.create_index(
            "ix_persons_unclear",
            ["wrote_at", "id"],
            unique=False,
            sqlite_where=sa.text("unit_id IS NULL AND unit_said <> ''"),
            postgresql_where=sa.text("unit_id IS NULL AND unit_said <> ''"),
        )
        batch_op.create_index("ix_persons_unit", ["unit_id", "wrote_at", "id"], unique=False)
        batch_op.create_index("ix_persons_wrote", ["wrote_at", "id"], unique=False)

    op.create_table(
        "announcement_people",
        sa.Column("announcement_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_announcement_people_person_id")),
        sa.PrimaryKeyConstraint("announcement_id", "person_id", name=op.f("pk_announcement_people")),
    )
    with op.batch_alter_table("announcement_people", schema=None) as batch_op:
        batch_op.create_index("ix_announcement_people_person", ["person_id"], unique=False)

    op.create_table(
        "consents",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_consents_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index("ix_consents_person", ["person_id", "purpose", "id"], unique=False)

    op.create_table(
        "event_registrations",
        sa.Column("event_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("cancelled_at", Moment(), nullable=True),
        sa.Column("reminded_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_event_registrations_event_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_event_registrations_person_id")),
        sa.PrimaryKeyConstraint("event_id", "person_id", name=op.f("pk_event_registrations")),
    )
    with op.batch_alter_table("event_registrations", schema=None) as batch_op:
        batch_op.create_index("ix_event_registrations_person", ["person_id"], unique=False)

    op.create_table(
        "exports",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_exports_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_exports_token_hash")),
    )
    with op.batch_alter_table("exports", schema=None) as batch_op:
        batch_op.create_index("ix_exports_person", ["person_id"], unique=False)

    op.create_table(
        "handovers",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("assigned_id", Id, nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_handovers_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    with op.batch_alter_table("handovers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_handovers_open",
            ["opened_at"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index("ix_handovers_opened", ["opened_at"], unique=False)
        batch_op.create_index("ix_handovers_person", ["person_id", "closed_at"], unique=False)

    op.create_table(
        "honoured",
        sa.Column("id", Id, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), server_default="", nullable=False),
        sa.Column("what", sa.Text(), server_default="", nullable=False),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("added_by", Id, nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_honoured_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_honoured")),
    )
    with op.batch_alter_table("honoured", schema=None) as batch_op:
        batch_op.create_index("ix_honoured_person", ["person_id"], unique=False)
        batch_op.create_index("ix_honoured_year", ["year", "id"], unique=False)

    op.create_table(
        "incident_people",
        sa.Column("incident_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_people_incident_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_incident_people_person_id")),
        sa.PrimaryKeyConstraint("incident_id", "person_id", name=op.f("pk_incident_people")),
    )
    with op.batch_alter_table("incident_people", schema=None) as batch_op:
        batch_op.create_index("ix_incident_people_person", ["person_id"], unique=False)

    op.create_table(
        "initiatives",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("channel", sa.Text(), server_default="chat", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("idea", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("born", sa.Integer(), nullable=True),
        sa.Column("unit_id", Id, nullable=True),
        sa.Column("unit_said", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("gain", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("since_precision", sa.Text(), server_default="", nullable=False),
        sa.Column("fields", sa.Text(), server_default="{}", nullable=False),
        sa.Column("folded", sa.Text(), server_default="", nullable=False),
        sa.Column("readers", sa.Text(), server_default="province", nullable=False),
        sa.Column("employer_ok", sa.Boolean(), nullable=True),
        sa.Column("name_ok", sa.Boolean(), nullable=True),
        sa.Column("story_ok", sa.Boolean(), nullable=True),
        sa.Column("news", sa.Text(), server_default="here", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("pin", sa.Text(), server_default="", nullable=False),
        sa.Column("pin_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("consent_note", sa.Text(), server_default="", nullable=False),
        sa.Column("assigned_id", Id, nullable=True),
        sa.Column("round", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("recognition_number", sa.Text(), server_default="", nullable=False),
        sa.Column("recognition_date", sa.Date(), nullable=True),
        sa.Column("reminders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reminded_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("touched_at", Moment(), nullable=False),
        sa.Column("received_at", Moment(), nullable=True),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_initiatives_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_initiatives_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initiatives")),
        sa.UniqueConstraint("code", name=op.f("uq_initiatives_code")),
    )
    with op.batch_alter_table("initiatives", schema=None) as batch_op:
        batch_op.create_index("ix_initiatives_assigned", ["assigned_id", "state"], unique=False)
        batch_op.create_index(
            "ix_initiatives_draft",
            ["person_id"],
            unique=True,
            sqlite_where=sa.text("state = 'writing'"),
            postgresql_where=sa.text("state = 'writing'"),
        )
        batch_op.create_index("ix_initiatives_listed", ["state", "received_at", "id"], unique=False)
        batch_op.create_index("ix_initiatives_person", ["person_id", "id"], unique=False)
        batch_op.create_index("ix_initiatives_received", ["received_at", "id"], unique=False)
        batch_op.create_index("ix_initiatives_unit", ["unit_id", "received_at"], unique=False)

    op.create_table(
        "link_codes",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("staff_id", Id, nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_link_codes_person_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_link_codes_staff_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_link_codes")),
    )
    with op.batch_alter_table("link_codes", schema=None) as batch_op:
        batch_op.create_index("ix_link_codes_person", ["person_id"], unique=False)
        batch_op.create_index("ix_link_codes_until", ["until"], unique=False)

    op.create_table(
        "misses",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("nearest", sa.Text(), server_default="[]", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_misses_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_misses")),
    )
    with op.batch_alter_table("misses", schema=None) as batch_op:
        batch_op.create_index("ix_misses_at", ["at"], unique=False)
        batch_op.create_index("ix_misses_person", ["person_id"], unique=False)

    op.create_table(
        "notes",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_notes_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.create_index("ix_notes_person", ["person_id", "id"], unique=False)

    op.create_table(
        "optins",
        sa.Column("person_id", Id, nullable=False),
        sa.Column("token", sa.Text(), server_default="", nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.Column("stopped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("asked_at", Moment(), nullable=True),
        sa.Column("at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_optins_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_optins")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("announcement_id", Id, nullable=True),
        sa.Column("inbox_id", Id, nullable=True),
        sa.Column("turn", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("blocks", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("queued_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("begun_at", Moment(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("doubts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("useful_until", Moment(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("delivered_at", Moment(), nullable=True),
        sa.Column("read_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_outbox_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_outbox_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("announcement_id", "person_id", name=op.f("uq_outbox_announcement_id_person_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_announced",
            ["announcement_id", "account_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'waiting') AND announcement_id IS NOT NULL"),
            postgresql_where=sa.text("state IN ('queued', 'waiting') AND announcement_id IS NOT NULL"),
        )
        batch_op.create_index("ix_outbox_announcement", ["announcement_id", "state"], unique=False)
        batch_op.create_index(
            "ix_outbox_blocking",
            ["person_id", "queued_at", "id"],
            unique=False,
            sqlite_where=sa.text("blocks"),
            postgresql_where=sa.text("blocks"),
        )
        batch_op.create_index(
            "ix_outbox_doubtful",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state = 'unsure'"),
            postgresql_where=sa.text("state = 'unsure'"),
        )
        batch_op.create_index("ix_outbox_finished", ["finished_at"], unique=False)
        batch_op.create_index(
            "ix_outbox_held",
            ["person_id", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'held'"),
            postgresql_where=sa.text("state = 'held'"),
        )
        batch_op.create_index(
            "ix_outbox_leased",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        )
        batch_op.create_index("ix_outbox_message", ["account_id", "message_id"], unique=False)
        batch_op.create_index("ix_outbox_person", ["person_id", "id"], unique=False)
        batch_op.create_index(
            "ix_outbox_ready",
            ["account_id", "priority", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'waiting') AND announcement_id IS NULL"),
            postgresql_where=sa.text("state IN ('queued', 'waiting') AND announcement_id IS NULL"),
        )
        batch_op.create_index(
            "ix_outbox_unsure",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("state = 'unsure' AND blocks"),
            postgresql_where=sa.text("state = 'unsure' AND blocks"),
        )

    op.create_table(
        "person_links",
        sa.Column("person_id", Id, nullable=False),
        sa.Column("group_id", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_person_links_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_links")),
    )
    with op.batch_alter_table("person_links", schema=None) as batch_op:
        batch_op.create_index("ix_person_links_group", ["group_id"], unique=False)

    op.create_table(
        "said",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("inbox_id", Id, nullable=True),
        sa.Column("outbox_id", Id, nullable=True),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_said_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_said")),
    )
    with op.batch_alter_table("said", schema=None) as batch_op:
        batch_op.create_index("ix_said_at", ["at"], unique=False)
        batch_op.create_index("ix_said_person", ["person_id", "id"], unique=False)

    op.create_table(
        "staff_links",
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.Column("linked_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_staff_links_person_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_links_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", "person_id", name=op.f("pk_staff_links")),
    )
    with op.batch_alter_table("staff_links", schema=None) as batch_op:
        batch_op.create_index("ix_staff_links_person", ["person_id"], unique=False)

    op.create_table(
        "subscriptions",
        sa.Column("person_id", Id, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_subscriptions_person_id")),
        sa.PrimaryKeyConstraint("person_id", "topic", name=op.f("pk_subscriptions")),
    )
    op.create_table(
        "testers",
        sa.Column("person_id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_testers_person_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_testers_staff_id")),
        sa.PrimaryKeyConstraint("person_id", "staff_id", name=op.f("pk_testers")),
    )
    with op.batch_alter_table("testers", schema=None) as batch_op:
        batch_op.create_index("ix_testers_staff", ["staff_id"], unique=False)

    op.create_table(
        "files",
        sa.Column("id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=True),
        sa.Column("initiative_id", Id, nullable=True),
        sa.Column("batch", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("platform", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("type", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("transcript", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("stored_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["initiative_id"], ["initiatives.id"], name=op.f("fk_files_initiative_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_files_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    with op.batch_alter_table("files", schema=None) as batch_op:
        batch_op.create_index("ix_files_initiative", ["initiative_id", "id"], unique=False)
        batch_op.create_index("ix_files_key", ["key"], unique=False)
        batch_op.create_index("ix_files_person", ["person_id", "id"], unique=False)
        batch_op.create_index(
            "ix_files_wanted",
            ["due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'wanted'"),
            postgresql_where=sa.text("state = 'wanted'"),
        )

    op.create_table(
        "initiative_events",
        sa.Column("id", Id, nullable=False),
        sa.Column("initiative_id", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.Column("state_before", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("outbox_id", Id, nullable=True),
        sa.Column("to_call", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("called_at", Moment(), nullable=True),
        sa.Column("called_by", Id, nullable=True),
        sa.ForeignKeyConstraint(
            ["initiative_id"], ["initiatives.id"], name=op.f("fk_initiative_events_initiative_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initiative_events")),
    )
    with op.batch_alter_table("initiative_events", schema=None) as batch_op:
        batch_op.create_index("ix_initiative_events_initiative", ["initiative_id", "id"], unique=False)
        batch_op.create_index(
            "ix_initiative_events_untold",
            ["at"],
            unique=False,
            sqlite_where=sa.text("called_at IS NULL AND (outbox_id IS NOT NULL OR to_call)"),
            postgresql_where=sa.text("called_at IS NULL AND (outbox_id IS NOT NULL OR to_call)"),
        )

    op.create_table(
        "initiative_helpers",
        sa.Column("initiative_id", Id, nullable=False),
        sa.Column("person_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["initiative_id"], ["initiatives.id"], name=op.f("fk_initiative_helpers_initiative_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_initiative_helpers_person_id")),
        sa.PrimaryKeyConstraint("initiative_id", name=op.f("pk_initiative_helpers")),
    )
    with op.batch_alter_table("initiative_helpers", schema=None) as batch_op:
        batch_op.create_index("ix_initiative_helpers_person", ["person_id"], unique=False)

    op.create_table(
        "initiative_scores",
        sa.Column("initiative_id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["initiative_id"], ["initiatives.id"], name=op.f("fk_initiative_scores_initiative_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("initiative_id", "staff_id", name=op.f("pk_initiative_scores")),
    )
    op.create_table(
        "initiative_stories",
        sa.Column("initiative_id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("trade", sa.Text(), nullable=False),
        sa.Column("picture_id", Id, nullable=True),
        sa.Column("byline", sa.Text(), server_default="", nullable=False),
        sa.Column("published_at", Moment(), nullable=True),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["initiative_id"], ["initiatives.id"], name=op.f("fk_initiative_stories_initiative_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("initiative_id", name=op.f("pk_initiative_stories")),
    )
    with op.batch_alter_table("initiative_stories", schema=None) as batch_op:
        batch_op.create_index("ix_initiative_stories_published", ["published_at"], unique=False)
