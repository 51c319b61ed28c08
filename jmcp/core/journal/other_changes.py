"""What was changed in a notebook beside what the journal has: by people, or by other programs.

Nobody says who did that, or when. What is known is the difference between the notebook as it is and
as the edits of the journal would have made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jmcp.core.editing.order import moved
from jmcp.core.journal.entries import Entry
from jmcp.core.ports import Cell, Cells


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherChange:
    """What became of one cell. Sources are None where the cell was not there, or did not change."""

    cell_id: str
    change: Literal["inserted", "edited", "deleted", "moved"]
    before: str | None = None
    after: str | None = None


def by_others(before: Sequence[Cell], entries: Sequence[Entry], cells: Cells) -> list[OtherChange]:
    """What others made of a notebook that was `before`, and that the entries, oldest first, were
    made in since. Nothing where cells have no ids."""
    now = [cells.get(index) for index in range(len(cells))]
    if any(cell.cell_id is None for cell in (*before, *now)):
        return []
    expected = {str(cell.cell_id): cell.source for cell in before}
    found = _between(expected, entries)
    sources = {str(cell.cell_id): cell.source for cell in now}
    for cell_id, source in sources.items():
        was = expected.get(cell_id)
        if was is None:
            found.append(OtherChange(cell_id=cell_id, change="inserted", after=source))
        elif was != source:
            found.append(OtherChange(cell_id=cell_id, change="edited", before=was, after=source))
    for cell_id, was in expected.items():
        if cell_id not in sources:
            found.append(OtherChange(cell_id=cell_id, change="deleted", before=was))
    return found + _moved(before, entries, now)


def _between(expected: dict[str, str], entries: Sequence[Entry]) -> list[OtherChange]:
    """What entries found that was not as those before had left it. Has `expected` as they leave
    it."""
    found = []
    for entry in entries:
        cell_id = entry.cell_id or ""
        if entry.change in ("set_source", "delete"):
            was, there = expected.pop(cell_id, None), entry.before or ""
            if was is None:
                found.append(OtherChange(cell_id=cell_id, change="inserted", after=there))
            elif was != there:
                found.append(OtherChange(cell_id=cell_id, change="edited", before=was, after=there))
        if entry.change in ("set_source", "insert"):
            expected[cell_id] = entry.after or ""
    return found


def _moved(
    before: Sequence[Cell], entries: Sequence[Entry], now: Sequence[Cell]
) -> list[OtherChange]:
    placed = {entry.cell_id for entry in entries if entry.change in ("move", "insert", "delete")}
    places = {cell.cell_id: cell.index for cell in before if cell.cell_id not in placed}
    there = [cell.cell_id for cell in now if cell.cell_id in places]
    dragged = sorted(moved([places[one] for one in there]))
    return [OtherChange(cell_id=str(there[at]), change="moved") for at in dragged]
