"""Must fail: a tool without a handler."""

import whole
from golden_api.ports import Handlers

HANDLERS = Handlers(  # E: Missing named argument "show_server" for "Handlers"
    open_notebook=whole.open_notebook,
    read_cell=whole.read_cell,
    remove_cells=whole.remove_cells,
    edit_cell=whole.edit_cell,
)
