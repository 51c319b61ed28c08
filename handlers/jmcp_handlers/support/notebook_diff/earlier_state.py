"""A notebook as it would be without the last entries of its journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jmcp.core.journal.entries import Entry
from jmcp_handlers.support.notebook_diff.cell_matching import CellText
from jmcp_handlers.support.notebook_diff.comparison import CellState


def without(cells: Sequence[CellState], entries: Sequence[Entry]) -> list[CellState]:
    """The cells without what these entries, oldest first, made of them; what does not fit any more,
    because others changed it since, is left as it is."""
    state, ids = [*cells], [one.text.cell_id for one in cells]
    for entry in reversed(entries):
        at = ids.index(entry.cell_id) if entry.cell_id in ids else None
        if entry.change == "delete" and at is None:
            place = min(entry.index, len(state))
            state.insert(place, _deleted(entry))
            ids.insert(place, entry.cell_id)
        elif at is None or entry.cell_id is None:
            continue
        elif entry.change == "insert":
            del state[at], ids[at]
        elif entry.change == "set_source":
            text = replace(state[at].text, source=entry.before or "")
            state[at] = replace(state[at], text=text)
        elif entry.change == "move":
            place = min(entry.index, len(state) - 1)
            state.insert(place, state.pop(at))
            ids.insert(place, ids.pop(at))
    return state


def _deleted(entry: Entry) -> CellState:
    whole = entry.whole() or {}
    return CellState(
        text=CellText(
            cell_id=entry.cell_id, cell_type=entry.cell_type or "code", source=entry.before or ""
        ),
        shown=(len(whole.get("outputs") or ()), whole.get("execution_count"), None),
        frame=None,
    )
