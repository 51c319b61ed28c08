"""`jmcp serve` as a user starts it, in a process of its own, for tests that look from outside."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

READY_SECONDS = 60
STOP_SECONDS = 30
TOKEN = "contract-test-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server. `url` is the root, with a trailing slash; `root` the served folder."""

    url: str
    token: str
    root: Path
    process: subprocess.Popen[str]

    @property
    def mcp_url(self) -> str:
        return f"{self.url}mcp"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def environment(home: Path) -> dict[str, str]:
    """The process's environment with a home of its own, so that nothing on the machine configures it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "JMCP", "XDG", "IPYTHON"))
    }
    return kept | {"HOME": str(home), "JMCP_STRICT": "1"}


@contextmanager
def serve(home: Path, root: Path, *options: str) -> Iterator[Served]:
    """Start `jmcp serve` on a free port; stop it with the signal that a terminal's Ctrl-C sends."""
    home.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "jmcp", "serve", "--root-dir", str(root), "--port", "0"]
    command += ["--token", TOKEN, "--no-browser", *options]
    process = subprocess.Popen(
        command,
        env=environment(home),
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        url = _printed_url(process)
        yield Served(url=url, token=TOKEN, root=root, process=process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout:
                process.stdout.close()


def _printed_url(process: subprocess.Popen[str]) -> str:
    """The root URL, from the MCP URL that the server prints when it is ready."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    assert process.stdout is not None
    stdout = process.stdout

    def drain() -> None:
        try:
            for line in stdout:
                lines.put(line)
        except ValueError:  # closed when the server is stopped
            pass
        lines.put("")

    threading.Thread(target=drain, daemon=True).start()
    seen = []
    while line := lines.get(timeout=READY_SECONDS):
        seen.append(line)
        if found := re.search(r"(http://\S+/)mcp\b", line):
            return found[1]
    raise AssertionError("jmcp serve ended before it was ready:\n" + "".join(seen))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that clean up after themselves."""
    base = tmp_path_factory.mktemp("served")
    with serve(base / "home", base / "root") as server:
        yield server
