"""Refusing an index at which the session saw another cell than there is now."""

from __future__ import annotations

from itertools import chain
from typing import TypedDict

from jmcp.core.notices import CellElsewhere, CellGone
from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.session import Session
from jmcp_api import phrases
from jmcp_api.errors import CellChanged
from jmcp_handlers.support.outputs.output_results import clip

AROUND = 5
"""Cells that a refusal lists on each side of a cell that is not the one that the session saw."""
LISTED_CELLS = 60
"""Cells that a refusal lists beside those at the indices in question."""
LINE_CHARACTERS = 60
"""Characters of a cell's first line in the list of a refusal."""
SOURCE_CHARACTERS = 4_000
"""Characters of the present cell's source in the details of a refusal."""


class PlaceDetails(TypedDict):
    """What a refusal tells a program of an index: the cell that is there now, and where the cell is
    that the session saw there; None for a cell that does not exist."""

    index: int
    cell_id: str | None
    seen_index: int | None
    seen_cell_id: str | None


def refuse_elsewhere(cells: Cells, view: CallView, *indices: int) -> None:
    """Raise cell_changed where the session saw other cells at these indices than there are now.

    The refusal lists the cells that are there and around them, so that the same call can be made
    again.
    """
    wrong = [index for index in indices if view.saw_another(cells, index)]
    if not wrong:
        return
    seen = {index: view.seen_at(cells, index) for index in wrong}
    listed = _around(cells, wrong)
    view.refuse_with(cells, *(cell for cell in listed if _first_line(cell) == cell.source))
    view.record_places(*listed, *(cell for cell in seen.values() if cell is not None))
    if max(wrong) >= len(cells):
        view.record_end(len(cells))
    first = cells.get(wrong[0]) if wrong[0] < len(cells) else None
    raise CellChanged.elsewhere(
        named=[_sentence(index, cell) for index, cell in seen.items()],
        listing="\n".join(_line(cell) for cell in listed),
        cell_index=wrong[0],
        cell_id=first.cell_id if first is not None else None,
        source=clip(first.source, 0, SOURCE_CHARACTERS)[0] if first is not None else "",
        diff=None,
        places=[_details(cells, index, cell) for index, cell in seen.items()],
    )


def tell_elsewhere(cells: Cells, view: CallView, session: Session, index: int) -> None:
    """Tell a session that reads the cell at that index where the cell is now that it saw there."""
    if not view.saw_another(cells, index):
        return
    seen = view.seen_at(cells, index)
    if seen is None:
        session.notice(CellGone(index=index))
        return
    view.record_places(seen)
    session.notice(CellElsewhere(index=index, now=seen.index))


def _around(cells: Cells, indices: list[int]) -> list[Cell]:
    """The cells at these indices and as many beside them as a list has room for, in their order."""
    windows = (range(index - AROUND, index + AROUND + 1) for index in indices)
    beside = dict.fromkeys(place for place in chain(*windows) if 0 <= place < len(cells))
    there = (index for index in indices if index < len(cells))
    return [cells.get(index) for index in sorted({*there, *[*beside][:LISTED_CELLS]})]


def _sentence(index: int, now: Cell | None) -> str:
    if now is None:
        return phrases.seen_gone(index=index)
    if now.cell_id is None:
        return phrases.seen_elsewhere_without_id(index=index, now=now.index)
    return phrases.seen_elsewhere(index=index, now=now.index, cell_id=now.cell_id)


def _details(cells: Cells, index: int, now: Cell | None) -> PlaceDetails:
    return {
        "index": index,
        "cell_id": cells.get(index).cell_id if index < len(cells) else None,
        "seen_index": now.index if now is not None else None,
        "seen_cell_id": now.cell_id if now is not None else None,
    }


def _line(cell: Cell) -> str:
    return phrases.listed_cell(
        index=cell.index,
        cell_id=cell.cell_id or "",
        cell_type=cell.cell_type,
        line=_first_line(cell),
    )


def _first_line(cell: Cell) -> str:
    return cell.source.partition("\n")[0][:LINE_CHARACTERS]
