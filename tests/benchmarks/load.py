"""What the benchmarks share: a platform that answers at once or after a while, webhooks signed as Meta signs them.

The platform here only takes messages and notes when they came: a double that checks every rule would compete with the
bot for the two cores and be measured with it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Any

from waitress.server import create_server

from tests import postgres
from tests.conftest import new_postgres
from tests.running import SECRET, Bot, free_port

APP_ID, APP_SECRET, PAGE = "1000000000000001", "secret-of-the-benchmark", "200000000000002"
_numbers = count(1)
_RUN = int(time.time()) % 100_000


def new_user() -> str:
    """Give the id of somebody who never wrote before, in any run."""
    return f"7{_RUN:05d}{next(_numbers):010d}"


def message(user: str, text: str = "menu") -> bytes:
    at = int(time.time() * 1000)
    item = {
        "sender": {"id": user},
        "recipient": {"id": PAGE},
        "timestamp": at,
        "message": {"mid": f"m_{user}_{next(_numbers)}", "text": text},
    }
    return _webhook(item, at)


def receipt(user: str, mid: str = "") -> bytes:
    """Write a delivery receipt; without a message's id, of one that another system on the same Page sent."""
    at = int(time.time() * 1000)
    item = {
        "sender": {"id": user},
        "recipient": {"id": PAGE},
        "timestamp": at,
        "delivery": {"mids": [mid or f"m_other_{next(_numbers)}"], "watermark": at},
    }
    return _webhook(item, at)


def echo(user: str, mid: str) -> bytes:
    """Write the echo of a message that this app sent."""
    at = int(time.time() * 1000)
    said = {"mid": mid, "is_echo": True, "app_id": int(APP_ID), "text": "Họp lúc 8 giờ."}
    item = {"sender": {"id": PAGE}, "recipient": {"id": user}, "timestamp": at, "message": said}
    return _webhook(item, at)


def _webhook(item: dict[str, Any], at: int) -> bytes:
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": at, "messaging": [item]}]}).encode()


@dataclass
class Platform:
    """A Send API on a port of its own. `taken`: user -> when the request came in, by the clock of this machine."""

    port: int
    latency_s: float = 0.0
    taken: dict[str, float] = field(default_factory=dict)
    answered: list[tuple[str, str]] = field(default_factory=list)  # (user, message id), oldest first
    waiting: dict[str, threading.Event] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]) -> list[bytes]:
        at = time.time()
        body = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        user = body["recipient"]["id"]
        if "message" in body:
            self.taken.setdefault(user, at)
            if event := self.waiting.pop(user, None):
                event.set()
            if self.latency_s:
                time.sleep(self.latency_s)
        mid = f"m_{next(_numbers)}"
        if "message" in body:
            self.answered.append((user, mid))
        answer = json.dumps({"recipient_id": user, "message_id": mid}).encode()
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
        return [answer]


@contextmanager
def platform(latency_s: float = 0.0, made: Platform | None = None) -> Iterator[Platform]:
    made = made or Platform(free_port(), latency_s)
    limits = {"threads": 64, "connection_limit": 500, "asyncore_use_poll": True}
    server = create_server(made, host="127.0.0.1", port=made.port, **limits)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.close()
        thread.join(timeout=5)


@contextmanager
def database(*, on_postgres: bool) -> Iterator[str]:
    """Give the URL of a PostgreSQL database on a server of its own, or nothing for the embedded one."""
    if on_postgres:
        with postgres.server() as server:
            yield new_postgres(server)
    else:
        yield ""


def environment(folder: Path, made: Platform, database_url: str = "") -> dict[str, str]:
    """Give a bot's variables: one Page at `made`."""
    return {
        "BOT_DATA_DIR": str(folder / "data"),
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET,
        "MESSENGER_APP_ID": APP_ID,
        "MESSENGER_APP_SECRET": APP_SECRET,
        "MESSENGER_VERIFY_TOKEN": "benchmark",
        "MESSENGER_PAGE_ID": PAGE,
        "MESSENGER_PAGE_ACCESS_TOKEN": "token",
        "MESSENGER_API_URL": f"http://127.0.0.1:{made.port}",
    }


class Door:
    """One connection to the bot's webhook, kept open: each request in one piece, as a proxy before the bot sends it.

    As little work as can be: what the load costs is missing to the bot on the same two cores.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = f"Host: 127.0.0.1:{port}\r\n"

    def post(self, body: bytes, path: str = "/webhooks/messenger", *, method: str = "POST") -> int:
        signature = "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-Hub-Signature-256: {signature}\r\n"
        return self._ask(f"{method} {path} HTTP/1.1\r\n{self._host}{head}\r\n".encode() + body)

    def get(self, path: str) -> int:
        return self._ask(f"GET {path} HTTP/1.1\r\n{self._host}\r\n".encode())

    def _ask(self, request: bytes) -> int:
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:")
        while len(body) < length:
            body += self._more()
        return int(head[9:12])

    def _more(self) -> bytes:
        if got := self._socket.recv(65536):
            return got
        raise ConnectionError("the bot closed the connection")

    def close(self) -> None:
        self._socket.close()


@dataclass
class Sent:
    """One webhook of an open loop: when it left, how long its answer took, and how long since it was due."""

    user: str
    at: float
    took_s: float
    since_due_s: float
    status: int


def question(user: str) -> tuple[str, Callable[[], bytes]]:
    return user, lambda: message(user)


def open_loop(ports: Sequence[int], asked: Iterable[tuple[str, Callable[[], bytes]]], rate: float) -> list[Sent]:
    """Post at a steady rate, whatever the answers do; sixteen connections take turns.

    Each webhook is made when it leaves, and waits from when it was due: one that queues behind slow answers is late.
    """
    local = threading.local()

    def send(number: int, user: str, make: Callable[[], bytes], due: float) -> Sent:
        door = getattr(local, "door", None)
        if door is None:
            door = local.door = Door(ports[number % len(ports)])
        time.sleep(max(0.0, due - time.time()))
        at, body = time.time(), make()
        status = door.post(body)
        return Sent(user, at, time.time() - at, time.time() - due, status)

    begin = time.time() + 0.1
    with ThreadPoolExecutor(16) as pool:
        planned = enumerate(asked)
        futures = [pool.submit(send, number, user, make, begin + number / rate) for number, (user, make) in planned]
        return [future.result() for future in futures]


MEMBERS = 20  # of each connection, who take turns


def closed_loop(port: int, made: Platform, connections: int, seconds: float) -> int:
    """Let each connection write a message, wait for its reply, go on with the next member; how many replies."""
    end = time.time() + seconds

    def talk(_: int) -> int:
        door, replies, members = Door(port), 0, cycle([new_user() for _ in range(MEMBERS)])
        while time.time() < end:
            user = next(members)
            event = made.waiting[user] = threading.Event()
            if door.post(message(user)) == 200 and event.wait(10):
                replies += 1
        door.close()
        return replies

    with ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(talk, range(connections)))


def quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def memory_mb(bot: Bot, name: str) -> float:
    status = Path(f"/proc/{bot.programs[name].pid}/status").read_text(encoding="ascii")
    kilobytes = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
    return int(kilobytes) / 1024


def row(what: str, found: str, bar: str) -> None:
    print(f"{what:<74} {found:<34} bar: {bar}", flush=True)
