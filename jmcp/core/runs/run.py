"""One run of one execution in its kernel, from its first message to its closed cell."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

from jmcp.core.errors import BackendError
from jmcp.core.outputs.displays import Displays
from jmcp.core.outputs.late_output import LateUpdates
from jmcp.core.outputs.record import OutputRecord, ShownOutputs
from jmcp.core.ports import Kernels, OnMessage, OutputSink, Reply, Request
from jmcp.core.runs.execution import CodeError, Execution, Status
from jmcp.core.runs.pending_runs import PendingRuns
from jmcp.core.sessions.records import PendingRun

log = logging.getLogger(__name__)

GRACE = 10.0
"""Seconds that an interrupted kernel has to become idle."""

KERNEL_GONE = ("kernel_died", "kernel_restarted")

CLOSING = 1.0
"""Seconds that the cell of a run whose kernel is gone may hold up the news of it."""

AFTERWARDS = ("stream", "display_data", "update_display_data")
"""What threads of the code may send when the run is over."""

AFTERWARDS_CHARACTERS = 2**20
"""How much of that a run takes: a thread may print for as long as the kernel lives."""

DISPLAYS_INTERVAL = 1.0
"""Seconds between notes, for a restart of jmcp, of the display ids that a run shows."""

LOST_CONTACT = (
    "jmcp lost contact with the kernel while this ran: outputs may be missing, and the code may "
    "still run. Check what it did before running it again."
)
LOST_CONTACT_MARK = (
    "[jmcp lost contact with the kernel during this run: outputs may be missing here]\n"
)
OUTPUT_LIMIT = (
    "Outputs of this run are missing: they came faster than they could be passed on, and the kernel "
    "or Jupyter Server dropped them. Print less or write to a file. The server's own limits are its "
    "settings ZMQChannelsWebsocketConnection.iopub_data_rate_limit and iopub_msg_rate_limit."
)
NO_MORE_MARK = (
    f"[jmcp adds no more: the threads of this run sent {AFTERWARDS_CHARACTERS:,} characters after "
    "its end]\n"
)
CELL_GONE = "The cell was deleted while this ran; its outputs are only in this execution."
STOPPED = "jmcp stopped while this ran; the kernel goes on with it."


class Start(Protocol):
    """Sends the code, or listens again to a run that was sent; returns as `KernelConnection.run`."""

    def __call__(
        self, on_message: OnMessage, *, on_sent: Callable[[Request], None]
    ) -> Awaitable[Reply]: ...


class KernelRun:
    """Drives one execution. `task` goes on after `go` only if the kernel ignored the interrupt."""

    def __init__(
        self,
        execution: Execution,
        start: Start,
        displays: Displays,
        kernels: Kernels,
        *,
        pending: PendingRuns,
        grace: float,
    ) -> None:
        self.execution = execution
        self.interrupted = False
        self.leaving = False
        self.task: asyncio.Task[Reply] | None = None
        self.closing: asyncio.Task[None] | None = None
        self._start = start
        self._displays = displays
        self._kernels = kernels
        self._pending = pending
        self._grace = grace
        self._started = asyncio.Event()
        self._ended = False
        self._afterwards = 0
        self._kept_changes = 0
        self._keep_after = 0.0

    @property
    def over(self) -> bool:
        return self.task is None or self.task.done()

    @property
    def begun(self) -> bool:
        """Whether the kernel is, or was, at this code, and so can be interrupted in it."""
        return self._started.is_set()

    async def over_soon(self, seconds: float) -> bool:
        """Whether it is over so long after it has begun."""
        if self.task is not None:
            await self._begin_or_end()
            await asyncio.wait({self.task}, timeout=seconds)
        return self.over

    def leave(self) -> bool:
        """jmcp stops: leave the run to the next process. False if nothing was sent so far."""
        self.leaving = True
        if self.task is None:
            return False
        self.task.cancel()
        return True

    async def go(
        self,
        sink: OutputSink | None,
        *,
        after_interrupt: bool = False,
        shown: ShownOutputs | None = None,
    ) -> None:
        """Run and finish the execution; closes the sink.

        `shown` is what the cell shows of an execution that an earlier process left.
        """
        execution = self.execution
        execution.record = OutputRecord(sink, self._displays, shown=shown)
        if execution.cell_id is not None:
            self._displays.runs(execution.notebook_key, execution.cell_id, execution.record)
        status: Status | None = None
        try:
            status = await self._attempt()
            if status == "aborted" and after_interrupt and not execution.interrupt_asked:
                # The kernel still flushed its queue for the interrupt of the run before.
                status = await self._attempt()
        finally:
            await self._end(sink, status)
        execution.finish(status)
        if sink and execution.reopen_sink and execution.cell_id is not None:
            cell = (execution.notebook_key, execution.cell_id)
            late = LateUpdates(execution.reopen_sink, partial(self._displays.is_last, *cell))
            execution.record.on_late(late.note)

    async def _end(self, sink: OutputSink | None, status: Status | None) -> None:
        execution = self.execution
        self._ended = True
        left = self.leaving and status in (None, "lost_contact")
        execution.stop_clock()
        if left:
            execution.notes.append(STOPPED)
        elif execution.incomplete == "lost_contact":
            execution.record.mark(LOST_CONTACT_MARK)
        await execution.record.finish(running=left)
        if left:
            self._keep(settled=execution.record.cell.error is None)
        if sink is not None:
            await self._close(sink, running=left, patient=status not in KERNEL_GONE)
        if not left:
            self._pending.forget(execution.execution_id)

    async def _attempt(self) -> Status:
        execution = self.execution
        execution.status = "running"
        self.task = asyncio.ensure_future(self._start(self._on_message, on_sent=self._on_sent))
        if not execution.timeout:
            await asyncio.wait({self.task})
            return self._status(self.task, timed_out=False)
        await self._start_or_end()
        remaining = max(0.0, execution.timeout - execution.seconds)
        await asyncio.wait({self.task}, timeout=remaining)
        if self.task.done():
            return self._status(self.task, timed_out=False)
        return await self._interrupt_late_run(self.task)

    async def _start_or_end(self) -> None:
        """Until the kernel starts this code, another client's may run, and that has no limit."""
        if self.execution.started is None:
            await self._begin_or_end()

    async def _begin_or_end(self) -> None:
        started = asyncio.create_task(self._started.wait())
        try:
            assert self.task is not None
            await asyncio.wait({self.task, started}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            started.cancel()

    async def _interrupt_late_run(self, task: asyncio.Future[Reply]) -> Status:
        execution = self.execution
        self.interrupted = True
        execution.notes.append(f"Interrupted after {execution.timeout:g} s.")
        try:
            await self._kernels.interrupt(execution.kernel_id)
        except BackendError:
            log.warning("Kernel %s could not be interrupted.", execution.kernel_id, exc_info=True)
        await asyncio.wait({task}, timeout=self._grace)
        if task.done():
            return self._status(task, timed_out=True)
        execution.notes.append(
            f"The kernel ignored the interrupt for {self._grace:g} s and is still busy with this "
            "code. Restart the kernel."
        )
        return "timed_out"

    def _status(self, task: asyncio.Future[Reply], *, timed_out: bool) -> Status:
        execution = self.execution
        if task.cancelled() and self.leaving:
            return "lost_contact" if execution.request is not None else "aborted"
        reply = task.result()
        self._note_missing(reply)
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
        if reply.status == "ok" and reply.incomplete == "lost_contact":
            return "lost_contact"
        return reply.status

    def _note_missing(self, reply: Reply) -> None:
        execution = self.execution
        incomplete = reply.incomplete or ("lost_contact" if reply.lost == "lost_contact" else None)
        if incomplete is None or self.leaving:
            return
        execution.incomplete = incomplete
        execution.notes.append(LOST_CONTACT if incomplete == "lost_contact" else OUTPUT_LIMIT)

    def _on_sent(self, request: Request) -> None:
        self.execution.request = request
        self._keep()

    def _keep(self, *, settled: bool = False) -> None:
        execution = self.execution
        if execution.request is not None:
            describe = partial(self._described, execution.request, settled=settled)
            self._pending.keep(execution.execution_id, describe)

    def _described(self, request: Request, *, settled: bool) -> PendingRun:
        # Whoever takes the run up takes what its cell shows for what it printed.
        self.execution.record.cell.flush()
        return self.execution.pending(request, settled=settled)

    def _on_message(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        execution = self.execution
        if self._ended:
            self._on_afterwards(kind, content, metadata)
            return
        execution.begin()
        if kind != "status":  # which comes before the kernel listens to interrupts
            self._started.set()
        execution.record.apply(kind, content, metadata)
        if execution.record.display_changes != self._kept_changes:
            self._keep_displays()
        execution.advance()

    def _on_afterwards(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Take what a thread of the code sends, or code that ignored its interrupt."""
        record = self.execution.record
        if kind not in AFTERWARDS or record.released or self._afterwards > AFTERWARDS_CHARACTERS:
            return
        self._afterwards += len(str(content))
        record.apply(kind, content, metadata)
        if self._afterwards > AFTERWARDS_CHARACTERS:
            record.mark(NO_MORE_MARK)

    def _keep_displays(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._keep_after:
            self._keep_after = now + DISPLAYS_INTERVAL
            self._kept_changes = self.execution.record.display_changes
            self._keep()

    async def _close(self, sink: OutputSink, *, running: bool, patient: bool) -> None:
        """Close the cell; one whose kernel is gone goes on closing while that is told."""
        if patient:
            await self._closed(sink, running=running)
            return
        self.closing = asyncio.create_task(self._closed(sink, running=running))
        await asyncio.wait({self.closing}, timeout=CLOSING)
        if not self.closing.done():
            self.execution.notes.append("The notebook is still being written.")

    async def _closed(self, sink: OutputSink, *, running: bool) -> None:
        execution = self.execution
        gone = sink.deleted
        try:
            await sink.close(running=running)
            if gone or sink.deleted:  # a file tells with its last write
                execution.notes.append(CELL_GONE)
            elif execution.record.cell.error is not None:
                execution.notes.append("Some outputs did not reach the notebook.")
        except BackendError as error:
            log.warning("The outputs of a run could not be stored.", exc_info=True)
            execution.notes.append(f"The outputs may not be in the notebook: {error.message}")
        except Exception:
            # A bug there must not change how the run ended.
            log.exception("The cell of execution %s could not be closed.", execution.execution_id)
            execution.notes.append("The outputs may not be in the notebook; see jmcp's log.")
