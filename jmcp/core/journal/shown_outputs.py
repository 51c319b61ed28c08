"""Outputs that cells lost or got back: whether they show these now, and making that again.

Runs change outputs too and are in no journal, so such an entry is told apart by what the cell shows,
and not by its place in the history of the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from jmcp.core.journal.entries import Entry
from jmcp.core.ports import Cells

OUTPUT_CHANGES = frozenset({"clear_outputs", "put_outputs"})


def has_blank(cells: Cells, at: int) -> bool:
    """Whether that cell shows neither outputs nor an execution count."""
    cell = cells.get(at)
    return not cell.output_count and cell.execution_count is None


def shows(cells: Cells, at: int, entry: Entry) -> bool:
    """Whether that cell shows what the entry's cell lost or got; as many outputs, where these were
    too long to be kept."""
    outputs, execution_count = entry.shown()
    cell = cells.get(at)
    if cell.cell_type != "code" or cell.execution_count != execution_count:
        return False
    if entry.left_out:
        return cell.output_count == entry.left_out
    return cell.output_count == len(outputs) and cells.stored(at)["outputs"] == outputs


def missing(cells: Cells, entries: Sequence[Entry]) -> list[Entry]:
    """Those of the entries, oldest first, that came after the state in which their cell is."""
    chains: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[entry.cell_id or ""].append(entry)
    found = []
    for cell_id, chain in chains.items():
        at = cells.find(cell_id)
        if at is None:
            continue
        made = next((n for n in range(len(chain), 0, -1) if _made(cells, at, chain[n - 1])), 0)
        found += chain[made:]
    return found


def _made(cells: Cells, at: int, entry: Entry) -> bool:
    """Whether that cell is as the entry left it."""
    return has_blank(cells, at) if entry.change == "clear_outputs" else shows(cells, at, entry)


def repeat(cells: Cells, entry: Entry) -> bool:
    """Clear a cell again, or give it its outputs back again, if it shows what it did then; whether
    that was done. A cell that shows anything else was run since."""
    at = cells.find(entry.cell_id) if entry.cell_id is not None else None
    if at is None:
        return False
    if entry.change == "clear_outputs":
        if not shows(cells, at, entry) or has_blank(cells, at):
            return False
        cells.clear_outputs(at)
    else:
        if cells.get(at).cell_type != "code" or not has_blank(cells, at):
            return False
        cells.put_outputs(at, *entry.shown())
    return True
