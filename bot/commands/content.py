"""`content`: the texts and answers that union officers own."""

from __future__ import annotations

import argparse

from bot.library import load, texts
from bot.library.search import Library


def check(_options: argparse.Namespace) -> int:
    """0 when nothing is wrong."""
    found = load.faults()
    found += texts.faults(answers=set(Library.open().answers) if not found else None)
    for fault in found:
        print(fault)
    print(f"{len(found)} faults" if found else "content is fine")
    return 1 if found else 0
