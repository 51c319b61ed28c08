"""Running code: the queue of each kernel, the records of its runs, and waiting for them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress

from jmcp.core.editing.edit_lease import Leases
from jmcp.core.outputs.late_output import ReopenSink
from jmcp.core.ports import Kernels
from jmcp.core.runs.execution import CodeError, Execution, Incomplete, OpenSink, Status
from jmcp.core.runs.pending_runs import PendingRuns
from jmcp.core.runs.queue import RunQueue
from jmcp.core.runs.resumption import Resumption
from jmcp.core.runs.retention import KEPT_OUTPUT_BYTES, KEPT_RUNS, FinishedRuns
from jmcp.core.runs.run import GRACE
from jmcp.core.sessions.records import Store

__all__ = ["CodeError", "Execution", "Executions", "Incomplete", "OpenSink", "ReopenSink", "Status"]

LISTENING_SECONDS = 3.0
"""Seconds that the start of jmcp waits for the kernels of the runs that were left."""

KEPT_QUEUES = 256
"""Queues of kernels that stay when they are empty; kernels that are gone leave theirs behind."""


class Executions:
    """Every execution of one server. Runs go on when the caller who submitted them is gone."""

    def __init__(
        self,
        kernels: Kernels,
        *,
        store: Store | None = None,
        kept_runs: int = KEPT_RUNS,
        kept_bytes: int = KEPT_OUTPUT_BYTES,
        grace: float = GRACE,
    ) -> None:
        self._kernels = kernels
        self._pending = PendingRuns(store)
        self._finished = FinishedRuns(kept_runs=kept_runs, kept_bytes=kept_bytes)
        self._grace = grace
        self._queues: dict[str, RunQueue] = {}
        self._records: dict[str, Execution] = {}
        self._stopping = False

    async def submit(
        self,
        kernel_id: str,
        code: str,
        *,
        notebook_key: str,
        notebook_path: str = "",
        generation: int | None = None,
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
        after its end. `generation` is that of the kernel process that the code was written for: in
        another one it is not run, and ends as `aborted`.
        """
        execution = Execution(
            execution_id=self._new_id(),
            kernel_id=kernel_id,
            code=code,
            notebook_key=notebook_key,
            notebook_path=notebook_path,
            written_for=generation,
            owner=owner,
            session_id=session_id,
            cell_id=cell_id,
            store_history=store_history,
            timeout=timeout,
            open_sink=open_sink,
            reopen_sink=reopen_sink,
        )
        self._records[execution.execution_id] = execution
        self._queue(kernel_id).put(execution)
        return execution

    async def resume(self, leases: Leases) -> Sequence[Execution]:
        """Take up the runs that an earlier process of jmcp left, each first in its kernel's queue.

        Call it before anything else connects to a kernel: Jupyter would then throw away what it
        kept for these runs. Returns when all are listened to, or after a bound in seconds.
        """
        taken, resumptions = [], []
        for run in await self._pending.left():
            execution = Execution(
                execution_id=run.execution_id,
                kernel_id=run.request.kernel_id,
                code="",
                notebook_key=run.notebook.key,
                notebook_path=run.notebook.path,
                owner=run.owner,
                session_id=run.session_id,
                cell_id=run.cell_id,
                timeout=run.timeout,
                left=run,
                request=run.request,
                status="running",
            )
            execution.resume_clock(run.began)
            self._records[run.execution_id] = execution
            resumptions.append(Resumption(run, leases))
            self._queue(execution.kernel_id).take_up(execution, resumptions[-1])
            taken.append(execution)
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTENING_SECONDS):
                for resumption in resumptions:
                    await resumption.listening.wait()
        return taken

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

    def count(self, status: Status) -> int:
        return sum(execution.status == status for execution in self._records.values())

    def users(self) -> set[tuple[str, str]]:
        """The sessions (owner, id) that have an execution that is not over."""
        return {(e.owner, e.session_id) for e in self._records.values() if not e.done}

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

    async def settle(self) -> None:
        """Return when the store has all runs that go on: what callers know outlives this process."""
        await self._pending.settle()

    def drop(self, kernel_id: str, note: str) -> Sequence[Execution]:
        """End what waits in the kernel's queue as `aborted`, with that note."""
        queue = self._queues.get(kernel_id)
        return queue.drop(note) if queue is not None else ()

    def stop(self) -> None:
        """Start nothing more: what waits ends as `aborted`. What runs is still listened to.

        Closing the kernels' connections comes after this and before `close`: what a kernel sends
        from then on, Jupyter keeps for the next process.
        """
        self._stopping = True
        for queue in self._queues.values():
            queue.stop()

    async def close(self) -> None:
        """Stop listening. The next process takes up what runs; until then its cells show that."""
        self.stop()
        await asyncio.gather(*(queue.close() for queue in self._queues.values()))
        await self._pending.settle()
        self._queues.clear()

    def _queue(self, kernel_id: str) -> RunQueue:
        queue = self._queues.get(kernel_id)
        if queue is None:
            queue = self._queues[kernel_id] = RunQueue(
                kernel_id,
                self._kernels,
                pending=self._pending,
                grace=self._grace,
                on_end=self._ended,
            )
            if self._stopping:
                queue.stop()
        return queue

    def _new_id(self) -> str:
        while (found := secrets.token_hex(4)) in self._records:
            pass
        return found

    def _ended(self, execution: Execution) -> None:
        forgotten = self._finished.add(execution)
        if forgotten is not None:
            del self._records[forgotten.execution_id]
        if len(self._queues) > KEPT_QUEUES:
            self._queues = {key: q for key, q in self._queues.items() if not q.idle}
