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
from jmcp_handlers.support.output_results import clip

AROUND = 5
"""Cells listed on each side of one that is another one now."""
LISTED_CELLS = 60
"""Cells that a refusal lists, beside those at the indices that it is about."""
LINE_CHARACTERS = 60
"""Of a cell's first line in that list."""
SOURCE_CHARACTERS = 4_000
"""Of the source of the cell that is there now, in the details."""


class PlaceDetails(TypedDict):
    """An index that means another cell now, as a program gets it: the cell that is there, and where
    the one is that was; None for one that is nowhere."""

    index: int
    cell_id: str | None
    seen_index: int | None
    seen_cell_id: str | None


def refuse_elsewhere(cells: Cells, view: CallView, *indices: int) -> None:
    """Raise cell_changed where the session saw other cells at these indices than there are now.

    The refusal is a listing of what is there and around: the same call may then be made again.
    """
    wrong = [index for index in indices if view.saw_another(cells, index)]
    if not wrong:
        return
    seen = {index: view.seen_at(cells, index) for index in wrong}
    listed = _around(cells, wrong)
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
    """Tell a session that reads the cell at that index where the one is that it saw there."""
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
        line=cell.source.partition("\n")[0][:LINE_CHARACTERS],
    )
