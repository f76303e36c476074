"""The way of one message, measured: `python -m tests.benchmarks.message [--postgres]`.

Prints the rows of the design's table of bars that concern one message. Ratios compare within one run; the figures of
two machines, or of one that is busy with something else, do not compare.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

from tests.benchmarks import load
from tests.benchmarks.load import Door, Platform, environment, new_user, quantile, question, row
from tests.running import Bot, free_port, start, start_all, status, until

SECONDS = 10.0
PER_SECOND = 50
ROUNDS = 9


def main() -> None:
    options = _options()
    databases = load.database(on_postgres=options.postgres)
    with tempfile.TemporaryDirectory() as name, load.platform() as made, databases as url:
        folder = Path(name)
        plain = _plain_flask(folder, made, options.seconds / 2)
        ports = [free_port() for _ in range(2 if url else 1)]
        bot = Bot(environment(folder, made, url), folder, ports)
        try:
            began = time.perf_counter()
            start_all(bot, workers=2 if url else 1)
            row("ready after start", f"{time.perf_counter() - began:.1f} s", "3 s")
            _measure(bot, made, options, plain)
        finally:
            bot.close()


def _plain_flask(folder: Path, made: Platform, seconds: float) -> float:
    """Replies a second of the yardstick, on this machine and at this hour."""
    port = free_port()
    arguments = ["-m", "tests.benchmarks.yardstick", str(port), f"http://127.0.0.1:{made.port}", load.APP_SECRET]
    program = start(arguments, {}, folder / "yardstick.log")
    try:
        until(lambda: status(f"http://127.0.0.1:{port}/health/ready") == 200)
        load.closed_loop(port, made, 4, 1.0)
        replies = load.closed_loop(port, made, 16, seconds) / seconds
    finally:
        program.close()
    row("replies/s of plain Flask, replying inside the request, nothing kept", f"{replies:.0f}", "yardstick: 117")
    return replies


def _measure(bot: Bot, made: Platform, options: argparse.Namespace, plain: float) -> None:
    load.closed_loop(bot.ports[0], made, 4, 2.0)  # everything that is made at the first use is made
    _acknowledgements(bot.ports[0])
    _settled(made)
    made.latency_s = 0.05
    _steady(bot, made, options.seconds)
    _settled(made)
    made.latency_s = 0.0
    replies = load.closed_loop(bot.ports[0], made, 16, options.seconds)
    bar = "reported" if options.postgres else "200"
    found = f"{replies / options.seconds:.0f} = {replies / options.seconds / plain:.2f} of plain Flask"
    row("replies/s, 16 connections in a closed loop, a menu message", found, f"{bar} (1.7 of plain Flask)")
    for process in bot.programs:
        if process != "clock":
            row(f"memory after that ({process})", f"{load.memory_mb(bot, process):.0f} MB", "200 MB")


def _acknowledgements(port: int) -> None:
    """Compare signed webhooks, committed, with a route of the same server that does nothing.

    The second figure is like for like: the other route is sent the same signed webhook, and looks at none of it. All
    take turns, a second each, and the middle of the rounds' ratios counts: a machine's pace changes within seconds.
    """
    hook = partial(load.receipt, "7000000000000000")
    rounds = []
    for _ in range(ROUNDS):
        kept_now = _per_second(port, "/webhooks/messenger", hook)
        time.sleep(0.2)  # the last receipts are applied
        nothing_now = _per_second(port, "/health/live", lambda: b"")
        rounds.append((kept_now, nothing_now, _per_second(port, "/health/live", hook, method="GET")))
    kept, nothing, unread = (median(rates) for rates in zip(*rounds, strict=True))
    ratio, like = (median(one[0] / one[other] for one in rounds) for other in (1, 2))
    row("acknowledged/s against a route that does nothing", f"{kept:.0f} / {nothing:.0f} = {ratio:.2f}", "0.5")
    row("the same webhook sent to that route", f"{kept:.0f} / {unread:.0f} = {like:.2f}", "reported")


def _per_second(
    port: int, path: str, body: Callable[[], bytes], seconds: float = 1.0, *, method: str = "POST"
) -> float:
    end = time.time() + seconds

    def knock(_: int) -> int:
        door, number = Door(port), 0
        while time.time() < end:
            made = body()
            if made:
                door.post(made, path, method=method)
            else:
                door.get(path)
            number += 1
        door.close()
        return number

    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(knock, range(16))) / seconds


def _steady(bot: Bot, made: Platform, seconds: float) -> None:
    users = [new_user() for _ in range(int(PER_SECOND * seconds))]
    sent = load.open_loop(bot.ports, map(question, users), PER_SECOND)
    until(lambda: all(user in made.taken for user in users), within_s=60)
    took = [one.took_s * 1000 for one in sent]
    leaves = [(made.taken[one.user] - one.at) * 1000 for one in sent]
    what = f"{PER_SECOND} webhooks/s, platform answering in 50 ms"
    assert all(one.status == 200 for one in sent), "a webhook was refused"
    row(f"{what}: acknowledged", f"p50 {quantile(took, 0.5):.1f} p99 {quantile(took, 0.99):.1f} ms", "p99 15 ms")
    found = f"p50 {quantile(leaves, 0.5):.1f} p95 {quantile(leaves, 0.95):.1f} ms"
    row(f"{what}: the reply leaves", found, "p50 10 ms, p95 20 ms")


def _settled(made: Platform) -> None:
    """Wait until nothing more is sent."""
    seen = -1
    while seen != len(made.taken):
        seen = len(made.taken)
        time.sleep(1.0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.message", description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="two web processes, two workers, a server of its own")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
