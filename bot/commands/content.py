"""`content`: the texts and answers that union officers own."""

from __future__ import annotations

import argparse

from bot import settings
from bot.library import documents, load, shelf, texts
from bot.library.search import Library
from bot.library.shelf import Documents


def check(_options: argparse.Namespace) -> int:
    """0 when nothing is wrong."""
    found = load.faults()
    found += texts.faults(answers=set(Library.open().answers) if not found else None)
    for fault in found:
        print(fault)
    print(f"{len(found)} faults" if found else "content is fine")
    return 1 if found else 0


def import_(options: argparse.Namespace) -> int:
    """Read a document into its clauses, keep it as the next version, and say which answers rest on what changed."""
    data = options.file.read_bytes()
    read = documents.read(data, options.file.name, options.number)
    folder = settings.load().documents_dir
    before = Documents.open(shelf.SHIPPED, folder).by_number.get(read.number)
    stored = shelf.store(read, data, folder)
    change = shelf.compare(before, stored, load.load().answers.values())
    print(f"{stored.number}, version {stored.version}: {len(stored.sections)} clauses")
    for section in stored.sections:
        print(f"  {section.id}")
    for name in ("added", "removed", "changed"):
        if before is not None and (ids := getattr(change, name)):
            print(f"{name}: {', '.join(ids)}")
    for answer in change.answers:
        print(f"look again at the answer {answer}: its clause is no longer the same")
    return 0
