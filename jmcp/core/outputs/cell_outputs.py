"""The cell that shows a run: opened while the code runs, and again for what comes after its end."""

from __future__ import annotations

from contextlib import suppress

from jmcp.core.editing.edit_lease import EditLease
from jmcp.core.errors import BackendError
from jmcp.core.notices import CellAddedByRun, Notice, SourceSetByRun
from jmcp.core.ports import Cell, NextInput, OutputSink


class CellOutputs:
    """Opens sinks on one cell of the notebook that the lease holds, and puts beside it what code asks
    for as the next input."""

    def __init__(self, lease: EditLease, cell: Cell) -> None:
        self._lease = lease
        self._cell = cell

    async def open(self) -> OutputSink:
        """The sink of the run."""
        return await self._lease.outputs(self._cell)

    def detach(self) -> None:
        """The run is over: hold nothing of the call that began it."""
        self._lease = self._lease.detached()

    async def look_again(self) -> None:
        """Have the change journal catch up: it makes cells again that a reload of the file took."""
        with suppress(BackendError):
            async with self._lease.detached() as lease:
                await lease.follow()
                await lease.read()

    async def reopen(self, outputs: int, execution_count: int | None) -> OutputSink | None:
        """A sink for what came later, if the cell still shows that run: it has as many outputs as
        the run left there, and its execution count. None if somebody ran or cleared it."""
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

    async def put(self, wanted: NextInput, *, ran: str) -> Notice:
        """Put the text where the code wants it, by the cell's id; the notice says where.

        A source that is not what `ran` any more is somebody's work: the text goes below it. A cell
        that is gone gets its next one at the end of the notebook. Raises as `EditLease.edit`.
        """
        cell_id = self._cell.cell_id or ""
        async with self._lease.detached() as lease:
            await lease.follow()
            async with lease.edit() as cells:
                index = cells.find(cell_id)
                if wanted.replace and index is not None and cells.get(index).source == ran:
                    cells.set_source(index, wanted.text)
                    return SourceSetByRun(cell=cell_id)
                at = len(cells) if index is None else index + 1
                added = cells.insert(at, "code", wanted.text)
                return CellAddedByRun(cell=added.cell_id or "", index=at)
