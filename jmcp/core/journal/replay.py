"""Where in the history of its edits a document is, if nobody else has changed it.

A file is what its document was at one moment: after the first so many edits, and before the rest.
Which moment that was the entries tell, since each has what it found and what it left.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from jmcp.core.journal.entries import Entry
from jmcp.core.ports import Cells

MOST = 2000
"""Entries of a history that is gone through; a save each few seconds leaves far fewer."""


def reached(cells: Cells, entries: Sequence[Entry]) -> int | None:
    """After how many of the entries, oldest first, the document is exactly; the most that fit.

    None where it is at no moment of that history: somebody else changed it.
    """
    if len(entries) > MOST:
        return None
    here = _State(cells)
    for count in range(len(entries), -1, -1):
        with suppress(_Other):
            back = here.copy()
            for entry in reversed(entries[:count]):
                back.undo(entry)
            on = here.copy()
            for entry in entries[count:]:
                on.redo(entry)
            return count
    return None


def replay(cells: Cells, entries: Sequence[Entry]) -> None:
    """Make these edits again, in a document that is where the first of them found it."""
    for entry in entries:
        match entry.change:
            case "insert":
                kind = entry.cell_type or "code"
                cells.insert(entry.index, kind, entry.after or "", cell_id=entry.cell_id)
            case "set_source":
                cells.set_source(entry.index, entry.after or "")
            case "delete":
                cells.delete(entry.index)
            case "move":
                cells.move(entry.index, _target(entry))
            case "set_kernelspec":
                cells.set_kernelspec(*json.loads(entry.after or "[]"))


class _Other(Exception):
    """The document is not what the entry found, or left."""


class _State:
    """A document as entries see it: the ids of its cells in order, their sources, the kernelspec."""

    def __init__(self, cells: Cells) -> None:
        found = [cells.get(index) for index in range(len(cells))]
        self.ids = [cell.cell_id for cell in found]
        self.sources = {cell.cell_id: cell.source for cell in found}
        self.kernelspec = cells.kernelspec()

    def copy(self) -> _State:
        other = _State.__new__(_State)
        other.ids, other.sources = [*self.ids], {**self.sources}
        other.kernelspec = self.kernelspec
        return other

    def redo(self, entry: Entry) -> None:
        """Raises _Other unless everything is as the entry found it."""
        self._step(entry, entry.before, entry.after, back=False)

    def undo(self, entry: Entry) -> None:
        """Raises _Other unless everything is as the entry left it."""
        self._step(entry, entry.after, entry.before, back=True)

    def _step(self, entry: Entry, found: str | None, left: str | None, *, back: bool) -> None:
        match entry.change:
            case "set_kernelspec":
                self._expect(self.kernelspec == _kernelspec(found))
                self.kernelspec = _kernelspec(left)
            case "set_source":
                self._expect(len(self.ids) == entry.count)
                self._at(entry.index, entry, found)
                self.sources[entry.cell_id] = left or ""
            case "move":
                at, to = entry.index, _target(entry)
                self._expect(len(self.ids) == entry.count)
                self._at(to if back else at, entry, None)
                self.ids.remove(entry.cell_id)
                self.ids.insert(at if back else to, entry.cell_id)
            case "insert" | "delete" if (entry.change == "insert") is back:
                self._expect(len(self.ids) == entry.count + back)
                self._at(entry.index, entry, found)
                self.ids.pop(entry.index)
                del self.sources[entry.cell_id]
            case _:
                self._expect(len(self.ids) == entry.count - back)
                self._expect(entry.cell_id is not None and entry.cell_id not in self.sources)
                self.ids.insert(entry.index, entry.cell_id)
                self.sources[entry.cell_id] = left or ""

    def _at(self, index: int, entry: Entry, source: str | None) -> None:
        self._expect(entry.cell_id is not None)
        self._expect(index < len(self.ids) and self.ids[index] == entry.cell_id)
        self._expect(source is None or self.sources[entry.cell_id] == source)

    @staticmethod
    def _expect(holds: bool) -> None:
        if not holds:
            raise _Other


def _target(entry: Entry) -> int:
    return entry.index if entry.to is None else entry.to


def _kernelspec(kept: str | None) -> str | None:
    """The name, of one that is kept as a name or with all of its arguments."""
    if kept is None or not kept.startswith("["):
        return kept
    name: str = json.loads(kept)[0]
    return name
