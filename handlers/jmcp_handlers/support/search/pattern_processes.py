"""The processes in which regular expressions are matched, kept for the next search."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

PATTERN_BYTES = 2**30
"""Bytes of memory that the process of a regular expression may take."""
IDLE_SECONDS = 120.0
"""A process that nobody needed for so long is ended: each has some 9 MB."""
_PROGRAM = str(Path(__file__).with_name("pattern_process.py"))


class PatternEnded(Exception):
    """The process has ended, or was, before it had answered."""


class PatternProcesses:
    """Starts a process when there is none for a question. Used from threads, each with one question."""

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._idle: list[PatternProcess] = []
        self._lock = threading.Lock()
        self._reaper: threading.Timer | None = None

    def ask(
        self,
        pattern: bytes,
        texts: Sequence[bytes],
        *,
        ignore_case: bool,
        limit: int,
        seconds: float,
    ) -> bytes:
        """The answer, as `pattern_process` describes it. Raises PatternEnded, after so many seconds."""
        process = self._taken() or PatternProcess()
        numbers = [math.ceil(seconds) + 1, int(ignore_case), limit]
        numbers += [len(pattern), *map(len, texts)]
        line = " ".join(map(str, numbers)).encode()
        try:
            answer, goes_on = process.ask(b"".join((line, b"\n", pattern, *texts)), seconds)
        except BaseException:
            process.end()
            raise
        if goes_on:
            self._keep(process)
        else:
            process.end()
        return answer

    def _taken(self) -> PatternProcess | None:
        """One that waits, the last used first."""
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.alive:
                    return process
                process.end()
        return None

    def _keep(self, process: PatternProcess) -> None:
        process.used = time.monotonic()
        with self._lock:
            self._idle.append(process)
            self._look_later()

    def _look_later(self) -> None:
        if self._reaper is None and self._idle:
            self._reaper = threading.Timer(self._idle_seconds, self._end_unused)
            self._reaper.daemon = True
            self._reaper.start()

    def _end_unused(self) -> None:
        since = time.monotonic() - self._idle_seconds
        with self._lock:
            unused = [one for one in self._idle if one.used <= since or not one.alive]
            self._idle = [one for one in self._idle if one not in unused]
            self._reaper = None
            self._look_later()
        for process in unused:
            process.end()


class PatternProcess:
    """One process. `used` is when it was last asked, by the monotonic clock."""

    def __init__(self) -> None:
        self.used = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-W", "ignore", _PROGRAM, str(PATTERN_BYTES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # Also when this interpreter ends.
        self.end = weakref.finalize(self, _end, self._process)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, given: bytes, seconds: float) -> tuple[bytes, bool]:
        """The answer, and whether the process goes on. Raises PatternEnded."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        # Reading and writing cannot be given a time on every system; an ended process ends both.
        limit = threading.Timer(seconds, self._process.kill)
        limit.daemon = True
        limit.start()
        try:
            stdin.write(given)
            stdin.flush()
            size, goes_on = map(int, stdout.readline().split())
            answer = stdout.read(size)
        except (OSError, ValueError) as error:
            raise PatternEnded from error
        finally:
            limit.cancel()
        if len(answer) != size:
            raise PatternEnded
        return answer, bool(goes_on)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    # Closing a pipe flushes it, which may find nobody there to read.
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue
    process.wait()
