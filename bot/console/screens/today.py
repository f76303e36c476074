"""The first page: what asks for attention now."""

from __future__ import annotations

from flask import Blueprint, render_template

from bot.console import access
from bot.console.access import May
from bot.console.desk import desk
from bot.store import sign_in, staff, units

screen = Blueprint("today", __name__)
FEW_CODES = 3
#: What the bot cannot do well without; the settings screen has a field for each.
WANTED = {"name": "identity", "phone": "identity", "hours": "hours", "data_contact": "privacy"}


@screen.get("/")
def show() -> str:
    here = access.here()
    organisation = desk().organisation()
    with desk().database.read() as connection:
        alone = staff.administrators(connection) < 2
        codes = sign_in.recovery_codes_left(connection, here.staff.id)
        known = units.everything(connection)
    mine = [unit for unit in known.values() if unit.in_charge_id == here.staff.id]
    return render_template(
        "console/today/show.html",
        alone=alone and access.may(May.MANAGE_STAFF),
        codes=codes if here.staff.totp_on and codes <= FEW_CODES else None,
        empty=[name for name in WANTED if not getattr(organisation, name)] if access.may(May.CHANGE_SETTINGS) else [],
        sections=WANTED,
        no_units=not known and access.may(May.IMPORT_UNITS),
        mine=mine,
    )
