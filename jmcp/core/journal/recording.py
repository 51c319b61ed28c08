"""The entries of one edit: what the journal gets of each change that is published."""

from __future__ import annotations

import json
from dataclasses import replace

from jmcp.core.journal.entries import Entry
from jmcp.core.notices import Notice
from jmcp.core.ports import Cell, Cells, Edit


class Recording:
    """Makes an entry of each change of one edit. `blank` has what all of them share.

    `notices` are for whoever made the edit.
    """

    def __init__(self, cells: Cells, blank: Entry) -> None:
        self.cells = cells
        self.entries: list[Entry] = []
        self.notices: list[Notice] = []
        self._blank = blank

    def on_edit(self, edit: Edit, cells: Cells) -> None:
        blank = replace(self._blank, change=edit.kind, count=edit.count, loaded=cells.loaded)
        if edit.kind == "set_kernelspec":
            before, *after = edit.values
            entry = replace(blank, before=before, after=json.dumps(after))
        else:
            # The cell as it is afterwards: an edit may have given it its id.
            cell = edit.after or edit.before
            assert cell is not None
            moved = edit.kind == "move"
            entry = replace(
                blank,
                cell_id=cell.cell_id,
                cell_type=cell.cell_type,
                index=edit.before.index if moved and edit.before is not None else cell.index,
                to=cell.index if moved else None,
                before=None if moved else _source(edit.before),
                after=None if moved else _source(edit.after),
                was=edit.was,
                now=edit.now,
            )
        self.entries.append(entry)


def _source(cell: Cell | None) -> str | None:
    return None if cell is None else cell.source
