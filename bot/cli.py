"""The commands: `python -m bot ask`, `evaluate`, `content check`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot import evaluation
from bot.errors import BotError
from bot.library import load
from bot.library.search import Library
from bot.talk import Kind, Reading


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 on success, 1 on failure with one line saying why, 2 on bad arguments."""
    options = _parser().parse_args(arguments)
    try:
        result: int = options.run(options)
    except BotError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="A union's chatbot on Zalo and Messenger.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    ask = commands.add_parser("ask", help="answer one message, or one a line from standard input")
    ask.add_argument("text", nargs="?", help="the message")
    ask.add_argument("--jsonl", action="store_true", help="read messages from standard input, write a JSON object each")
    ask.set_defaults(run=_ask, parser=ask)
    evaluate = commands.add_parser("evaluate", help="score the answers on a file of labelled messages")
    evaluate.add_argument("file", type=Path)
    evaluate.add_argument("--misses", action="store_true", help="list what was read wrongly")
    evaluate.set_defaults(run=_evaluate)
    content = commands.add_parser("content", help="the texts and answers in content/")
    acts = content.add_subparsers(required=True, metavar="ACT")
    check = acts.add_parser("check", help="report every fault with its file")
    check.set_defaults(run=_check)
    return parser


def _ask(options: argparse.Namespace) -> int:
    if options.jsonl == (options.text is not None):
        options.parser.error("give either a TEXT or --jsonl")
    library = Library.open()
    if options.jsonl:
        for line in sys.stdin:
            if line.strip():
                text = _message(line)
                print(json.dumps(_answered(text, library.read(text)), ensure_ascii=False), flush=True)
        return 0
    print(_answered(options.text, library.read(options.text))["answer"])
    return 0


def _message(line: str) -> str:
    """A line is plain text, or a JSON object with "text"."""
    try:
        value = json.loads(line)
    except ValueError:
        return line.strip()
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        return str(value["text"])
    return line.strip()


def _answered(text: str, reading: Reading) -> dict[str, Any]:
    best = reading.best if reading.kind is Kind.QUESTION else None
    answer = best.answer if best else None
    return {
        "text": text,
        "kind": reading.kind,
        "answer": _pronouns(f"{answer.short}\n{answer.source}" if answer else DECLINED),
        "citations": [{"document": c.document, "section": c.section} for c in answer.citations] if answer else [],
        "buttons": [match.answer.title for match in reading.matches[1:]] if answer else [],
        "confidence": round(reading.confidence, 3),
    }


#: Until the topics answer the other kinds, `ask` says plainly that it looks up documents and nothing else.
DECLINED = (
    "{Em} là trợ lý tự động, chỉ tra được Nghị quyết 16/NQ-BCH và Kế hoạch 487/KH-LĐLĐ. "
    "Việc này {anh_chi} hỏi công đoàn nơi {anh_chi} làm việc giúp {em} nhé."
)


def _pronouns(text: str) -> str:
    for name, word in (("{em}", "em"), ("{Em}", "Em"), ("{anh_chi}", "anh/chị"), ("{Anh_chi}", "Anh/chị")):
        text = text.replace(name, word)
    return text


def _evaluate(options: argparse.Namespace) -> int:
    result = evaluation.score(Library.open(), evaluation.read_rows(options.file))
    for line in result.lines() + (result.misses if options.misses else []):
        print(line)
    return 0


def _check(_options: argparse.Namespace) -> int:
    found = load.faults()
    for fault in found:
        print(fault)
    print(f"{len(found)} faults" if found else "content is fine")
    return 1 if found else 0
