"""Bytes in and out: a folder, and a bucket that checks every signature by itself."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from bot.errors import BotError, Misconfigured
from bot.files import local_origins, open_store
from bot.files.storing import Bucket, FileStore, Folder, fresh_key
from bot.settings import load

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
        name = urlsplit(self.path).path.removeprefix("/box").lstrip("/")
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


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FileStore]:
    if request.param == "folder":
        yield Folder(tmp_path / "files")
        return
    S3.kept.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), S3)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    bucket = Bucket(f"http://127.0.0.1:{server.server_port}", "box", REGION, KEY_ID, SECRET)
    yield bucket
    bucket.close()
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def test_what_is_put_comes_back_and_goes(store: FileStore) -> None:
    keys = sorted(fresh_key() for _ in range(3))
    for key in keys:
        store.put(key, key.encode() * 100)
    assert [store.get(key) for key in keys] == [key.encode() * 100 for key in keys]
    listed = list(store.listed())
    assert [key for key, _ in listed] == keys
    assert all(abs(datetime.now(UTC) - at) < timedelta(minutes=5) for _, at in listed)
    store.delete(keys[0])
    store.delete(keys[0])
    with pytest.raises(BotError, match=r"files\.missing"):
        store.get(keys[0])


def test_a_wrong_secret_is_told_and_not_taken_for_a_missing_file(store: FileStore) -> None:
    if isinstance(store, Bucket):
        wrong = Bucket(store.address.rpartition("/")[0], "box", REGION, KEY_ID, "another")
        with pytest.raises(BotError, match=r"files\.away"):
            wrong.get("x")
        wrong.close()


@pytest.mark.parametrize("key", ["../secret.key", "/etc/passwd", "", "a/../../x"])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    (tmp_path / "secret.key").write_text("geheim", encoding="utf-8")
    with pytest.raises(BotError, match=r"files\.missing"):
        Folder(tmp_path / "files").get(key)


def test_only_our_own_user_reads_the_folder(tmp_path: Path) -> None:
    store = Folder(tmp_path / "files")
    store.put("ab/c", b"x")
    assert (tmp_path / "files" / "ab" / "c").stat().st_mode & 0o077 == 0


def test_the_settings_choose_the_store(tmp_path: Path) -> None:
    base = {"SECRET_KEY": "k" * 40, "BOT_DATA_DIR": str(tmp_path)}
    assert isinstance(open_store(load(base)), Folder)
    with pytest.raises(Misconfigured, match="BOT_S3_BUCKET"):
        open_store(load({**base, "BOT_S3_URL": "https://s3.example.vn"}))
    whole = {"BOT_S3_URL": "https://s3.example.vn", "BOT_S3_BUCKET": "b", "BOT_S3_KEY": "k", "BOT_S3_SECRET": "s"}
    made = open_store(load({**base, **whole}))
    assert isinstance(made, Bucket)
    made.close()


def test_doubles_count_only_on_this_machine(tmp_path: Path) -> None:
    base = {"SECRET_KEY": "k" * 40, "BOT_DATA_DIR": str(tmp_path), "PORT": "8123"}
    assert local_origins(load(base), simulator=False) == []
    assert local_origins(load(base), simulator=True) == ["http://127.0.0.1:8123"]
    near = load({**base, "ZALO_API_URL": "http://127.0.0.1:9100/zalo"})
    assert local_origins(near, simulator=False) == ["http://127.0.0.1:9100"]
    assert local_origins(load({**base, "ZALO_API_URL": "http://10.0.0.5:9100"}), simulator=False) == []
