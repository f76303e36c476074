"""A PostgreSQL server of the tests' own: started once, thrown away at the end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MISSING = "no PostgreSQL server programs (initdb, postgres) on PATH or under /usr/lib/postgresql"


def programs() -> Path | None:
    """The folder that holds initdb and postgres; None where there is none."""
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found and (Path(found).resolve().parent / "postgres").exists():
        places.insert(0, Path(found).resolve().parent)
    return next((place for place in places if (place / "postgres").exists()), None)


@contextmanager
def server() -> Iterator[str]:
    """Run a server with durable settings on a port of its own; give its URL without a database name."""
    folder = programs()
    if folder is None:
        raise RuntimeError(MISSING)
    home = Path(tempfile.mkdtemp(prefix="union-bot-pg-"))
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        shutil.chown(home, user)
    run: dict[str, Any] = {"user": user, "cwd": home, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    data = home / "data"
    subprocess.run(
        [folder / "initdb", "-D", data, "-U", "bot", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"], check=True, **run
    )
    port = free_port()
    process = subprocess.Popen(
        [folder / "postgres", "-D", data, "-p", str(port), "-k", home, "-c", "listen_addresses=127.0.0.1"], **run
    )
    try:
        _wait(folder, port)
        yield f"postgresql+psycopg://bot@127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGQUIT)  # at once, without writing anything back: nobody will open it again
        process.wait(timeout=30)
        shutil.rmtree(home, ignore_errors=True)


def _wait(folder: Path, port: int) -> None:
    ready: list[str | Path] = [folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(30):
        if subprocess.run(ready, check=False).returncode == 0:
            return
    raise RuntimeError("PostgreSQL did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
