"""Where bytes are kept: a folder beside the database, or a bucket that speaks S3. Keys are random, never names."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote
from xml.etree.ElementTree import Element

import requests
from defusedxml.ElementTree import fromstring
from requests_aws4auth import AWS4Auth

from bot.errors import BotError

TIMEOUT = (5.0, 60.0)
_OURS = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}")


class FileStore(Protocol):
    """Bytes under keys. All raise BotError files.away when the store does not answer."""

    def put(self, key: str, content: bytes) -> None: ...

    def get(self, key: str) -> bytes:
        """Raises BotError files.missing."""
        ...

    def delete(self, key: str) -> None:
        """Gone afterwards; nothing happens when it was not there."""
        ...

    def listed(self) -> Iterator[tuple[str, datetime]]:
        """Every key with the moment it was written."""
        ...


def fresh_key() -> str:
    """Random, so that a key tells nothing and nobody can guess another."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name}"


class Folder:
    """A local folder, readable by the bot's own user only."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, content: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(path)  # whole or not at all
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise BotError("files.away", reason=error.strerror or "") from None

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise BotError("files.missing") from None
        except OSError as error:
            raise BotError("files.away", reason=error.strerror or "") from None

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def listed(self) -> Iterator[tuple[str, datetime]]:
        for path in sorted(self._root.glob("??/*")):
            if path.is_file():
                written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield path.relative_to(self._root).as_posix(), written

    def _path(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()) or path == self._root.resolve():
            raise BotError("files.missing")
        return path


class Bucket:
    """An S3-compatible bucket, addressed by path, each request signed (Signature Version 4)."""

    def __init__(self, url: str, bucket: str, region: str, key_id: str, secret: str) -> None:
        self._base = f"{url.rstrip('/')}/{quote(bucket)}"
        self._auth = AWS4Auth(key_id, secret, region, "s3")
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def address(self) -> str:
        return self._base

    def close(self) -> None:
        self._session.close()

    def put(self, key: str, content: bytes) -> None:
        self._call("PUT", key, content)

    def get(self, key: str) -> bytes:
        return self._call("GET", key).content

    def delete(self, key: str) -> None:
        try:
            self._call("DELETE", key)
        except BotError as error:
            if error.code != "files.missing":
                raise

    def listed(self) -> Iterator[tuple[str, datetime]]:
        more = ""
        while True:
            params = {"list-type": "2", **({"continuation-token": more} if more else {})}
            listed = fromstring(self._call("GET", "", params=params).content)
            for entry in listed.iterfind("{*}Contents"):
                key, written = _text(entry, "Key"), datetime.fromisoformat(_text(entry, "LastModified"))
                if _OURS.fullmatch(key):  # what others keep there is none of our business, least of all to sweep
                    yield key, written
            more = _text(listed, "NextContinuationToken")
            if not more:
                return

    def _call(
        self, method: str, key: str, content: bytes | None = None, params: dict[str, str] | None = None
    ) -> requests.Response:
        address = f"{self._base}/{quote(key)}" if key else self._base
        try:
            answer = self._session.request(
                method, address, data=content, params=params, auth=self._auth, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            raise BotError("files.away", reason=type(error).__name__) from None
        if answer.status_code == 404:
            raise BotError("files.missing")
        if answer.status_code >= 300:
            raise BotError("files.away", reason=f"HTTP {answer.status_code}")
        return answer


def _text(entry: Element, name: str) -> str:
    return entry.findtext(f"{{*}}{name}") or ""
