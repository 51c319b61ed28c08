"""The queue of one kernel: one run at a time, first in, first out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import takewhile

from jmcp.core.background import supervised
from jmcp.core.errors import ENDS_TASK, BackendError
from jmcp.core.notices import (
    InterruptedUnsent,
    KernelStuck,
    Notice,
    RunFailed,
    RunLeft,
    RunNotBegun,
    RunOutlived,
)
from jmcp.core.outputs.displays import Displays
from jmcp.core.ports import KernelInfo, Kernels, Reply
from jmcp.core.runs.execution.cell_owners import CellOwners
from jmcp.core.runs.execution.interrupts import Interrupts
from jmcp.core.runs.execution.kernel_run import KernelRun, Start
from jmcp.core.runs.execution.pending_runs import PendingRuns
from jmcp.core.runs.execution.questions import Occupied, Questions
from jmcp.core.runs.execution.resumption import Resumption
from jmcp.core.runs.execution.run_output import RunOutput
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.record.status import KERNEL_GONE, RunStatus

log = logging.getLogger(__name__)

STOP_SECONDS = 30.0
"""Seconds that the cells have to be closed when jmcp stops."""

SECOND_INTERRUPT_SECONDS = 0.5
"""Seconds that a run has to end by an interrupt that came before it had begun; then there is
another one."""


class RunQueue:
    """Runs in a task of its own, so that no caller who leaves takes a run along."""

    def __init__(
        self,
        kernel_id: str,
        kernels: Kernels,
        *,
        pending: PendingRuns,
        owners: CellOwners,
        grace_seconds: float,
        on_end: Callable[[Run], None],
    ) -> None:
        self.kernel_id = kernel_id
        self.waiting: deque[Run] = deque()
        self.running: Run | None = None
        self._kernels = kernels
        self._pending = pending
        self._owners = owners
        self._grace_seconds = grace_seconds
        self._on_end = on_end
        self._worker: asyncio.Task[None] | None = None
        self._interrupts = Interrupts(kernel_id, kernels)
        self._current: KernelRun | None = None
        self._stuck: KernelRun | None = None
        self._displays = Displays()
        self._generation = 0
        self._interrupted = False
        self._stopping = False
        self._resumptions: dict[str, Resumption] = {}
        self._questions = Questions(kernel_id, kernels, self._interrupts)

    @property
    def idle(self) -> bool:
        return self._worker is None or self._worker.done()

    def put(self, run: Run) -> None:
        """Add a run at the end."""
        if self._stopping:
            self._end_unsent(run, RunNotBegun())
            return
        run.ahead = partial(self._ahead, run)
        self.waiting.append(run)
        self._wake()

    async def ask(self, expression: str) -> Reply | Occupied:
        """Have the kernel evaluate an expression, unless somebody's run would come first. What is
        put into the queue meanwhile waits for that.

        Raises as `Kernels.connect`.
        """
        async with self._questions.turn:
            ahead = self.running or (self.waiting[0] if self.waiting else None)
            if ahead is not None and not ahead.done:
                return Occupied(run=ahead)
            if self._stopping or self._ignored_interrupt():
                return Occupied()
            return await self._questions.ask(expression)

    @property
    def stuck(self) -> Run | None:
        """The run that ignored its interrupt and still holds the kernel."""
        return self._stuck.run if self._stuck is not None and self._ignored_interrupt() else None

    async def busy_with_others(self) -> KernelInfo | None:
        """The kernel, if it is busy with code that jmcp did not send. Raises as `Kernels.list`."""
        begun = self.running is not None and self.running.started is not None
        if begun or self.stuck is not None or self._questions.under_way:
            return None
        return await self._questions.busy_kernel()

    def _ahead(self, run: Run) -> Sequence[Run]:
        """What runs, and what waits before that run."""
        before = list(takewhile(lambda one: one is not run, self.waiting))
        running = self.running
        return before if running is None or running in (run, *before) else [running, *before]

    async def interrupt(self) -> bool:
        """Interrupt the kernel, whoever runs in it; False if nothing runs there.

        A run that was not sent so far never is. Raises what `Kernels.interrupt` raises.
        """
        if self.running is None and self.waiting and not self._interrupts.under_way:
            # Its turn is now, though the queue has not got to that.
            self._end_unsent(self.waiting.popleft(), InterruptedUnsent(), "interrupted")
            return True
        run, current = self.running, self._current
        if run is None or run.done or (current is not None and current.over):
            if self._questions.under_way:
                return False  # the kernel runs nobody's code
            return await self._interrupts.send_if_busy()
        if self._unsent(run):
            self._stop_unsent(run, "interrupted", InterruptedUnsent())
            return True
        assert current is not None
        early = not current.begun
        await self._send_interrupt(current)
        if early:
            # A kernel is deaf to interrupts between two runs, and this one may just have been sent.
            again = partial(self._goes_on, current, SECOND_INTERRUPT_SECONDS)
            self._interrupts.send_when(again, lambda: current.over)
        return True

    async def cancel(self, run: Run, notice: Notice) -> None:
        """Stop that run, whether it waits (then with that notice) or runs, and nobody else's.

        Raises what `Kernels.interrupt` raises.
        """
        current = self._current
        if self.withdraw(run, notice) or self.running is not run or run.done:
            return
        if self._unsent(run):
            self._stop_unsent(run, "aborted", notice)
        elif current is not None and current.begun:
            if not current.over:
                await self._send_interrupt(current)
        elif current is not None:
            # Until the kernel is at this code, an interrupt would end another client's.
            run.interrupt_asked = self._interrupted = True
            self._interrupts.send_when(partial(self._goes_on, current, 0.0), lambda: current.over)

    async def _send_interrupt(self, current: KernelRun) -> None:
        run, before = current.run, (current.run.interrupt_asked, self._interrupted)
        run.interrupt_asked = self._interrupted = True
        try:
            await self._interrupts.send(lambda: current.over)
        except BackendError:
            run.interrupt_asked, self._interrupted = before
            raise

    async def _goes_on(self, current: KernelRun, seconds: float) -> bool:
        """Whether that run still goes on so long after the kernel has begun it."""
        over = await current.over_soon(seconds)
        return not over and current is self._current and not self._stopping

    def _unsent(self, run: Run) -> bool:
        """Whether nothing of the run whose turn it is has gone to the kernel."""
        return run.left is None and (self._current is None or not self._current.sent)

    def _stop_unsent(self, run: Run, status: RunStatus, notice: Notice) -> None:
        """Have it not sent any more. What is being opened for it may take as long as it takes."""
        run.notices.append(notice)
        if self._current is None or not self._current.stop_unsent(status):
            run.generation = self._generation
            run.finish(status)

    def drop(self, notice: Notice) -> list[Run]:
        """End what has not started yet as `aborted`."""
        return [run for run in tuple(self.waiting) if self.withdraw(run, notice)]

    def withdraw(self, run: Run, notice: Notice) -> bool:
        """End one that has not started yet as `aborted`. False if it does not wait."""
        if run not in self.waiting:
            return False
        self.waiting.remove(run)
        self._end_unsent(run, notice)
        return True

    def take_up(self, run: Run, resumption: Resumption) -> None:
        """Put a run that an earlier process left behind other such runs, and before all new ones."""
        self._resumptions[run.execution_id] = resumption
        new = [waiting for waiting in self.waiting if waiting.left is None]
        for waiting in new:
            self.waiting.remove(waiting)
        self.waiting.append(run)
        self.waiting.extend(new)
        self._wake()

    def stop(self) -> None:
        """Start nothing more. From now on a lost contact is jmcp's own doing."""
        self._stopping = True
        self.drop(RunNotBegun())
        if self._current is not None:
            self._current.leaving = True

    async def close(self) -> None:
        """Leave what runs to the next process of jmcp; the kernel goes on with it."""
        self.stop()
        self._interrupts.close()
        if self._stuck is not None:
            self._stuck.leave()
        if self._worker is None:
            return
        if self._current is None or not self._current.leave():
            self._worker.cancel()
        await asyncio.wait({self._worker}, timeout=STOP_SECONDS)
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)

    def _end_unsent(self, run: Run, notice: Notice, status: RunStatus = "aborted") -> None:
        run.notices.append(notice)
        run.finish(status)
        self._on_end(run)

    def _wake(self) -> None:
        if self.idle:
            self._worker = supervised(self._work, "run-queue")

    async def _work(self) -> None:
        while True:
            await self._interrupts.landed()
            async with self._questions.turn:
                pass
            if not self.waiting:
                return
            run = self.waiting.popleft()
            self.running = run
            run.turn = time.monotonic()
            try:
                await self._run(run)
            except BackendError as error:
                if not run.done:
                    run.failure = error
                    gone = error.kind in ("kernel_down", "kernel_missing")
                    run.finish("kernel_died" if gone else "aborted")
            except ENDS_TASK:
                raise
            except BaseException:
                # A bug in one run must not leave the others waiting for ever.
                log.exception("Execution %s failed inside jmcp.", run.execution_id)
                if not run.done:
                    run.notices.append(RunFailed())
                    run.finish("aborted")
            finally:
                if not run.done:  # cancelled: jmcp is stopping
                    sent = run.sent is not None
                    run.notices.append(RunLeft() if sent else RunNotBegun())
                    run.finish("lost_contact" if sent else "aborted")
                if run.status in KERNEL_GONE:
                    self._drop_with(run.generation)
                self.running = self._current = None
                self._on_end(run)

    async def _run(self, run: Run) -> None:
        if run.left is not None:
            await self._resume(run, self._resumptions.pop(run.execution_id))
            return
        if self._ignored_interrupt():
            run.notices.append(KernelStuck())
            run.finish("aborted")
            return
        request = run.request
        connection = await self._kernels.connect(self.kernel_id)
        if run.done:  # it was interrupted meanwhile
            return
        if request.generation not in (None, connection.generation):
            run.outdated = True
            run.notices.append(RunOutlived())
            run.finish("aborted")
            return
        start = partial(connection.run, request.code)
        if request.expression is not None:
            start = partial(connection.ask, request.expression)
        kernel_run = self._prepare(run, start, connection.generation)
        sink = await request.outputs.open() if request.outputs is not None else None
        if run.done:
            if sink is not None:
                await sink.close()
            return
        await kernel_run.go(sink, after_interrupt=self._interrupted)
        if run.status not in KERNEL_GONE:
            # Somebody may have restarted the kernel right before the code came there.
            run.generation = connection.generation
        self._over(kernel_run)

    async def _resume(self, run: Run, resumption: Resumption) -> None:
        kernel_run = self._prepare(run, resumption.run, self._generation)
        resumption.listen(self._kernels, run)
        try:
            sink = await resumption.open(run)
            await kernel_run.go(sink, shown=resumption.shown if sink is not None else None)
        finally:
            if resumption.drop() and run.left is not None:
                unsettled = partial(replace, run.left, settled=False)
                self._pending.keep(run.execution_id, unsettled)
        self._over(kernel_run)
        # Not before: asking may connect to the kernel, and that comes second.
        with suppress(BackendError):
            self._generation = (await self._kernels.health(self.kernel_id)).generation
            run.generation = self._generation

    def _prepare(self, run: Run, start: Start, generation: int) -> KernelRun:
        run.generation = generation
        if generation != self._generation:
            # Display ids name outputs of one kernel process.
            self._generation, self._displays = generation, Displays()
        output = RunOutput(run, self._displays, self._pending, self._owners)
        self._current = KernelRun(
            run, start, output, self._interrupts, grace_seconds=self._grace_seconds
        )
        return self._current

    def _over(self, kernel_run: KernelRun) -> None:
        self._interrupted = kernel_run.interrupted
        if not kernel_run.over:
            self._stuck = kernel_run

    def _drop_with(self, generation: int) -> None:
        """End the waiting runs that were written for a kernel process which is gone."""
        for run in tuple(self.waiting):
            if run.left is None and run.request.generation in (None, generation):
                run.outdated = True
                self.withdraw(run, RunOutlived())

    def _ignored_interrupt(self) -> bool:
        """Whether a run that ignored its interrupt still holds the kernel. It gets no more time
        than it already had, so that a full queue says so at once."""
        if self._stuck is not None and self._stuck.over:
            self._stuck = None
        return self._stuck is not None
