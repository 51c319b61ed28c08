"""What one call sees of one notebook: what it reads and edits there, and what others had changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from jmcp.core.editing.change_log import Cursor
from jmcp.core.ports import Cell, Cells, DocumentMode, Edit
from jmcp.core.sessions.readings.places import id_mark, is_marked, mark_of
from jmcp.core.sessions.readings.read_cells import (
    Reading,
    UnseenChange,
    What,
    identified,
)
from jmcp.core.sessions.readings.session_readings import Readings
from jmcp.core.sessions.readings.shown_parts import Span
from jmcp.core.sessions.readings.tags import is_tagged

NAMED_CELLS = 5
"""Cells that one notice names at most."""


class CallView:
    """Keeps a session's reading of a notebook up to date during one call.

    `unseen` is what others did to cells that the session had read or seen, and which cells they put
    among those; `replaced` says that another program has changed the file. The result of the
    call says both, and then the session knows. `reading` is shared with the session's other calls:
    what is read here counts for them at once. `expected` are the tags of cells that the call goes
    by, in place of what the session has read; None where it names none.
    """

    def __init__(
        self,
        key: str,
        reading: Reading,
        readings: Readings,
        expected: frozenset[str] | None = None,
    ) -> None:
        self.key = key
        self.expected = expected
        self.reading = reading
        self.unseen: dict[tuple[str, What], UnseenChange] = {}
        self.tells_of_tab = False
        """Whether the call says that a browser shows the notebook and does not follow edits."""
        self._readings = readings
        self._said: list[UnseenChange] = []
        self._cursor: Cursor | None = None
        self.edited: str | None = None
        """The id of the cell that the call has changed last and that is still there."""
        self._edited: dict[str, str | None] = {}
        self._before_edit: dict[str, bytes | None] = {}
        self._before_call: dict[str, bytes | None] = {}
        """What the session had read of cells that this call shows it, until the call is over."""
        self._later: list[Callable[[Reading], None]] | None = None
        """What an edit of a file did to the places, which the file has when the edit ends."""
        self._places = reading.places.packed
        """Those of when the call began, until it is over."""
        self._placed = self._recorded = False
        self.replaced: DocumentMode | None = None
        """The mode of the document whose file another program has changed since the session looked."""
        self.lost = False
        """Whether what was not saved is gone with that."""
        self.copies: list[str] = []
        """Cells that have the other program's text, where it could not be joined with what is here."""

    def begin(self, cells: Cells) -> None:
        """Note the document as it is now: all that follows in this call is compared with it."""
        self._cursor = cells.changes.cursor
        if cells.changes.replaced_since(self.reading.cursor):
            self.replaced = cells.mode
            self.lost = cells.changes.lost_since(self.reading.cursor)
            self.copies = cells.changes.copies_since(self.reading.cursor)
        unseen = self.reading.unseen_changes(cells)
        self.unseen |= {(one.cell_id, one.what): one for one in unseen if one not in self._said}

    def record_read(self, cells: Cells, *found: Cell) -> None:
        """The session is given the whole sources of these cells, as `get` just returned them."""
        for cell in found:
            if cell.cell_id is not None:
                self._before_call.setdefault(cell.cell_id, self.reading.of(cell.cell_id))
        self._record_sources(cells, *found)
        self.record_places(*found)

    def record_part(self, cells: Cells, cell: Cell, shown: Sequence[Span]) -> None:
        """The session is given these parts of the source of a cell, as `get` just returned it. With
        the last one it has read the cell; with the first, if it had read nothing of it so far."""
        cell_id = cell.cell_id
        whole = cell_id is None or self.reading.parts.add(cell_id, cell.source, shown)
        if whole or (cell_id is not None and self.reading.of(cell_id) is None):
            self.record_read(cells, cell)
            return
        if cell_id is not None:
            self._before_call.setdefault(cell_id, self.reading.of(cell_id))
        self.record_places(cell)

    def leave_out(self, cell: Cell) -> None:
        """The result has no room for a cell that this call has read."""
        cell_id = str(cell.cell_id)
        if cell_id in self._before_call:
            self._put_back(cell_id, self._before_call.pop(cell_id))

    def _put_back(self, cell_id: str, known: bytes | None) -> None:
        self.reading.parts.forget(cell_id)
        self.reading.put_back(cell_id, known)

    def refuse_with(self, cells: Cells, *shown: Cell) -> None:
        """The error that is raised now gives the session the whole sources of these cells."""
        self.record_read(cells, *shown)
        for cell in shown:
            self._before_call.pop(str(cell.cell_id), None)

    def _record_sources(self, cells: Cells, *found: Cell) -> None:
        sources = {
            cell.cell_id: cell.source
            for cell in found
            if cell.cell_id is not None and identified(cells, cell)
        }
        self.reading.record_read(sources)
        self._readings.keep(sources.values())

    def is_stale(self, cells: Cells, cell: Cell) -> bool:
        """Whether the session has read that cell with another source than it has now."""
        if cell.cell_id is None or not identified(cells, cell):
            return False
        return self.reading.differs(cell.cell_id, cell.source)

    def is_unexpected(self, cell: Cell) -> bool:
        """Whether the call names tags of cells, and none of them is this one's."""
        if self.expected is None:
            return False
        return not any(is_tagged(tag, cell) for tag in self.expected)

    def acknowledge_if_stale(self, cells: Cells, cell: Cell) -> bool:
        """As `is_stale`, for a cell that is about to be run. The call itself tells of it then, so
        that no notice has to."""
        if not self.is_stale(cells, cell):
            return False
        change = self.unseen.pop((cell.cell_id or "", "changed"), None)
        if change is not None:
            self._said.append(change)
        return True

    def had_read(self, cell_id: str) -> bool:
        """Whether the session has read that cell, or seen it in a listing."""
        if self.reading.of(cell_id) is not None:
            return True
        return self.reading.places.find(id_mark(cell_id)) is not None

    def source_read(self, cell: Cell) -> str | None:
        """The source that the session has read of that cell, where it is still known."""
        known = self.reading.of(cell.cell_id) if cell.cell_id is not None else None
        if known is None or cell.cell_id is None:
            return None
        return self._readings.text(known, self.key, cell.cell_id)

    # -- places --------------------------------------------------------------------------------

    def record_places(self, *listed: Cell) -> None:
        """The session is told where these cells are, as `get` just returned them."""
        self._recorded = True
        for cell in listed:
            if self._later is None:
                self.reading.see(cell.index, mark_of(cell))
            else:
                self._later.append(partial(Reading.see, index=cell.index, mark=mark_of(cell)))

    def record_place(self, index: int, cell_id: str) -> None:
        """The session is told that the cell with that id is at that index."""
        self._recorded = True
        self._apply(partial(Reading.see, index=index, mark=id_mark(cell_id)))

    def record_end(self, count: int) -> None:
        """The session is told that there are no more cells than so many."""
        self._apply(partial(Reading.see_end, count=count))

    def saw_another(self, cells: Cells, index: int) -> bool:
        """Whether the session saw another cell at that index than there is now."""
        return self.reading.saw_another(cells, index)

    def saw_any(self, index: int) -> bool:
        """Whether the session saw a cell at that index."""
        return self.reading.places.at(index) is not None

    def seen_at(self, cells: Cells, index: int) -> Cell | None:
        """The cell that the session saw at that index, where it is now; None when it is gone."""
        mark = self.reading.places.at(index)
        if mark is None:
            return None
        for distance in range(max(index + 1, len(cells) - index)):
            # The nearest first: most cells are shifted by one or two.
            for place in {index - distance, index + distance}:
                if 0 <= place < len(cells) and is_marked(mark, cells.get(place)):
                    return cells.get(place)
        return None

    def _apply(self, change: Callable[[Reading], None]) -> None:
        if self._later is None:
            change(self.reading)
        else:
            self._later.append(change)

    def acknowledge(self) -> None:
        """The caller has a result that tells what was unseen."""
        self.reading.acknowledge([*self.unseen.values(), *self._said])
        self.reading.told_of_tab |= self.tells_of_tab
        if self._cursor is not None:
            self.reading.cursor = self._cursor

    def abandon(self, *, answered: bool) -> None:
        """The call has no result: what it read was not shown, but for what `refuse_with` had.
        `answered`: its error told the session where cells are, unless the call had changed the places
        of some."""
        for cell_id, known in self._before_call.items():
            self._put_back(cell_id, known)
        if self._placed or (self._recorded and not answered):
            self.reading.see_again(self._places)

    # -- its own edits -------------------------------------------------------------------------

    def on_edit(self, edit: Edit, cells: Cells) -> None:
        if edit.after is not None:
            self.edited = edit.after.cell_id
        if edit.kind in ("clear_outputs", "put_outputs"):
            return  # neither sources nor places
        if cells.mode == "file" and self._later is None:
            self._later = []
        self._placed = self._placed or edit.kind in ("insert", "delete", "move")
        for cell in (edit.before, edit.after):
            if cell is not None and cell.cell_id is not None and edit.kind != "move":
                self._before_edit.setdefault(cell.cell_id, self.reading.of(cell.cell_id))
        self._apply(partial(Reading.follow, edit=edit))
        if edit.kind == "delete":
            self._deleted(edit, cells)
        elif edit.kind in ("insert", "set_source") and edit.after is not None:
            # At once, for a call beside this one may look at the document before the edit ends.
            self._record_sources(cells, edit.after)
            if edit.after.cell_id is not None and identified(cells, edit.after):
                self._edited[edit.after.cell_id] = edit.after.source

    def _deleted(self, edit: Edit, cells: Cells) -> None:
        if edit.before is None or edit.before.cell_id is None:
            return
        cell_id = edit.before.cell_id
        left = cells.find(cell_id)
        if (
            left is None or left >= edit.before.index
        ):  # of two with one id, the first has the reading
            self.reading.forget([cell_id])
            self._edited[cell_id] = None

    def end_edit(self, *, failed: bool) -> None:
        """An edit has ended. After one that failed, the session knows of the cells what it had read
        before, and what it tried to write."""
        edited, self._edited = self._edited, {}
        before, self._before_edit = self._before_edit, {}
        later, self._later = self._later or (), None
        if failed:
            for cell_id, text in edited.items():
                self.reading.put_back(cell_id, before[cell_id], attempted=text)
            return
        for cell_id in edited:
            self._before_call.pop(cell_id, None)
        for change in later:
            change(self.reading)
        # Again, for a call beside this one may have read what the file had before.
        self.reading.record_read({one: text for one, text in edited.items() if text is not None})
        self.reading.forget(one for one, text in edited.items() if text is None)
