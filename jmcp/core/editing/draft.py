"""A notebook as edits that are only planned would leave it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from jmcp.core.ports import Cell, Cells, CellType, Output, StoredCell

CELL_BYTES = 200
"""What a cell takes in a file beside its source and its outputs."""

Step = Callable[[Cells], object]


@dataclass(slots=True, kw_only=True)
class DraftCell:
    """A cell as planned edits would leave it. `cell_id` is None below nbformat 4.5; `blank`: it has
    neither outputs nor an execution count."""

    cell_id: str | None
    cell_type: CellType
    source: str
    blank: bool = True


class Draft:
    """Plans edits of cells one on top of the other, to make all of them or none.

    `apply` makes them in the cells that the draft was made of, provided that nobody edited these
    meanwhile: call it before anything is awaited. `growth` is by how many bytes the notebook's file
    gets larger, about.
    """

    def __init__(self, cells: Cells) -> None:
        self.cells = [_drafted(cell) for cell in (cells.get(index) for index in range(len(cells)))]
        self.growth = 0
        self._steps: list[Step] = []

    def copy(self) -> Draft:
        """Another plan that begins with the same cells, for one that nothing was planned in."""
        other = Draft.__new__(Draft)
        other.cells = [
            DraftCell(
                cell_id=one.cell_id, cell_type=one.cell_type, source=one.source, blank=one.blank
            )
            for one in self.cells
        ]
        other.growth, other._steps = 0, []
        return other

    def find(self, cell_id: str | None) -> int | None:
        """The index of the first cell with that id."""
        if cell_id is None:
            return None
        return next((at for at, one in enumerate(self.cells) if one.cell_id == cell_id), None)

    def beside(self, index: int) -> tuple[str | None, str | None]:
        """The ids of the cells above and below the one at that index."""
        above = self.cells[index - 1].cell_id if index > 0 else None
        below = self.cells[index + 1].cell_id if index + 1 < len(self.cells) else None
        return above, below

    def insert(self, index: int, cell: DraftCell) -> None:
        """Plan a new cell, which gets that id."""
        self.cells.insert(index, cell)
        self.growth += CELL_BYTES + _size(cell.source)
        # What the cell is at this moment: later steps change it on their own.
        kind, source = cell.cell_type, cell.source
        self._steps.append(lambda cells: cells.insert(index, kind, source, cell_id=cell.cell_id))

    def restore(self, index: int, stored: StoredCell) -> None:
        """Plan to put a whole cell back."""
        self.growth += _size(stored)
        self.cells.insert(
            index,
            DraftCell(
                cell_id=stored.get("id"),
                cell_type=stored["cell_type"],
                source=stored["source"],
                blank=not stored.get("outputs") and stored.get("execution_count") is None,
            ),
        )
        self._steps.append(lambda cells: cells.restore(index, stored))

    def set_source(self, index: int, source: str) -> None:
        self.growth += _size(source) - _size(self.cells[index].source)
        self.cells[index].source = source
        self._steps.append(lambda cells: cells.set_source(index, source))

    def set_type(self, index: int, cell_type: CellType) -> None:
        """Plan another type for a cell: its outputs go, its id, source and metadata stay."""
        self.cells[index].cell_type = cell_type
        self.cells[index].blank = True
        self._steps.append(partial(change_type, index=index, cell_type=cell_type))

    def clear_outputs(self, index: int) -> None:
        self.cells[index].blank = True
        self._steps.append(lambda cells: cells.clear_outputs(index))

    def put_outputs(
        self, index: int, outputs: Sequence[Output], execution_count: int | None
    ) -> None:
        """Plan these outputs in place of those that the cell has."""
        if not self.cells[index].blank:
            self.clear_outputs(index)
        self.growth += _size(outputs)
        self.cells[index].blank = not outputs and execution_count is None
        self._steps.append(lambda cells: cells.put_outputs(index, outputs, execution_count))

    def delete(self, index: int) -> None:
        self.growth -= CELL_BYTES + _size(self.cells[index].source)
        del self.cells[index]
        self._steps.append(lambda cells: cells.delete(index))

    def move(self, index: int, to: int) -> None:
        """Plan a move after which the cell's index is `to`."""
        self.cells.insert(to, self.cells.pop(index))
        self._steps.append(lambda cells: cells.move(index, to))

    def apply(self, cells: Cells) -> None:
        """Make what was planned. Raises NotebookTooLarge, and then nothing was made."""
        if self.growth > 0:
            cells.check_growth(self.growth)
        for step in self._steps:
            step(cells)


def _drafted(cell: Cell) -> DraftCell:
    return DraftCell(
        cell_id=cell.cell_id,
        cell_type=cell.cell_type,
        source=cell.source,
        blank=not cell.output_count and cell.execution_count is None,
    )


def _size(value: Any) -> int:
    """Bytes of a value in a file, which has text as JSON."""
    return len(json.dumps(value))


def change_type(cells: Cells, index: int, cell_type: CellType) -> None:
    """Give a cell another type. A shared document takes that as another cell with the same id."""
    stored = cells.stored(index)
    kept = {
        name: value
        for name, value in stored.items()
        if name not in ("outputs", "execution_count", "attachments")
    }
    kept["cell_type"] = cell_type
    if cell_type == "code":
        kept |= {"execution_count": None, "outputs": []}
    elif "attachments" in stored:
        kept["attachments"] = stored["attachments"]
    cells.delete(index)
    cells.restore(index, kept)
