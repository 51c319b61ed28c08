"""Which cell a call means, and how cells are listed."""

from __future__ import annotations

from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.call_view import CallView
from jmcp_api.errors import CellNotFound
from jmcp_api.models import CellOutline

FIRST_LINE_CHARACTERS = 100
"""Of a first line in a listing; enough to recognise a cell, cheap at a thousand of them."""
NEIGHBOURS = 5
"""Cells shown on each side of a change."""


def _range(cells: Cells) -> str:
    count = len(cells)
    if count == 0:
        return "the notebook has no cells"
    return f"the notebook has {count} cell{'s' if count > 1 else ''} (0 to {count - 1})"


def checked(cells: Cells, cell_index: int, name: str = "cell_index") -> int:
    """The same index. Raises cell_not_found when no cell has it."""
    if not 0 <= cell_index < len(cells):
        raise CellNotFound(
            f"{name} {cell_index}, but {_range(cells)}. read_notebook lists them.",
            cell_count=len(cells),
        )
    return cell_index


def identified(cells: Cells, view: CallView, cell_id: str) -> int:
    """The index of the cell with that id. Raises cell_not_found: an id never falls back."""
    found = cells.find(cell_id)
    if found is None:
        hint = "read_notebook lists the ids."
        if len(cells) and cells.get(0).cell_id is None:
            hint = (
                "This notebook's format (below 4.5) has no ids until its first edit; "
                "use cell_index until then."
            )
        fact = f"No cell has the id {cell_id!r}"
        if view.had_read(cell_id):
            fact += ": somebody deleted it since this session read it"
        raise CellNotFound(f"{fact}; {_range(cells)}. {hint}", cell_count=len(cells))
    return found


def locate(cells: Cells, view: CallView, cell_index: int | None, cell_id: str | None) -> int:
    """The index of the cell that a call names by index or id."""
    if cell_id is not None:
        return identified(cells, view, cell_id)
    assert cell_index is not None  # dispatch has checked that exactly one is given
    return checked(cells, cell_index)


def position(
    cells: Cells, view: CallView, cell_index: int | None, after_cell_id: str | None
) -> int:
    """Where an inserted cell goes: an index from 0 to the number of cells, or -1 for the end."""
    if after_cell_id is not None:
        return identified(cells, view, after_cell_id) + 1
    if cell_index is None or cell_index == -1:
        return len(cells)
    if cell_index > len(cells):
        raise CellNotFound(
            f"cell_index {cell_index}, but a cell can be inserted at 0 to {len(cells)}, "
            "or at -1 for the end.",
            cell_count=len(cells),
        )
    return cell_index


def first_line(source: str) -> str:
    """The first line of a source, cut where a listing cuts it."""
    first = source.partition("\n")[0]
    if len(first) > FIRST_LINE_CHARACTERS:
        return first[: FIRST_LINE_CHARACTERS - 1] + "…"
    return first


def row(cell: Cell, *, source: bool = False) -> CellOutline:
    """One line of a listing."""
    rest = cell.source.partition("\n")[2]
    line_count = 1 + rest.count("\n") + 1 if rest else 1
    return CellOutline(
        cell_index=cell.index,
        cell_id=cell.cell_id,
        cell_type=cell.cell_type,
        execution_count=cell.execution_count,
        line_count=line_count,
        first_line=first_line(cell.source),
        source=cell.source if source else None,
    )


def outline(
    cells: Cells, view: CallView, start: int, limit: int, *, source: bool = False
) -> list[CellOutline]:
    """The listing of a page of cells. One that is no longer than its first line is read with it."""
    stop = min(start + limit, len(cells))
    page = [cells.get(index) for index in range(start, stop)]
    whole = (cell for cell in page if source or first_line(cell.source) == cell.source)
    view.record_read(cells, *whole)
    return [row(cell, source=source) for cell in page]


def neighbours(cells: Cells, view: CallView, around: int) -> list[CellOutline]:
    """The listing of the cells next to a change."""
    start = max(0, around - NEIGHBOURS)
    return outline(cells, view, start, around + NEIGHBOURS + 1 - start)
