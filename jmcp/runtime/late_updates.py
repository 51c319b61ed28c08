"""Display updates that come after a run's end, written to the cell if it still shows the display."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from jmcp.runtime.backend import Cell, Documents, NotebookRef, Output, OutputSink
from jmcp.runtime.errors import BackendError
from jmcp.runtime.outputs import OutputRecord

log = logging.getLogger(__name__)

ReopenSink = Callable[[int, Output], Awaitable[OutputSink | None]]
"""Called as (position, output before); None if the cell no longer shows that output there."""


class CellOutputs:
    """Opens one cell for the outputs of a run, and again for updates after the run."""

    def __init__(self, documents: Documents, ref: NotebookRef, cell: Cell) -> None:
        self._documents = documents
        self._ref = ref
        self._cell = cell

    async def open(self) -> OutputSink:
        """The sink of the run."""
        return await self._documents.outputs(self._ref, self._cell)

    async def reopen(self, position: int, before: Output) -> OutputSink | None:
        """A sink if the cell still shows `before` at that position: nobody ran it since."""
        if self._cell.cell_id is None:
            return None
        ref = await self._documents.current(self._ref.key)
        async with self._documents.read(ref) as cells:
            index = cells.find(self._cell.cell_id)
            if index is None:
                return None
            cell = cells.get(index, outputs=True)
            if cell.outputs[position : position + 1] != (before,):
                return None
        return await self._documents.outputs(ref, cell)


class LateUpdates:
    """The updates of one finished run. A display that moves fast is written when there is time."""

    def __init__(self, reopen: ReopenSink, is_last: Callable[[OutputRecord], bool]) -> None:
        """`is_last` says whether the run of that record is still the last of its cell."""
        self._reopen = reopen
        self._is_last = is_last
        self._before: dict[int, Output] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, record: OutputRecord, position: int, before: Output) -> None:
        """The record's output at that position is not what the cell shows any more."""
        self._before.setdefault(position, before)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write(record))

    async def _write(self, record: OutputRecord) -> None:
        while self._before:
            position, before = self._before.popitem()
            if not self._is_last(record):
                continue
            try:
                sink = await self._reopen(position, before)
                if sink is not None:
                    if self._is_last(record):
                        sink.replace(position, record.outputs[position])
                    await sink.close()
            except BackendError:
                log.warning("A display update did not reach its cell.", exc_info=True)
