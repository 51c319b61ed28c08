"""Edits of a file that somebody has overwritten, with content read before those edits.

A browser tab without collaboration does that when a person answers "File Changed" with Overwrite.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from jmcp.core.editing.change_log import Cursor
from jmcp.core.errors import StateUnavailable
from jmcp.core.journal.entries import Entry, Journal
from jmcp.core.journal.notices import RecoveryNotices
from jmcp.core.ports import FILE, Cells

LOOKED_BACK_SECONDS = 24 * 3600.0
"""Age in seconds of edits that count: whoever changes the cell now has seen older ones."""
KEPT_CURSORS = 256
"""Files for which it is remembered up to where they were compared; others are compared whole."""

log = logging.getLogger("jmcp")


class Overwrites:
    """Looks at files whenever somebody else has changed them, and has sessions told what is gone."""

    def __init__(
        self, journal: Journal, notices: RecoveryNotices, clock: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._notices = notices
        self._clock = clock
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()
        self.waits: Callable[[str], bool] = lambda key: False
        """Whether somebody else's save of that notebook is being compared, by who knows more of it."""

    def look(self, cells: Cells) -> None:
        """Compare the file with the journal, as far as it changed since the last comparison, and
        have sessions told of overwritten edits."""
        if cells.mode != "file" or self.waits(cells.ref.key):
            return
        known = self._cursors.get(cells.ref.key)
        changed = cells.changes.since(known)
        self.knows(cells)
        if changed == []:
            return
        since = self._clock() - LOOKED_BACK_SECONDS
        try:
            entries = self._journal.entries(cells.ref.key, since, states={"saved"})
            edits = [one for one in entries if one.loaded == FILE]
            if changed is not None:
                edits = [one for one in edits if one.cell_id in changed]
            self._lost(cells.ref.key, overwritten(cells, edits))
        except StateUnavailable as error:
            log.warning("Cannot see whether edits of a file were overwritten: %s", error)

    def knows(self, cells: Cells) -> None:
        """Note that the file's present content was compared, or written by this process."""
        self._cursors[cells.ref.key] = cells.changes.cursor
        self._cursors.move_to_end(cells.ref.key)
        if len(self._cursors) > KEPT_CURSORS:
            self._cursors.popitem(last=False)

    def _lost(self, key: str, undone: Sequence[Sequence[Entry]]) -> None:
        if not undone:
            return
        lost = [replace(entry, state="conflicted") for edits in undone for entry in edits]
        self._journal.settle(lost)
        # The last edit of each cell has what is to be told.
        before = [entry.number for edits in undone for entry in edits[:-1]]
        if before:
            self._journal.delivered(before)
        self._notices.remember(key)


def overwritten(cells: Cells, entries: Sequence[Entry]) -> list[list[Entry]]:
    """Of each cell whose edits (of `entries`, oldest first) are undone: these edits.

    They are when the cell is as one of them found it. A cell that is different again, or whose text
    stands in another cell, was edited by somebody, who knew of them.
    """
    found = [cells.get(index) for index in range(len(cells))]
    texts = {cell.source for cell in found}
    sources = {cell.cell_id: cell.source for cell in found}
    edits: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.cell_id is not None and entry.change in ("insert", "set_source", "delete"):
            edits[entry.cell_id].append(entry)
    undone = []
    for cell_id, chain in edits.items():
        now, wanted = sources.get(cell_id), chain[-1].after
        if now == wanted or (wanted is not None and wanted in texts):
            continue
        # From the last edit that found the cell as it is: what came after it is gone.
        start = next((at for at in reversed(range(len(chain))) if chain[at].before == now), None)
        if start is not None:
            undone.append(chain[start:])
    return undone
