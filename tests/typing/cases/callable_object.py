"""Must pass: a handler may also be an object that keeps what it needs."""

from __future__ import annotations

import whole
from golden_api.models import Cell, ReadCellParams
from golden_api.ports import Handlers, ReadCell

from jmcp.core.sessions.session import Session


class Reader:
    async def __call__(self, params: ReadCellParams, session: Session) -> Cell:
        return Cell(cell_id=params.cell_id, source="")


READER: ReadCell = Reader()
HANDLERS = Handlers(
    open_notebook=whole.open_notebook,
    read_cell=READER,
    remove_cells=whole.remove_cells,
    edit_cell=whole.edit_cell,
    show_server=whole.show_server,
)
