"""The door to the platforms: one deadline for a whole call, however the peer spreads its bytes, and its limits."""

from __future__ import annotations

import gzip
import json

import pytest
import requests

from bot.platforms.http import MAX_ANSWER, Http, NoAnswer, _address, _prepared
from tests.platforms.conftest import Fault, Peer, Said


@pytest.mark.parametrize("fault", [Fault.TRICKLED_HEAD, Fault.TRICKLED_BODY, Fault.SLOW])
def test_the_time_is_for_the_whole_call(peer: Peer, http: Http, fault: Fault) -> None:
    peer.will(fault, Said({"fine": True}))
    with pytest.raises(NoAnswer):
        http.call("POST", f"{peer.url}/x", body={})
    assert http.call("POST", f"{peer.url}/x", body={}).json == {"fine": True}, "the next call has its own time"


def test_a_kept_connection_has_its_whole_time_again(peer: Peer, http: Http) -> None:
    peer.will(*[Said({"n": n}) for n in range(3)])
    assert [http.call("GET", f"{peer.url}/x").json["n"] for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("size", [10, MAX_ANSWER])
def test_what_is_packed_counts_unpacked(peer: Peer, http: Http, size: int) -> None:
    packed = gzip.compress(json.dumps("x" * size).encode())
    peer.will(Said(packed, headers={"Content-Encoding": "gzip"}))
    if size < MAX_ANSWER:
        assert http.call("GET", f"{peer.url}/x").json == "x" * size
    else:
        with pytest.raises(NoAnswer, match="too large"):
            http.call("GET", f"{peer.url}/x")


@pytest.mark.parametrize("data", [None, b'{"text":"\xe1\xba\xbf"}', {"grant_type": "refresh_token", "sign": "a b&c"}])
@pytest.mark.parametrize("params", [{}, {"access_token": "a+b/ế", "fields": "id,name"}])
def test_a_request_is_what_requests_itself_would_make(
    data: bytes | dict[str, str] | None, params: dict[str, str]
) -> None:
    url, headers = "https://graph.facebook.com/v25.0/me/messages?x=1", {"Content-Type": "application/json"}
    made = _prepared("POST", _address(url, tuple(params.items())), headers, data)
    theirs = requests.Request("POST", url, params=params, data=data, headers=headers).prepare()
    assert (made.method, made.url, made.body, made.headers) == (
        theirs.method,
        theirs.url,
        theirs.body,
        theirs.headers,
    )
