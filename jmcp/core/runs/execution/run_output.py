"""What a kernel sends of one run, taken into the run's record and its cell."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any
from weakref import ReferenceType, ref

from jmcp.core.errors import ENDS_TASK, BackendError
from jmcp.core.notices import (
    NextInputNotPut,
    NotebookBusy,
    OutputsIncomplete,
    OutputsNotWritten,
    OutputsUncertain,
    RunCellDeleted,
    RunCellTaken,
    RunLeft,
)
from jmcp.core.outputs.displays import Displays
from jmcp.core.outputs.late_output import LateOutput
from jmcp.core.outputs.record import OutputRecord, ShownOutputs
from jmcp.core.ports import NextInput, OutputSink, Reply, Request
from jmcp.core.runs.execution.cell_owners import CellOwners
from jmcp.core.runs.execution.pending_runs import PendingRuns
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.records import PendingRun

IMPATIENT_CLOSE_SECONDS = 1.0
"""Seconds for which the closing of a cell delays the report that its kernel is gone."""

LATE_KINDS = frozenset({"stream", "display_data", "update_display_data"})
"""Messages that threads of the code may send when the run is over."""

LATE_CHARACTERS = 2**20
"""Characters of late output that a run takes: a thread may print for as long as the kernel lives.
"""

DISPLAYS_INTERVAL_SECONDS = 1.0
"""Seconds between notes, for a restart of jmcp, of the display ids that a run shows."""

log = logging.getLogger(__name__)


class RunOutput:
    """One run's messages, from the first one to those that come after its end.

    `code_started` is set when the kernel is, or was, at this code, and so can be interrupted in it.
    """

    def __init__(
        self, run: Run, displays: Displays, pending: PendingRuns, owners: CellOwners
    ) -> None:
        self.code_started = asyncio.Event()
        self._run = run
        self._displays = displays
        self._pending = pending
        self._owners = owners
        request = run.request
        self._cell = (request.notebook.key, request.cell_id) if request.cell_id else None
        self._waits = False
        self._sink: OutputSink | None = None
        self._closed_sink: ReferenceType[OutputSink] | None = None
        """It may go on for a while, but not because of this run."""
        self._closing: asyncio.Task[None] | None = None
        self._ended = False
        self._next_input: NextInput | None = None
        self._late_characters = 0
        self._kept_changes = 0
        self._keep_after = 0.0

    def open(self, sink: OutputSink | None, *, shown: ShownOutputs | None = None) -> None:
        """The run begins. `shown` is what its cell has of one that an earlier process left."""
        self._sink = sink
        self._run.record = OutputRecord(
            sink,
            self._displays,
            shown=shown,
            limits=self._run.limits,
            phrases=self._run.phrases,
        )
        if self._cell is None:
            return
        self._waits = self._owners.has_running(self._cell)
        if self._waits:
            self._run.record.cell.wait()
        else:
            self._owners.take(self._cell, self)

    @property
    def over(self) -> bool:
        return self._run.done

    def lose_cell(self) -> None:
        sink = self._sink or (self._closed_sink() if self._closed_sink is not None else None)
        if sink is not None:
            sink.give_up()

    def on_sent(self, sent: Request) -> None:
        self._run.sent = sent
        self._keep()

    def on_message(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        run = self._run
        if self._ended:
            self._on_late(kind, content, metadata)
            return
        run.begin()
        if kind != "status":  # which comes before the kernel listens to interrupts
            self.code_started.set()
            if self._waits and kind != "error":  # which alone says that the code was not begun
                self._take_cell()
        run.record.apply(kind, content, metadata)
        if run.on_excess is not None and run.record.left_out is not None:
            call, run.on_excess = run.on_excess, None
            call()
        if run.record.display_changes != self._kept_changes:
            self._keep_displays()
        run.advance()

    def on_reply(self, reply: Reply) -> None:
        """The kernel is done with the code: take what comes with its reply."""
        if reply.page is not None:
            self._run.record.apply("display_data", {"data": dict(reply.page)}, {})
        if reply.next_input is None:
            return
        if self._run.request.outputs is None or self._run.request.cell_id is None:
            self._show(reply.next_input)
        else:
            self._next_input = reply.next_input

    async def end(self, *, left: bool, kernel_gone: bool) -> None:
        """The run is over: the cell gets all that came, and is closed.

        `left`: jmcp stops, and the kernel goes on with the run. When the kernel is gone the cell
        may go on closing after IMPATIENT_CLOSE_SECONDS, while that is told.
        """
        run = self._run
        self._ended = True
        run.stop_clock()
        if left:
            run.notices.append(RunLeft())
        elif run.incomplete == "lost_contact":
            run.record.mark(run.phrases.contact_lost_mark())
        if self._waits and self._sink is not None:  # its code never began
            self._sink.give_up()
        await run.record.finish(running=left)
        if left:
            self._keep(settled=run.record.cell.error is None)
        if self._sink is not None and not kernel_gone:
            await self._close(self._sink, running=left)
        elif self._sink is not None:
            self._closing = asyncio.create_task(self._close(self._sink, running=left))
            await asyncio.wait({self._closing}, timeout=IMPATIENT_CLOSE_SECONDS)
            if not self._closing.done():
                run.notices.append(NotebookBusy())
        if not left:
            self._pending.forget(run.execution_id)
        if self._sink is not None:
            self._closed_sink, self._sink = ref(self._sink), None

    async def put_next_input(self) -> None:
        """The cell is closed: put the text that the code wants in a cell, if it wants any."""
        run, wanted = self._run, self._next_input
        if wanted is None or run.request.outputs is None:
            return
        try:
            run.notices.append(await run.request.outputs.put(wanted, ran=run.request.code))
        except BackendError as error:
            log.warning("What code asked for as the next input was not put.", exc_info=True)
            run.notices.append(NextInputNotPut(reason=error.message))
            self._show(wanted)
        except ENDS_TASK:
            raise
        except BaseException:  # a bug there must not change how the run ended
            log.exception("The next input of execution %s was not put.", run.execution_id)
            run.notices.append(OutputsUncertain())
            self._show(wanted)

    def _show(self, wanted: NextInput) -> None:
        self._run.record.apply("display_data", {"data": {"text/plain": wanted.text}}, {})

    def follow(self) -> None:
        """The cell is closed: what comes from now on is brought to it now and then."""
        request = self._run.request
        if self._closed_sink is None or request.outputs is None or self._cell is None:
            return
        is_last = partial(self._owners.owns, self._cell, self)
        self._run.record.on_late(LateOutput(request.outputs, is_last).note)

    def _take_cell(self) -> None:
        """The code has begun in a cell that showed another run until now."""
        self._waits = False
        if self._cell is not None:
            self._owners.take(self._cell, self)
        self._run.record.cell.proceed()

    def _on_late(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Take what a thread of the code sends, or code that ignored its interrupt."""
        record = self._run.record
        if kind not in LATE_KINDS or record.released or self._late_characters > LATE_CHARACTERS:
            return
        self._late_characters += len(str(content))
        record.apply(kind, content, metadata)
        if self._late_characters > LATE_CHARACTERS:
            record.mark(self._run.phrases.no_more_mark(characters=LATE_CHARACTERS))

    def _keep(self, *, settled: bool = False) -> None:
        if self._run.sent is not None:
            describe = partial(self._described, self._run.sent, settled=settled)
            self._pending.keep(self._run.execution_id, describe)

    def _described(self, sent: Request, *, settled: bool) -> PendingRun:
        # Whoever takes the run up takes what its cell shows for what it printed.
        self._run.flush()
        return self._run.pending(sent, settled=settled)

    def _keep_displays(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._keep_after:
            self._keep_after = now + DISPLAYS_INTERVAL_SECONDS
            self._kept_changes = self._run.record.display_changes
            self._keep()

    async def _close(self, sink: OutputSink, *, running: bool) -> None:
        run = self._run
        try:
            if sink.deleted and run.request.outputs is not None:
                await run.request.outputs.look_again()
            await sink.close(running=running)
            if sink.deleted:  # a file tells with its last write
                run.notices.append(RunCellDeleted())
            elif sink.taken and not self._waits:
                run.notices.append(RunCellTaken())
            elif run.record.cell.error is not None:
                run.notices.append(OutputsIncomplete())
        except BackendError as error:
            log.warning("The outputs of a run could not be stored.", exc_info=True)
            run.notices.append(OutputsNotWritten(reason=error.message))
        except ENDS_TASK:
            raise
        except BaseException:
            # A bug there must not change how the run ended.
            log.exception("The cell of execution %s could not be closed.", run.execution_id)
            run.notices.append(OutputsUncertain())
