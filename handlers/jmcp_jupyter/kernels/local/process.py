"""The process of a kernel id over time: which one runs now, and whether it lives."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_core.utils import ensure_async

from jmcp_api.backend_errors import KernelDown, KernelMissing
from jmcp_jupyter.kernels.common.run_loss import STOPPING_LIMIT_SECONDS, Loss

REVIVAL_LIMIT_SECONDS = 20.0
"""For Jupyter's restarter to bring a kernel back: it polls every 3 s and tries up to 5 times."""

POLL_SECONDS = 0.1


class LocalProcess:
    """What Jupyter's kernel manager knows of one kernel id, and the generation it amounts to.

    Two sources are needed. The restarter's callbacks tell of a crash only when it polls (every 3 s)
    and never of a restart that somebody asked for; the process id tells of both, but only to those
    who look.
    """

    def __init__(self, manager: Any, kernel_id: str) -> None:
        self.kernel_id = kernel_id
        self.generation = 1
        self._manager = manager
        self._kernel = manager.get_kernel(kernel_id)
        self._pid = self.pid
        self._crashed: set[int | None] = set()
        self._successor: asyncio.Task[None] | None = None
        self._kernel.add_restart_callback(self._on_crash, "restart")
        self._kernel.add_restart_callback(self._on_dead, "dead")

    @property
    def pid(self) -> int | None:
        """The process id of the newest process; None if the provisioner has none to tell."""
        return getattr(self._kernel.provisioner, "pid", None)

    @property
    def listed(self) -> bool:
        """Whether Jupyter still has this kernel."""
        return self.kernel_id in self._manager and (
            self._manager.get_kernel(self.kernel_id) is self._kernel
        )

    @property
    def stopping(self) -> bool:
        """Whether somebody asked for a restart or a shutdown that is not over."""
        return bool(self._kernel.shutting_down) or not self._kernel.ready.done()

    def look(self) -> int:
        """Notice a process that came since the last look; returns the generation."""
        if self.pid != self._pid and self.listed:
            self._pid = self.pid
            # Runs of the process before may not have looked so far: to them it did crash.
            self._crashed.discard(self._pid)
            self.generation += 1
        return self.generation

    async def alive(self) -> bool:
        """Whether the process runs now. Costs one `waitpid`."""
        return self.listed and bool(await ensure_async(self._kernel.is_alive()))

    async def loss(self, pid: int | None) -> Loss | None:
        """How the process `pid` was lost, or None while it lives or is just being stopped."""
        if pid in self._crashed or not self.listed:
            return "kernel_died"
        if self.pid != pid:
            return "kernel_restarted"
        if self.stopping or await self.alive():
            return None
        return "kernel_died"

    async def outcome(self, pid: int | None) -> Loss:
        """Wait until a stop in progress shows as a restart or as the end of the kernel."""
        for _ in range(int(STOPPING_LIMIT_SECONDS / POLL_SECONDS)):
            if found := await self.loss(pid):
                return found
            await asyncio.sleep(POLL_SECONDS)
        return "kernel_died"

    async def revived(self) -> None:
        """Wait, bounded, until a process runs. Raises KernelMissing, KernelDown."""
        for _ in range(int(REVIVAL_LIMIT_SECONDS / POLL_SECONDS)):
            if not self.listed:
                raise KernelMissing.unknown(kernel_id=self.kernel_id)
            if not self.stopping and await self.alive():
                self.look()
                return
            if not self.stopping and not self._kernel.autorestart:
                break
            await asyncio.sleep(POLL_SECONDS)
        raise KernelDown.not_restarted(kernel_id=self.kernel_id)

    def close(self) -> None:
        """Leave Jupyter's restarter alone again."""
        self._kernel.remove_restart_callback(self._on_crash, "restart")
        self._kernel.remove_restart_callback(self._on_dead, "dead")
        if self._successor is not None:
            self._successor.cancel()

    def _on_crash(self) -> None:
        self._crashed.add(self.pid)
        if self._successor is None or self._successor.done():
            self._successor = asyncio.create_task(self._await_successor(self.pid))

    def _on_dead(self) -> None:
        self._crashed.add(self.pid)

    async def _await_successor(self, pid: int | None) -> None:
        """Count the process that Jupyter's restarter starts in the place of that one."""
        for _ in range(int(REVIVAL_LIMIT_SECONDS / POLL_SECONDS)):
            if self.pid != pid:
                self.look()
                return
            await asyncio.sleep(POLL_SECONDS)
