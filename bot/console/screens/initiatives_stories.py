"""Stories of initiatives: written by an officer, told only while the author allows it, never what is confidential."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as AnyResponse

from bot import talk
from bot.console import access
from bot.console.access import May
from bot.console.desk import desk
from bot.console.forms import tidy
from bot.console.initiative_desk import initiative_desk, theirs
from bot.errors import BotError
from bot.files.sniffing import PICTURES
from bot.initiatives import telling
from bot.store import audit, stories, units
from bot.store import files as file_store
from bot.store.initiatives import initiatives

screen = Blueprint("initiatives_stories", __name__)


@screen.get("/initiatives/stories")
def index() -> str:
    with desk().database.read() as connection:
        query = (
            select(stories.stories.c.initiative_id, stories.stories.c.title, stories.stories.c.trade,
                   stories.stories.c.published_at, initiatives.c.story_ok, initiatives.c.state)
            .join(initiatives, initiatives.c.id == stories.stories.c.initiative_id)
            .order_by(stories.stories.c.changed_at.desc())
            .limit(200)
        )  # fmt: skip
        condition = theirs()
        rows = connection.execute(query if condition is None else query.where(condition)).all()
    return render_template("console/initiatives/stories.html", rows=rows, url=desk().settings.bot_public_url)


@screen.route("/initiatives/<int:number>/story", methods=["GET", "POST"])
def edit(number: int) -> str | AnyResponse | tuple[str, int]:
    at = initiative_desk()
    if request.method == "GET":
        return _page(number)
    given, now = request.form, desk().clock()
    title, text = tidy(given.get("title"))[:120], tidy(given.get("text"))[:1500]
    trade = given.get("trade", "")
    picture = given.get("picture", type=talk.number) or None
    byline = tidy(given.get("byline"))[:120]
    if not title or not text or trade not in at.form.trades:
        return _page(number, "story.incomplete"), 422

    def op(connection: Connection) -> None:
        one = at.seen(connection, number)
        if telling.tells_secret(str(one.fields.get("confidential") or ""), f"{title}\n{text}"):
            raise BotError("story.confidential")
        if picture is not None and not _is_picture(connection, number, picture):
            raise BotError("story.no_picture")
        stories.save(connection, one.id, now, title=title, text=text, trade=trade, picture_id=picture, byline=byline)
        audit.record(connection, now, at.who.staff.id, "story.saved", "initiative", number)

    try:
        desk().database.write(op)
    except BotError as error:
        return _page(number, error.code), 422
    return redirect(url_for("console.initiatives_stories.edit", number=number, done="story_saved"))


def _is_picture(connection: Connection, number: int, file_id: int) -> bool:
    found = file_store.get(connection, file_id)
    return found is not None and found.initiative_id == number and found.type in PICTURES


@screen.post("/initiatives/<int:number>/story/publish")
def publish(number: int) -> str | AnyResponse | tuple[str, int]:
    """Told from now on; a story whose author has not said yes is refused."""
    at, now = initiative_desk(), desk().clock()
    since: datetime | None = now if request.form.get("act") == "publish" else None

    def op(connection: Connection) -> None:
        one = at.seen(connection, number)
        if since is not None and not one.story_ok:
            raise BotError("story.not_permitted")
        if stories.get(connection, number) is None:
            raise BotError("story.incomplete")
        stories.publish(connection, number, since)
        act = "story.published" if since else "story.taken_back"
        audit.record(connection, now, at.who.staff.id, act, "initiative", number)

    try:
        desk().database.write(op)
    except BotError as error:
        return _page(number, error.code), 422
    done = "story_published" if since else "story_taken_back"
    return redirect(url_for("console.initiatives_stories.edit", number=number, done=done))


def _page(number: int, fault: str = "") -> str:
    at = initiative_desk()
    with desk().database.read() as connection:
        one = at.seen(connection, number)
        story = stories.get(connection, number)
        pictures = [file for file in file_store.of_initiative(connection, number) if file.type in PICTURES]
        known = units.everything(connection)
        links = _links(connection, known)
    ready: dict[str, Any] = {}
    if story is not None:
        byline = story.byline if one.name_ok else ""
        ready = telling.ready(story, byline, links, desk().settings.bot_public_url, desk().organisation())
    return render_template(
        "console/initiatives/story.html", one=one, story=story, pictures=pictures, trades=at.form.trades, fault=fault,
        ready=ready, url=desk().settings.bot_public_url, given=request.form,
        may_publish=access.may(May.PUBLISH_STORIES),
    )  # fmt: skip


def _links(connection: Connection, known: Any) -> dict[str, str]:
    top = next((unit for unit in known.values() if unit.parent_id is None), units.Unit())
    return units.bot_links(connection, top, known)
