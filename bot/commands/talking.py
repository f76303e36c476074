"""`ask`, `chat`, `evaluate`: the conversation without a platform."""

from __future__ import annotations

import argparse
import json
import sys

from bot import clock, evaluation, evaluation_page
from bot.conversation.asking import answered
from bot.conversation.engine import Engine, Standing
from bot.errors import BotError
from bot.initiatives.facts import bare
from bot.initiatives.form import Form
from bot.library.organisation import Organisation
from bot.library.search import Library
from bot.library.shelf import Documents
from bot.library.texts import Texts
from bot.messages import PAYLOAD_PREFIX, Inbound, InboundKind
from bot.talk import Button, Person, number
from handlers import TOPICS

BYE = ("/q", "/quit", "/exit")


def ask(options: argparse.Namespace) -> int:
    if options.jsonl == (options.text is not None):
        options.parser.error("give either a TEXT or --jsonl")
    engine = _engine()
    if not options.jsonl:
        print(answered(engine, options.text)["answer"])
        return 0
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answered(engine, _message(line)), ensure_ascii=False), flush=True)
    return 0


def chat(_options: argparse.Namespace) -> int:
    """A member's conversation, line by line; a number chooses a button."""
    engine, memory, buttons = _engine(), dict[str, object](), tuple[Button, ...]()
    print(f"Gõ tin nhắn rồi Enter; số để chọn nút; {BYE[0]} để thoát.")
    for turn, line in enumerate(sys.stdin):
        text = line.strip()
        if text in BYE:
            break
        facts = {"initiatives": bare(Form.open(), clock.now().date())}
        standing = Standing(Person(id=1, first_contact=turn == 0), memory, None, "zalo", facts)
        outcome = engine.answer([_inbound(text, buttons)], standing, clock.now())
        memory, buttons = outcome.memory, ()
        for say in outcome.says:
            print(say.text)
            buttons = say.buttons or buttons
        for place, button in enumerate(buttons, 1):
            print(f"  [{place}] {button.title}")
        print(flush=True)
    return 0


def evaluate(options: argparse.Namespace) -> int:
    report = evaluation.score(Library.open(), evaluation.read_rows(options.file))
    if options.html is not None:
        options.html.write_text(evaluation_page.page(report), encoding="utf-8")
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
        return 0
    for line in report.lines() + (report.misses if options.misses else []):
        print(line)
    return 0


def _engine() -> Engine:
    organisation = Organisation.open()
    return Engine(TOPICS, Library.open(), Texts.open(organisation), organisation, Documents.open().clauses())


def _inbound(text: str, buttons: tuple[Button, ...]) -> Inbound:
    now = clock.now()
    pressed = number(text)
    if pressed is not None and 0 < pressed <= len(buttons):
        return Inbound(InboundKind.CHOICE, "1", now, payload=buttons[pressed - 1].payload or PAYLOAD_PREFIX)
    return Inbound(InboundKind.TEXT, "1", now, text=text)


def _message(line: str) -> str:
    """A line is plain text, or a JSON object with "text". Raises BotError for an object without one."""
    try:
        value = json.loads(line)
    except ValueError:
        return line.strip()
    if not isinstance(value, dict):
        return line.strip()
    if not isinstance(value.get("text"), str):
        raise BotError("ask.no_text")
    return str(value["text"])
