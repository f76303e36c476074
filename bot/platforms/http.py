"""One door to the platforms' HTTP APIs: pooled connections, time-outs, size limits, and a word for what failed."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import requests
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

from bot import deadline

#: To connect; and for the whole call, which must end before the lease of the message that it sends.
CONNECT_S, WHOLE_S = 3.05, 30.0
MAX_ANSWER = 1024 * 1024

# its lines hold whole addresses, and Messenger's addresses hold the token
logging.getLogger("urllib3.connectionpool").addFilter(lambda _record: False)


class NotSent(Exception):
    """The connection was never made: the request certainly did not arrive."""


class NoAnswer(Exception):
    """The request went out and no complete answer came back: it may have been carried out."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    json: Any  # None when the body was not JSON


class Http:
    """A pool of connections for any number of threads; `pool` of them are kept for each host.

    The adapter of requests alone: a session would merge cookies, redirects and the environment into each call.
    """

    def __init__(self, *, pool: int = 32, timeout: tuple[float, float] = (CONNECT_S, WHOLE_S)) -> None:
        self._adapter = deadline.Adapter(pool_connections=8, pool_maxsize=pool, max_retries=0)
        self._timeout = timeout

    def close(self) -> None:
        """Let go of the connections that are kept."""
        self._adapter.close()

    def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        timeout: tuple[float, float] | None = None,
    ) -> Answer:
        """Make one request. `body` goes as JSON in UTF-8; `timeout`: seconds to connect, and for the whole call.

        Raises NotSent or NoAnswer; HTTP errors are answers.
        """
        failed: NotSent | NoAnswer
        data: bytes | Mapping[str, str] | None = form
        connect, whole = timeout or self._timeout
        sent = dict(headers or {})
        if body is not None:
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            sent["Content-Type"] = "application/json"
        try:
            request = _prepared(method, _address(url, tuple((params or {}).items())), sent, data)
            limit: Any = Timeout(connect=connect, total=whole)  # requests takes urllib3's own, its stubs do not say so
            with self._adapter.send(request, timeout=limit, stream=True) as response:
                raw = response.raw.read(MAX_ANSWER + 1, decode_content=True)
                if len(raw) <= MAX_ANSWER:
                    return Answer(response.status_code, response.headers, _json(raw))
                failed = NoAnswer("answer too large")
        except requests.exceptions.ConnectTimeout:
            failed = NotSent("connect timed out")
        except requests.exceptions.ConnectionError as error:
            # a refused connection and a cut one are the same class in requests; only the former never left
            refused = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
            failed = NotSent("no connection") if refused else NoAnswer(type(error).__name__)
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            # urllib3's own errors come through while the body is read
            failed = NoAnswer(type(error).__name__)
        raise failed  # outside the handlers: the library's exceptions quote the address, and with it the token


@lru_cache(maxsize=256)
def _address(url: str, params: tuple[tuple[str, str], ...]) -> str:
    """Check and quote an address: the same few for every message, and half of what preparing a request costs.

    Those that were used last stay in memory, with the token in them, as the tokens themselves do.
    """
    request = requests.PreparedRequest()
    request.prepare_url(url, params)
    return str(request.url)


def _prepared(
    method: str, address: str, headers: Mapping[str, str], data: bytes | Mapping[str, str] | None
) -> requests.PreparedRequest:
    """As `requests.Request(...).prepare()`, without what no call of ours has: cookies, hooks, a password in the URL."""
    request = requests.PreparedRequest()
    request.prepare_method(method)
    request.url = address
    request.prepare_headers(headers)
    request.prepare_body(data, None)
    return request


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
