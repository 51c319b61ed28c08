"""What a Jupyter Server and its kernels use of the memory that they were given.

A JupyterHub tells each server its limit in MEM_LIMIT, whether its spawner enforces it or not. Without
one nothing is measured.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from jmcp.core.memory_watch import Measure, MemoryUse

LIMIT = "MEM_LIMIT"
CGROUP = Path("/sys/fs/cgroup")
"""Of a container's own processes, inside of it (version 2)."""


def measure(variables: Mapping[str, str], cgroup: Path = CGROUP) -> Measure | None:
    """How to measure; None where there is no limit, or no way to tell."""
    text = variables.get(LIMIT, "")
    limit = int(text) if text.isdigit() else 0
    if not limit:
        return None
    if (own := _number(cgroup / "memory.max")) is not None and own <= limit:
        return lambda: _of_container(cgroup, own)
    if find_spec("psutil") is None:
        return None
    return lambda: MemoryUse(used=_of_processes(), limit=limit)


def _of_container(cgroup: Path, limit: int) -> MemoryUse | None:
    """As the system counts it before it ends a process, without pages of files that it gives up first."""
    used = _number(cgroup / "memory.current")
    if used is None:
        return None
    try:
        rows = (line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        used -= sum(int(row[1]) for row in rows if row[0] == "inactive_file")
    except (OSError, ValueError, IndexError):
        pass
    return MemoryUse(used=max(0, used), limit=limit)


def _of_processes() -> int:
    """Of this process and all that it started; what they share counts for each."""
    # Imported here: only users' servers on a JupyterHub need it, and ipykernel brings it.
    import psutil

    own = psutil.Process(os.getpid())
    total = 0
    for process in (own, *own.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.Error:  # it has ended meanwhile
            continue
    return total


def _number(file: Path) -> int | None:
    """None where there is none, as `max` for no limit."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
