"""Where in the history of its edits a document is, if nobody else has changed it.

A file is what its document was at one moment: after the first so many edits, and before the rest.
Which moment that was the entries tell, since each has what it found and what it left.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from jmcp.core.journal.entries import Entry
from jmcp.core.ports import Cells

MOST_STEPS = 50_000
"""Cells and entries that are compared to find the moment: some 50 milliseconds. A history in which
the same texts come back has many moments that look right at first."""


def reached(cells: Cells, entries: Sequence[Entry]) -> int | None:
    """After how many of the entries, oldest first, the document is exactly; the most that fit.

    None where it is at no moment of that history, because somebody else changed it, or where
    finding it would take too long.
    """
    here = _State(cells)
    most = max(MOST_STEPS, len(cells) + len(entries))
    steps = 0
    for count in range(len(entries), -1, -1):
        made, missing = entries[:count], entries[count:]
        if made and not here.fits(made[-1], back=True):
            continue
        if missing and not here.fits(missing[0]):
            continue
        steps += len(cells) + len(entries)
        if steps > most:
            return None
        if here.leads(reversed(made), back=True) and here.leads(missing):
            return count
    return None


def put(cells: Cells, index: int, entry: Entry) -> None:
    """Insert the cell that the entry says was inserted, whole where it had been put back."""
    whole = entry.whole()
    if whole is not None:
        cells.restore(index, whole)
    else:
        kind = entry.cell_type or "code"
        cells.insert(index, kind, entry.after or "", cell_id=entry.cell_id)


def replay(cells: Cells, entries: Sequence[Entry]) -> None:
    """Make these edits again, in a document that is where the first of them found it.

    Of a cell's sources the last one is enough.
    """
    last = {entry.cell_id: at for at, entry in enumerate(entries) if entry.change == "set_source"}
    for at, entry in enumerate(entries):
        if entry.change == "set_source" and last[entry.cell_id] != at:
            continue
        match entry.change:
            case "insert":
                put(cells, entry.index, entry)
            case "set_source":
                cells.set_source(entry.index, entry.after or "")
            case "delete":
                cells.delete(entry.index)
            case "move":
                cells.move(entry.index, _target(entry))
            case "set_kernelspec":
                cells.set_kernelspec(*json.loads(entry.after or "[]"))


class _State:
    """A document as entries see it: the ids of its cells in order, their sources, the kernelspec."""

    def __init__(self, cells: Cells) -> None:
        found = [cells.get(index) for index in range(len(cells))]
        self.ids = [cell.cell_id for cell in found]
        self.sources = {cell.cell_id: cell.source for cell in found}
        self.kernelspec = cells.kernelspec()

    def leads(self, entries: Iterable[Entry], *, back: bool = False) -> bool:
        """Whether these follow from here one after the other; back, whether they led here."""
        state = _State.__new__(_State)
        state.ids, state.sources = [*self.ids], {**self.sources}
        state.kernelspec = self.kernelspec
        for entry in entries:
            if not state.fits(entry, back=back):
                return False
            state.take(entry, back=back)
        return True

    def fits(self, entry: Entry, *, back: bool = False) -> bool:
        """Whether everything is as the entry found it; back, as it left it."""
        found = entry.after if back else entry.before
        count = len(self.ids) - entry.count
        match entry.change:
            case "set_kernelspec":
                return self.kernelspec == _kernelspec(found)
            case "set_source":
                return count == 0 and self._has(entry, entry.index, found)
            case "move":
                at = _target(entry) if back else entry.index
                return count == 0 and self._has(entry, at, None)
            case "insert" | "delete" if (entry.change == "insert") is back:
                return count == back and self._has(entry, entry.index, found)
        return count == -back and entry.cell_id is not None and entry.cell_id not in self.sources

    def take(self, entry: Entry, *, back: bool = False) -> None:
        """Make a change that fits; back, take it back."""
        left = entry.before if back else entry.after
        match entry.change:
            case "set_kernelspec":
                self.kernelspec = _kernelspec(left)
            case "set_source":
                self.sources[entry.cell_id] = left or ""
            case "move":
                self.ids.remove(entry.cell_id)
                self.ids.insert(entry.index if back else _target(entry), entry.cell_id)
            case "insert" | "delete" if (entry.change == "insert") is back:
                self.ids.pop(entry.index)
                self.sources.pop(entry.cell_id, None)
            case _:
                self.ids.insert(entry.index, entry.cell_id)
                self.sources[entry.cell_id] = left or ""

    def _has(self, entry: Entry, index: int, source: str | None) -> bool:
        """Whether the entry's cell is at that index, with that source (None for any)."""
        cell_id = entry.cell_id
        there = cell_id is not None and index < len(self.ids) and self.ids[index] == cell_id
        return there and (source is None or self.sources.get(cell_id) == source)


def _target(entry: Entry) -> int:
    return entry.index if entry.to is None else entry.to


def _kernelspec(kept: str | None) -> str | None:
    """The name, of one that is kept as a name or with all of its arguments."""
    if kept is None or not kept.startswith("["):
        return kept
    name: str = json.loads(kept)[0]
    return name
