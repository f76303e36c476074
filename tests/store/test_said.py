"""Finding words in what was written: with and without tone marks, the newest first, page by page, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store import said, scope
from bot.store.schema import persons
from bot.store.scope import Scope
from tests.store.conftest import Desk


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that both ways of looking are gone: the newest in their order, then all by the index."""
    monkeypatch.setattr(said, "NEWEST", 3)


def fill(desk: Desk, words: dict[str, list[str]]) -> None:
    for user, texts in words.items():
        person = desk.person(user)
        for text in texts:
            desk.do(said.note, person, text, desk.hands() + timedelta(minutes=len(text)))


def found(desk: Desk, words: str, **more: object) -> list[int]:
    with desk.database.read() as connection:
        return [hit.id for hit in said.find(connection, words, **more)]  # type: ignore[arg-type]


OLD, NEW = "ca kẹp tiết kiệm hai phút", "cái máy hay kẹt"


def test_words_side_by_side_wherever_they_stand(desk: Desk) -> None:
    fill(desk, {"u1": [OLD, NEW, OLD, NEW, NEW, "tiết kiệm ca kẹp", OLD]})
    assert found(desk, "CA KEP tiet kiem") == [7, 3, 1]
    assert found(desk, "ca kẹp tiết kiệm", limit=2) == [7, 3]
    assert found(desk, "ca kẹp tiết kiệm", limit=2, below=3) == [1]
    assert found(desk, "kẹp ca") == [7, 6, 3, 1]  # nowhere side by side: all that hold both
    assert found(desk, "kẹt") == [5, 4, 2]
    assert found(desk, "kẹ") == []
    assert found(desk, "…") == []


def test_each_hit_once_though_both_ways_find_it(desk: Desk) -> None:
    fill(desk, {"u1": [NEW, OLD, NEW, OLD]})
    assert found(desk, "ca kẹp") == [4, 2]
    assert found(desk, "ca kẹp", limit=1) == [4]


@pytest.mark.parametrize("few", [True, False])
def test_only_their_people(desk: Desk, few: bool) -> None:
    fill(desk, {"u1": [OLD], "u2": [OLD, NEW, NEW, OLD]})
    mine = desk.person("u1")
    theirs = Scope(persons.c.id == mine, (mine,) if few else None)
    assert found(desk, "ca kẹp", theirs=theirs) == [1]
    assert found(desk, "ca kẹp hai phút", theirs=theirs) == [1]
    assert found(desk, "máy", theirs=theirs) == []


def test_a_scope_without_bounds_is_everybody(desk: Desk) -> None:
    with desk.database.read() as connection:
        assert scope.of(connection, None) is None
