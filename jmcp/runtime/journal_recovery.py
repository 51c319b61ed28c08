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
    has_ids = all(cells.get(index).cell_id is not None for index in range(min(len(cells), 1)))
    had = _present(cells, entries) if has_ids else {}
    broken: set[Subject] = set()
    for entry in entries:
        subject = _subject(entry)
        if entry.number in had or _there(cells, entry, has_ids):
            recovered.present.append(entry)
        elif subject not in broken and lost(entry) and _repeat(cells, entry, has_ids):
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


def _present(cells: Cells, entries: Sequence[Entry]) -> dict[int, Entry]:
    """The entries that the document has, by number."""
    chains: defaultdict[Subject, list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[_subject(entry)].append(entry)
    found: dict[int, Entry] = {}
    for subject, chain in chains.items():
        current = _current(cells, subject)
        found |= {entry.number: entry for entry in chain[: _reached(chain, current)]}
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


def _repeat(cells: Cells, entry: Entry, has_ids: bool) -> bool:
    """Make the change again if everything is as it was then; whether it was made."""
    if entry.change == "set_kernelspec":
        if cells.kernelspec() != entry.before:
            return False
        cells.set_kernelspec(*json.loads(entry.after or "[]"))
        return True
    at = _insertion(cells, entry, has_ids) if entry.change == "insert" else None
    if entry.change == "insert":
        if at is None:
            return False
        cells.insert(at, entry.cell_type or "code", entry.after or "", cell_id=entry.cell_id)
        return True
    at = _place(cells, entry, has_ids)
    if at is None:
        return False
    if entry.change == "move":
        to = _target(cells, entry, at, has_ids)
        if to is None:
            return False
        cells.move(at, to)
    elif cells.get(at).source != entry.before:
        return False
    elif entry.change == "delete":
        cells.delete(at)
    else:
        cells.set_source(at, entry.after or "")
    return True


def _place(cells: Cells, entry: Entry, has_ids: bool) -> int | None:
    """Where the entry's cell is."""
    if has_ids:
        return cells.find(entry.cell_id) if entry.cell_id is not None else None
    # Below nbformat 4.5 ids are lost with the edit that brought them; the order is all there is.
    return entry.index if entry.count == len(cells) and entry.index < len(cells) else None


def _insertion(cells: Cells, entry: Entry, has_ids: bool) -> int | None:
    """Where the entry's cell was inserted: beside a neighbour of then."""
    if not has_ids:
        return entry.index if entry.count == len(cells) else None
    return _between(cells, entry)


def _target(cells: Cells, entry: Entry, at: int, has_ids: bool) -> int | None:
    """The index that a moved cell gets."""
    if not has_ids:
        return entry.to
    if not at_neighbours(around(cells, at), entry.was):
        return None
    gap = _between(cells, entry)
    if gap is None:
        return None
    return gap - 1 if gap > at else gap


def at_neighbours(
    current: tuple[str | None, str | None], then: tuple[str | None, str | None]
) -> bool:
    """Whether a cell is where it was: beside one of its two neighbours of then."""
    return current[0] == then[0] or current[1] == then[1]


def _between(cells: Cells, entry: Entry) -> int | None:
    """The index behind the cell that was before it, or else of the one that was after it."""
    before, after = entry.now
    if before is not None and (at := cells.find(before)) is not None:
        return at + 1
    if after is not None and (at := cells.find(after)) is not None:
        return at
    return 0 if before is None else None
