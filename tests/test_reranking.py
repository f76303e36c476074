"""The optional model: it may change the order of what we found, and nothing else; its failures change nothing."""

from __future__ import annotations

import json

import pytest

from bot.reranking import Model, Reranked
from bot.talk import Answer, Citation, Kind, Match, Reading
from tests.peer import Fault, Peer, Said, peer

__all__ = ["peer"]

TEXT = "tiền đâu ra vậy, gọi em 0912 345 678 hay mail a@b.vn"


def answer(name: str) -> Answer:
    return Answer(name, (Citation("487/KH-LĐLĐ", "II.4.1"),), name, f"Câu hỏi {name}?", "Đáp.")


MATCHES = tuple(Match(answer(name), 0.3) for name in ("một", "hai", "ba"))
UNSURE = Reading(Kind.QUESTION, 0.9, matches=MATCHES, unsure=True)


class Shelf:
    """A library that reads every message alike."""

    def __init__(self, reading: Reading) -> None:
        self.answers = {match.answer.id: match.answer for match in MATCHES}
        self._reading = reading

    def read(self, text: str, *, before: str = "") -> Reading:
        return self._reading


def said(content: object) -> Said:
    return Said({"choices": [{"message": {"role": "assistant", "content": content}}]})


def read(peer: Peer, reading: Reading = UNSURE, *, timeout_s: float = 1.0) -> Reading:
    return Reranked(Shelf(reading), Model(f"{peer.url}/v1", "small", "k3y", timeout_s=timeout_s)).read(TEXT)


def test_it_names_the_clause(peer: Peer) -> None:
    peer.will(said("2"))
    found = read(peer)
    assert [match.answer.id for match in found.matches] == ["hai", "một", "ba"]
    assert not found.unsure
    (seen,) = peer.seen
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["Authorization"] == "Bearer k3y"
    assert seen.json["temperature"] == 0


def test_no_number_or_address_of_a_person_leaves(peer: Peer) -> None:
    peer.will(said("0"))
    read(peer)
    asked = json.dumps(peer.seen[0].json, ensure_ascii=False)
    assert "tiền đâu ra vậy" in asked
    assert "0912" not in asked
    assert "a@b.vn" not in asked


@pytest.mark.parametrize(
    "outcome",
    [
        *(said(content) for content in ("0", "9", "-1", "câu 2", None)),
        Said([]),
        Said({}),
        Said(b"<html>"),
        Said({}, status=500),
        Fault.CUT,
        Fault.SLOW,
        Fault.TRICKLED_HEAD,
        Fault.TRICKLED_BODY,
    ],
    ids=str,
)
def test_anything_else_changes_nothing(peer: Peer, outcome: Said | Fault) -> None:
    peer.will(outcome)
    assert read(peer, timeout_s=0.3) == UNSURE


def test_after_a_failure_nobody_waits_for_it_again(peer: Peer) -> None:
    peer.will(Said({}, status=500))
    library = Reranked(Shelf(UNSURE), Model(peer.url, "small"))
    assert library.read(TEXT) == library.read(TEXT) == UNSURE
    assert len(peer.seen) == 1


@pytest.mark.parametrize(
    "sure",
    [Reading(Kind.QUESTION, 0.9, matches=MATCHES), Reading(Kind.OUT_OF_SCOPE, 0.9, matches=MATCHES, unsure=True)],
)
def test_a_clear_reading_is_not_asked_about(peer: Peer, sure: Reading) -> None:
    assert read(peer, sure) == sure
    assert peer.seen == []
