"""Everything that runs code on one server: starting it, ending it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from jmcp.core.background import run_each
from jmcp.core.editing.edit_lease import Leases
from jmcp.core.errors import ENDS_TASK, BackendError
from jmcp.core.notices import (
    BatchPaused,
    InterruptedUnsent,
    Notice,
    RunFailed,
    RunNotBegun,
    RunPaused,
    RunPutOutTooMuch,
)
from jmcp.core.outputs.output_limits import OutputLimits
from jmcp.core.ports import Kernels, Reply
from jmcp.core.runs.batch import Batch, BatchRequest
from jmcp.core.runs.execution.kernel_queues import KernelQueues
from jmcp.core.runs.execution.kernel_run import INTERRUPT_GRACE_SECONDS
from jmcp.core.runs.execution.pending_runs import PendingRuns
from jmcp.core.runs.execution.questions import Occupied
from jmcp.core.runs.execution.resumption import Resumption
from jmcp.core.runs.index import RunIndex
from jmcp.core.runs.occupants import Occupant, occupants
from jmcp.core.runs.record.place import Place
from jmcp.core.runs.record.request import RunRequest
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.record.status import RunStatus
from jmcp.core.runs.retention import KEPT_OUTPUT_BYTES, KEPT_RUNS
from jmcp.core.sentences import RunPhrases
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.records import PendingRun, Store

LISTENING_SECONDS = 3.0
"""Seconds that the start of jmcp waits for the kernels of the runs that were left."""

log = logging.getLogger(__name__)


class RunRegistry:
    """The runs and batches of one server, which go on when the caller who started them is gone.

    `index` finds them again, also finished ones: `kept_runs` of those, with outputs of at most
    `kept_bytes` together. `limits` are those of the outputs of each run. `grace_seconds` is how
    long an interrupted kernel has to become idle.
    """

    def __init__(
        self,
        kernels: Kernels,
        *,
        phrases: RunPhrases,
        store: Store | None = None,
        limits: OutputLimits | None = None,
        kept_runs: int = KEPT_RUNS,
        kept_bytes: int = KEPT_OUTPUT_BYTES,
        grace_seconds: float = INTERRUPT_GRACE_SECONDS,
    ) -> None:
        self._phrases = phrases
        self._limits = limits
        self._pending = PendingRuns(store)
        self.index = RunIndex(kept_runs=kept_runs, kept_bytes=kept_bytes)
        self._queues = KernelQueues(
            kernels, pending=self._pending, grace_seconds=grace_seconds, on_end=self._ended
        )
        self._unplaced: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    # -- starting --------------------------------------------------------------------------------

    def submit(self, request: RunRequest) -> Run:
        """A run that exists from now on, `queued`: at the end of its kernel's queue, or waiting for
        a kernel. Never raises."""
        run = Run(
            execution_id=self.index.new_id(),
            request=request,
            phrases=self._phrases,
            limits=self._limits and self._limits.within(request.growth_left),
        )
        if self._limits is not None and self._limits.beyond == "interrupt":
            run.on_excess = partial(self._interrupt_for_excess, run)
        self.index.add(run)
        if request.kernel_id is not None:
            self._queues.of(request.kernel_id).put(run)
        elif self._stopping:
            self._end_unplaced(run, "aborted", RunNotBegun())
        else:
            self._unplaced[run.execution_id] = run
        return run

    async def place(self, run: Run, kernel: Callable[[], Awaitable[Place]]) -> None:
        """Put a run that waits for that kernel at the end of its queue, unless it ended meanwhile.

        A kernel that does not come is the run's `failure`. Cancelled, it leaves the run waiting.
        """
        try:
            place = await kernel()
        except BackendError as error:
            if not run.done:
                run.failure = error
                self._end_unplaced(run, "aborted")
        except ENDS_TASK:
            raise
        except BaseException:
            self._end_unplaced(run, "aborted", RunFailed())
            raise
        else:
            if not run.done:
                del self._unplaced[run.execution_id]
                run.request = replace(
                    run.request, kernel_id=place.kernel_id, generation=place.generation
                )
                self._queues.of(place.kernel_id).put(run)

    def place_later(self, run: Run, kernel: Callable[[], Awaitable[Place]]) -> None:
        """As `place`, for a run whose caller left."""
        if not run.done:
            self._start(self._placed(run, kernel), f"jmcp-kernel-for-{run.execution_id}")

    def start_batch(self, request: BatchRequest, opened: Notebook) -> Batch:
        """Begin to run its cells in the background. `opened` is the notebook for the batch alone,
        which closes its lease."""
        # Nine characters, where runs have eight: neither is ever taken for the other.
        batch = Batch(f"b{secrets.token_hex(4)}", request, opened, self.cancel, self._phrases)
        self.index.add(batch)
        self._start(self._run_batch(batch), f"jmcp-batch-{batch.execution_id}")
        return batch

    async def resume(self, leases: Leases) -> Sequence[Run]:
        """Take up the runs that an earlier process of jmcp left, each first in its kernel's queue.

        Call it before anything else connects to a kernel: Jupyter would then throw away what it
        kept for these runs. Returns when all are listened to, or after LISTENING_SECONDS.
        """
        taken, resumptions = [], []
        for left in await self._pending.left():
            run = _left_run(left, self._phrases, self._limits)
            self.index.add(run)
            resumptions.append(Resumption(left, leases))
            self._queues.of(left.request.kernel_id).take_up(run, resumptions[-1])
            taken.append(run)
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTENING_SECONDS):
                for resumption in resumptions:
                    await resumption.listening.wait()
        return taken

    # -- ending ----------------------------------------------------------------------------------

    async def ask(self, kernel_id: str, expression: str) -> Reply | Occupied:
        """Have the kernel evaluate an expression between its runs. Raises as `Kernels.connect`."""
        return await self._queues.of(kernel_id).ask(expression)

    async def occupants(self, kernel_id: str, *, owner: str, session_id: str) -> Sequence[Occupant]:
        """Whose code runs in the kernel or waits for it, without that session's own. Raises as
        `Kernels.list`."""
        queue = self._queues.of(kernel_id)
        return await occupants(queue, self.index, owner=owner, session_id=session_id)

    async def interrupt(self, kernel_id: str) -> bool:
        """Interrupt what the kernel runs, whoever started it, and end its batches with that.

        Runs that wait in the queue go on. Returns False if there was nothing to interrupt. Raises
        what `Kernels.interrupt` raises.
        """
        # Batches first, or they would go on with their next cells.
        ended = await self._end_batches(kernel_id)
        return await self._queues.of(kernel_id).interrupt() or ended

    async def cancel(self, run: Run, notice: Notice) -> None:
        """Stop this one, whether it waits (then with that notice) or runs; others go on.

        Raises what `Kernels.interrupt` raises.
        """
        if run.execution_id in self._unplaced:
            self._end_unplaced(run, "aborted", notice)
        elif queue := self._queues.get(run.request.kernel_id):
            await queue.cancel(run, notice)

    def _interrupt_for_excess(self, run: Run) -> None:
        run.notices.append(RunPutOutTooMuch())
        self._start(self._cancelled(run), f"jmcp-excess-of-{run.execution_id}")

    async def _cancelled(self, run: Run) -> None:
        try:
            await self.cancel(run, RunPutOutTooMuch())
        except BackendError:
            log.warning("Execution %s could not be interrupted.", run.execution_id, exc_info=True)

    async def interrupt_waiting(self, key: str, *, owner: str, session_id: str) -> bool:
        """End what that session has waiting for a kernel of the notebook; whether there was any."""

        def waits(entry: Run | Batch) -> bool:
            request = entry.request
            mine = (request.owner, request.session_id) == (owner, session_id)
            return mine and request.notebook.key == key

        runs = [run for run in self._unplaced.values() if waits(run)]
        batches = [one for one in self.index.batches() if one.status == "queued" and waits(one)]
        for run in runs:
            self._end_unplaced(run, "interrupted", InterruptedUnsent())
        for batch in batches:
            await batch.stop()
        return bool(runs or batches)

    async def withhold(self, owner: str, session_id: str) -> None:
        """A person has paused that session: end what it has not begun, runs that wait as `aborted` and
        batches before their next cell. What runs goes on."""
        for entry in self.index.list(owner=owner, session_id=session_id):
            if entry.done:
                continue
            if isinstance(entry, Batch):
                await entry.stop(BatchPaused())
            elif entry.execution_id in self._unplaced:
                self._end_unplaced(entry, "aborted", RunPaused())
            elif queue := self._queues.get(entry.request.kernel_id):
                queue.withdraw(entry, RunPaused())

    async def drop(self, kernel_id: str, notice: Notice) -> Sequence[Run]:
        """End what waits for the kernel: runs in its queue as `aborted`, with that notice, and
        batches before their next cell. Returns these runs."""
        await self._end_batches(kernel_id)
        queue = self._queues.get(kernel_id)
        return queue.drop(notice) if queue is not None else ()

    async def settle(self) -> None:
        """Return when the store has all runs that go on: what callers know outlives this process."""
        await self._pending.settle()

    async def stop(self) -> None:
        """Start nothing more: batches end, and what waits ends as `aborted`. Runs are still
        listened to.

        Closing the kernels' connections comes after this and before `close`: what a kernel sends
        from then on, Jupyter keeps for the next process.
        """
        self._stopping = self._queues.stopping = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for run in tuple(self._unplaced.values()):
            self._end_unplaced(run, "aborted", RunNotBegun())
        self._queues.stop()

    async def close(self) -> None:
        """Stop listening. The next process takes up what runs; until then its cells show that."""
        await run_each(self.stop, self._queues.close, self._pending.settle)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _placed(self, run: Run, kernel: Callable[[], Awaitable[Place]]) -> None:
        try:
            await self.place(run, kernel)
        except ENDS_TASK:
            raise
        except BaseException:
            log.exception("Execution %s failed inside jmcp.", run.execution_id)

    def _end_unplaced(self, run: Run, status: RunStatus, *notices: Notice) -> None:
        if not run.done:
            self._unplaced.pop(run.execution_id, None)
            run.notices += notices
            run.finish(status)
            self._ended(run)

    async def _run_batch(self, batch: Batch) -> None:
        try:
            await batch.go()
        finally:
            self._ended(batch)

    async def _end_batches(self, kernel_id: str) -> bool:
        """End the batches on that kernel before their next cell; whether there were any."""
        ended = [one for one in self.index.batches() if one.kernel_id == kernel_id]
        for batch in ended:
            await batch.stop()
        return bool(ended)

    def _ended(self, entry: Run | Batch) -> None:
        if isinstance(entry, Run) and entry.request.outputs is not None:
            entry.request.outputs.detach()
        self.index.ended(entry)
        self._queues.trim()


def _left_run(left: PendingRun, phrases: RunPhrases, limits: OutputLimits | None) -> Run:
    """A run that an earlier process left, as far as it is known before its cell is opened."""
    run = Run(
        phrases=phrases,
        limits=limits,
        execution_id=left.execution_id,
        request=RunRequest(
            kernel_id=left.request.kernel_id,
            code="",
            notebook=left.notebook,
            owner=left.owner,
            session_id=left.session_id,
            cell_id=left.cell_id,
            timeout=left.timeout,
        ),
        left=left,
        sent=left.request,
        status="running",
    )
    run.resume_clock(left.began)
    return run
