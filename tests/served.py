"""`jmcp serve` as a user starts it, in a process of its own, for tests that look from outside."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    command = [sys.executable, "-m", "jmcp", "serve", "--root-dir", str(root), "--port", "0"]
    command += ["--token", TOKEN, "--no-browser", *options]
    with _running(command, home, root, r"(http://\S+/)mcp\b") as served:
        yield served


def configure(home: Path, config: dict[str, dict[str, Any]]) -> None:
    """Write Jupyter's own configuration for the servers of that home."""
    (home / ".jupyter").mkdir(parents=True, exist_ok=True)
    (home / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps(config))


@contextmanager
def lab(home: Path, root: Path, *options: str) -> Iterator[Served]:
    """Start a plain `jupyter lab`, where the extension enables itself, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.root_dir={root}", f"--ServerApp.port={port}"]
    command += [f"--IdentityProvider.token={TOKEN}", *options]
    with _running(command, home, root, r"(http://127\.\S+/)lab\?token=") as served:
        yield served


@contextmanager
def _running(command: list[str], home: Path, root: Path, ready: str) -> Iterator[Served]:
    home.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        command,
        env=environment(home),
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        url = _printed_url(process, ready)
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


def _printed_url(process: subprocess.Popen[str], ready: str) -> str:
    """The root URL, from the line that the server prints when it is ready."""
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
        if found := re.search(ready, line):
            return found[1]
    raise AssertionError("the server ended before it was ready:\n" + "".join(seen))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that clean up after themselves."""
    base = tmp_path_factory.mktemp("served")
    with serve(base / "home", base / "root") as server:
        yield server
