"""The memory of servers that are processes of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psutil

USER = "JUPYTERHUB_USER"
LIMIT = "MEM_LIMIT"
"""Set by the spawner, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMemory:
    """In bytes: of the server with its kernels, what they share counted for each. `limit` None: none is
    known."""

    used: int
    limit: int | None = None


def memories(pids: Mapping[str, int]) -> dict[str, ServerMemory]:
    """By user, of those whose process here is that user's server: the gateway may run on another
    machine than the servers, where the same number is anything."""
    found = {}
    for user, pid in pids.items():
        try:
            process = psutil.Process(pid)
            environment = process.environ()
            if environment.get(USER) != user:
                continue
            used = sum(map(_used, [process, *process.children(recursive=True)]))
        except psutil.Error:  # gone, or another user's whose environment is nobody's business
            continue
        limit = environment.get(LIMIT, "")
        found[user] = ServerMemory(used=used, limit=int(limit) if limit.isdigit() else None)
    return found


def _used(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
