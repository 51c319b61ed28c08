"""What becomes of a kernel when a session has no more use for it."""

from __future__ import annotations

from typing import Literal

from jmcp.core.errors import KernelMissing
from jmcp.core.kernels.healing import Healing
from jmcp.core.ports import Kernels
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.sessions import Sessions

Release = Literal["auto", "keep", "stop"]
Fate = Literal["stopped", "kept", "none"]


async def release_kernel(
    record: SessionRecord,
    held: HeldNotebook,
    *,
    healing: Healing,
    sessions: Sessions,
    policy: Release = "auto",
) -> Fate:
    """Stop the kernel of a notebook that the session lets go, or leave it.

    `auto` stops it if this session started it and nobody else uses it: no other session, and no
    other client such as JupyterLab. Raises what `Kernels.shutdown` raises.
    """
    running = await healing.running(held)
    if running is None:
        return "none"
    kernels = healing.kernels
    if policy == "auto":
        mine = held.started_kernel and running.kernel_id == held.kernel_id
        used = not mine or await _used(running.kernel_id, record, held, kernels, sessions)
        policy = "keep" if used else "stop"
    if policy == "keep":
        return "kept"
    try:
        await kernels.shutdown(running.kernel_id)
    except KernelMissing:
        return "none"
    return "stopped"


async def _used(
    kernel_id: str,
    record: SessionRecord,
    held: HeldNotebook,
    kernels: Kernels,
    sessions: Sessions,
) -> bool:
    if not held.private and await sessions.others_hold(held.ref.key, record):
        return True
    connections = [one.connections for one in await kernels.list() if one.kernel_id == kernel_id]
    return any(connections)
