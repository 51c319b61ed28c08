"""A server process: started, known to answer, and stopped again."""

from __future__ import annotations

import os
import queue
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

READY_SECONDS = 180.0
"""A start may take this long on a busy machine."""

STOP_SECONDS = 20.0
"""A server that has not ended so long after SIGTERM is killed."""

PYTHON = (sys.executable, "-m")
"""Starts a module by its name, which follows."""

TOKEN = "benchmark-token"
PORTS = range(20_000, 32_000)
"""Below those that Linux gives to whoever asks for any (32768 to 60999)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server. `url` is its root, with a trailing slash; `root` the served folder."""

    url: str
    token: str
    root: Path
    pid: int

    @property
    def mcp_url(self) -> str:
        return f"{self.url}mcp"


def environment(home: Path, **variables: str) -> dict[str, str]:
    """This process's variables with that home, and without those that configure Jupyter or jmcp.

    Bytecode is kept, as it is of what pip installs: without it each start compiles jmcp, which
    takes 0.2 s.
    """
    others = ("JUPYTER", "JMCP", "XDG", "IPYTHON", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return kept | {"HOME": str(home)} | variables


def free_port() -> int:
    """A port of the loopback interface that nobody has just now.

    Not one that the system chooses: kernels, which start at any time, get theirs from it too.
    """
    while True:
        port = random.choice(PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(
    command: Sequence[str],
    *,
    home: Path,
    root: Path,
    ready: str,
    token: str = TOKEN,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run a command until it prints its root URL (group 1 of `ready`) and listens there.

    Raises RuntimeError if it ends before, and TimeoutError.
    """
    home.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        command,
        env=environment(home, **dict(variables or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        url = _printed_url(process, ready)
        await_port(url)
        yield Server(url=url, token=token, root=root, pid=process.pid)
    finally:
        stop(process)
        if process.stdout:
            process.stdout.close()


def stop(process: subprocess.Popen[str]) -> None:
    """Ask it to end, and kill it if it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def await_port(url: str) -> None:
    """Wait until something listens at that URL. Raises OSError if nothing does in time."""
    parts = urlsplit(url)
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            socket.create_connection((parts.hostname, parts.port), timeout=READY_SECONDS).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


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
    seen: list[str] = []
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise TimeoutError(f"the server was not ready after {READY_SECONDS:.0f} s") from None
        if not line:
            raise RuntimeError("the server ended before it was ready:\n" + "".join(seen))
        seen.append(line)
        if found := re.search(ready, line):
            return found[1]
