"""Questions to a kernel: what is evaluated between its runs, and leaves no trace."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jmcp.core.errors import BackendError
from jmcp.core.ports import KernelInfo, Kernels, Reply
from jmcp.core.runs.execution.interrupts import Interrupts
from jmcp.core.runs.record.run import Run

BEGIN_SECONDS = 1.0
"""Until an idle kernel has begun with a question; after that somebody else's code has it."""
ANSWER_SECONDS = 5.0
"""From then on until it has answered; after that it is interrupted."""
INTERRUPT_SECONDS = 2.0
"""An interrupted kernel has so long to answer."""
LOOK_AGAIN_SECONDS = 0.1
"""Until a kernel that is said to be busy is looked at again: it may just have become idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupied:
    """The kernel cannot be asked: that run has it or comes first, or somebody whom jmcp does not know."""

    run: Run | None = None


class Questions:
    """The questions of one kernel, of which one at a time has its `turn`. No run begins meanwhile."""

    def __init__(self, kernel_id: str, kernels: Kernels, interrupts: Interrupts) -> None:
        self.turn = asyncio.Lock()
        self.under_way = False
        self._kernel_id = kernel_id
        self._kernels = kernels
        self._interrupts = interrupts

    async def ask(self, expression: str) -> Reply | Occupied:
        """The kernel's answer. One that takes too long is interrupted; where that does not help, the
        kernel is occupied. Raises as `Kernels.connect`."""
        connection = await self._kernels.connect(self._kernel_id)
        if await self.busy_kernel() is not None:
            return Occupied()
        begun = asyncio.Event()

        def on_message(kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
            begun.set()

        answer = asyncio.create_task(connection.ask(expression, on_message), name="jmcp-question")
        self.under_way = True
        try:
            return await self._answered(answer, begun)
        finally:
            self.under_way = False
            answer.cancel()

    async def _answered(
        self, answer: asyncio.Task[Reply], begun: asyncio.Event
    ) -> Reply | Occupied:
        beginning = asyncio.create_task(begun.wait())
        try:
            await asyncio.wait(
                {answer, beginning}, timeout=BEGIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            beginning.cancel()
        if begun.is_set() and not answer.done():
            await asyncio.wait({answer}, timeout=ANSWER_SECONDS)
            if not answer.done():
                with suppress(BackendError):
                    await self._interrupts.send(answer.done)
                await asyncio.wait({answer}, timeout=INTERRUPT_SECONDS)
        return answer.result() if answer.done() else Occupied()

    async def busy_kernel(self) -> KernelInfo | None:
        """The kernel, if it is busy and stays so."""
        if await self._look() is None:
            return None
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return await self._look()

    async def _look(self) -> KernelInfo | None:
        """The kernel, if it is busy at the moment."""
        running = await self._kernels.list()
        return next(
            (one for one in running if (one.kernel_id, one.state) == (self._kernel_id, "busy")),
            None,
        )
