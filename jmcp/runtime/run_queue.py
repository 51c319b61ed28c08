"""The queue of one kernel: one run at a time, first in, first out."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from jmcp.runtime.backend import Kernels
from jmcp.runtime.displays import Displays
from jmcp.runtime.errors import BackendError
from jmcp.runtime.execution_record import Execution
from jmcp.runtime.kernel_run import KernelRun

log = logging.getLogger(__name__)


class RunQueue:
    """Runs executions as a task of its own, so that no caller who leaves takes a run along."""

    def __init__(
        self, kernel_id: str, kernels: Kernels, *, grace: float, on_end: Callable[[], None]
    ) -> None:
        self.kernel_id = kernel_id
        self.waiting: deque[Execution] = deque()
        self.running: Execution | None = None
        self._kernels = kernels
        self._grace = grace
        self._on_end = on_end
        self._worker: asyncio.Task[None] | None = None
        self._current: KernelRun | None = None
        self._stuck: KernelRun | None = None
        self._displays = Displays()
        self._generation = 0
        self._interrupted = False

    @property
    def idle(self) -> bool:
        return self._worker is None or self._worker.done()

    def put(self, execution: Execution) -> None:
        """Add an execution at the end."""
        self.waiting.append(execution)
        if self.idle:
            self._worker = asyncio.create_task(self._work(), name=f"jmcp-runs-{self.kernel_id}")

    async def interrupt(self) -> None:
        """Interrupt the kernel, whoever runs in it."""
        if self._current is not None:
            self._current.execution.interrupt_asked = True
        self._interrupted = True
        await self._kernels.interrupt(self.kernel_id)

    def drop(self, note: str) -> list[Execution]:
        """End what has not started yet as `aborted`."""
        dropped = list(self.waiting)
        self.waiting.clear()
        for execution in dropped:
            execution.notes.append(note)
            execution.finish("aborted")
        return dropped

    def withdraw(self, execution: Execution, note: str) -> bool:
        """End one that has not started yet as `aborted`. False if it does not wait."""
        if execution not in self.waiting:
            return False
        self.waiting.remove(execution)
        execution.notes.append(note)
        execution.finish("aborted")
        return True

    async def close(self) -> None:
        """Stop; runs go on in the kernel, unheard."""
        self.drop("jmcp stopped before this ran.")
        tasks = [task for task in (self._worker, self._stuck and self._stuck.task) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
                    execution.notes.append("jmcp stopped while this ran.")
                    execution.finish("lost_contact")
                self.running = self._current = None
                self._on_end()

    async def _run(self, execution: Execution) -> None:
        if not await self._unstuck():
            execution.notes.append(
                "Not run: the kernel still runs code that ignored an interrupt. Restart the kernel."
            )
            execution.finish("aborted")
            return
        connection = await self._kernels.connect(self.kernel_id)
        execution.generation = connection.generation
        if execution.generation != self._generation:
            # Display ids name outputs of one kernel process.
            self._generation, self._displays = execution.generation, Displays()
        run = self._current = KernelRun(
            execution, connection, self._displays, self._kernels, grace=self._grace
        )
        await run.go(after_interrupt=self._interrupted)
        self._interrupted = run.interrupted
        if run.task is not None and not run.task.done():
            self._stuck = run

    async def _unstuck(self) -> bool:
        """Whether the kernel is free of a run that ignored its interrupt; gives it no more time
        than that run already had, so that a full queue says so at once."""
        if self._stuck is not None and self._stuck.over:
            self._stuck = None
        return self._stuck is None
