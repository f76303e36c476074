"""One door to the platforms' HTTP APIs: pooled connections, time-outs, size limits, and a plain word for what failed."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter

CONNECT_S, READ_S = 3.05, 12.0
MAX_ANSWER = 1024 * 1024


class NotSent(Exception):  # noqa: N818 - a fact, not a fault
    """The connection was never made: the request certainly did not arrive."""


class NoAnswer(Exception):  # noqa: N818
    """The request went out and no complete answer came back: it may have been carried out."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    json: Any  # None when the body was not JSON


class Http:
    """A pool of connections, one session a thread (a requests.Session is not promised to be thread-safe)."""

    def __init__(self, *, pool: int = 8) -> None:
        self._pool = pool
        self._local = threading.local()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # no proxy or .netrc by surprise, and a third less time a call
            adapter = HTTPAdapter(pool_connections=4, pool_maxsize=self._pool, max_retries=0)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._local.session = session
        return session

    def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = (CONNECT_S, READ_S),
    ) -> Answer:
        """Make one request. `body` goes as JSON in UTF-8. Raises NotSent or NoAnswer; HTTP errors are answers."""
        data: bytes | Mapping[str, str] | None = form
        sent = dict(headers or {})
        if body is not None:
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            sent["Content-Type"] = "application/json"
        try:
            with self._session().request(
                method,
                url,
                params=params,
                data=data,
                headers=sent,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                raw = response.raw.read(MAX_ANSWER + 1, decode_content=True)
                if len(raw) > MAX_ANSWER:
                    raise NoAnswer("answer too large")
                return Answer(response.status_code, response.headers, _json(raw))
        except requests.exceptions.ConnectTimeout as error:
            raise NotSent("connect timed out") from error
        except requests.exceptions.ConnectionError as error:
            # a refused connection and a cut one are the same class in requests; only the former never left
            if "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error):
                raise NotSent("no connection") from error
            raise NoAnswer(type(error).__name__) from error
        except (requests.exceptions.RequestException, OSError) as error:
            raise NoAnswer(type(error).__name__) from error


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
