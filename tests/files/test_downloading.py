"""Attachments come from the platform's own store and from nowhere else, within limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

import pytest

from bot.files.downloading import Downloader, Rules, UnknownHost, Unreachable
from bot.files.sniffing import Refused
from tests.running import served

RULES = Rules.load()
SMALL = Rules(RULES.hosts, most_bytes=1000, seconds=5, attempts=3)


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\nConnection: close\r\n\r\n" + b"x" * 60
#: Path to how much of the answer comes at once; then byte by byte.
TRICKLED = {"/slow-head": 1, "/slow-body": len(ANSWER) - 60}


class Handler(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return
        if self.path in TRICKLED:
            self.wfile.write(ANSWER[: TRICKLED[self.path]])
            for at in range(TRICKLED[self.path], len(ANSWER)):
                time.sleep(0.03)  # the pace of a slow peer, nothing waits for it
                self.wfile.write(ANSWER[at : at + 1])
            return
        status = {"/gone": 404, "/broken": 500}.get(self.path, 200)
        body = b"x" * (5000 if self.path in {"/large", "/large-untold"} else 10)
        self.send_response(status)
        if self.path != "/large-untold":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def origin() -> Iterator[str]:
    Handler.asked.clear()
    with served(Handler) as address:
        yield address


def test_a_double_that_the_operator_runs_is_asked(origin: str) -> None:
    assert Downloader(SMALL, [origin]).fetch("zalo", f"{origin}/a.png") == b"x" * 10


@pytest.mark.parametrize("path", ["/large", "/large-untold"])
def test_too_much_is_refused_whether_it_is_told_or_not(origin: str, path: str) -> None:
    with pytest.raises(Refused, match="too_large"):
        Downloader(SMALL, [origin]).fetch("zalo", origin + path)


@pytest.mark.parametrize(("path", "code"), [("/gone", "gone"), ("/broken", "away")])
def test_what_does_not_come_may_come_later(origin: str, path: str, code: str) -> None:
    with pytest.raises(Unreachable, match=code):
        Downloader(SMALL, [origin]).fetch("zalo", origin + path)


@pytest.mark.parametrize("path", TRICKLED)
def test_the_time_is_for_the_whole_file(origin: str, path: str) -> None:
    with pytest.raises(Unreachable, match="slow"):
        Downloader(replace(SMALL, seconds=0.3), [origin]).fetch("zalo", origin + path)


def test_a_redirect_leads_nowhere_else(origin: str) -> None:
    with pytest.raises(Refused, match="address"):
        Downloader(SMALL, [origin]).fetch("zalo", f"{origin}/moved")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "http://f.zdn.vn/x",
        "https://f.zdn.vn:8443/x",
        "https://user@evil.com/f.zdn.vn",
        "ftp://f.zdn.vn/x",
        "file:///etc/passwd",
        "https://[::1]/x",
        "https://f.zdn.vn:99999/x",
        "not an address",
        "",
    ],
)
def test_no_other_host_is_asked(origin: str, url: str) -> None:
    with pytest.raises(Refused, match="address"):
        Downloader(SMALL).fetch("zalo", url)
    assert Handler.asked == []


@pytest.mark.parametrize("host", ["example.com", "zdn.vn.evil.com", "evilzdn.vn", "scontent.xx.fbcdn.net"])
def test_a_host_that_is_not_the_platforms_is_named_and_not_asked(host: str) -> None:
    with pytest.raises(UnknownHost) as refused:
        Downloader(SMALL, resolver=lambda _host, _port: pytest.fail("it was looked up")).fetch(
            "zalo", f"https://{host}/x"
        )
    assert (refused.value.code, refused.value.host) == ("host", host)


INNER = ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "fd00::1", "0.0.0.0", "100.64.0.1"]  # noqa: S104 - to be refused


@pytest.mark.parametrize("address", INNER)
def test_a_good_name_with_an_inner_address_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="address"):
        Downloader(SMALL, resolver=lambda _host, _port: [address]).fetch("zalo", "https://f.zdn.vn/x")


def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Refused, match="address"):
        Downloader(SMALL, resolver=lambda _host, _port: ["118.102.1.1", "10.0.0.5"]).fetch("zalo", "https://f.zdn.vn/x")


def test_a_platform_is_asked_for_its_own_files_only() -> None:
    assert RULES.takes("messenger", "scontent.xx.fbcdn.net")
    assert not RULES.takes("zalo", "scontent.xx.fbcdn.net")
