"""Reading a notebook."""

from __future__ import annotations

from jmcp.core.notices import CellOutputsNotShown
from jmcp.core.ports import Cells
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import limits
from jmcp_api.models import CellOutline, HeadingRow, NotebookContent, ReadNotebookParams
from jmcp_handlers.support.addressing import outline
from jmcp_handlers.support.cell_states import CellStates
from jmcp_handlers.support.headings import headings
from jmcp_handlers.support.outputs.output_results import present
from jmcp_handlers.support.pages import rest_of

CELL_OUTPUT_CHARACTERS = 1_000
"""Characters of one output where the outputs of several cells are shown; read_cell shows more."""
SHOWN_HEADINGS = 200
"""Headings that one result shows."""


async def read_notebook(params: ReadNotebookParams, session: Session) -> NotebookContent:
    notebook = await session.notebook(params.notebook_path)
    states = await CellStates.now(notebook)
    cells = await notebook.read()
    if params.response_format == "headings":
        return _headings(cells, params.start_index)
    detailed = params.response_format == "detailed"
    count = len(cells)
    limit = params.limit or count
    rows = outline(cells, notebook.view, params.start_index, limit, source=detailed, states=states)
    if params.include_outputs:
        rows = await _with_outputs(rows, notebook, session)
    start = params.start_index
    more = rest_of(count, start, len(rows))
    return NotebookContent(cell_count=count, start_index=start, cells=rows, more=more)


def _headings(cells: Cells, start: int) -> NotebookContent:
    """The headings of the whole notebook, from that one on."""
    every = (cells.get(index) for index in range(len(cells)))
    found = [
        HeadingRow(cell_index=cell.index, cell_id=cell.cell_id, heading=heading.text)
        for cell in every
        for heading in headings(cell)
    ]
    shown = found[start : start + SHOWN_HEADINGS]
    return NotebookContent(
        cell_count=len(cells),
        start_index=start,
        cells=[],
        headings=shown,
        more=rest_of(len(found), start, len(shown)),
    )


async def _with_outputs(
    rows: list[CellOutline], notebook: Notebook, session: Session
) -> list[CellOutline]:
    """The same rows with outputs, from the first on as long as these fit into one result."""
    left = limits.RESULT_CHARACTERS
    shown: list[CellOutline] = []
    without: list[str] = []
    for row in rows:
        cells = await notebook.read()  # anew, for others had their turn
        at = row.cell_index if row.cell_id is None else cells.find(row.cell_id)
        count = cells.get(at).output_count if at is not None and at < len(cells) else 0
        if at is None or not count:
            shown.append(row)
        elif left <= 0:
            without.append(row.cell_id or str(at))
            shown.append(row)
        else:
            outputs = await present(
                cells.get(at, outputs=True).outputs,
                session,
                limit=min(CELL_OUTPUT_CHARACTERS, left),
                budget=left,
            )
            left -= sum(len(one.text or "") for one in outputs)
            shown.append(row.model_copy(update={"outputs": outputs}))
    if without:
        session.notice(CellOutputsNotShown(count=len(without), cells=without))
    return shown
