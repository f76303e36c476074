from __future__ import annotations

import pytest

from bot.conversation.engine import Engine
from bot.library.organisation import Organisation
from bot.library.search import Library
from bot.library.texts import Texts
from handlers import TOPICS


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The shipped engine of a union that has set nothing."""
    organisation = Organisation.open()
    return Engine(TOPICS, Library.open(), Texts.open(organisation), organisation)
