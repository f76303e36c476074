"""Runs the parts of one process until it is told to stop, and then finishes what is in flight."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from waitress.server import create_server

from bot import logs
from bot.app import create_app
from bot.delivery import seeding
from bot.delivery.seeding import Seed
from bot.errors import BotError, Misconfigured
from bot.runtime import Runtime, only_process
from bot.settings import Settings
from bot.simulator import SimulatedAccount, Simulator, admit
from bot.store import invitations

#: A webhook waits for the disk in one of them: the more wait together, the more are in one commit.
WEB_THREADS = 20
SWITCH_S = 0.002


@dataclass(frozen=True, slots=True)
class Roles:
    """Which parts this process runs."""

    web: bool = False
    worker: bool = False
    clock: bool = False

    @property
    def all(self) -> bool:
        return self.web and self.worker and self.clock


def run(settings: Settings, roles: Roles, say: Callable[[str], None]) -> None:
    """Start, print the addresses, wait for the signal to stop, stop. Raises BotError when the start fails."""
    if settings.on_sqlite and not roles.all:
        raise Misconfigured("database.needs_postgresql", use="serve")
    # each statement gives up the interpreter's lock and gets it back at the next switch, by default 5 ms later
    sys.setswitchinterval(SWITCH_S)
    lock = only_process(settings)
    runtime = Runtime(settings)
    simulator = _simulator(runtime) if roles.all else None
    process = _Process(runtime, roles, simulator)
    try:
        process.start()
        for line in _addresses(runtime, roles, simulator):
            say(line)
        process.learn()
        process.wait()
    finally:
        process.stop()
        if lock is not None:
            lock.release()


def _simulator(runtime: Runtime) -> Simulator | None:
    """On when no account is configured, or when it is asked for; its accounts are seeded anew at each start."""
    with runtime.database.read() as connection:
        real = seeding.real_accounts(connection)
    wanted = runtime.settings.bot_simulator
    if wanted == "0" or (not wanted and real):
        runtime.database.write(seeding.clear_simulated)
        return None
    local = f"http://127.0.0.1:{runtime.settings.port}"
    simulator = Simulator(local, own_url=f"{local}/simulator", secret=runtime.settings.keys()[0])
    runtime.plant([_seed(account) for account in simulator.accounts])
    runtime.database.write(seeding.revive_simulated)
    return simulator


def _seed(account: SimulatedAccount) -> Seed:
    signing = account.oa_secret_key or account.app_secret
    return Seed(
        platform=account.platform,
        app_id=account.app_id,
        external_id=account.external_id,
        keys=seeding.keys([account.app_secret], [signing], account.verify_token),
        access=account.access_token,
        refresh=account.refresh_token,
        facts={
            "name": account.name,
            "api_url": account.api_url,
            "oauth_url": account.oauth_url,
            "api_version": account.api_version,
        },
        simulated=True,
    )


class _Process:
    def __init__(self, runtime: Runtime, roles: Roles, simulator: Simulator | None) -> None:
        self._runtime = runtime
        self._roles = roles
        self._simulator = simulator
        self._stop = threading.Event()
        self._server = _server(runtime, simulator) if roles.web else None
        self._serving: threading.Thread | None = None

    def start(self) -> None:
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: self._stop.set())
        self._runtime.start_beats()
        if self._server is not None:  # first: what comes in while the rest starts is kept
            self._serving = threading.Thread(target=self._server.run, name="web", daemon=True)
            self._serving.start()
        if self._roles.worker:
            self._runtime.worker.start()
            self._runtime.fetcher.start()
            self._runtime.exporter.start()
        if self._roles.clock:
            self._runtime.clockwork.start()
        if self._simulator is not None:
            self._simulator.start()
        logs.event("started", web=self._roles.web, worker=self._roles.worker, clock=self._roles.clock)

    def learn(self) -> None:
        """Make the answers ready. Last: turns wait for it, and nothing else does."""
        if self._roles.worker:
            logs.event("answers.ready", answers=len(self._runtime.voice.engine.library.answers))
            self._runtime.worker.open()

    def wait(self) -> None:
        while not self._stop.wait(1.0):  # a bounded wait lets the signal through on every system
            pass

    def stop(self) -> None:
        """Nothing new comes in; what was claimed is finished; then the database closes."""
        logs.event("stopping")
        if self._simulator is not None:
            self._simulator.stop()
        if self._server is not None:
            self._server.close()
            self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=5)
        if self._roles.clock:
            self._runtime.clockwork.stop()
        if self._roles.worker:
            self._runtime.worker.stop()
            self._runtime.fetcher.stop()
            self._runtime.exporter.stop()
        self._runtime.stop()
        logs.event("stopped")


def _server(runtime: Runtime, simulator: Simulator | None) -> Any:
    settings = runtime.settings
    proxy = (
        {
            "trusted_proxy": settings.bot_trusted_proxy,
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
        }
        if settings.bot_trusted_proxy
        else {}
    )
    try:
        server = create_server(
            create_app(runtime, simulator),
            host=settings.host,
            port=settings.port,
            threads=WEB_THREADS,
            connection_limit=500,
            asyncore_use_poll=True,  # select would fail when the sockets are closed at the stop
            channel_timeout=30,
            # kept as they came: /metrics and /simulator look at them to tell a proxy on this machine from a person
            clear_untrusted_proxy_headers=False,
            ident=None,
            **proxy,
        )
    except OSError as error:
        raise BotError(
            "web.address_in_use", host=settings.host, port=settings.port, reason=error.strerror or "?"
        ) from None
    if simulator is not None:
        admit(server)
    return server


def _addresses(runtime: Runtime, roles: Roles, simulator: Simulator | None) -> list[str]:
    if not roles.web:
        return ["running; stop with Ctrl+C"]
    lines = [f"The bot is at        {runtime.url}/"]
    if simulator is not None:
        lines.append(f"Talk to it at        {runtime.url}/simulator/")
    lines.append(f"The console is at    {runtime.url}/console/")
    token = invitations.first_invitation(runtime.database, runtime.clock())
    if token:
        lines.append(f"First sign-in, once: {runtime.url}/console/invitation/{token}")
    return [*lines, "Stop with Ctrl+C."]
