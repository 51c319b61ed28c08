"""Where the cells of earlier edits are, or go, in the notebook as it is now."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.editing.published_cells import beside
from jmcp.core.journal.entries import Entry
from jmcp.core.ports import Cells


class Places:
    """Where the cells of entries are, or go, in the document as it is now.

    Below nbformat 4.5 ids are lost with the edit that brought them (`has_ids` False): there the
    order is all there is, and it counts only in a document of as many cells as then.
    """

    def __init__(self, cells: Cells, entries: Sequence[Entry], has_ids: bool) -> None:
        self._cells = cells
        self._has_ids = has_ids
        # The neighbours that cells had when they were last seen: of those that came and went
        # without the document's ever being saved, nothing else is left.
        self._neighbours = {
            entry.cell_id: entry.was if entry.change == "delete" else entry.now
            for entry in entries
            if entry.change in ("insert", "move", "delete")
        }

    def of(self, entry: Entry) -> int | None:
        """The index of the entry's cell."""
        if self._has_ids:
            return self._find(entry.cell_id)
        there = entry.count == len(self._cells) and entry.index < len(self._cells)
        return entry.index if there else None

    def insertion(self, entry: Entry) -> int | None:
        """The index at which the entry's cell was inserted: beside a neighbour of then, and if
        there is none any more where it was: a cell in the wrong place is better than none."""
        if not self._has_ids:
            return entry.index if entry.count == len(self._cells) else None
        beside = self._between(entry.now)
        return min(entry.index, len(self._cells)) if beside is None else beside

    def target(self, entry: Entry, at: int) -> int | None:
        """The index that a moved cell gets, if it is beside a neighbour of before still."""
        if not self._has_ids:
            return entry.to
        before, after = beside(self._cells, at)
        if before != entry.was[0] and after != entry.was[1]:
            return None
        gap = self._between(entry.now)
        return gap - 1 if gap is not None and gap > at else gap

    def _between(self, neighbours: tuple[str | None, str | None]) -> int | None:
        """The index behind the cell that was before, or else of the one that was after."""
        before = self._anchor(neighbours[0], 0)
        return before + 1 if before is not None else self._anchor(neighbours[1], 1)

    def _anchor(self, cell_id: str | None, side: int) -> int | None:
        """The index of a cell, or of the next one on that side of where it was.

        No cell is the edge of the notebook: -1 before the first one, the count after the last.
        """
        seen = set()
        while cell_id is not None:
            at = self._find(cell_id)
            if at is not None:
                return at
            if cell_id in seen or cell_id not in self._neighbours:
                return None
            seen.add(cell_id)
            cell_id = self._neighbours[cell_id][side]
        return (-1, len(self._cells))[side]

    def _find(self, cell_id: str | None) -> int | None:
        return self._cells.find(cell_id) if cell_id is not None else None
