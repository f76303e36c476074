"""`serve`, `web`, `worker`, `clock`."""

from __future__ import annotations

import argparse

from bot import settings
from bot.serving import Roles, run


def serve(_options: argparse.Namespace) -> int:
    return _run(Roles(web=True, worker=True, clock=True))


def web(_options: argparse.Namespace) -> int:
    return _run(Roles(web=True))


def worker(_options: argparse.Namespace) -> int:
    return _run(Roles(worker=True))


def clock(_options: argparse.Namespace) -> int:
    return _run(Roles(clock=True))


def _run(roles: Roles) -> int:
    run(settings.load(), roles, lambda line: print(line, flush=True))
    return 0
