"""Every table there is: importing this module registers those that stand beside their functions."""

from __future__ import annotations

from bot.store import (
    announcements,
    approvals,
    audience,
    audit,
    conversations,
    data_requests,
    events,
    files,
    honoured,
    incidents,
    initiatives,
    linking,
    notifications,
    options,
    said,
    schema,
    sign_in,
    staff,
    stories,
    surveys,
)

BESIDE_THEIR_FUNCTIONS = (
    announcements,
    approvals,
    audience,
    audit,
    conversations,
    data_requests,
    events,
    files,
    honoured,
    incidents,
    initiatives,
    linking,
    notifications,
    options,
    said,
    sign_in,
    staff,
    stories,
    surveys,
)
metadata = schema.metadata
