"""What the screens of the initiatives work with, made of the desk: form, words, news, files, papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, current_app
from sqlalchemy import Connection
from sqlalchemy.sql import ColumnElement

from bot.console import access
from bot.console.access import Access
from bot.console.desk import Desk, desk
from bot.errors import BotError
from bot.files import open_store
from bot.files.storing import FileStore
from bot.initiatives.exporting import CHANNELS, READERS, Exporter
from bot.initiatives.form import Form
from bot.initiatives.news import News
from bot.initiatives.review import Review
from bot.initiatives.states import LABELS
from bot.library.texts import Texts
from bot.store import initiative_lists as lists
from bot.store import initiatives as store
from bot.store import options
from bot.store.initiatives import Initiative


@dataclass(frozen=True, slots=True)
class InitiativeDesk:
    """For one request."""

    at: Desk
    form: Form
    texts: Texts
    files: FileStore
    who: Access  # kept here: what is written runs in another thread, outside the request

    @property
    def news(self) -> News:
        return News(self.at.directory.platforms, lambda: self.texts)

    @property
    def review(self) -> Review:
        return Review(self.news, self.who.staff.id, self.at.clock())

    @property
    def exporter(self) -> Exporter:
        return Exporter(
            self.at.database, self.files, self.at.clock, lambda: self.form, lambda: self.texts, self.at.organisation
        )

    def seen(self, connection: Connection, initiative_id: int) -> Initiative:
        """One initiative, when it may be seen; 404 otherwise: not even its existence is told."""
        one = store.get(connection, initiative_id)
        if one is None or one.code is None or not self.who.reads(one.unit_id, one.readers):
            abort(404)
        return one

    def states(self) -> dict[str, str]:
        return {state.value: self.texts(key) for state, key in LABELS.items()}


@dataclass(slots=True)
class _Kept:
    """Read again only when an officer changed something."""

    files: FileStore
    version: int = -1
    form: Form | None = None
    texts: Texts | None = None


def initiative_desk() -> InitiativeDesk:
    at = desk()
    kept: _Kept | None = current_app.extensions.get("initiatives")
    if kept is None:
        kept = current_app.extensions["initiatives"] = _Kept(open_store(at.settings))
    with at.database.read() as connection:
        version = options.version(connection)
        form, texts = kept.form, kept.texts
        if form is None or texts is None or version != kept.version:
            form = _form(at, options.overlay(connection, "initiatives"))
            texts = Texts.open(at.organisation(), at.content, texts=options.overlay(connection, "texts"))
            kept.form, kept.texts, kept.version = form, texts, version
    return InitiativeDesk(at, form, texts, kept.files, access.here())


def _form(at: Desk, edits: dict[str, Any]) -> Form:
    edits.pop("template", None)  # a file, not a value of the form
    try:
        return Form.open(edits, at.content)
    except BotError:  # the settings screen must open, or nobody could mend it
        return Form.open(folder=at.content)


def theirs() -> ColumnElement[bool] | None:
    """The condition under which the person of this request may see an initiative; None: all of them."""
    return lists.within(access.here().units)


def words() -> dict[str, dict[str, str]]:
    return {"channels": CHANNELS, "readers": READERS}
