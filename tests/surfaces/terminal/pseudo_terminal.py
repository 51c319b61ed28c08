"""A command in a terminal of its own, as a person has it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SECONDS = 60


class PseudoTerminal:
    """The process, and what it has put out so far."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, slave: int) -> None:
        self.process = process
        self.output = b""
        self.before = termios.tcgetattr(slave)
        self._master = master
        self._slave = slave

    @property
    def restored(self) -> bool:
        """Whether the terminal takes keys as it did before."""
        return termios.tcgetattr(self._slave) == self.before

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def await_text(self, *wanted: str) -> None:
        """Read until all of it was put out."""
        deadline = time.monotonic() + SECONDS
        while not all(one.encode() in self.output for one in wanted):
            assert time.monotonic() < deadline, self.output.decode(errors="replace")
            self._read(0.2)
            ended = self.process.poll() is not None
            assert not (ended and not self._read(0.2) and not self._has(wanted)), self.output

    def ended(self) -> int:
        """The exit status, once the process has ended."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.output.decode(errors="replace")
            self._read(0.1)
        while self._read(0.0):
            pass
        return self.process.wait()

    def _has(self, wanted: Sequence[str]) -> bool:
        return all(one.encode() in self.output for one in wanted)

    def _read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self._master], [], [], seconds)
        data = os.read(self._master, 2**16) if ready else b""
        self.output += data
        return data


@contextmanager
def in_terminal(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, columns: int = 80, lines: int = 24
) -> Iterator[PseudoTerminal]:
    """Run the command in a terminal of that size, which is its controlling one."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        ["setsid", "--ctty", *command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**env, "TERM": "xterm-256color"},
        cwd=cwd,
    )
    try:
        yield PseudoTerminal(process, master, slave)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
