"""Interrupts of one kernel: each is for the run that it was sent for, and for no later one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from jmcp.core.errors import BackendError
from jmcp.core.ports import Kernels

SETTLING_SECONDS = 0.05
"""Seconds that the queue waits after an interrupt whose run ended before it was sent: kernels that
take interrupts as messages get it a moment later."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Interrupts:
    """Sends interrupts to one kernel; `under_way` are those that have not reached it.

    A caller that leaves meanwhile only stops to wait: the interrupt goes on.
    """

    def __init__(self, kernel_id: str, kernels: Kernels) -> None:
        self._kernel_id = kernel_id
        self._kernels = kernels
        self.under_way: set[asyncio.Task[Any]] = set()
        self._waiting: set[asyncio.Task[None]] = set()

    async def landed(self) -> None:
        """Return when no interrupt is on its way any more."""
        while self.under_way:
            await asyncio.wait(self.under_way)

    async def send(self, over: Callable[[], bool] = lambda: False) -> None:
        """Interrupt what the kernel runs. `over` says whether the run that is meant has ended.

        Raises what `Kernels.interrupt` raises.
        """
        await self._to_its_end(self._sent(over))

    async def send_if_busy(self) -> bool:
        """Interrupt what others run in the kernel; False if it is idle. Raises as `send`."""
        return await self._to_its_end(self._sent_if_busy())

    def send_when(self, ready: Callable[[], Awaitable[bool]], over: Callable[[], bool]) -> None:
        """Interrupt in the background when `ready` returns True."""
        task = asyncio.create_task(self._sent_when(ready, over), name="jmcp-interrupt-later")
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def close(self) -> None:
        """Drop all interrupts that still wait."""
        for task in tuple(self._waiting):
            task.cancel()

    async def _sent(self, over: Callable[[], bool]) -> None:
        await self._kernels.interrupt(self._kernel_id)
        if over():
            await asyncio.sleep(SETTLING_SECONDS)

    async def _sent_if_busy(self) -> bool:
        states = {kernel.kernel_id: kernel.state for kernel in await self._kernels.list()}
        if states.get(self._kernel_id) == "idle":
            return False
        await self._kernels.interrupt(self._kernel_id)
        return True

    async def _sent_when(
        self, ready: Callable[[], Awaitable[bool]], over: Callable[[], bool]
    ) -> None:
        if not await ready():
            return
        try:
            await self.send(over)
        except BackendError:
            log.warning("Kernel %s could not be interrupted.", self._kernel_id, exc_info=True)

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        # On its way from now on, not from when the task begins: its run may end before that.
        task = asyncio.create_task(work, name=f"jmcp-interrupt-{self._kernel_id}")
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        return await asyncio.shield(task)
