"""What a notebook held at a moment, as far as changes are told of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from jmcp.core.ports import Cell, Cells


class CellState(NamedTuple):
    """One cell. `source` is a hash, which Python keeps with the text."""

    source: int
    cell_type: str
    execution_count: int | None
    output_count: int
    ename: str | None

    @property
    def held(self) -> tuple[int, str]:
        """What an edit changes; the rest is what a run changes."""
        return self.source, self.cell_type


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookState:
    """All cells by id, in their order. One without an id is named after its index."""

    cells: Mapping[str, CellState] = field(default_factory=dict)

    @classmethod
    def of(cls, cells: Cells) -> NotebookState:
        every = (cells.get(index) for index in range(len(cells)))
        return cls(cells={name(cell): _state(cell) for cell in every})

    def changed_since(self, before: NotebookState) -> set[str]:
        """The cells that hold or show something else, or were not there, or are not."""
        names = self.cells.keys() | before.cells.keys()
        return {one for one in names if self.cells.get(one) != before.cells.get(one)}

    def moved_since(self, before: NotebookState, ignored: set[str]) -> bool:
        """Whether the cells that both have stand in another order, some of them aside."""
        common = (self.cells.keys() & before.cells.keys()) - ignored
        return [one for one in self.cells if one in common] != [
            one for one in before.cells if one in common
        ]


GONE = NotebookState()
"""That of a notebook that is not there."""


def name(cell: Cell) -> str:
    """What a state calls a cell; no id begins so."""
    return cell.cell_id if cell.cell_id is not None else f"#{cell.index}"


def _state(cell: Cell) -> CellState:
    return CellState(
        source=hash(cell.source),
        cell_type=cell.cell_type,
        execution_count=cell.execution_count,
        output_count=cell.output_count,
        ename=cell.ename,
    )
