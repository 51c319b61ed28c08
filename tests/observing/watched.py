"""Servers whose every word is kept, for tests that read it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.served import READY_SECONDS, STOP_SECONDS, TOKEN, Served, environment

LOUD = Path(__file__).with_name("loud.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Served):
    """`log` is the file that both of its outputs go to."""

    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def command_line(self) -> str:
        """As any user of the machine can read it."""
        return Path(f"/proc/{self.process.pid}/cmdline").read_text()


def jmcp(*options: str) -> list[str]:
    return [sys.executable, "-m", "jmcp", "serve", *options]


def loud(program: str, *options: str) -> list[str]:
    return [sys.executable, str(LOUD), program, *options]


@contextmanager
def watched(
    command: list[str],
    home: Path,
    root: Path,
    *,
    ready: str = r"MCP\s+(http://\S+/)mcp\b",
    variables: Mapping[str, str] | None = None,
) -> Iterator[Watched]:
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
    try:
        url = _url(process, log, ready)
        yield Watched(url=url, token=TOKEN, root=root, process=process, log=log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _url(process: subprocess.Popen[str], log: Path, ready: str) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while not (found := re.search(ready, log.read_text())):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"it is not ready:\n{log.read_text()}")
        time.sleep(0.05)
    return found[1]
