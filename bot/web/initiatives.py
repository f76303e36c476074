"""Public pages of the initiatives: an author's filled form by an expiring link, and the stories that may be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Blueprint, Response, abort, render_template, url_for
from sqlalchemy import Connection

from bot.clock import Clock, zone
from bot.errors import BotError
from bot.files import showing
from bot.files.sniffing import DOCX, PICTURES
from bot.files.storing import FileStore
from bot.initiatives import exporting, word
from bot.initiatives.form import Form
from bot.initiatives.office import Office
from bot.library.organisation import Organisation
from bot.store import files as file_store
from bot.store import initiatives as store
from bot.store import stories, units
from bot.store.database import Database
from bot.store.stories import Story

ATOM = "http://www.w3.org/2005/Atom"
CACHED_S = 300


class Voice(Protocol):
    """The officers' newest words, as the runtime holds them."""

    form: Form
    organisation: Organisation


class Runtime(Protocol):
    """What these pages need of the runtime."""

    database: Database
    clock: Clock
    files: FileStore
    initiatives: Office

    @property
    def voice(self) -> Voice: ...

    @property
    def url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Shelf:
    runtime: Runtime


def blueprint(shelf: Shelf) -> Blueprint:
    site = Blueprint("initiative_site", __name__, template_folder="templates")
    runtime = shelf.runtime

    @site.get("/initiative-form/<token>")
    def form(token: str) -> Response:
        """The author's own form, by the link they asked for in the chat."""
        number = runtime.initiatives.links.opens(token, runtime.clock())
        content = _form(runtime, number) if number is not None else None
        if content is None:
            return Response(render_template("web/link_over.html", union=runtime.voice.organisation), 404)
        code, paper = content
        response = Response(paper, mimetype=DOCX)
        response.headers["Content-Disposition"] = f'attachment; filename="{code}.docx"'
        response.headers["Cache-Control"] = "no-store"
        return response

    @site.get("/stories")
    def index() -> Response:
        told = _told(runtime, stories.all_published)
        trades: dict[str, list[Story]] = {}
        for story in told:
            trades.setdefault(story.trade, []).append(story)
        return _cached(render_template("web/stories.html", union=runtime.voice.organisation, trades=trades))

    @site.get("/stories/<int:number>")
    def show(number: int) -> Response:
        story = _one(runtime, number)
        return _cached(render_template("web/story.html", union=runtime.voice.organisation, story=story))

    @site.get("/stories/<int:number>/picture.jpg")
    def picture(number: int) -> Response:
        story = _one(runtime, number)
        with runtime.database.read() as connection:
            file = file_store.get(connection, story.picture_id) if story.picture_id else None
        if file is None or file.initiative_id != number or file.type not in PICTURES:
            abort(404)
        try:
            return _cached(showing.picture(runtime.files.get(file.key), file.type), "image/jpeg")
        except BotError:
            abort(404)

    @site.get("/stories/feed.atom")
    def feed() -> Response:
        return _cached(_atom(runtime, _told(runtime, stories.all_published)), "application/atom+xml")

    return site


def _cached(content: str | bytes, kind: str = "text/html") -> Response:
    response = Response(content, mimetype=kind)
    response.headers["Cache-Control"] = f"public, max-age={CACHED_S}"
    return response


def _told(runtime: Runtime, read: Callable[[Connection], list[Story]]) -> list[Story]:
    with runtime.database.read() as connection:
        return read(connection)


def _one(runtime: Runtime, number: int) -> Story:
    """A story that may be told now; 404 for any other."""
    found = next((story for story in _told(runtime, stories.all_published) if story.initiative_id == number), None)
    if found is None:
        abort(404)
    return found


def _form(runtime: Runtime, number: int) -> tuple[str, bytes] | None:
    with runtime.database.read() as connection:
        one = store.get(connection, number)
        if one is None or one.code is None or one.state == "withdrawn":
            return None
        unit = units.get(connection, one.unit_id) if one.unit_id else None
        paper = exporting.template(connection)
    made = word.form_of(
        paper,
        one,
        runtime.voice.form,
        unit=unit.name if unit else "",
        organisation=runtime.voice.organisation.name,
        today=runtime.clock().astimezone(zone()).date(),
    )
    return one.code, made


def _atom(runtime: Runtime, told: Sequence[Story]) -> bytes:
    """RFC 4287: id, title and updated for the feed and each entry."""
    feed = Element("feed", xmlns=ATOM)
    home = runtime.url + url_for("initiative_site.index")
    newest = max((_when(story) for story in told), default=runtime.clock())
    union = runtime.voice.organisation.words["Organisation"]
    _add(feed, "title", f"Chuyện sáng kiến, {union}")
    _add(feed, "id", home)
    _add(feed, "updated", newest.isoformat())
    SubElement(feed, "link", href=home)
    SubElement(feed, "link", rel="self", href=runtime.url + url_for("initiative_site.feed"))
    _add(SubElement(feed, "author"), "name", union)
    for story in told:
        entry = SubElement(feed, "entry")
        address = runtime.url + url_for("initiative_site.show", number=story.initiative_id)
        _add(entry, "title", story.title)
        _add(entry, "id", address)
        _add(entry, "updated", _when(story).isoformat())
        SubElement(entry, "link", href=address)
        SubElement(entry, "category", term=story.trade)
        _add(entry, "summary", story.text)
    made: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return made


def _when(story: Story) -> datetime:
    return max(story.changed_at, story.published_at or story.changed_at)


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text
