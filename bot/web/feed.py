"""What the federation's website can show: announcements as an Atom feed, an embeddable page, and their pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Blueprint, Response, render_template
from sqlalchemy import select

from bot.announcements import drafting
from bot.announcements.announcing import Words
from bot.announcements.drafting import Message
from bot.store import announcements
from bot.store.announcements import Announcement, State
from bot.store.announcements import announcements as table
from bot.store.database import Database

ATOM = "http://www.w3.org/2005/Atom"
LATEST = 20
PUBLIC = (State.RUNNING, State.PAUSED, State.SENT, State.CLOSED)


@dataclass(frozen=True, slots=True)
class Feed:
    database: Database
    words: Callable[[], Words]
    url: str


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    title: str
    text: str
    at: datetime


def blueprint(feed: Feed) -> Blueprint:
    site = Blueprint("feed", __name__, template_folder="templates")

    @site.get("/announcements.atom")
    def atom() -> Response:
        return Response(_atom(feed), mimetype="application/atom+xml")

    @site.get("/announcements")
    def page() -> Response:
        """To be shown inside the federation's pages: the only page of ours that others may frame."""
        union = feed.words().organisation
        made = Response(render_template("web/announcements.html", entries=entries(feed), union=union))
        made.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"
        )
        made.headers["X-Frame-Options"] = ""
        return made

    @site.get("/pictures/<token>")
    def picture(token: str) -> Response:
        """An announcement's picture, for the platforms to fetch: its address is a secret until it is sent."""
        with feed.database.read() as connection:
            found = announcements.picture(connection, token)
        if found is None:
            return Response("404\n", 404, mimetype="text/plain")
        kind, content = found
        return Response(content, mimetype=kind, headers={"Cache-Control": "public, max-age=604800"})

    return site


def entries(feed: Feed) -> list[Entry]:
    """The newest announcements that officers let stand in public and that name nobody's own matter."""
    query = (
        select(table.c.id)
        .where(table.c.on_feed, table.c.started_at.is_not(None), table.c.state.in_([one.value for one in PUBLIC]))
        .order_by(table.c.started_at.desc())
        .limit(LATEST)
    )
    with feed.database.read() as connection:
        found = [announcements.get(connection, number) for number in connection.scalars(query).all()]
    return [_entry(feed, one) for one in found if one is not None]


def _entry(feed: Feed, one: Announcement) -> Entry:
    words = feed.words()
    text = drafting.text(Message.of(one), words, {}).removeprefix(one.title).strip()
    text = text.removesuffix(words.texts("announcement.stop")).strip()
    return Entry(one.id, one.title, text, one.started_at or one.changed_at)


def _atom(feed: Feed) -> bytes:
    union, found = feed.words().organisation, entries(feed)
    root = Element("feed", xmlns=ATOM)
    SubElement(root, "title").text = f"Thông báo của {union.name or 'công đoàn'}"
    SubElement(root, "id").text = f"{feed.url}/announcements"
    SubElement(root, "updated").text = (found[0].at if found else datetime(2026, 1, 1).astimezone()).isoformat()
    SubElement(root, "link", rel="self", href=f"{feed.url}/announcements.atom")
    author = SubElement(root, "author")
    SubElement(author, "name").text = union.name or "Công đoàn"
    for one in found:
        entry = SubElement(root, "entry")
        SubElement(entry, "title").text = one.title
        SubElement(entry, "id").text = f"{feed.url}/announcements#{one.id}"
        SubElement(entry, "updated").text = one.at.isoformat()
        SubElement(entry, "link", href=f"{feed.url}/announcements#{one.id}")
        SubElement(entry, "content", type="text").text = one.text
    made: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return made
