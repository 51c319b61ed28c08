"""Servers whose every word is kept, for tests that read it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.served import READY_SECONDS, STOP_SECONDS, TOKEN, Served, environment

HANG_SECONDS = 5.0
DEBUG_LAUNCHER = Path(__file__).with_name("debug_launcher.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedServer(Served):
    """`log` is the file that both of its outputs go to.

    `hangs`: it is a plain Jupyter Server, which may not end by itself while a save is due.
    """

    log: Path
    hangs: bool = False

    def stop(self) -> None:
        """Raises TimeoutExpired when it does not end, unless that is to be expected."""
        self.process.terminate()
        try:
            self.process.wait(HANG_SECONDS if self.hangs else STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            if not self.hangs:
                raise

    def logged(self) -> str:
        return self.log.read_text()

    def command_line(self) -> str:
        """As any user of the machine can read it."""
        return Path(f"/proc/{self.process.pid}/cmdline").read_text()


def jmcp(*options: str) -> list[str]:
    return [sys.executable, "-m", "jmcp", "serve", *options]


def debug_command(program: str, *options: str) -> list[str]:
    return [sys.executable, str(DEBUG_LAUNCHER), program, *options]


@contextmanager
def logged_server(
    command: list[str],
    home: Path,
    root: Path,
    *,
    ready: str = r"MCP\s+(http://\S+/)mcp\b",
    variables: Mapping[str, str] | None = None,
    hangs: bool = False,
) -> Iterator[LoggedServer]:
    """Run a server until the block is left, or until it was stopped in it."""
    home.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    log = home / f"log-{time.monotonic_ns()}.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            env=environment(home) | dict(variables or {}),
            cwd=root,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    server = LoggedServer(url="", token=TOKEN, root=root, process=process, log=log, hangs=hangs)
    try:
        yield replace(server, url=_url(process, log, ready))
    finally:
        server.stop()


def _url(process: subprocess.Popen[str], log: Path, ready: str) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while not (found := re.search(ready, log.read_text())):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"it is not ready:\n{log.read_text()}")
        time.sleep(0.05)
    return found[1]
