"""Output after a run's end, written to its cell if that still shows the run: updates of displays,
and what threads print."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from jmcp.core.background import supervised
from jmcp.core.errors import BackendError
from jmcp.core.outputs.cell_outputs import CellOutputs
from jmcp.core.outputs.record import OutputRecord

LATE_WRITE_INTERVAL_SECONDS = 0.5
"""Seconds between writes to a cell whose run is over: each opens and closes the cell."""

log = logging.getLogger(__name__)


class LateOutput:
    """Brings what changes in the outputs of one finished run to its cell, now and then.

    `is_last` says whether the run is still the last of its cell.
    """

    def __init__(self, cell: CellOutputs, is_last: Callable[[], bool]) -> None:
        self._cell = cell
        self._is_last = is_last
        self._unwritten = False
        self._task: asyncio.Task[None] | None = None

    def note(self, record: OutputRecord) -> None:
        """The record has what its cell does not show."""
        self._unwritten = True
        if self._task is None or self._task.done():
            self._task = supervised(partial(self._write, record), "late-output")

    async def _write(self, record: OutputRecord) -> None:
        while self._unwritten and self._is_last() and not record.released:
            self._unwritten = False
            try:
                sink = await self._cell.reopen(record.cell.shown, record.execution_count)
                if sink is None:
                    return
                if self._is_last() and not record.released:
                    await record.catch_up(sink)
                await sink.close()
            except BackendError:
                log.warning(
                    "What came after the end of a run did not reach its cell.", exc_info=True
                )
            await asyncio.sleep(LATE_WRITE_INTERVAL_SECONDS)
