"""One run of one execution in its kernel, from its first message to its closed cell."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from jmcp.runtime.backend import KernelConnection, Kernels, OutputSink, Reply
from jmcp.runtime.displays import Displays
from jmcp.runtime.errors import BackendError
from jmcp.runtime.execution_record import CodeError, Execution, Status
from jmcp.runtime.late_updates import LateUpdates
from jmcp.runtime.outputs import OutputRecord

log = logging.getLogger(__name__)

GRACE = 10.0
"""Seconds that an interrupted kernel has to become idle."""


class KernelRun:
    """Drives one execution. `task` goes on after `go` only if the kernel ignored the interrupt."""

    def __init__(
        self,
        execution: Execution,
        connection: KernelConnection,
        displays: Displays,
        kernels: Kernels,
        *,
        grace: float,
    ) -> None:
        self.execution = execution
        self.interrupted = False
        self.task: asyncio.Task[Reply] | None = None
        self._connection = connection
        self._displays = displays
        self._kernels = kernels
        self._grace = grace
        self._started = asyncio.Event()

    @property
    def over(self) -> bool:
        return self.task is None or self.task.done()

    async def go(self, *, after_interrupt: bool) -> None:
        """Run and finish the execution. Raises BackendError when it could not start."""
        execution = self.execution
        sink = await execution.open_sink() if execution.open_sink is not None else None
        late = LateUpdates(execution.reopen_sink).note if sink and execution.reopen_sink else None
        execution.record = OutputRecord(sink, self._displays, late=late)
        try:
            status = await self._attempt()
            if status == "aborted" and after_interrupt and not execution.interrupt_asked:
                # The kernel still flushed its queue for the interrupt of the run before.
                status = await self._attempt()
        except asyncio.CancelledError:
            if self.task is not None:
                self.task.cancel()
            raise
        finally:
            execution.stop_clock()
            execution.record.finish()
            if sink is not None:
                await self._close(sink)
        execution.finish(status)

    async def _attempt(self) -> Status:
        execution = self.execution
        execution.status = "running"
        self.task = asyncio.create_task(
            self._connection.run(
                execution.code, self._on_message, store_history=execution.store_history
            )
        )
        if not execution.timeout:
            await asyncio.wait({self.task})
            return self._status(self.task.result(), timed_out=False)
        await self._start_or_end()
        await asyncio.wait({self.task}, timeout=execution.timeout)
        if self.task.done():
            return self._status(self.task.result(), timed_out=False)
        return await self._interrupt_late_run(self.task)

    async def _start_or_end(self) -> None:
        """Until the kernel starts this code, another client's may run, and that has no limit."""
        started = asyncio.create_task(self._started.wait())
        try:
            assert self.task is not None
            await asyncio.wait({self.task, started}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            started.cancel()

    async def _interrupt_late_run(self, task: asyncio.Task[Reply]) -> Status:
        execution = self.execution
        self.interrupted = True
        execution.notes.append(f"Interrupted after {execution.timeout:g} s.")
        try:
            await self._kernels.interrupt(execution.kernel_id)
        except BackendError:
            log.warning("Kernel %s could not be interrupted.", execution.kernel_id, exc_info=True)
        await asyncio.wait({task}, timeout=self._grace)
        if task.done():
            return self._status(task.result(), timed_out=True)
        execution.notes.append(
            f"The kernel ignored the interrupt for {self._grace:g} s and is still busy with this "
            "code. Restart the kernel."
        )
        return "timed_out"

    def _status(self, reply: Reply, *, timed_out: bool) -> Status:
        execution = self.execution
        if reply.status == "lost":
            return reply.lost or "lost_contact"
        execution.record.count(reply.execution_count)
        if reply.status == "error":
            execution.error = CodeError(
                ename=reply.ename or "", evalue=reply.evalue or "", traceback=reply.traceback
            )
        if execution.interrupt_asked:
            self.interrupted = True
        if timed_out:
            return "timed_out"
        if reply.status != "ok" and (
            execution.interrupt_asked or reply.ename == "KeyboardInterrupt"
        ):
            return "interrupted"
        return reply.status

    def _on_message(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        if self.execution.done:
            return  # it ignored its interrupt, and its cell is closed
        self.execution.begin()
        self._started.set()
        self.execution.record.apply(kind, content, metadata)
        self.execution.advance()

    async def _close(self, sink: OutputSink) -> None:
        execution = self.execution
        if execution.record.sink_error is not None:
            execution.notes.append("Some outputs did not reach the notebook.")
        try:
            await sink.close()
        except BackendError as error:
            log.warning("The outputs of a run could not be stored.", exc_info=True)
            execution.notes.append(f"The outputs may not be in the notebook: {error.message}")
