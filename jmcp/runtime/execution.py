"""Running code: the queue of each kernel, the records of its runs, and waiting for them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from jmcp.runtime.backend import Kernels
from jmcp.runtime.execution_record import CodeError, Execution, OpenSink, Status
from jmcp.runtime.kernel_run import GRACE
from jmcp.runtime.late_updates import ReopenSink
from jmcp.runtime.run_queue import RunQueue

__all__ = ["CodeError", "Execution", "Executions", "OpenSink", "ReopenSink", "Status"]

KEPT = 256
"""Finished executions whose outputs stay at hand."""


class Executions:
    """Every execution of one server. Runs go on when the caller who submitted them is gone."""

    def __init__(self, kernels: Kernels, *, kept: int = KEPT, grace: float = GRACE) -> None:
        self._kernels = kernels
        self._kept = kept
        self._grace = grace
        self._queues: dict[str, RunQueue] = {}
        self._records: dict[str, Execution] = {}

    async def submit(
        self,
        kernel_id: str,
        code: str,
        *,
        notebook_key: str,
        owner: str,
        session_id: str,
        cell_id: str | None = None,
        open_sink: OpenSink | None = None,
        reopen_sink: ReopenSink | None = None,
        store_history: bool = True,
        timeout: float = 0,
    ) -> Execution:
        """Put code at the end of the kernel's queue. Never waits and never raises.

        `timeout` is in seconds from when the kernel starts the code; 0 is no limit. `open_sink` is
        called when its turn comes; `reopen_sink` when another run updates a display of this one
        after its end.
        """
        execution = Execution(
            execution_id=self._new_id(),
            kernel_id=kernel_id,
            code=code,
            notebook_key=notebook_key,
            owner=owner,
            session_id=session_id,
            cell_id=cell_id,
            store_history=store_history,
            timeout=timeout,
            open_sink=open_sink,
            reopen_sink=reopen_sink,
        )
        self._records[execution.execution_id] = execution
        queue = self._queues.get(kernel_id)
        if queue is None:
            queue = RunQueue(kernel_id, self._kernels, grace=self._grace, on_end=self._prune)
            self._queues[kernel_id] = queue
        queue.put(execution)
        return execution

    def get(self, execution_id: str) -> Execution | None:
        """The execution of that id, if it is still kept. Whose it is, the caller checks."""
        return self._records.get(execution_id)

    def list(
        self,
        *,
        owner: str | None = None,
        session_id: str | None = None,
        kernel_id: str | None = None,
    ) -> Sequence[Execution]:
        """The kept executions, oldest first, of one owner, session or kernel where given."""
        return [
            execution
            for execution in self._records.values()
            if owner in (None, execution.owner)
            and session_id in (None, execution.session_id)
            and kernel_id in (None, execution.kernel_id)
        ]

    def in_use(self, owner: str, session_id: str) -> bool:
        """Whether the session has an execution that is not over."""
        return any(not e.done for e in self.list(owner=owner, session_id=session_id))

    def running(self, kernel_id: str) -> Execution | None:
        """What the kernel runs for jmcp now."""
        queue = self._queues.get(kernel_id)
        return queue.running if queue is not None else None

    async def interrupt(self, kernel_id: str) -> bool:
        """Interrupt what the kernel runs, whoever started it. False if it was idle already.

        Runs that wait in the queue go on. Raises what `Kernels.interrupt` raises.
        """
        queue = self._queues.get(kernel_id)
        if queue is not None and queue.running is not None:
            await queue.interrupt()
            return True
        states = {kernel.kernel_id: kernel.state for kernel in await self._kernels.list()}
        if states.get(kernel_id) == "idle":
            return False
        await self._kernels.interrupt(kernel_id)
        return True

    async def cancel(self, execution: Execution, note: str) -> None:
        """Stop this one, whether it waits or runs; others on its kernel go on.

        Raises what `Kernels.interrupt` raises.
        """
        queue = self._queues.get(execution.kernel_id)
        if queue is None or queue.withdraw(execution, note):
            return
        if queue.running is execution:
            await queue.interrupt()

    def drop(self, kernel_id: str, note: str) -> Sequence[Execution]:
        """End what waits in the kernel's queue as `aborted`, with that note."""
        queue = self._queues.get(kernel_id)
        return queue.drop(note) if queue is not None else ()

    async def close(self) -> None:
        """Stop listening to all runs; their cells are closed, and the kernels go on."""
        for queue in tuple(self._queues.values()):
            await queue.close()
        self._queues.clear()

    def _new_id(self) -> str:
        while (found := secrets.token_hex(4)) in self._records:
            pass
        return found

    def _prune(self) -> None:
        finished = [key for key, execution in self._records.items() if execution.done]
        for key in finished[: max(0, len(finished) - self._kept)]:
            del self._records[key]
        # Dead kernels leave no queue behind.
        if len(self._queues) > self._kept:
            self._queues = {key: q for key, q in self._queues.items() if not q.idle}
