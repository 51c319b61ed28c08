"""The entries of one edit: what the journal gets of each change that is published."""

from __future__ import annotations

import json
from dataclasses import replace

from jmcp.core.journal.entries import Entry
from jmcp.core.notices import Notice
from jmcp.core.ports import Cell, Cells, Edit, StoredCell

REST_CHARACTERS = 2**20
"""Of what is kept of a deleted cell beside its source: an eighth of a notebook's room in the journal."""


class Recording:
    """Makes an entry of each change of one edit. `blank` has what all of them share.

    `notices` are for whoever made the edit.
    """

    def __init__(self, cells: Cells, blank: Entry) -> None:
        self.cells = cells
        self.entries: list[Entry] = []
        self.notices: list[Notice] = []
        self._blank = blank

    @property
    def change_id(self) -> str | None:
        """Names the edit, where it changed anything."""
        return self._blank.change_id if self.entries else None

    def on_edit(self, edit: Edit, cells: Cells) -> None:
        blank = replace(
            self._blank,
            change=edit.kind,
            count=edit.count,
            loaded=cells.loaded,
            part=len(self.entries),
        )
        if edit.kind == "set_kernelspec":
            before, *after = edit.values
            entry = replace(blank, before=before, after=json.dumps(after))
        else:
            # The cell as it is afterwards: an edit may have given it its id.
            cell = edit.after or edit.before
            assert cell is not None
            moved = edit.kind == "move"
            rest, left_out = _rest(edit.stored)
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
                rest=rest,
                left_out=left_out,
            )
        self.entries.append(entry)


def _rest(stored: StoredCell | None) -> tuple[str | None, int]:
    """A whole cell but for its source, and how many outputs are left out because it is too long;
    None where it is even without them."""
    if stored is None:
        return None, 0
    rest = {name: value for name, value in stored.items() if name != "source"}
    text, left_out = json.dumps(rest, separators=(",", ":")), 0
    if len(text) > REST_CHARACTERS and rest.get("outputs"):
        left_out = len(rest["outputs"])
        text = json.dumps({**rest, "outputs": []}, separators=(",", ":"))
    return (text if len(text) <= REST_CHARACTERS else None), left_out


def _source(cell: Cell | None) -> str | None:
    return None if cell is None else cell.source
