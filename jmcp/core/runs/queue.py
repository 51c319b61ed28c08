"""The queue of one kernel: one run at a time, first in, first out."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from jmcp.core.errors import BackendError
from jmcp.core.outputs.displays import Displays
from jmcp.core.ports import Kernels
from jmcp.core.runs.execution import Execution
from jmcp.core.runs.pending_runs import PendingRuns
from jmcp.core.runs.resumption import Resumption
from jmcp.core.runs.run import KERNEL_GONE, STOPPED, KernelRun, Start

log = logging.getLogger(__name__)

STOPPING = 30.0
"""Seconds that the cells have to be closed when jmcp stops."""

HEARD_SECONDS = 0.5
"""For a run to end by an interrupt that came before it had begun."""

NEVER_SENT = "jmcp stopped before this ran."
VARIABLES_GONE = (
    "Not run: the kernel's process ended after this was submitted, and with it all variables. "
    "Run it again if it still fits."
)


class RunQueue:
    """Runs executions as a task of its own, so that no caller who leaves takes a run along."""

    def __init__(
        self,
        kernel_id: str,
        kernels: Kernels,
        *,
        pending: PendingRuns,
        grace: float,
        on_end: Callable[[Execution], None],
    ) -> None:
        self.kernel_id = kernel_id
        self.waiting: deque[Execution] = deque()
        self.running: Execution | None = None
        self._kernels = kernels
        self._pending = pending
        self._grace = grace
        self._on_end = on_end
        self._worker: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None
        self._current: KernelRun | None = None
        self._stuck: KernelRun | None = None
        self._displays = Displays()
        self._generation = 0
        self._interrupted = False
        self._stopping = False
        self._resumptions: dict[str, Resumption] = {}

    @property
    def idle(self) -> bool:
        return self._worker is None or self._worker.done()

    def put(self, execution: Execution) -> None:
        """Add an execution at the end."""
        if self._stopping:
            self._end_unsent(execution, NEVER_SENT)
            return
        self.waiting.append(execution)
        self._wake()

    async def interrupt(self) -> None:
        """Interrupt the kernel, whoever runs in it."""
        run = self._current
        early = run is not None and not run.begun
        if run is not None:
            run.execution.interrupt_asked = True
        self._interrupted = True
        await self._kernels.interrupt(self.kernel_id)
        if run is not None and early:
            # A kernel is deaf to interrupts between two runs, and this one may just have been sent.
            self._again = asyncio.create_task(self._interrupt_again(run))

    async def _interrupt_again(self, run: KernelRun) -> None:
        if await run.over_soon(HEARD_SECONDS) or run is not self._current or self._stopping:
            return
        try:
            await self._kernels.interrupt(self.kernel_id)
        except BackendError:
            log.warning("Kernel %s could not be interrupted.", self.kernel_id, exc_info=True)

    def drop(self, note: str) -> list[Execution]:
        """End what has not started yet as `aborted`."""
        return [execution for execution in tuple(self.waiting) if self.withdraw(execution, note)]

    def withdraw(self, execution: Execution, note: str) -> bool:
        """End one that has not started yet as `aborted`. False if it does not wait."""
        if execution not in self.waiting:
            return False
        self.waiting.remove(execution)
        self._end_unsent(execution, note)
        return True

    def take_up(self, execution: Execution, resumption: Resumption) -> None:
        """Put an execution that an earlier process left behind the others of that kind, and before
        all that is new."""
        self._resumptions[execution.execution_id] = resumption
        new = [waiting for waiting in self.waiting if waiting.left is None]
        for waiting in new:
            self.waiting.remove(waiting)
        self.waiting.append(execution)
        self.waiting.extend(new)
        self._wake()

    def stop(self) -> None:
        """Start nothing more. From now on a lost contact is jmcp's own doing."""
        self._stopping = True
        self.drop(NEVER_SENT)
        if self._current is not None:
            self._current.leaving = True

    async def close(self) -> None:
        """Leave what runs to the next process of jmcp; the kernel goes on with it."""
        self.stop()
        if self._stuck is not None:
            self._stuck.leave()
        if self._worker is None:
            return
        if self._current is None or not self._current.leave():
            self._worker.cancel()
        await asyncio.wait({self._worker}, timeout=STOPPING)
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)

    def _end_unsent(self, execution: Execution, note: str) -> None:
        execution.notes.append(note)
        execution.finish("aborted")
        self._on_end(execution)

    def _wake(self) -> None:
        if self.idle:
            self._worker = asyncio.create_task(self._work(), name=f"jmcp-runs-{self.kernel_id}")

    async def _work(self) -> None:
        while self.waiting:
            execution = self.waiting.popleft()
            self.running = execution
            try:
                await self._run(execution)
            except BackendError as error:
                execution.failure = error
                execution.finish(
                    "kernel_died" if error.kind in ("kernel_down", "kernel_missing") else "aborted"
                )
            except Exception:
                # A bug in the run of one execution must not leave the others waiting for ever.
                log.exception("Execution %s failed inside jmcp.", execution.execution_id)
                execution.notes.append("The execution failed inside jmcp; see its log.")
                execution.finish("aborted")
            finally:
                if not execution.done:  # cancelled: jmcp is stopping
                    sent = execution.request is not None
                    execution.notes.append(STOPPED if sent else NEVER_SENT)
                    execution.finish("lost_contact" if sent else "aborted")
                if execution.status in KERNEL_GONE:
                    self._drop_with(execution.generation)
                self.running = self._current = None
                self._on_end(execution)

    async def _run(self, execution: Execution) -> None:
        if execution.left is not None:
            await self._resume(execution, self._resumptions.pop(execution.execution_id))
            return
        if self._ignored_interrupt():
            execution.notes.append(
                "Not run: the kernel still runs code that ignored an interrupt. Restart the kernel."
            )
            execution.finish("aborted")
            return
        connection = await self._kernels.connect(self.kernel_id)
        if execution.written_for not in (None, connection.generation):
            execution.notes.append(VARIABLES_GONE)
            execution.finish("aborted")
            return
        start = partial(connection.run, execution.code, store_history=execution.store_history)
        run = self._prepare(execution, start, connection.generation)
        sink = await execution.open_sink() if execution.open_sink is not None else None
        await run.go(sink, after_interrupt=self._interrupted)
        if execution.status not in KERNEL_GONE:
            # Somebody may have restarted the kernel right before the code came there.
            execution.generation = connection.generation
        self._interrupted = run.interrupted
        if not run.over:
            self._stuck = run

    async def _resume(self, execution: Execution, resumption: Resumption) -> None:
        run = self._prepare(execution, resumption.run, self._generation)
        resumption.listen(self._kernels, execution)
        try:
            sink = await resumption.open(execution)
            await run.go(sink, shown=resumption.shown if sink is not None else None)
        finally:
            if resumption.drop() and execution.left is not None:
                unsettled = partial(replace, execution.left, settled=False)
                self._pending.keep(execution.execution_id, unsettled)
        self._interrupted = run.interrupted
        if not run.over:
            self._stuck = run
        # Not before: asking may connect to the kernel, and that comes second.
        with suppress(BackendError):
            self._generation = (await self._kernels.health(self.kernel_id)).generation
            execution.generation = self._generation

    def _prepare(self, execution: Execution, start: Start, generation: int) -> KernelRun:
        execution.generation = generation
        if generation != self._generation:
            # Display ids name outputs of one kernel process.
            self._generation, self._displays = generation, Displays()
        self._current = KernelRun(
            execution,
            start,
            self._displays,
            self._kernels,
            pending=self._pending,
            grace=self._grace,
        )
        return self._current

    def _drop_with(self, generation: int) -> None:
        """End what waits and was written for a process that is gone."""
        for execution in tuple(self.waiting):
            if execution.left is None and execution.written_for in (None, generation):
                self.withdraw(execution, VARIABLES_GONE)

    def _ignored_interrupt(self) -> bool:
        """Whether a run that ignored its interrupt still holds the kernel. It gets no more time
        than it already had, so that a full queue says so at once."""
        if self._stuck is not None and self._stuck.over:
            self._stuck = None
        return self._stuck is not None
