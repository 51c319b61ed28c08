"""Must fail: the handler of another tool, though its result is the same."""

import whole
from golden_api.ports import EditCell

EDIT_CELL: EditCell = whole.read_cell  # E: expression has type "Callable[[ReadCellParams, Session]
