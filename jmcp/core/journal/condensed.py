"""Entries without the texts that a cell had only in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jmcp.core.journal.entries import Entry


def condensed(entries: Sequence[Entry]) -> list[Entry]:
    """As few entries as do the same to each cell, oldest first: texts that followed each other are
    one, also with the insertion before them or the deletion after them. A cell that came and went
    again is left out.

    Of a cell whose text somebody else changed in between, the entries stay apart there.
    """
    found: dict[int, Entry] = {}
    last: dict[str, int] = {}
    """The place, by cell, of the latest entry about its text or its being there."""
    for place, entry in enumerate(entries):
        found[place] = entry
        if entry.cell_id is None or entry.change not in ("insert", "set_source", "delete"):
            continue
        before = found.get(last.get(entry.cell_id, -1))
        if before is not None and _follows(before, entry):
            at = last[entry.cell_id]
            if entry.change == "set_source":
                found[at] = replace(before, after=entry.after)
                del found[place]
                continue
            if before.change == "insert":
                _drop(found, entry.cell_id, range(at, place + 1))
                del last[entry.cell_id]
                continue
            found[place] = replace(entry, before=before.before)
            del found[at]
        last[entry.cell_id] = place
    return [*found.values()]


def _follows(before: Entry, entry: Entry) -> bool:
    """Whether the entry goes on from the text that the one before it left."""
    return before.after is not None and before.after == entry.before


def _drop(found: dict[int, Entry], cell_id: str, places: range) -> None:
    """Leave out all that happened there to a cell that nothing is left of."""
    for place in places:
        entry = found.get(place)
        if entry is not None and entry.cell_id == cell_id:
            del found[place]
