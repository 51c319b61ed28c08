"""Must fail: a handler that would block every other call."""

from golden_api.models import Cell, ReadCellParams
from golden_api.ports import ReadCell

from jmcp.core.sessions.session import Session


def read_cell(params: ReadCellParams, session: Session) -> Cell:
    return Cell(cell_id=None, source="")


READ_CELL: ReadCell = read_cell  # E: Incompatible types in assignment
