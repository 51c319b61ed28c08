"""Cells of any notebook, as a prompt cites them."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.ports import Cell as NotebookCell
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import limits
from jmcp_api.models import CiteCellsParams, CitedCell, CitedCells, More
from jmcp_handlers.resources.cell_ranges import indices
from jmcp_handlers.resources.notebook_choice import chosen_notebook
from jmcp_handlers.support.outputs.output_results import as_text
from jmcp_handlers.support.pages import fitting
from jmcp_handlers.support.sources import shown_source

CITED_OUTPUTS = 20
"""Outputs of a cell that are cited, the first ones."""


async def cite_cells(params: CiteCellsParams, workspace: Workspace) -> CitedCells:
    ref = await chosen_notebook(params.notebook_path, workspace)
    cells = await workspace.glance(ref)
    wanted = indices(params.cell_indices, cells)
    # All of them before anything is awaited: others may change the notebook then.
    found = (cells.get(index, outputs=True) for index in wanted)
    cited = await _fitting(fitting((cell, len(cell.source)) for cell in found))
    left = wanted[len(cited) :]
    return CitedCells(
        notebook_path=ref.path,
        cells=cited,
        more=More(count=len(left), start_index=left[0]) if left else None,
    )


async def _fitting(cells: Sequence[NotebookCell]) -> list[CitedCell]:
    """The first cells that a result has room for with their outputs, the first in any case."""
    cited: list[CitedCell] = []
    left = limits.LIST_CHARACTERS
    for cell in cells:
        one = await _cited(cell)
        left -= len(one.source) + sum(len(output.text or "") for output in one.outputs or ())
        if cited and left < 0:
            break
        cited.append(one)
    return cited


async def _cited(cell: NotebookCell) -> CitedCell:
    source, left_out = shown_source(cell.source, limits.RESULT_CHARACTERS)
    shown = cell.outputs[:CITED_OUTPUTS]
    return CitedCell(
        cell_index=cell.index,
        cell_id=cell.cell_id,
        cell_type=cell.cell_type,
        execution_count=cell.execution_count,
        source=source,
        source_left_out=left_out,
        outputs=[await as_text(one, limits.OUTPUT_CHARACTERS) for one in shown] or None,
        more_outputs=max(0, cell.output_count - CITED_OUTPUTS) or None,
    )
