"""Must fail: a session where the tool has none, and a workspace where it has a session."""

from golden_api.models import Cell, ReadCellParams, Server, ShowServerParams
from golden_api.ports import ReadCell, ShowServer

from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace


async def show_server(params: ShowServerParams, session: Session) -> Server:
    return Server(kernels=[], load=0, last=None)


async def read_cell(params: ReadCellParams, workspace: Workspace) -> Cell:
    return Cell(cell_id=None, source="")


async def alone(params: ReadCellParams) -> Cell:
    return Cell(cell_id=None, source="")


SHOW_SERVER: ShowServer = show_server  # E: Incompatible types in assignment
READ_CELL: ReadCell = read_cell  # E: Incompatible types in assignment
ALONE: ReadCell = alone  # E: Incompatible types in assignment
