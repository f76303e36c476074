"""Run the doubles alone: `python -m bot.simulator --port 9000 --bot-url http://127.0.0.1:8000`."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType

import waitress
from flask import Flask

from bot import logs
from bot.simulator import Simulator, admit

THREADS = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the accounts as environment variables for a bot, then serve until SIGTERM or Ctrl+C."""
    options = _parser().parse_args(arguments)
    logs.setup()
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host, options.port))
    except OSError as error:
        sys.stderr.write(f"error: {options.host}:{options.port}: {error.strerror}\n")
        return 1
    own_url = f"http://{options.host}:{listening.getsockname()[1]}/simulator"
    simulator = Simulator(
        options.bot_url, own_url=own_url, seed=options.seed, secret=options.secret, holds=THREADS // 2
    )
    _tell(simulator, own_url)
    _serve(simulator, listening)
    return 0


def _tell(simulator: Simulator, own_url: str) -> None:
    for account in simulator.accounts:
        for name, value in account.environment().items():
            sys.stdout.write(f"{name}={value}\n")
    sys.stdout.write(f"# {own_url}/\n")
    sys.stdout.flush()


def _serve(simulator: Simulator, listening: socket.socket) -> None:
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.register_blueprint(simulator.blueprint())
    server = waitress.create_server(
        app, sockets=[listening], threads=THREADS, connection_limit=1000, clear_untrusted_proxy_headers=True
    )
    admit(server)
    signal.signal(signal.SIGTERM, _interrupt)
    simulator.start()
    try:
        server.run()
    finally:
        simulator.stop()
        server.close()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.simulator", description="Doubles of Zalo and Messenger.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=9000, help="port to listen on; 0 picks a free one (9000)")
    parser.add_argument("--bot-url", default="http://127.0.0.1:8000", help="where the bot takes its webhooks")
    parser.add_argument("--seed", type=int, help="makes the chances of faults repeatable")
    parser.add_argument("--secret", default="simulator", help="what keys, ids and tokens are derived from")
    return parser


if __name__ == "__main__":
    sys.exit(main())
