"""Must pass: a plain function for every tool of the golden spec, wired by name."""

from __future__ import annotations

from golden_api.errors import CellNotFound
from golden_api.models import (
    Cell,
    EditCellParams,
    Opened,
    OpenNotebookParams,
    ReadCellParams,
    RemoveCellsParams,
    Removed,
    Server,
    ShowServerParams,
)
from golden_api.ports import Handlers

from jmcp.core.errors import ToolError
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace


async def open_notebook(params: OpenNotebookParams, session: Session) -> Opened:
    return Opened(kernel=None, cells=[Cell(cell_id=params.notebook_path, source="")])


async def read_cell(params: ReadCellParams, session: Session) -> Cell:
    if params.cell_index is None:
        raise CellNotFound("No cell has that id.", cell_id=params.cell_id)
    return Cell(cell_id=None, source="", count=params.cell_index)


async def remove_cells(params: RemoveCellsParams, session: Session) -> Removed:
    first: str = params.cell_ids[0]
    return Removed(total=len(first))


async def edit_cell(params: EditCellParams, session: Session) -> Cell:
    return Cell(cell_id=None, source=params.edits[0].new)


async def show_server(_: ShowServerParams, workspace: Workspace) -> Server:
    return Server(kernels=[], load=0.5, last=None)


HANDLERS = Handlers(
    open_notebook=open_notebook,
    read_cell=read_cell,
    remove_cells=remove_cells,
    edit_cell=edit_cell,
    show_server=show_server,
)


def http_status(error: type[ToolError]) -> int:
    return error.http


STATUS = http_status(CellNotFound)
