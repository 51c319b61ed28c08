"""One bash for all blocks of a page, as a reader's terminal is one."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

BLOCK_SECONDS = 180
STOP_SECONDS = 60
PREPARED = Path(__file__).with_name("shell.sh")
END = "=== end of block ==="


class Shell:
    """A bash that stops at the first command that fails, as `set -e` has it."""

    def __init__(self, process: subprocess.Popen[str], scripts: Path) -> None:
        self._process = process
        self._scripts = scripts
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._count = 0
        threading.Thread(target=self._read, daemon=True).start()

    def run(self, commands: str) -> str:
        """Run these, and return what they print. Raises AssertionError where one fails or hangs."""
        self._count += 1
        script = self._scripts / f"{self._count:04d}.sh"
        script.write_text(commands)
        assert self._process.stdin is not None
        self._process.stdin.write(f"source {script} </dev/null; echo; echo '{END}'\n")
        self._process.stdin.flush()
        printed = ""
        while True:
            try:
                line = self._lines.get(timeout=BLOCK_SECONDS)
            except queue.Empty:
                raise AssertionError(f"nothing for {BLOCK_SECONDS} s after:\n{printed}") from None
            if line is None:
                raise AssertionError(f"a command failed:\n{commands}\nafter it printed:\n{printed}")
            if line == f"{END}\n":
                return printed.removesuffix("\n")
            printed += line

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)


@contextmanager
def shell(folder: Path, cwd: Path, environment: Mapping[str, str]) -> Iterator[Shell]:
    """A bash with its scripts in that folder. What it started ends with it."""
    process = subprocess.Popen(
        ["bash", "--noprofile", "--norc"],
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        running = Shell(process, folder)
        running.run(PREPARED.read_text())
        yield running
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """At the end of its input it stops its servers; what is left then is killed."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
