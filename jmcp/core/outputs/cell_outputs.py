"""The cell that shows a run: opened while the code runs, and again for what comes after its end."""

from __future__ import annotations

from jmcp.core.editing.edit_lease import EditLease
from jmcp.core.ports import Cell, OutputSink


class CellOutputs:
    """Opens sinks on one cell of the notebook that the lease holds."""

    def __init__(self, lease: EditLease, cell: Cell) -> None:
        self._lease = lease
        self._cell = cell

    async def open(self) -> OutputSink:
        """The sink of the run."""
        return await self._lease.outputs(self._cell)

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
