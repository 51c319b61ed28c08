"""Which cell a call means, and how cells are listed."""

from __future__ import annotations

from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.readings.call_view import CallView
from jmcp_api import limits
from jmcp_api.errors import CellNotFound, InvalidArguments
from jmcp_api.models import CellOutline
from jmcp_handlers.support.cell_states import CellStates
from jmcp_handlers.support.outputs.output_results import clipped
from jmcp_handlers.support.pages import fitting
from jmcp_handlers.support.places import refuse_elsewhere
from jmcp_handlers.support.sources import shown_source

FIRST_LINE_CHARACTERS = 100
"""Characters of a cell's first line in a listing: enough to recognise a cell, cheap for a thousand
of them."""
NEIGHBOURS = 5
"""Cells that are listed on each side of a change."""


def checked(cells: Cells, cell_index: int, name: str = "cell_index") -> int:
    """The same index. Raises cell_not_found when no cell has it."""
    count = len(cells)
    if count == 0:
        raise CellNotFound.no_cells(param=name, index=cell_index, cell_count=0)
    if not 0 <= cell_index < count:
        raise CellNotFound.index(param=name, index=cell_index, cell_count=count, last=count - 1)
    return cell_index


def identified(cells: Cells, view: CallView, cell_id: str) -> int:
    """The index of the cell with that id. Raises cell_not_found."""
    found = cells.find(cell_id)
    if found is None:
        raise not_found(cells, view, cell_id)
    return found


def not_found(cells: Cells, view: CallView, cell_id: str) -> CellNotFound:
    """Why no cell has that id."""
    count = len(cells)
    if count and cells.get(0).cell_id is None:
        return CellNotFound.no_ids(cell_id=cell_id, cell_count=count)
    if view.had_read(cell_id):
        return CellNotFound.deleted(cell_id=cell_id, cell_count=count)
    return CellNotFound.id(cell_id=cell_id, cell_count=count)


def locate(
    cells: Cells,
    view: CallView,
    cell_index: int | None,
    cell_id: str | None,
    names: tuple[str, str] = ("cell_index", "cell_id"),
) -> int:
    """The index of the cell that a call names by index or id, or by both where they agree.

    `names` are those of the two params. Raises cell_not_found, cell_changed for an index at which
    the session saw another cell, and invalid_arguments.
    """
    if cell_id is not None:
        return agreed(cells, view, identified(cells, view, cell_id), cell_index, cell_id, names)
    assert cell_index is not None  # dispatch has checked that one is given
    refuse_elsewhere(cells, view, cell_index)
    return checked(cells, cell_index, names[0])


def named(
    cells: Cells, view: CallView, by_index: list[int] | None, by_id: list[str] | None
) -> list[int]:
    """The indices of several cells, which a call names in one way, or in both ways alike. Raises as
    `locate`."""
    found = [locate(cells, view, None, cell_id) for cell_id in by_id or ()]
    if by_index is not None and set(by_index) != set(found):
        refuse_elsewhere(cells, view, *by_index)
        if by_id is not None:
            raise InvalidArguments.disagree_on_cells()
        found = [checked(cells, index, "cell_indices:") for index in by_index]
    return found


def agreed(
    cells: Cells,
    view: CallView,
    at: int,
    index: int | None,
    cell_id: str,
    names: tuple[str, str],
) -> int:
    """`at`, which the id names, unless an index that was given beside it names something else."""
    if index in (None, at):
        return at
    refuse_elsewhere(cells, view, index)
    index_param, id_param = names
    raise InvalidArguments.disagree(
        index_param=index_param, index=index, id_param=id_param, cell_id=cell_id, now=at
    )


def position(
    cells: Cells, view: CallView, cell_index: int | None, after_cell_id: str | None
) -> int:
    """Where an inserted cell goes: an index from 0 to the number of cells, or -1 for the end.
    Raises as `locate`, of an index after the last cell that was seen for that one."""
    if after_cell_id is not None:
        at = identified(cells, view, after_cell_id) + 1
        index = len(cells) if cell_index == -1 else cell_index
        return agreed(cells, view, at, index, after_cell_id, ("cell_index", "after_cell_id"))
    if cell_index is None or cell_index == -1:
        return len(cells)
    refuse_elsewhere(cells, view, cell_index if view.saw_any(cell_index) else cell_index - 1)
    if cell_index > len(cells):
        raise CellNotFound.insertion(index=cell_index, cell_count=len(cells))
    return cell_index


def first_line(source: str) -> str:
    """The first line of a source, cut where a listing cuts it."""
    first = source.partition("\n")[0]
    if len(first) > FIRST_LINE_CHARACTERS:
        return first[: FIRST_LINE_CHARACTERS - 1] + "…"
    return first


def row(cell: Cell, *, source: bool = False, states: CellStates | None = None) -> CellOutline:
    """One line of a listing, with the cell's state where `states` says it."""
    state, ename = states.of(cell) if states is not None else (None, None)
    rest = cell.source.partition("\n")[2]
    line_count = 1 + rest.count("\n") + 1 if rest else 1
    return CellOutline(
        cell_index=cell.index,
        cell_id=cell.cell_id,
        cell_type=cell.cell_type,
        execution_count=cell.execution_count,
        line_count=line_count,
        first_line=first_line(cell.source),
        state=state,
        ename=ename,
        source=shown_source(cell.source, limits.RESULT_CHARACTERS)[0] if source else None,
    )


def outline(
    cells: Cells,
    view: CallView,
    start: int,
    limit: int,
    *,
    source: bool = False,
    states: CellStates | None = None,
) -> list[CellOutline]:
    """The listing of a page of cells. One that is no longer than its first line is read with it."""
    found = (cells.get(index) for index in range(start, min(start + limit, len(cells))))
    if source:
        page = fitting(((cell, len(cell.source)) for cell in found), limits.RESULT_CHARACTERS)
    else:
        page = fitting((cell, min(len(cell.source), FIRST_LINE_CHARACTERS)) for cell in found)
    stop = start + len(page)
    for cell in page:
        if source:
            view.record_part(cells, cell, clipped(cell.source, 0, limits.RESULT_CHARACTERS))
        elif first_line(cell.source) == cell.source:
            view.record_read(cells, cell)
    view.record_places(*page)
    if stop == len(cells):
        view.record_end(stop)
    return [row(cell, source=source, states=states) for cell in page]


def neighbours(cells: Cells, view: CallView, around: int) -> list[CellOutline]:
    """The listing of the cells next to a change."""
    start = max(0, around - NEIGHBOURS)
    return outline(cells, view, start, around + NEIGHBOURS + 1 - start)
