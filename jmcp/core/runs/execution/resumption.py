"""Taking up a run that an earlier process of jmcp sent: its cell, its messages, its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from jmcp.core.editing.edit_lease import Leases
from jmcp.core.errors import BackendError, JupyterUnreachable, KernelMissing, NotebookMissing
from jmcp.core.notices import (
    EarlierOutputsIncomplete,
    EarlierOutputsLost,
    RunCellGone,
    RunNotHeard,
    RunNotWritten,
)
from jmcp.core.outputs.cell_outputs import CellOutputs
from jmcp.core.outputs.record import ShownOutputs
from jmcp.core.ports import Kernels, NotebookRef, OnMessage, OutputSink, Reply, Request
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.records import PendingRun

log = logging.getLogger(__name__)

T = TypeVar("T")

RETURN_SECONDS = 600.0
"""Seconds that a Jupyter Server which does not answer has to come back."""

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0

CONNECT_SECONDS = 1.0
"""Seconds after which the kernel's channel is taken to be open, if nothing has come over it."""


class Resumption:
    """One run that an earlier process left. `shown` is what its cell shows, known after `open`.

    Listening begins before the cell is opened: if somebody else connected to the kernel first,
    Jupyter would drop the messages that it kept for this run. `listening` is set when that can no
    longer happen.
    """

    def __init__(self, run: PendingRun, leases: Leases) -> None:
        self.run_left = run
        self.shown = ShownOutputs(outputs=())
        self.listening = asyncio.Event()
        self._leases = leases
        # Whether all is known that it printed before.
        self._whole = True
        self._hearing: asyncio.Task[Reply] | None = None
        self._on_message: OnMessage | None = None
        self._inbox: list[tuple[str, dict[str, Any], dict[str, Any]]] = []

    async def open(self, run: Run) -> OutputSink | None:
        """The cell as a sink, or None where there is none to write to; notices say what is lost."""
        self._whole = False
        if self.run_left.cell_id is None:
            run.notices.append(EarlierOutputsLost())
            return None
        if not self.run_left.settled:
            run.notices.append(EarlierOutputsIncomplete())
        try:
            sink = await patiently(lambda: self._sink(run))
        except BackendError as error:
            log.warning("The cell of a run that goes on cannot be written to.", exc_info=True)
            run.notices.append(RunNotWritten(reason=error.message))
            return None
        if sink is None:
            run.notices.append(RunCellGone())
        else:
            self._whole = self.run_left.settled
        return sink

    def listen(self, kernels: Kernels, run: Run) -> None:
        """Listen from now on; what comes before `run` waits for it."""
        self._hearing = asyncio.create_task(self._hear(kernels, run))

    async def run(self, on_message: OnMessage, *, on_sent: Callable[[Request], None]) -> Reply:
        """Hand on what was heard and what comes, and return as `KernelConnection.run` does."""
        assert self._hearing is not None
        on_sent(self.run_left.request)
        self._on_message = on_message
        for message in self._inbox:
            on_message(*message)
        self._inbox.clear()
        reply = await self._hearing
        if not self._whole and reply.status != "lost" and reply.incomplete is None:
            # Nothing was missed since, but of before.
            return replace(reply, incomplete="lost_contact")
        return reply

    def drop(self) -> bool:
        """Stop listening. Returns whether messages are lost with that."""
        if self._hearing is not None:
            self._hearing.cancel()
        return bool(self._inbox)

    async def _hear(self, kernels: Kernels, run: Run) -> Reply:
        request = self.run_left.request
        try:
            return await patiently(lambda: self._attempt(kernels.resume(request, self._take)))
        except KernelMissing:
            return Reply(status="lost", lost="kernel_died")
        except BackendError as error:
            run.notices.append(RunNotHeard(reason=error.message))
            return Reply(status="lost", lost="lost_contact")
        finally:
            self.listening.set()

    async def _attempt(self, resuming: Coroutine[Any, Any, Reply]) -> Reply:
        attempt = asyncio.create_task(resuming)
        try:
            await asyncio.wait({attempt}, timeout=CONNECT_SECONDS)
            self.listening.set()
            return await attempt
        finally:
            attempt.cancel()

    def _take(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        self.listening.set()
        if self._on_message is not None:
            self._on_message(kind, content, metadata)
        else:
            self._inbox.append((kind, content, metadata))

    async def _sink(self, run: Run) -> OutputSink | None:
        try:
            ref = await self._notebook()
            async with self._leases.lease(ref) as lease:
                cells = await lease.read()
                index = cells.find(self.run_left.cell_id or "")
                if index is None:
                    return None
                cell = cells.get(index, outputs=True)
                run.request = replace(
                    run.request, code=cell.source, outputs=CellOutputs(lease, cell)
                )
                self.shown = ShownOutputs(outputs=cell.outputs, displays=self.run_left.displays)
                return await lease.outputs(cell)
        except NotebookMissing:
            return None

    async def _notebook(self) -> NotebookRef:
        try:
            return await self._leases.documents.current(self.run_left.notebook.key)
        except NotebookMissing:
            if not self.run_left.notebook.path:
                raise
            return await self._leases.documents.identify(self.run_left.notebook.path)


async def patiently(attempt: Callable[[], Awaitable[T]]) -> T:
    """The result of the attempt, repeated while Jupyter Server does not answer."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + RETURN_SECONDS, FIRST_PAUSE_SECONDS
    while True:
        try:
            return await attempt()
        except JupyterUnreachable:
            if loop.time() + pause > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
