"""Making edits again that a document lost, wherever nobody else changed what they are about.

Where nobody else changed anything, the document is at one moment of their history, and the rest is
made again as it was. Otherwise a notebook's pending entries are told apart by their subject: a
cell's being there and its source, a cell's place, the kernelspec. The entries of one subject are a
chain of states; the state in which the document is tells which of them it has. What it has not is
made again, in the order of all, as long as each finds what it found the first time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jmcp.core.editing.published_cells import beside
from jmcp.core.journal.anchors import Places
from jmcp.core.journal.entries import Entry
from jmcp.core.journal.replay import put, reached, replay
from jmcp.core.journal.shown_outputs import OUTPUT_CHANGES, missing, repeat
from jmcp.core.ports import Cells

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
    outputs = [one for one in entries if one.change in OUTPUT_CHANGES]
    recovered = _recover(cells, [one for one in entries if one.change not in OUTPUT_CHANGES], lost)
    absent = {entry.number for entry in missing(cells, outputs)}
    for entry in outputs:
        again = entry.number in absent and lost(entry) and repeat(cells, entry)
        (recovered.repeated if again else recovered.present).append(entry)
    return recovered


def _recover(cells: Cells, entries: Sequence[Entry], lost: Callable[[Entry], bool]) -> Recovered:
    has_ids = len(cells) == 0 or cells.get(0).cell_id is not None
    count = reached(cells, entries) if has_ids else None
    if count is not None and all(lost(entry) for entry in entries[count:]):
        replay(cells, entries[count:])
        return Recovered(present=[*entries[:count]], repeated=[*entries[count:]])
    recovered = Recovered()
    had = _present(cells, entries) if has_ids else set()
    places = Places(cells, entries, has_ids)
    broken: set[Subject] = set()
    last = {one.cell_id: one.number for one in entries if one.change in ("move", "delete")}
    for entry in entries:
        subject = _subject(entry)
        if entry.number in had or _there(cells, entry, has_ids):
            recovered.present.append(entry)
        elif subject not in broken and lost(entry) and _repeat(cells, entry, places):
            recovered.repeated.append(entry)
        elif has_ids and entry.change == "move" and _right(cells, entry, last):
            recovered.present.append(entry)
        else:
            # What follows in this chain was made on top of it.
            broken.add(subject)
            recovered.conflicted.append(entry)
    return recovered


def _there(cells: Cells, entry: Entry, has_ids: bool) -> bool:
    """Whether an inserted cell is there, whatever others have made of it."""
    inserted = entry.change == "insert" and has_ids and entry.cell_id is not None
    return inserted and cells.find(entry.cell_id or "") is not None


def _right(cells: Cells, entry: Entry, last: Mapping[str | None, int]) -> bool:
    """Whether the cell of a move is right where it is: it went on from there, or is still beside
    one of the two cells, and an edit of these two took the other."""
    if entry.number < last[entry.cell_id]:
        return True
    at = cells.find(entry.cell_id or "")
    if at is None:
        return False
    before, after = beside(cells, at)
    return before == entry.now[0] or after == entry.now[1]


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
    return beside(cells, at) if kind == "move" else cells.get(at).source


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
            put(cells, at, entry)
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
