"""The queues of all kernels that one server runs code on."""

from __future__ import annotations

from collections.abc import Callable

from jmcp.core.background import run_together
from jmcp.core.ports import Kernels
from jmcp.core.runs.execution.cell_owners import CellOwners
from jmcp.core.runs.execution.pending_runs import PendingRuns
from jmcp.core.runs.execution.queue import RunQueue
from jmcp.core.runs.record.run import Run

KEPT_QUEUES = 256
"""Queues of kernels that stay when they are empty; kernels that are gone leave theirs behind."""


class KernelQueues:
    """One `RunQueue` for each kernel, made when it is first asked for.

    `on_end` is told of each run that is over. `grace_seconds` is how long an interrupted kernel has
    to become idle. While `stopping`, a queue that is made starts nothing.
    """

    def __init__(
        self,
        kernels: Kernels,
        *,
        pending: PendingRuns,
        grace_seconds: float,
        on_end: Callable[[Run], None],
    ) -> None:
        self._kernels = kernels
        self._pending = pending
        self._owners = CellOwners()
        self._grace_seconds = grace_seconds
        self._on_end = on_end
        self._queues: dict[str, RunQueue] = {}
        self.stopping = False

    def of(self, kernel_id: str) -> RunQueue:
        """The queue of that kernel."""
        queue = self._queues.get(kernel_id)
        if queue is None:
            queue = self._queues[kernel_id] = RunQueue(
                kernel_id,
                self._kernels,
                pending=self._pending,
                owners=self._owners,
                grace_seconds=self._grace_seconds,
                on_end=self._on_end,
            )
            if self.stopping:
                queue.stop()
        return queue

    def get(self, kernel_id: str | None) -> RunQueue | None:
        """The queue of that kernel, if anything was ever put there."""
        return self._queues.get(kernel_id) if kernel_id is not None else None

    def trim(self) -> None:
        """Where there are more than KEPT_QUEUES, drop the empty ones."""
        if len(self._queues) > KEPT_QUEUES:
            self._queues = {key: queue for key, queue in self._queues.items() if not queue.idle}

    def stop(self) -> None:
        """Start nothing more: what waits ends as `aborted`, also what is put into a queue later."""
        self.stopping = True
        for queue in self._queues.values():
            queue.stop()

    async def close(self) -> None:
        """Stop listening to the kernels."""
        try:
            await run_together(*(queue.close for queue in self._queues.values()))
        finally:
            self._queues.clear()
