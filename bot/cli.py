"""The commands of `python -m bot`: what each takes, and which function does it.

Exit codes: 0 done, 1 failed with one line saying why, 2 bad arguments. Each command imports what it needs when it
runs: `--help` must not wait for a classifier to be trained.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from bot import logs
from bot.errors import BotError

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse gives it no other name
Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # Vietnamese, whatever the system's own encoding is
    options = _parser().parse_args(arguments)
    logs.setup()
    try:
        return _command(options.run)(options)
    except BotError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        pass
    return 1


def _command(name: str) -> Command:
    """Find it by its name: "content.check" is the function `check` of `bot.commands.content`."""
    module, _, function = name.rpartition(".")
    found: Command = getattr(import_module(f"bot.commands.{module}"), function)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="A trade union's chatbot on Zalo and Messenger.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for group in (_processes, _database, _talking, _accounts, _staff, _content, _people, _demo):
        group(commands)
    return parser


def _add(commands: Commands, name: str, run: str, help_: str) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=help_, description=help_)
    made.set_defaults(run=run, parser=made)
    return made


def _group(commands: Commands, name: str, help_: str) -> Commands:
    return _add(commands, name, "", help_).add_subparsers(required=True, metavar="ACT")


def _processes(commands: Commands) -> None:
    _add(commands, "serve", "processes.serve", "run everything in one process and print the addresses")
    _add(commands, "web", "processes.web", "run the web server alone (PostgreSQL)")
    _add(commands, "worker", "processes.worker", "run the message worker alone (PostgreSQL)")
    _add(commands, "clock", "processes.clock", "run the alarm clock alone (PostgreSQL)")


def _database(commands: Commands) -> None:
    _add(commands, "migrate", "database.migrate", "bring the database to this version's tables")
    backup = _add(commands, "backup", "database.backup", "write everything to a file, while the bot runs")
    backup.add_argument("file", type=Path)
    backup.add_argument("--without-bucket", action="store_true", help="leave out attachments that are kept in a bucket")
    restore = _add(commands, "restore", "database.restore", "read a backup into an empty database")
    restore.add_argument("file", type=Path)
    restore.add_argument("--replace", action="store_true", help="empty the database first")


def _talking(commands: Commands) -> None:
    ask = _add(commands, "ask", "talking.ask", "answer one message, or one a line from standard input")
    ask.add_argument("text", nargs="?", help="the message")
    ask.add_argument("--jsonl", action="store_true", help="read messages from standard input, write a JSON object each")
    _add(commands, "chat", "talking.chat", "talk to the bot in the terminal")
    evaluate = _add(commands, "evaluate", "talking.evaluate", "score the answers on a file of labelled messages")
    evaluate.add_argument("file", type=Path)
    evaluate.add_argument("--misses", action="store_true", help="list what was read wrongly")
    evaluate.add_argument("--json", action="store_true", help="write the figures as JSON")
    evaluate.add_argument("--html", type=Path, metavar="OUT", help="write a page with plots")


def _accounts(commands: Commands) -> None:
    doctor = _add(commands, "doctor", "accounts.doctor", "ask the platforms what is still missing")
    doctor.add_argument("--fix", action="store_true", help="subscribe the Page's fields, set greeting and menu")
    accounts = _group(commands, "accounts", "the Official Accounts and Pages")
    _add(accounts, "list", "accounts.list_", "one line an account")
    new = _add(accounts, "add", "accounts.add", "add an OA or a Page; secrets are read from standard input")
    new.add_argument("platform", choices=["zalo", "messenger"])
    new.add_argument("external_id", help="the OA's or the Page's id")
    new.add_argument("--app-id", required=True)
    _account_facts(new)
    change = _add(accounts, "update", "accounts.update", "change an account")
    change.add_argument("account", type=int, help="its number in the list")
    change.add_argument("--tokens", action="store_true", help="read a new token (pair) from standard input")
    change.add_argument("--activate", action="store_true", help="let a held account send again")
    _account_facts(change)
    _add(accounts, "remove", "accounts.remove", "stop serving an account").add_argument("account", type=int)


def _staff(commands: Commands) -> None:
    staff = _group(commands, "staff", "who may sign in to the console")
    _add(staff, "list", "staff.list_", "one line a person")
    invite = _add(staff, "add", "staff.add", "print a one-time link for a new colleague")
    invite.add_argument("--role", default="administrator")
    _add(staff, "disable", "staff.disable", "close somebody's access").add_argument("login")
    audit = _group(commands, "audit", "the record of every act")
    _add(audit, "verify", "staff.verify", "check that nobody changed the record")


def _content(commands: Commands) -> None:
    content = _group(commands, "content", "the texts and answers in content/")
    _add(content, "check", "content.check", "report every fault with its file")
    load = _add(content, "import", "content.import_", "read a plan or resolution (docx, pdf, txt) into its clauses")
    load.add_argument("file", type=Path)
    load.add_argument("--number", default="", help='its number, e.g. "487/KH-LĐLĐ"; read from the text when missing')


def _people(commands: Commands) -> None:
    for name, run, help_ in (
        ("forget", "people.forget", "erase everything kept of a person"),
        ("export", "people.export", "print everything kept of a person as JSON"),
    ):
        person = _add(commands, name, run, help_)
        person.add_argument("account", type=int, help="the account's number")
        person.add_argument("user_id", help="the platform's id of the person")


def _demo(commands: Commands) -> None:
    demo = _add(commands, "seed-demo", "demo.seed", "fill an empty database with a made-up province")
    demo.add_argument("--people", type=int, default=100_000)
    demo.add_argument("--messages", type=int, default=1_000_000)
    demo.add_argument("--units", type=int, default=300)
    demo.add_argument("--initiatives", type=int, default=2000)
    demo.add_argument("--attachments", type=int, default=5000, help="among the initiatives")
    demo.add_argument("--seed", type=int, default=487, help="the same number makes the same province")


def _account_facts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name")
    parser.add_argument("--rate", type=float, help="messages a second")
    parser.add_argument("--burst", type=float)
    parser.add_argument("--api-url")
    parser.add_argument("--oauth-url")
    parser.add_argument("--api-version")
    parser.add_argument("--buttons", choices=["on", "off"], help="Zalo: real buttons instead of numbers")
