"""Must fail: a handler for no tool; an alias needs none either."""

import whole
from golden_api.ports import Handlers

HANDLERS = Handlers(  # E: Unexpected keyword argument "edit_first_cell" for "Handlers"
    open_notebook=whole.open_notebook,
    read_cell=whole.read_cell,
    remove_cells=whole.remove_cells,
    edit_cell=whole.edit_cell,
    show_server=whole.show_server,
    edit_first_cell=whole.edit_cell,
)
