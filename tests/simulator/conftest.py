"""The doubles behind a real server, and a bot of the tests' own that checks each webhook by the contract's words."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import waitress
from flask import Flask
from waitress import wasyncore

from bot.simulator import SimulatedAccount, Simulator, admit

ZALO_USER, MESSENGER_USER = "7200000000000000001", "7770000000000001"
PATIENCE_S = 20  # for what happens at once; a test that waits so long has failed


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook as the bot got it."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    signed: bool

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def event(self) -> str:
        """Zalo's event name, or the key that says what a Messenger event is."""
        body = self.json
        if "event_name" in body:
            return str(body["event_name"])
        if not body:
            return "probe"  # Zalo's own, when the address is saved
        item = self.item
        if item.get("message", {}).get("is_echo"):
            return "echo"
        return next(key for key in item if key not in {"sender", "recipient", "timestamp"})

    @property
    def item(self) -> dict[str, Any]:
        entry = self.json["entry"][0]
        return dict((entry.get("messaging") or entry["standby"])[0])


@dataclass
class Bot:
    """Takes webhooks: notes each, says whether its signature holds, and answers by script (200 without one)."""

    accounts: tuple[SimulatedAccount, ...] = ()
    seen: list[Webhook] = field(default_factory=list)
    script: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    url: str = ""

    def take(self, webhook: Webhook) -> int:
        with self.changed:
            self.seen.append(webhook)
            self.changed.notify_all()
            return self.script.pop(0) if self.script else 200

    def wait(self, enough: Callable[[list[Webhook]], bool]) -> list[Webhook]:
        with self.changed:
            assert self.changed.wait_for(lambda: enough(self.seen), PATIENCE_S), [item.event for item in self.seen]
            return list(self.seen)

    def wait_for(self, *events: str) -> list[Webhook]:
        """Wait until all these events have come, and give the first of each."""
        self.wait(lambda seen: set(events) <= {item.event for item in seen})
        return [next(item for item in self.seen if item.event == event) for event in events]

    def signed(self, path: str, headers: Mapping[str, str], raw: bytes) -> bool:
        zalo, messenger = self.accounts
        if path == "/webhooks/zalo":
            stamp = str(json.loads(raw).get("timestamp", ""))
            mac = hashlib.sha256(zalo.app_id.encode() + raw + stamp.encode() + zalo.oa_secret_key.encode()).hexdigest()
            return headers.get("X-ZEvent-Signature") == f"mac={mac}"
        mac = hmac.new(messenger.app_secret.encode(), raw, hashlib.sha256).hexdigest()
        return headers.get("X-Hub-Signature-256") == f"sha256={mac}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    bot: Bot


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        bot = cast("_Server", self.server).bot
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        headers = dict(self.headers)
        self._say(bot.take(Webhook(self.path, headers, raw, bot.signed(self.path, headers, raw))), b"")

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        messenger = cast("_Server", self.server).bot.accounts[1]
        good = query.get("hub.verify_token") == [messenger.verify_token] and query["hub.mode"] == ["subscribe"]
        self._say(200 if good else 403, query["hub.challenge"][0].encode())

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the standard library
        """Say nothing."""


@dataclass
class Desk:
    """The doubles as a bot reaches them over HTTP."""

    simulator: Simulator
    bot: Bot
    root: str
    http: requests.Session

    @property
    def zalo(self) -> SimulatedAccount:
        return self.simulator.accounts[0]

    @property
    def page(self) -> SimulatedAccount:
        return self.simulator.accounts[1]

    def control(self, path: str, body: object = None, method: str = "POST") -> Any:
        answer = self.http.request(method, f"{self.root}/control/{path}", json={} if body is None else body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, path: str) -> Any:
        return self.http.get(f"{self.root}/control/{path}", timeout=10).json()

    def until(self, holds: Callable[[], object]) -> None:
        """Ask again and again until it holds."""
        end = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < end, "waited in vain"

    def fault(self, kind: str, platform: str = "zalo", **more: object) -> None:
        rule = {"platform": platform, "kind": kind, **({} if "probability" in more else {"next": 1}), **more}
        self.control("faults", rule)

    def say(self, platform: str = "zalo", **act: object) -> str:
        user = ZALO_USER if platform == "zalo" else MESSENGER_USER
        text = {} if "act" in act else {"act": "text", "text": "chào em"}
        said = {"platform": platform, "user": user, **text, **act}
        return str(self.control("say", said)["mid"])

    def people(self, platform: str = "zalo", **more: object) -> None:
        user = ZALO_USER if platform == "zalo" else MESSENGER_USER
        self.control("people", {"platform": platform, "ids": [user], "last_act_s_ago": 10, **more})

    def set(self, platform: str = "zalo", **knobs: object) -> None:
        self.control("settings", {"platform": platform, "set": knobs})

    def cs(self, message: object = None, *, user: object = ZALO_USER, **more: Any) -> requests.Response:
        body = {"recipient": {"user_id": user}, "message": {"text": "Xin chào"} if message is None else message}
        headers = {"access_token": self.zalo.access_token} | more.pop("headers", {})
        url = f"{self.zalo.api_url}/v3.0/oa/message/cs"
        return self.http.post(url, json=more.pop("json", body), headers=headers, timeout=10, **more)

    def refresh(self, **form: str) -> requests.Response:
        fields = {"app_id": self.zalo.app_id, "grant_type": "refresh_token", "refresh_token": self.zalo.refresh_token}
        headers = {"secret_key": self.zalo.app_secret}
        url = f"{self.zalo.oauth_url}/v4/oa/access_token"
        return self.http.post(url, data=fields | form, headers=headers, timeout=10)

    def graph(self, method: str, path: str, *, body: object = None, **params: str) -> requests.Response:
        query = {"access_token": self.page.access_token} | params
        return self.http.request(method, f"{self.page.api_url}/{path}", params=query, json=body, timeout=10)

    def send(self, message: object = None, *, user: str = MESSENGER_USER, **more: object) -> requests.Response:
        text = {"text": "Xin chào"} if message is None else message
        body: dict[str, object] = {"recipient": {"id": user}, "messaging_type": "RESPONSE", "message": text} | more
        given = {name: value for name, value in body.items() if value is not None}
        return self.graph("POST", f"v25.0/{self.page.external_id}/messages", body=given)


@pytest.fixture
def bot() -> Iterator[Bot]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.bot = Bot(url=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.bot
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def desk(bot: Bot) -> Iterator[Desk]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    root = f"http://127.0.0.1:{listening.getsockname()[1]}/simulator"
    simulator = Simulator(bot.url, own_url=root, seed=7, secret="a secret of the tests")
    bot.accounts = simulator.accounts
    app = Flask(__name__)
    app.register_blueprint(simulator.blueprint())
    server = waitress.create_server(app, sockets=[listening], threads=8)
    admit(server)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    simulator.start()
    with requests.Session() as http:
        http.trust_env = False
        yield Desk(simulator, bot, root, http)
    simulator.stop()
    # closed by its own loop, which would otherwise sleep out its second
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map, ignore_all=True))
    thread.join(PATIENCE_S)
    server.task_dispatcher.shutdown()


@pytest.fixture
def calls(desk: Desk) -> Callable[[], list[dict[str, Any]]]:
    return lambda: list(desk.look("calls"))
