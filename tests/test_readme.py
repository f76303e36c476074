"""The README's commands are run, so they cannot rot."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUN, TESTS = re.findall(r"^    (python3 -m venv .+)$", README, re.MULTILINE)


def test_ci_runs_exactly_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"sed -n 's/(.+)/\\1/p' README\.md", script)
    found = subprocess.run(
        ["sed", "-n", f"s/{pattern}/\\1/p", ROOT / "README.md"], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == TESTS


@pytest.mark.parametrize("command", re.findall(r"`python -m bot ([a-z]+)", README))
def test_every_command_named_has_help(command: str) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "bot", command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0
    assert asked.stdout.startswith("usage:")


@pytest.mark.parametrize("path", re.findall(r"`((?:bot|handlers|content|tests)/[^`<*{]+?)`", README))
def test_every_path_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.slow
def test_the_run_command_works_in_a_clean_clone(tmp_path: Path) -> None:
    """An empty folder, an environment that has only PATH and HOME."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--no-local", ROOT, clone], check=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    python = shutil.which("python3")
    assert python is not None
    process = subprocess.Popen(
        ["bash", "-c", f"{RUN.replace('.venv/bin/python -m bot serve', 'exec .venv/bin/python -m bot serve')}"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("The bot is at")
        address = first.split()[-1]
        with urllib.request.urlopen(f"{address}health/ready", timeout=10) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{address}simulator/", timeout=10) as page:
            assert "Trò chuyện thử" in page.read().decode()
    finally:
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert process.wait(timeout=30) == 0
        if process.stdout is not None:
            process.stdout.close()
        assert time.monotonic() - started < 30
