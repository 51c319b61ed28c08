"""What comes after a run's end, written to its cell if that still shows the run: updates of its
displays, and what its threads print."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from jmcp.core.background import supervised
from jmcp.core.editing.edit_lease import EditLease
from jmcp.core.errors import BackendError
from jmcp.core.outputs.record import OutputRecord
from jmcp.core.ports import Cell, OutputSink

log = logging.getLogger(__name__)

INTERVAL = 0.5
"""Seconds between writes to a cell whose run is over: each opens and closes the cell."""

ReopenSink = Callable[[int, int | None], Awaitable[OutputSink | None]]
"""Called as (outputs, execution count) that the run left in its cell; None if the cell has others."""


class CellOutputs:
    """Opens one cell for the outputs of a run, and again for what comes after the run."""

    def __init__(self, lease: EditLease, cell: Cell) -> None:
        self._lease = lease
        self._cell = cell

    async def open(self) -> OutputSink:
        """The sink of the run."""
        return await self._lease.outputs(self._cell)

    async def reopen(self, outputs: int, execution_count: int | None) -> OutputSink | None:
        """A sink if the cell still has so many outputs of that run: nobody ran or cleared it."""
        if self._cell.cell_id is None:
            return None
        async with self._lease.detached() as lease:
            await lease.follow()
            cells = await lease.read()
            index = cells.find(self._cell.cell_id)
            if index is None:
                return None
            cell = cells.get(index, outputs=True)
            if (len(cell.outputs), cell.execution_count) != (outputs, execution_count):
                return None
            return await lease.outputs(cell)


class LateUpdates:
    """What changes in the outputs of one finished run, written to its cell now and then."""

    def __init__(self, reopen: ReopenSink, is_last: Callable[[OutputRecord], bool]) -> None:
        """`is_last` says whether the run of that record is still the last of its cell."""
        self._reopen = reopen
        self._is_last = is_last
        self._noted = False
        self._task: asyncio.Task[None] | None = None

    def note(self, record: OutputRecord) -> None:
        """The record has what its cell does not show."""
        self._noted = True
        if self._task is None or self._task.done():
            self._task = supervised(partial(self._write, record), "late-output")

    async def _write(self, record: OutputRecord) -> None:
        while self._noted and self._is_last(record) and not record.released:
            self._noted = False
            try:
                sink = await self._reopen(record.cell.shown, record.execution_count)
                if sink is None:
                    return
                if self._is_last(record) and not record.released:
                    await record.catch_up(sink)
                await sink.close()
            except BackendError:
                log.warning(
                    "What came after the end of a run did not reach its cell.", exc_info=True
                )
            await asyncio.sleep(INTERVAL)
