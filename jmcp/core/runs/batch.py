"""Running several cells of a notebook, one after another, whoever waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from jmcp.core.errors import ENDS_TASK, BackendError
from jmcp.core.notices import (
    BatchEnded,
    BatchFailed,
    BatchInterrupted,
    BatchOutlived,
    BatchPaused,
    CellNotRun,
    Notice,
)
from jmcp.core.ports import Cell, NotebookRef
from jmcp.core.runs.record.progress import Progress, last_line
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.record.status import CODE_FAILED, RunStatus
from jmcp.core.runs.record.waitable import Waitable
from jmcp.core.sentences import RunPhrases

if TYPE_CHECKING:  # a notebook starts batches, and a batch runs in its notebook
    from jmcp.core.sessions.notebook import Notebook

log = logging.getLogger(__name__)

USUAL_CELL_SECONDS = 20.0
"""Seconds after which half of a cell counts as done in a report: nobody knows how long it takes."""

Skipped = Literal["deleted", "not_code"]

Cancel = Callable[[Run, Notice], Awaitable[None]]
"""Stops one run; the notice says why."""


@dataclass(eq=False, slots=True, kw_only=True)
class Step:
    """One cell of a batch: where it was when last looked at, and its run once there is one.

    `skipped` says why there will be none. `source` tells a cell without an id from another.
    """

    index: int
    cell_id: str | None
    source: str
    run: Run | None = None
    skipped: Skipped | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """Cells of one notebook to run one after another, for one session.

    `kernel_name` is the kernelspec to start where it has no kernel. `timeout` is in seconds for each
    cell; 0 is no limit.
    """

    kernel_name: str | None
    steps: Sequence[Step]
    notebook: NotebookRef
    owner: str
    session_id: str
    stop_on_error: bool
    timeout: float


class Batch(Waitable):
    """A batch as clients see it: something that runs, with an id, a status and progress.

    It is `queued` while it has no kernel; `kernel_sought` is set once that has come to an end.
    `failure` is why there is no kernel.
    """

    def __init__(
        self,
        execution_id: str,
        request: BatchRequest,
        opened: Notebook,
        cancel: Cancel,
        phrases: RunPhrases,
    ) -> None:
        super().__init__()
        self.execution_id = execution_id
        self.request = request
        self.status: RunStatus = "queued"
        self.kernel_id: str | None = None
        self.kernel_sought = asyncio.Event()
        self.failure: BackendError | None = None
        self.submitted = datetime.now(UTC)
        self.notices: list[Notice] = []
        self._opened: Notebook | None = opened
        self._cancel = cancel
        self._phrases = phrases
        self._stopped = False
        self._generation: int | None = None
        self._current: Step | None = None

    @property
    def opened(self) -> Notebook:
        """The notebook, until the batch is over."""
        assert self._opened is not None
        return self._opened

    @property
    def started(self) -> datetime:
        return self.submitted

    @property
    def finished_steps(self) -> int:
        """Steps that are over, in whatever way."""
        return sum(
            step.skipped is not None or bool(step.run and step.run.done)
            for step in self.request.steps
        )

    @property
    def seconds(self) -> float:
        """How long the kernel has worked on its cells."""
        return sum(step.run.seconds for step in self.request.steps if step.run is not None)

    def describe(self, seconds: float, *, final: bool) -> Progress:
        """Cells done of all; the one that runs counts as a part that grows and is never whole."""
        done, total = self.finished_steps, len(self.request.steps)
        status, phrases, part = self.status, self._phrases, 0.0
        message = phrases.batch_progress(status=status, done=done, total=total)
        if self._current is not None and self._current.run is not None and not self.done:
            run = self._current.run
            part = run.seconds / (run.seconds + USUAL_CELL_SECONDS)
            index = self._current.index
            if line := last_line(run.outputs):
                message = phrases.batch_progress_shown(
                    status=status, done=done, total=total, index=index, line=line
                )
            else:
                message = phrases.batch_progress_at(
                    status=status, done=done, total=total, index=index
                )
        return Progress(done=done + part, total=total, message=message, final=final)

    def flush(self) -> None:
        """Have the cell that runs now show at once how far it is."""
        if self._current is not None and self._current.run is not None:
            self._current.run.flush()

    async def stop(self, notice: Notice | None = None) -> None:
        """End it before its next cell, and say why where no interrupt does. What runs is the caller's
        to interrupt."""
        self._stopped = True
        if notice is not None and notice not in self.notices:
            self.notices.append(notice)
        run = self._current.run if self._current is not None else None
        if run is not None and run.status == "queued":
            await self._cancel(run, notice or BatchInterrupted())

    async def go(self) -> None:
        """Run the steps; returns when it is over, and never raises."""
        failed: RunStatus = "ok"
        try:
            if not await self._find_kernel():
                return
            for step in self.request.steps:
                if not self._stopped and await self.opened.paused():
                    await self.stop(BatchPaused())
                status = "interrupted" if self._stopped else await self._run(step)
                if status in CODE_FAILED and not self.request.stop_on_error:
                    failed = "error"
                elif status != "ok":
                    self._finish("interrupted" if self._stopped else status)
                    return
            self._finish("interrupted" if self._stopped else failed)
        except BackendError as error:
            self.notices.append(BatchEnded(reason=error.message))
            self._finish("aborted")
        except ENDS_TASK:
            raise
        except BaseException:
            log.exception("Batch %s failed inside jmcp.", self.execution_id)
            self.notices.append(BatchFailed())
            self._finish("aborted")
        finally:
            self.opened.lease.close()
            self._opened = None  # finished batches are kept, and a notebook has its whole call
            if not self.done:  # cancelled: jmcp is stopping
                self._finish("aborted")
            self.kernel_sought.set()

    async def _find_kernel(self) -> bool:
        try:
            self.kernel_id = await self.opened.kernel.ready(
                self.request.kernel_name, on_notice=self.notices.append
            )
        except BackendError as error:
            self.failure = error
            self._finish("aborted")
            return False
        self.status = "running"
        self.kernel_sought.set()
        return True

    async def _run(self, step: Step) -> RunStatus:
        self._current = step
        cell = await self._cell(step)
        if cell is None:
            self.advance()
            return "ok"
        run = step.run = self.opened.submit(
            cell.source, kernel_id=self.kernel_id, cell=cell, timeout=self.request.timeout
        )
        noted = -1
        while not run.done:
            await run.changed_since(noted, None)
            noted = run.progress
            self.advance()
        self.advance()
        if run.failure is not None:
            self.notices.append(CellNotRun(reason=run.failure.message))
        elif run.status != "interrupted" and run.generation != (self._generation or run.generation):
            # Whoever restarted it did not mean the rest to run without the variables of before.
            self.notices.append(BatchOutlived())
            return "kernel_restarted"
        self._generation = run.generation
        return run.status

    async def _cell(self, step: Step) -> Cell | None:
        """The step's cell as it is now, wherever it has moved to; None if there is nothing to run."""
        await self.opened.follow()
        cells = await self.opened.read()
        if step.cell_id is not None:
            index = cells.find(step.cell_id)
        else:
            index = step.index if step.index < len(cells) else None
        cell = cells.get(index) if index is not None else None
        if cell is None or (step.cell_id is None and cell.source != step.source):
            step.skipped = "deleted"
            return None
        step.index = cell.index
        if cell.cell_type != "code":
            step.skipped = "not_code"
            return None
        return cell

    def _finish(self, status: RunStatus) -> None:
        self.status = status
        self._current = None
        self.end()
