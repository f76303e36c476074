"""A double of an S3-compatible store that checks every signature by itself."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from tests.running import served

BOX = "box"
KEY_ID, SECRET, REGION = "AKIDTEST", "secret-of-the-test", "vn-1"


class S3(BaseHTTPRequestHandler):
    """As much of the S3 protocol as the store speaks, with Signature Version 4 computed here from its description."""

    kept: ClassVar[dict[str, bytes]] = {}

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _signed(self, body: bytes) -> bool:
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
            r"SignedHeaders=([^,]+), ?Signature=(\w+)",
            self.headers.get("Authorization", ""),
        )
        if not found or found[1] != KEY_ID or found[3] != REGION:
            return False
        parts = urlsplit(self.path)
        pairs = [f"{quote(k, safe='')}={quote(v[0], safe='')}" for k, v in parse_qs(parts.query).items()]
        query = "&".join(sorted(pairs))
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in found[4].split(";"))
        digest = hashlib.sha256(body).hexdigest()
        canonical = "\n".join([self.command, parts.path, query, headers, found[4], digest])
        scope = f"{found[2]}/{REGION}/s3/aws4_request"
        told = ["AWS4-HMAC-SHA256", self.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
        key = f"AWS4{SECRET}".encode()
        for part in (found[2], REGION, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, "\n".join(told).encode(), hashlib.sha256).hexdigest() == found[5]

    def _do(self) -> None:
        body = self._body()
        if not self._signed(body):
            return self._answer(403)
        name = urlsplit(self.path).path.removeprefix(f"/{BOX}").lstrip("/")
        if self.command == "PUT":
            self.kept[name] = body
            return self._answer(200)
        if self.command == "DELETE":
            self.kept.pop(name, None)
            return self._answer(204)
        if not name:
            return self._answer(200, self._listing())
        return self._answer(200, self.kept[name]) if name in self.kept else self._answer(404)

    def _listing(self) -> bytes:
        """One key a page, so that the rest must be asked for."""
        after = parse_qs(urlsplit(self.path).query).get("continuation-token", [""])[0]
        names = [name for name in sorted(self.kept) if name > after]
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        entry = f"<Contents><Key>{names[0]}</Key><LastModified>{now}</LastModified></Contents>" if names else ""
        more = f"<NextContinuationToken>{names[0]}</NextContinuationToken>" if len(names) > 1 else ""
        return f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{entry}{more}</ListBucketResult>'.encode()

    do_GET = do_PUT = do_DELETE = _do  # noqa: N815 - as http.server calls them

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def s3() -> Iterator[str]:
    """Run an empty one with a bucket named BOX; its address."""
    S3.kept.clear()
    with served(S3) as address:
        yield address
