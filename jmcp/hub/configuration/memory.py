"""The memory of this machine, or of the container that the Hub is in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

CGROUPS = Path("/sys/fs/cgroup")
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """In bytes. `free` is what can be taken without making anything slower."""

    total: int
    free: int


def machine_memory() -> Memory:
    memory = psutil.virtual_memory()
    return Memory(total=memory.total, free=memory.available)


def process_memory(cgroups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> Memory:
    """What this process and its children may have: the machine's, or less where a control group
    limits them."""
    found = machine_memory()
    for limit, used in _limits(cgroups, own):
        found = Memory(total=min(found.total, limit), free=max(0, min(found.free, limit - used)))
    return found


def byte_size(size: str | int | float) -> int:
    """A size as JupyterHub takes it: a number of bytes, or one with K, M, G or T. Raises ValueError."""
    match = SIZE.fullmatch(str(size))
    if match is None:
        raise ValueError(f"{size!r} is not a size; write it as in 512M or 2G")
    return int(float(match[1]) * UNITS[match[2].upper()])


def shown(size: int) -> str:
    """A size for people, as in 1.5G."""
    for unit in ("T", "G", "M", "K"):
        if size >= UNITS[unit]:
            return f"{size / UNITS[unit]:.4g}{unit}"
    return str(size)


def _limits(cgroups: Path, own: Path) -> Iterator[tuple[int, int]]:
    """The limit and the use of each control group around this process, in bytes."""
    for hierarchy, path in _groups(own):
        for name in (path, *path.parents):
            folder = cgroups / hierarchy / str(name).lstrip("/")
            limit = _number(folder / "memory.max") or _number(folder / "memory.limit_in_bytes")
            used = _number(folder / "memory.current") or _number(folder / "memory.usage_in_bytes")
            if limit and used is not None:
                yield limit, max(0, used - _reclaimable(folder / "memory.stat"))


def _groups(own: Path) -> Iterator[tuple[str, PurePosixPath]]:
    """In which folder of control groups this process is: version 2, and version 1 for memory."""
    try:
        lines = own.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield "", PurePosixPath(path)
        elif "memory" in controllers.split(","):
            yield "memory", PurePosixPath(path)


def _reclaimable(stat: Path) -> int:
    """Pages of files, which the kernel gives up when memory is asked for."""
    try:
        rows = (line.split() for line in stat.read_text().splitlines())
        return sum(
            int(row[1]) for row in rows if row[0] in ("inactive_file", "total_inactive_file")
        )
    except (OSError, ValueError, IndexError):
        return 0


def _number(file: Path) -> int | None:
    """None where there is none: version 2 writes `max` for no limit."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
