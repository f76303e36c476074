"""Fetches one attachment from a platform's store of media, and from nowhere else.

The host must be one of the platform's, its address public, and the connection goes to the very address that was
checked. Size and time are limited while the bytes come.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
import tomllib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import certifi
from pydantic import BaseModel, ConfigDict
from urllib3 import Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from bot.deadline import PlainPool, TlsPool
from bot.files.sniffing import Refused
from bot.library.load import CONTENT
from bot.talk import number

MOST_REDIRECTS = 3
CHUNK = 64 * 1024
Resolve = Callable[[str, int], Sequence[str]]


class Unreachable(Exception):
    """The file did not come; another attempt may bring it. `code`: away, gone, slow."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


#: What may be shown to staff: a name, no number and nothing odd that somebody put into an address.
_NAME = re.compile(r"(?=.{4,100}$)(?:[a-z0-9_-]+\.)+[a-z]{2,}")


class UnknownHost(Refused):
    """The file lies where we know of no store of the platform's: a person must look whether it has a new one."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__("host")


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    valid_from: date
    source: str


class _Host(_Row):
    platform: str
    suffix: str


class _Limit(_Row):
    megabytes: int
    seconds: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Rules:
    """content/rules/attachments.toml."""

    hosts: tuple[tuple[str, str], ...]
    most_bytes: int
    seconds: float
    attempts: int

    @classmethod
    def load(cls, folder: Path = CONTENT) -> Rules:
        raw = tomllib.loads((folder / "rules" / "attachments.toml").read_text(encoding="utf-8"))
        hosts = [_Host.model_validate(row) for row in raw["host"]]
        newest = max((_Limit.model_validate(row) for row in raw["limit"]), key=lambda row: row.valid_from)
        return cls(
            tuple((row.platform, row.suffix) for row in hosts),
            newest.megabytes * 1024 * 1024,
            newest.seconds,
            newest.attempts,
        )

    @property
    def megabytes(self) -> int:
        return self.most_bytes // (1024 * 1024)

    def takes(self, platform: str, host: str) -> bool:
        return any(name == platform and (host == suffix or host.endswith(f".{suffix}")) for name, suffix in self.hosts)


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Downloader:
    """`local`: origins such as "http://127.0.0.1:8000" where the operator runs a platform's double."""

    def __init__(self, rules: Rules, local: Collection[str] = (), resolver: Resolve = resolve) -> None:
        self.rules = rules
        self._local = frozenset(local)
        self._resolve = resolver

    def fetch(self, platform: str, url: str) -> bytes:
        """The bytes. Raises Refused (address, too_large, and host as UnknownHost) or Unreachable."""
        until = time.monotonic() + self.rules.seconds
        for _ in range(MOST_REDIRECTS + 1):
            content, moved = self._once(platform, url, until)
            if moved is None:
                return content
            url = moved
        raise Refused("address")

    def _once(self, platform: str, url: str, until: float) -> tuple[bytes, str | None]:
        with self._pool(platform, url) as pool:
            path = urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl() or "/"
            headers = {"Host": urlsplit(url).netloc.rpartition("@")[2], "Accept-Encoding": "identity"}
            try:
                answer = pool.request(
                    "GET", path, headers=headers, redirect=False, retries=False, preload_content=False,
                    timeout=Timeout(connect=5, total=max(0.1, until - time.monotonic())),
                )  # fmt: skip
                return self._read(answer, url)
            except ReadTimeoutError:
                raise Unreachable("slow") from None
            except (HTTPError, OSError):
                raise Unreachable("away") from None

    def _read(self, answer: Any, url: str) -> tuple[bytes, str | None]:
        try:
            if answer.status in {301, 302, 303, 307, 308} and answer.headers.get("Location"):
                return b"", urljoin(url, answer.headers["Location"])
            if answer.status in {403, 404, 410}:
                raise Unreachable("gone")
            if answer.status != 200:
                raise Unreachable("away")
            if (number(answer.headers.get("Content-Length")) or 0) > self.rules.most_bytes:
                raise Refused("too_large")
            return self._body(answer), None
        finally:
            answer.release_conn()
            answer.close()

    def _body(self, answer: Any) -> bytes:
        content = bytearray()
        for chunk in answer.stream(CHUNK, decode_content=False):
            content += chunk
            if len(content) > self.rules.most_bytes:
                raise Refused("too_large")
        return bytes(content)

    def _pool(self, platform: str, url: str) -> Any:
        """A connection to the checked address itself: a name that changes its mind in between changes nothing."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            raise Refused("address") from None
        if f"{parts.scheme}://{parts.netloc}" in self._local:
            return PlainPool(host, port or 80)
        if parts.scheme != "https" or port not in {None, 443} or parts.username is not None:
            raise Refused("address")
        if not self.rules.takes(platform, host):
            raise UnknownHost(host) if _NAME.fullmatch(host) else Refused("address")
        address = self._checked(host)
        return TlsPool(
            address,
            443,
            server_hostname=host,
            assert_hostname=host,
            ca_certs=certifi.where(),
            cert_reqs="CERT_REQUIRED",
        )

    def _checked(self, host: str) -> str:
        try:
            addresses = self._resolve(host, 443)
        except OSError:
            raise Unreachable("away") from None
        if not addresses or not all(ipaddress.ip_address(one.partition("%")[0]).is_global for one in addresses):
            raise Refused("address")
        return addresses[0]
