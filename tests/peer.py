"""A peer on loopback in place of a platform: answers by script, breaks on demand and notes every request."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.platforms.http import Http


class Fault(Enum):
    CUT_AT_ACCEPT = auto()  # the connection opens and is closed before the request is read
    CUT = auto()  # the request is read whole, and no answer comes
    CUT_MIDWAY = auto()  # half of the answer comes
    SLOW = auto()  # no answer within anybody's patience
    TRICKLED_HEAD = auto()  # a whole answer, byte by byte: the head alone takes longer than the patience
    TRICKLED_BODY = auto()  # likewise, but the head comes at once


@dataclass(frozen=True, slots=True)
class Said:
    """One scripted answer. A `body` of bytes goes as it is, anything else as JSON."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Peer(ThreadingHTTPServer):
    """The server. `rule` looks at each request and says what is wrong with it, or None."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.rule: Callable[[Seen], str | None] = lambda _seen: None
        self.seen: list[Seen] = []
        self.complaints: list[str] = []
        self.released = threading.Event()
        self._script: deque[Said | Fault] = deque()
        self._sockets: list[socket.socket] = []

    def will(self, *script: Said | Fault) -> None:
        self._script.extend(script)

    def next(self) -> Said | Fault:
        if self._script:
            return self._script.popleft()
        self.complaints.append("a request that the test did not expect")
        return Said({}, status=599)

    def cuts_at_accept(self) -> bool:
        if self._script and self._script[0] is Fault.CUT_AT_ACCEPT:
            self._script.popleft()
            return True
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        self._sockets.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""

    def stop(self) -> None:
        self.released.set()
        self.shutdown()
        for open_socket in self._sockets:
            open_socket.close()
        self.server_close()


_TRICKLED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n" + b"{}".ljust(60)
_PAUSE_S = 0.03
#: How many bytes come before the trickle.
_AT_ONCE = {Fault.TRICKLED_HEAD: 1, Fault.TRICKLED_BODY: len(_TRICKLED) - 60}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    @property
    def peer(self) -> Peer:
        return cast("Peer", self.server)

    def handle(self) -> None:
        if not self.peer.cuts_at_accept():
            super().handle()

    def answer(self) -> None:
        seen = self._seen()
        self.peer.seen.append(seen)
        complaint = self.peer.rule(seen)
        if complaint:
            self.peer.complaints.append(complaint)
        said = self.peer.next()
        if said is Fault.SLOW:
            self.peer.released.wait(20)
        if isinstance(said, Said):
            self._say(said)
        elif said in _AT_ONCE:
            self._trickle(_AT_ONCE[said])
        else:
            self.close_connection = True
            if said is Fault.CUT_MIDWAY:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")

    do_GET = do_POST = do_DELETE = do_PUT = answer  # noqa: N815 - the names that the standard library calls

    def _seen(self) -> Seen:
        address = urlsplit(self.path)
        query = parse_qsl(address.query, keep_blank_values=True)
        if len(dict(query)) != len(query):
            self.peer.complaints.append("a query parameter stands twice")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return Seen(self.command, address.path, dict(query), dict(self.headers), body)

    def _say(self, said: Said) -> None:
        raw = said.raw()
        self.send_response(said.status)
        for name, value in {"Content-Type": "application/json", **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _trickle(self, at_once: int) -> None:
        self.wfile.write(_TRICKLED[:at_once])
        for at in range(at_once, len(_TRICKLED)):
            self.peer.released.wait(_PAUSE_S)
            self.wfile.write(_TRICKLED[at : at + 1])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the standard library
        """Say nothing: what came is in `seen`."""


@pytest.fixture
def peer() -> Iterator[Peer]:
    server = Peer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.stop()
    thread.join()
    assert server.complaints == []


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(timeout=(1.0, 1.0))
    yield client
    client.close()


@pytest.fixture
def closed_port() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
