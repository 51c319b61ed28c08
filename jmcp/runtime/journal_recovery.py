"""Making edits again that a document lost, wherever nobody else changed what they are about.

A notebook's pending entries are told apart by their subject: a cell's being there and its source,
a cell's place, the kernelspec. The entries of one subject are a chain of states; the state in which
the document is tells which of them it has. The rest is made again, in the order of all, as long as
each finds what it found the first time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from jmcp.runtime.backend import Cells
from jmcp.runtime.journal import Entry
from jmcp.runtime.journaled_cells import around

Subject = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of entries: the document has them, has them again, or cannot have them."""

    present: list[Entry] = field(default_factory=list)
    repeated: list[Entry] = field(default_factory=list)
    conflicted: list[Entry] = field(default_factory=list)


def recover(cells: Cells, entries: Sequence[Entry], lost: Callable[[Entry], bool]) -> Recovered:
    """Bring the document to where the entries, oldest first, had it.

    `lost` says whether the document can lack the entry because it was never saved; otherwise
    somebody undid it.
    """
    recovered = Recovered()
    has_ids = len(cells) == 0 or cells.get(0).cell_id is not None
    had = _present(cells, entries) if has_ids else set()
    places = Places(cells, entries, has_ids)
    broken: set[Subject] = set()
    for entry in entries:
        subject = _subject(entry)
        if entry.number in had or _there(cells, entry, has_ids):
            recovered.present.append(entry)
        elif subject not in broken and lost(entry) and _repeat(cells, entry, places):
            recovered.repeated.append(entry)
        else:
            # What follows in this chain was made on top of it.
            broken.add(subject)
            recovered.conflicted.append(entry)
    return recovered


def _there(cells: Cells, entry: Entry, has_ids: bool) -> bool:
    """Whether an inserted cell is there, whatever others have made of it."""
    inserted = entry.change == "insert" and has_ids and entry.cell_id is not None
    return inserted and cells.find(entry.cell_id or "") is not None


def _subject(entry: Entry) -> Subject:
    kind = entry.change if entry.change in ("move", "set_kernelspec") else "cell"
    return kind, entry.cell_id


def _present(cells: Cells, entries: Sequence[Entry]) -> set[int]:
    """The numbers of the entries that the document has."""
    chains: defaultdict[Subject, list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[_subject(entry)].append(entry)
    found: set[int] = set()
    for subject, chain in chains.items():
        current = _current(cells, subject)
        found.update(entry.number for entry in chain[: _reached(chain, current)])
    return found


def _reached(chain: Sequence[Entry], current: Any) -> int:
    """How many entries of the chain the document has; the latest state that fits counts."""
    for count in range(len(chain), -1, -1):
        if count and _after(chain[count - 1]) == current:
            return count
        if count < len(chain) and _before(chain[count]) == current:
            return count
    return 0


def _current(cells: Cells, subject: Subject) -> Any:
    kind, cell_id = subject
    if kind == "set_kernelspec":
        return cells.kernelspec()
    at = cells.find(cell_id) if cell_id is not None else None
    if at is None:
        return None
    return around(cells, at) if kind == "move" else cells.get(at).source


def _before(entry: Entry) -> Any:
    return entry.was if entry.change == "move" else entry.before


def _after(entry: Entry) -> Any:
    if entry.change == "move":
        return entry.now
    if entry.change == "set_kernelspec":
        return json.loads(entry.after or "[null]")[0]
    return entry.after


def _repeat(cells: Cells, entry: Entry, places: Places) -> bool:
    """Make the change again if everything is as it was then; whether it was made."""
    match entry.change:
        case "set_kernelspec":
            if cells.kernelspec() != entry.before:
                return False
            cells.set_kernelspec(*json.loads(entry.after or "[]"))
        case "insert":
            at = places.insertion(entry)
            if at is None:
                return False
            cells.insert(at, entry.cell_type or "code", entry.after or "", cell_id=entry.cell_id)
        case "move":
            at = places.of(entry)
            to = places.target(entry, at) if at is not None else None
            if at is None or to is None:
                return False
            cells.move(at, to)
        case "delete" | "set_source":
            at = places.of(entry)
            if at is None or cells.get(at).source != entry.before:
                return False
            if entry.change == "delete":
                cells.delete(at)
            else:
                cells.set_source(at, entry.after or "")
    return True


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
        """The index at which the entry's cell was inserted: beside a neighbour of then."""
        if not self._has_ids:
            return entry.index if entry.count == len(self._cells) else None
        return self._between(entry.now)

    def target(self, entry: Entry, at: int) -> int | None:
        """The index that a moved cell gets, if it is beside a neighbour of before still."""
        if not self._has_ids:
            return entry.to
        before, after = around(self._cells, at)
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
