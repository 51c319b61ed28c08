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
from jmcp_handlers.support.pages import ROW_CHARACTERS, rest_of
from jmcp_handlers.support.sources import shown_source


async def read_all_cells(params: ReadAllCellsParams, session: Session) -> CellObjectList:
    notebook = await session.notebook(params.notebook_path)
    form = OutputForm(session, full=params.full_output)
    left = limits.LIST_CHARACTERS
    shown: list[CellObject] = []
    at = params.start_index
    while (cell := await _cell(notebook, at)) is not None:
        size = ROW_CHARACTERS + len(cell.source)
        if shown and size > left:
            break
        made = await _object(cell, form)
        size = ROW_CHARACTERS + len(made.content) + sum(map(len, made.output))
        if shown and size > left:
            break
        left -= size
        shown.append(made)
        at += 1
    form.tell()
    cells = await notebook.read()
    count = len(cells)
    if params.start_index + len(shown) == count:
        notebook.view.record_end(count)
    return CellObjectList(result=shown, more=rest_of(count, params.start_index, len(shown)))


async def _cell(notebook: Notebook, at: int) -> Cell | None:
    """The cell at that index as it is now, with its outputs; None behind the last one."""
    cells = await notebook.read()
    if at >= len(cells):
        return None
    cell = cells.get(at, outputs=True)
    notebook.view.record_read(cells, cell)
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
