"""Every benchmark still runs: a small one of each. What it finds is not judged here: machines are noisy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
SMALL = {
    "message": "--seconds 1",
    "announcement_sending": "--people 600 --rate 100 --receipts 40",
    "announcement_fan_out": "--sizes 3000",
    "announcement_whole": "--people 300 --rate 60 --kills 1",
    "receipt_storm": "--rate 40 --seconds 2",
}


@pytest.mark.parametrize(
    "name", [*(SMALL.keys() - {"receipt_storm"}), pytest.param("receipt_storm", marks=pytest.mark.postgres)]
)
def test_it_runs(name: str) -> None:
    run = [sys.executable, "-m", f"tests.benchmarks.{name}", *SMALL[name].split()]
    root = Path(__file__).parents[2]
    done = subprocess.run(run, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "bar:" in done.stdout or "fan-out" in done.stdout


def test_none_is_left_out() -> None:
    names = {path.stem for path in Path(__file__).parent.glob("*.py") if "__main__" in path.read_text(encoding="utf-8")}
    assert names == {*SMALL} | {"yardstick", Path(__file__).stem}
