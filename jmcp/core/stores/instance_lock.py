"""Which processes of jmcp are alive, among those that share a state file."""

from __future__ import annotations

import sqlite3
import time
import uuid
from contextlib import suppress
from pathlib import Path

from jmcp.core.errors import StateUnavailable

SUFFIX = ".alive"
STALE_SECONDS = 60.0
"""Age in seconds from which a marker without a lock counts as left behind: its process may be about
to lock a younger one."""


class InstanceLock:
    """A lock that this process holds for as long as it lives, beside the state file.

    A lock of SQLite, which every operating system releases with the process, whatever ended it; a
    process id may be another process's by now, in a container it nearly always is.
    """

    def __init__(
        self, folder: Path, *, unavailable: type[StateUnavailable] = StateUnavailable
    ) -> None:
        self.process = uuid.uuid4().hex
        self._folder = folder
        self._path = self._file(self.process)
        _remove_stale(folder)
        try:
            self._held = connected(self._path, "rwc")
            try:
                self._held.execute("BEGIN EXCLUSIVE")
            except BaseException:
                self._held.close()
                raise
        except sqlite3.Error as error:
            raise unavailable.not_writable(folder=folder.name, reason=str(error)) from error

    def alive(self, process: str) -> bool:
        """Whether the process of that name lives. What a dead one left behind is removed."""
        if process == self.process:
            return True
        path = self._file(process)
        if is_held(path):
            return True
        with suppress(OSError):
            _remove(path)
        return False

    def close(self) -> None:
        self._held.close()
        self._path.unlink(missing_ok=True)

    def _file(self, process: str) -> Path:
        return self._folder / f"{process}{SUFFIX}"


def _remove_stale(folder: Path) -> None:
    """Remove the markers that processes left when they were killed."""
    with suppress(OSError):
        for path in folder.glob(f"*{SUFFIX}"):
            old = time.time() - path.stat().st_mtime > STALE_SECONDS
            if old and not is_held(path):
                _remove(path)


def _remove(path: Path) -> None:
    """Remove a marker, and what SQLite left beside it when its process was killed."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)


def living_instances(folder: Path) -> int:
    """How many processes are alive there."""
    return sum(is_held(path) for path in folder.glob(f"*{SUFFIX}"))


def is_held(path: Path) -> bool:
    """Whether a living process holds that lock."""
    if not path.exists():
        return False
    try:
        other = connected(path, "rw")
    except sqlite3.Error:
        return False
    try:
        other.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        return True
    finally:
        other.close()
    return False


def connected(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
    )
