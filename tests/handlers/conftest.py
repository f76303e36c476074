from __future__ import annotations

import pytest

from bot.conversation.engine import Engine
from bot.library.organisation import Organisation
from bot.library.search import Library
from bot.library.shelf import Documents
from bot.library.texts import Texts
from handlers import TOPICS

HOURS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("07:30-11:30", "13:30-17:00"))


@pytest.fixture(scope="session")
def library() -> Library:
    return Library.open()


@pytest.fixture(scope="session")
def engine(library: Library) -> Engine:
    """The shipped engine, for a union with working hours."""
    organisation = Organisation.open(edits={"hours": HOURS})
    return Engine(TOPICS, library, Texts.open(organisation), organisation, Documents.open().clauses())
