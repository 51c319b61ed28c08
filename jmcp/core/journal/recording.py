"""The entries of one edit: what the journal gets of each change that is published."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from jmcp.core.journal.entries import Entry
from jmcp.core.notices import Notice
from jmcp.core.ports import Cell, Cells, Edit, StoredCell

REST_CHARACTERS = 2**20
"""Of what is kept of a deleted cell beside its source, or of the outputs that a cell lost: an eighth
of a notebook's room in the journal."""
EDIT_CHARACTERS = 2**22
"""Of that of all cells of one edit: half of the room."""


class Recording:
    """Makes an entry of each change of one edit. `blank` has what all of them share, `reverts` the
    numbers of the entries that are taken back in each cell, by id; those of cells that had none at
    None.

    `notices` are for whoever made the edit.
    """

    def __init__(
        self,
        cells: Cells,
        blank: Entry,
        reverts: Mapping[str | None, Sequence[int]] | None = None,
    ) -> None:
        self.cells = cells
        self.entries: list[Entry] = []
        self.notices: list[Notice] = []
        self.beyond_undo: list[str] = []
        """Cells whose outputs are too long to be kept."""
        self._blank = blank
        self._reverts = reverts if reverts is not None else {}
        self._noted: set[str | None] = set()
        """Cells of whose entries it is noted what they take back."""
        self._left = EDIT_CHARACTERS

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
            has_source = edit.kind in ("insert", "set_source", "delete")
            rest, left_out = self._rest(edit.stored)
            entry = replace(
                blank,
                cell_id=cell.cell_id,
                cell_type=cell.cell_type,
                index=edit.before.index if moved and edit.before is not None else cell.index,
                to=cell.index if moved else None,
                before=_source(edit.before) if has_source else None,
                after=_source(edit.after) if has_source else None,
                was=edit.was,
                now=edit.now,
                rest=rest,
                left_out=left_out,
                reverts=self._reverted(cell.cell_id),
            )
        self.entries.append(entry)
        if entry.left_out and edit.kind in ("delete", "clear_outputs"):
            self.beyond_undo.append(entry.cell_id or str(entry.index))

    def _reverted(self, cell_id: str | None) -> tuple[int, ...]:
        if not self._reverts:
            return ()
        known = cell_id if cell_id in self._reverts else None
        self._noted.add(known)
        return tuple(self._reverts.get(known, ()))

    def finish(self) -> None:
        """Note on the last entry what was taken back in cells that nothing was to be done to, as of a
        move where the others that are taken back leave the cell in its old place."""
        rest = [
            number
            for cell_id, numbers in (self._reverts if self.entries else {}).items()
            if cell_id not in self._noted
            for number in numbers
        ]
        if rest:
            last = self.entries[-1]
            self.entries[-1] = replace(last, reverts=(*last.reverts, *rest))
            self._noted.update(self._reverts)

    def _rest(self, stored: StoredCell | None) -> tuple[str | None, int]:
        """A whole cell but for its source, and how many outputs are left out because it is too long;
        None where it is even without them."""
        if stored is None:
            return None, 0
        rest = {name: value for name, value in stored.items() if name != "source"}
        most = min(REST_CHARACTERS, self._left)
        text, left_out = json.dumps(rest, separators=(",", ":")), 0
        if len(text) > most and rest.get("outputs"):
            left_out = len(rest["outputs"])
            text = json.dumps({**rest, "outputs": []}, separators=(",", ":"))
        if len(text) > REST_CHARACTERS:
            return None, left_out
        self._left = max(0, self._left - len(text))
        return text, left_out


def _source(cell: Cell | None) -> str | None:
    return None if cell is None else cell.source
