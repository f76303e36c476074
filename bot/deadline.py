"""Reading an HTTP answer against one deadline.

A socket's time-out begins anew with every byte that comes, so a peer that sends one now and then would hold its
reader for ever. Here urllib3's read time-out is the time for the whole answer, headers and body.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

#: Without a byte for so long, nothing more will come; a peer that died must not cost the whole time.
SILENCE_S = 12.0


class _Until(io.RawIOBase):
    """The bytes of a socket, each wait no longer than what is left. Raises TimeoutError."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket) -> None:
        self._raw = raw
        self._connection = connection
        self._until = time.monotonic() + (connection.gettimeout() or SILENCE_S)

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer took too long")
        self._connection.settimeout(min(left, SILENCE_S))  # urllib3 sets it anew before the next request
        return self._raw.readinto(into)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """As http.client makes it; `response_class` is where a connection is told of another."""

    def __init__(self, sock: socket.socket, *more: Any, **named: Any) -> None:
        super().__init__(sock, *more, **named)
        self.fp = io.BufferedReader(_Until(self.fp.detach(), sock))


class _Plain(HTTPConnection):
    response_class = _Answer


class _Tls(HTTPSConnection):
    response_class = _Answer


class PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class Adapter(HTTPAdapter):
    """The adapter of requests with these pools; a time-out of (connect, read) seconds means the whole answer."""

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
