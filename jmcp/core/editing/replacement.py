"""Giving a notebook the cells of another content, by few edits: what stays is not touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from jmcp.core.editing.order import moved
from jmcp.core.ports import Cells, Output, StoredCell

Replaced = Literal["inserted", "deleted", "edited", "moved", "retyped", "outputs_restored"]
SHOWN = ("outputs", "execution_count")
"""What a run changes of a cell."""


class Replacement:
    """Plans it, for cells that nobody edits before `apply`.

    Cells are the same where they have the same id; where an id is not there, or several have it,
    they are others. Cells that are `running` keep what they show. `done` has, by id, what becomes of
    each cell that does not stay as it is; None stands for what gets an id of its own.
    """

    def __init__(
        self, cells: Cells, wanted: Sequence[StoredCell], running: Collection[str] = ()
    ) -> None:
        self._cells = cells
        self._running = running
        count = Counter(cell.get("id") for cell in wanted)
        self._wanted = [_plain(cell, keep_id=count[cell.get("id")] == 1) for cell in wanted]
        there = [cells.get(index) for index in range(len(cells))]
        ids = {one.get("id") for one in self._wanted} - {None}
        kept = [cell for cell in there if _is_named(cells, cell.index) and cell.cell_id in ids]
        places = {one.get("id"): at for at, one in enumerate(self._wanted)}
        dragged = moved([places[cell.cell_id] for cell in kept])
        self._dragged = {kept[at].cell_id for at in dragged}
        names = {cell.cell_id for cell in kept}
        self._deleted = [
            cell.index
            for cell in there
            if cell.cell_id not in names or not _is_named(cells, cell.index)
        ]
        self.done: list[tuple[str | None, Replaced]] = []

    def apply(self) -> None:
        cells = self._cells
        for index in reversed(self._deleted):
            self.done.append((cells.get(index).cell_id, "deleted"))
            cells.delete(index)
        above = -1
        for wanted in self._wanted:
            cell_id = wanted.get("id")
            at = cells.find(cell_id) if cell_id is not None else None
            if at is None:
                above += 1
                self.done.append((cells.restore(above, wanted).cell_id, "inserted"))
                continue
            if cell_id in self._dragged:
                to = above + 1 if at > above else above
                cells.move(at, to)
                self.done.append((cell_id, "moved"))
                at = to
            self._bring(at, wanted)
            above = at

    def _bring(self, at: int, wanted: StoredCell) -> None:
        """Have the cell at that index be as wanted."""
        cells, cell_id = self._cells, wanted.get("id")
        stored = _plain(cells.stored(at), keep_id=True)
        if _frame(stored) != _frame(wanted):
            cells.delete(at)
            cells.restore(at, wanted)
            retyped = stored["cell_type"] != wanted["cell_type"]
            self.done.append((cell_id, "retyped" if retyped else "edited"))
            return
        if stored["source"] != wanted["source"]:
            cells.set_source(at, wanted["source"])
            self.done.append((cell_id, "edited"))
        if wanted["cell_type"] != "code" or cell_id in self._running:
            return
        shown = _shown(wanted)
        if _shown(stored) != shown:
            cells.clear_outputs(at)
            if shown != ([], None):
                cells.put_outputs(at, *shown)
            self.done.append((cell_id, "outputs_restored"))


def _is_named(cells: Cells, index: int) -> bool:
    cell_id = cells.get(index).cell_id
    return cell_id is not None and cells.find(cell_id) == index


def _plain(cell: StoredCell, *, keep_id: bool) -> dict[str, Any]:
    """A cell without the mark of trust that Jupyter adds while reading."""
    metadata = {name: value for name, value in cell["metadata"].items() if name != "trusted"}
    plain = {**cell, "metadata": metadata}
    if not keep_id or not plain.get("id"):
        plain.pop("id", None)
    return plain


def _shown(cell: StoredCell) -> tuple[Sequence[Output], int | None]:
    return [*(cell.get("outputs") or ())], cell.get("execution_count")


def _frame(cell: Mapping[str, Any]) -> dict[str, Any]:
    """All but the source and what a run changes."""
    return {name: cell[name] for name in cell if name not in ("source", *SHOWN)}
