"""Every table there is: importing this module registers those that stand beside their functions."""

from __future__ import annotations

from bot.store import audit, options, schema, sign_in, staff

BESIDE_THEIR_FUNCTIONS = (audit, options, sign_in, staff)
metadata = schema.metadata
