"""The commands of the README, word for word, in the checkout that `make test` has set up."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.served import environment

CHECKOUT = Path(__file__).parents[3]
INSTALLED = CHECKOUT / ".venv" / ".all"
LISTING = json.loads((CHECKOUT / "generated" / "jmcp_api" / "mcp-tools.json").read_text())
SECONDS = 120


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """A new home and any free port; everything else as a shell after `activate` has it."""
    project = CHECKOUT / "pyproject.toml"
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < project.stat().st_mtime:
        pytest.skip("left out: .venv is not up to date; make test sets it up")
    home = tmp_path / "home"
    home.mkdir()
    path = f"{CHECKOUT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    free = {"PATH": path, "PORT": "0", "JMCP_PORT": "0", "BROWSER": "true"}
    return environment(home) | free


@contextmanager
def started(command: list[str], cwd: Path, surroundings: dict[str, str]) -> Iterator[str]:
    """Run a command that serves; gives what it prints until it is ready."""
    # A group of its own, as a terminal gives it: Ctrl-C reaches make and what make started.
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if line.startswith("Stop with Ctrl-C"):
                break
        yield printed
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=SECONDS)


def tools_listed(printed: str) -> int:
    """How many tools the server that printed this lists to a client with the printed token."""
    url = re.search(r"^MCP +(\S+)$", printed, re.MULTILINE)
    token = re.search(r'"Authorization": "(Bearer \S+)"', printed)
    assert url is not None, printed
    assert token is not None, printed
    response = httpx2.get(f"{url[1]}/tools/list", headers={"Authorization": token[1]})
    count: int = response.json()["count"]
    return count


def test_make_serve(surroundings: dict[str, str]) -> None:
    with started(["make", "serve"], CHECKOUT, surroundings) as printed:
        assert tools_listed(printed) == len(LISTING)
        assert re.search(r"^Notebooks +.*examples/notebooks$", printed, re.MULTILINE)


def test_make_generate_then_jmcp_serve(surroundings: dict[str, str], tmp_path: Path) -> None:
    made = subprocess.run(
        ["make", "generate"], cwd=CHECKOUT, env=surroundings, check=True, timeout=SECONDS
    )
    assert made.returncode == 0
    folder = tmp_path / "notebooks"
    folder.mkdir()
    with started(["jmcp", "serve"], folder, surroundings) as printed:
        assert tools_listed(printed) == len(LISTING)
    assert list(folder.iterdir()) == []
