"""Real processes for tests: the bot as it is started in production, and the doubles of both platforms beside it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import requests

T = TypeVar("T")
SECRET = "a secret for tests that is long enough"
PLATFORMS = ("zalo", "messenger")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(what: Callable[[], T], *, within_s: float = 120.0, every_s: float = 0.05) -> T:
    """Ask again and again until the answer is true; that answer. Fails when the time is up."""
    end = time.monotonic() + within_s
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, "waited in vain"
        time.sleep(every_s)


def session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    return made


@dataclass
class Program:
    """One started process; its output goes to a file, so that it never blocks and a failure can be read."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """As a power cut does it: no warning, nothing finished."""
        self.process.kill()
        self.process.wait(timeout=30)

    def stop(self, within_s: float = 40.0) -> int:
        """As an operator does it; the exit code."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=within_s)

    def close(self) -> None:
        if self.alive:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Program:
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    return Program(process, log)


@dataclass
class Doubles:
    """Both platforms, played by `python -m bot.simulator`; steered through its control API."""

    program: Program
    url: str  # of the control API's server
    environment: dict[str, str]
    http: requests.Session = field(default_factory=session)

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = self.http.request(method, f"{self.url}/simulator/control/{path}", json=body, timeout=30)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def say(self, platform: str, user: str, text: str, **act: object) -> str:
        said = {"platform": platform, "user": user, "act": "text", "text": text, **act}
        mid: str = self.control("POST", "say", said)["mid"]
        return mid

    def say_all(self, acts: Sequence[Mapping[str, object]]) -> None:
        for first in range(0, len(acts), 1000):
            self.control("POST", "say", {"acts": list(acts[first : first + 1000])})

    def calls(self, user: str | None = None) -> list[dict[str, Any]]:
        """Every message that a double accepted, in order; one that was sent twice stands here twice."""
        found: list[dict[str, Any]] = self.control("GET", "calls")
        return [call for call in found if user is None or call["user"] == user]

    def webhooks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "webhooks")
        return found

    def fault(self, platform: str, kind: str, **rule: object) -> None:
        self.control("POST", "faults", {"platform": platform, "kind": kind, **rule})

    def knobs(self, platform: str, **knobs: object) -> None:
        self.control("POST", "settings", {"platform": platform, "set": knobs})

    def quiet(self) -> bool:
        """No webhook waits to be delivered."""
        state: dict[str, Any] = self.control("GET", "state")
        return bool(state["waiting"] == 0)

    def wait_for(self, user: str, number: int, within_s: float = 120.0) -> list[dict[str, Any]]:
        """What a person was sent, once so many messages are there."""
        return until(lambda: (found := self.calls(user)) and len(found) >= number and found, within_s=within_s) or []


@dataclass
class Bot:
    """The bot's processes on one database. The first web process is the one the doubles call."""

    environment: dict[str, str]
    folder: Path
    ports: list[int]
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def start(self, name: str, command: str | None = None, port: int | None = None) -> Program:
        """Start one process; `name` tells several of the same command apart."""
        environment = {**self.environment, "PORT": str(port or self.ports[0])}
        program = start(["-m", "bot", command or name], environment, self.folder / f"{name}.log")
        self.programs[name] = program
        return program

    def ready(self, within_s: float = 180.0) -> None:
        """Wait until every web process is up and says that all parts work."""
        until(self._all_ready, within_s=within_s, every_s=0.02)

    def _all_ready(self) -> bool:
        for name, program in self.programs.items():
            assert program.alive, f"{name} ended: {program.log.read_text(encoding='utf-8')[-2000:]}"
        return all(status(f"{url}/health/ready") == 200 for url in self.urls)

    def close(self) -> None:
        for program in self.programs.values():
            program.close()

    def first_sign_in(self) -> str:
        """The link for the first administrator, as printed."""
        found = until(lambda: re.findall(r"First sign-in, once: (\S+)", self.logs()))
        return str(found[0])

    def logs(self) -> str:
        return "\n".join(path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("*.log")))


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer requests in a thread of this process; the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def status(url: str) -> int:
    try:
        with session() as http:
            return http.get(url, timeout=2).status_code
    except requests.RequestException:
        return 0


@contextmanager
def doubles(bot_url: str, folder: Path) -> Iterator[Doubles]:
    port = free_port()
    log = folder / "doubles.log"
    program = start(["-m", "bot.simulator", "--port", str(port), "--bot-url", bot_url], {}, log)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: status(f"{url}/simulator/control/state") == 200)
        lines = [line for line in log.read_text(encoding="utf-8").splitlines() if "=" in line and line[0].isupper()]
        yield Doubles(program, url, dict(line.split("=", 1) for line in lines))
    finally:
        program.close()


@contextmanager
def bot_and_doubles(database_url: str, folder: Path, *, webs: int = 1, **more: str) -> Iterator[tuple[Bot, Doubles]]:
    """Doubles that run, and a bot configured for them that does not run yet. Empty `database_url`: SQLite."""
    ports = [free_port() for _ in range(webs)]
    with ExitStack() as stack:
        played = stack.enter_context(doubles(f"http://127.0.0.1:{ports[0]}", folder))
        environment = {
            **played.environment,
            "BOT_DATA_DIR": str(folder / "data"),
            "DATABASE_URL": database_url,
            "SECRET_KEY": SECRET,
            **more,
        }
        bot = Bot(environment, folder, ports)
        stack.callback(bot.close)
        yield bot, played


def start_all(bot: Bot, *, workers: int = 1) -> None:
    """One `serve` on SQLite; web, worker and clock processes on PostgreSQL. Comes back when they are ready."""
    if bot.environment["DATABASE_URL"].startswith("postgres"):
        for number, port in enumerate(bot.ports):
            bot.start(f"web-{number}", "web", port)
        for number in range(workers):
            bot.start(f"worker-{number}", "worker")
        bot.start("clock")
    else:
        bot.start("serve")
    bot.ready()
