"""Log lines as one JSON object each: what happened, with ids only. No text, name or phone of a member ever."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

#: Joins every line from a webhook's event to the reply that left.
correlation: ContextVar[str] = ContextVar("correlation", default="")

_log = logging.getLogger("bot")
_as_json = json.JSONEncoder(ensure_ascii=False, default=str).encode  # json.dumps would make an encoder for each line


def setup(level: int = logging.INFO) -> None:
    """Send the bot's lines to standard error, one JSON object a line; libraries speak only from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(level)
    # what no line shows is not looked up for each: the logging module's own advice, and a third of a line's cost
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # urllib3 and waitress would print request lines, and a request line can hold a token
    for name in ("urllib3", "waitress.queue", "apscheduler"):
        logging.getLogger(name).setLevel(logging.ERROR)


def event(name: str, **facts: object) -> None:
    """Write down that something happened, with ids as facts."""
    if _log.isEnabledFor(logging.INFO):
        _log.info(name, extra={"facts": facts})


def warn(name: str, **facts: object) -> None:
    _log.warning(name, extra={"facts": facts})


def failure(name: str, **facts: object) -> None:
    """An unexpected exception, inside its except clause: where it was raised, not what it said.

    The message of a foreign exception may quote a member's text (a database error shows its parameters).
    """
    kind, _, trace = sys.exc_info()
    frames = traceback.extract_tb(trace)[-6:] if trace else []
    where = " < ".join(f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    _log.error(name, extra={"facts": {**facts, "error": kind.__name__ if kind else "", "where": where}})


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage() if record.name.startswith("bot") else record.name,
        }
        if token := correlation.get():
            line["turn"] = token
        facts = getattr(record, "facts", None)
        if facts:
            line.update(facts)
        elif not record.name.startswith("bot"):
            line["message"] = record.getMessage()
        return _as_json(line)
