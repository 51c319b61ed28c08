"""Clearing outputs."""

from __future__ import annotations

from jmcp.core.ports import Cell
from jmcp.core.sessions.session import Session
from jmcp_api import limits
from jmcp_api.models import ClearCellOutputParams, ClearedCell, ClearedOutputs
from jmcp_handlers.support.addressing import named
from jmcp_handlers.support.cell_states import running_cells
from jmcp_handlers.support.pages import fitting


async def clear_cell_output(params: ClearCellOutputParams, session: Session) -> ClearedOutputs:
    notebook = await session.notebook(params.notebook_path)
    async with notebook.edit() as cells:
        wanted: list[int] | range = range(len(cells))
        if params.cell_indices is not None or params.cell_ids is not None:
            wanted = sorted({*named(cells, notebook.view, params.cell_indices, params.cell_ids)})
        cleared = [cell for cell in map(cells.get, wanted) if _shows_anything(cell)]
        for cell in cleared:
            cells.clear_outputs(cell.index)
        there = [cells.get(cell.index) for cell in cleared]  # with the ids that they may have got
    ids = {cell.index: cell.cell_id for cell in there}
    running = running_cells(notebook)
    rows = [
        ClearedCell(
            cell_index=cell.index,
            cell_id=ids[cell.index],
            output_count=cell.output_count,
            running=ids[cell.index] in running,
        )
        for cell in cleared
    ]
    shown = fitting(((row, 0) for row in rows), limits.LIST_CHARACTERS)
    notebook.view.record_places(*there[: len(shown)])
    return ClearedOutputs(
        cleared=len(cleared),
        cells=shown,
        left_out=len(rows) - len(shown) or None,
        saved=notebook.save_state(),
        change_id=notebook.change_id,
    )


def _shows_anything(cell: Cell) -> bool:
    return cell.output_count > 0 or cell.execution_count is not None
