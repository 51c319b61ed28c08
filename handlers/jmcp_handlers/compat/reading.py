"""Reading a notebook as older servers showed it."""

from __future__ import annotations

from collections import Counter

from jmcp.core.ports import Cell
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import limits
from jmcp_api.models import (
    CellObject,
    CellObjectList,
    CellTypeCounts,
    GetNotebookInfoParams,
    NotebookInfo,
    ReadAllCellsParams,
)
from jmcp_handlers.compat.issues import error_of, warning_of
from jmcp_handlers.compat.outputs import OutputForm
from jmcp_handlers.support.outputs.output_results import clipped
from jmcp_handlers.support.pages import ROW_CHARACTERS, rest_of
from jmcp_handlers.support.sources import shown_source


async def read_all_cells(params: ReadAllCellsParams, session: Session) -> CellObjectList:
    notebook = await session.notebook(params.notebook_path)
    form = OutputForm(session, full=params.full_output)
    left = limits.LIST_CHARACTERS
    cells = await notebook.read()
    count, start = len(cells), params.start_index
    ids = [cells.get(index).cell_id for index in range(start, count)]
    shown: list[CellObject] = []
    read = 0
    for index, cell_id in enumerate(ids, start):
        cell = await _cell(notebook, index, cell_id)
        if cell is not None:
            made = await _object(cell, form)
            left -= ROW_CHARACTERS + len(made.content) + sum(map(len, made.output))
            if shown and left < 0:
                notebook.view.leave_out(cell)
                break
            shown.append(made)
        read += 1
    form.tell()
    if start + read == count:
        notebook.view.record_end(len(await notebook.read()))
    return CellObjectList(result=shown, more=rest_of(count, start, read))


async def _cell(notebook: Notebook, index: int, cell_id: str | None) -> Cell | None:
    """That cell as it is now, with its outputs, wherever others have moved it; None where it is gone.
    Without an id it is the one at that index."""
    cells = await notebook.read()
    at = index if cell_id is None else cells.find(cell_id)
    if at is None or at >= len(cells):
        return None
    cell = cells.get(at, outputs=True)
    notebook.view.record_part(cells, cell, clipped(cell.source, 0, limits.FULL_OUTPUT_CHARACTERS))
    return cell


async def _object(cell: Cell, form: OutputForm) -> CellObject:
    content, left_out = shown_source(cell.source, limits.FULL_OUTPUT_CHARACTERS)
    texts, images = await form.of(cell.outputs)
    return CellObject(
        cell_index=cell.index,
        cell_id=cell.cell_id or f"cell-{cell.index}",
        cell_type=cell.cell_type,
        content=content,
        content_left_out=left_out,
        output=texts,
        images=images,
        error=error_of(cell.outputs),
        warning=warning_of(cell.outputs),
    )


async def get_notebook_info(params: GetNotebookInfoParams, session: Session) -> NotebookInfo:
    notebook = await session.notebook(params.notebook_path)
    cells = await notebook.read()
    counts = Counter[str](cells.get(index).cell_type for index in range(len(cells)))
    return NotebookInfo(
        room_id=notebook.ref.path,
        total_cells=len(cells),
        cell_types=CellTypeCounts(**counts),
    )
