"""The cells of an edit, with every change noted down for the journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from jmcp.core.editing.change_log import Touches
from jmcp.core.journal.entries import Change, Entry
from jmcp.core.ports import Cell, Cells, CellType, DocumentMode, NotebookRef

NewEntry = Callable[..., Entry]
"""Makes an entry from what `JournaledCells` knows of a change."""


class ToldCells:
    """Cells whose notes say more: what happened to the notebook's earlier edits."""

    def __init__(self, cells: Cells) -> None:
        self.ref: NotebookRef = cells.ref
        self.mode: DocumentMode = cells.mode
        self._cells = cells
        self._news: list[str] = []

    @property
    def loaded(self) -> str:
        return self._cells.loaded

    @property
    def version(self) -> int:
        return self._cells.version

    @property
    def touches(self) -> Touches:
        return self._cells.touches

    def __len__(self) -> int:
        return len(self._cells)

    def get(self, index: int, *, outputs: bool = False) -> Cell:
        return self._cells.get(index, outputs=outputs)

    def find(self, cell_id: str) -> int | None:
        return self._cells.find(cell_id)

    def kernelspec(self) -> str | None:
        return self._cells.kernelspec()

    def insert(
        self, index: int, cell_type: CellType, source: str, *, cell_id: str | None = None
    ) -> Cell:
        return self._cells.insert(index, cell_type, source, cell_id=cell_id)

    def set_source(self, index: int, source: str) -> None:
        self._cells.set_source(index, source)

    def delete(self, index: int) -> None:
        self._cells.delete(index)

    def move(self, index: int, to: int) -> None:
        self._cells.move(index, to)

    def set_kernelspec(self, name: str, display_name: str, language: str) -> None:
        self._cells.set_kernelspec(name, display_name, language)

    def notes(self) -> Sequence[str]:
        return [*self._cells.notes(), *self._news]

    def note(self, *texts: str) -> None:
        """Add to the notes."""
        self._news.extend(texts)


class JournaledCells(ToldCells):
    """Cells that note every change: `entries`, in the order of the changes."""

    def __init__(self, cells: Cells, new_entry: NewEntry) -> None:
        super().__init__(cells)
        self.entries: list[Entry] = []
        self._new_entry = new_entry

    def insert(
        self, index: int, cell_type: CellType, source: str, *, cell_id: str | None = None
    ) -> Cell:
        count = len(self)
        inserted = super().insert(index, cell_type, source, cell_id=cell_id)
        self._note("insert", inserted, count=count, after=inserted.source, now=around(self, index))
        return inserted

    def set_source(self, index: int, source: str) -> None:
        before = self.get(index)
        super().set_source(index, source)
        if before.cell_id is not None and source.isascii():
            cell, after = before, source
        else:
            # With the id that it just got, and what the document can hold of the text.
            cell = self.get(index)
            after = cell.source
        self._note("set_source", cell, before=before.source, after=after)

    def delete(self, index: int) -> None:
        cell, was, count = self.get(index), around(self, index), len(self)
        super().delete(index)
        self._note("delete", cell, count=count, before=cell.source, was=was)

    def move(self, index: int, to: int) -> None:
        if index == to:
            return
        was = around(self, index)
        super().move(index, to)
        cell = self.get(to)
        self._note("move", cell, at=index, to=to, was=was, now=around(self, to))

    def set_kernelspec(self, name: str, display_name: str, language: str) -> None:
        before = self.kernelspec()
        super().set_kernelspec(name, display_name, language)
        after = json.dumps([name, display_name, language])
        self._note("set_kernelspec", None, before=before, after=after)

    def _note(
        self,
        change: Change,
        cell: Cell | None,
        *,
        at: int | None = None,
        count: int | None = None,
        **fields: Any,
    ) -> None:
        if cell is not None:
            fields |= {"cell_id": cell.cell_id, "cell_type": cell.cell_type, "index": cell.index}
        if at is not None:
            fields["index"] = at
        fields["count"] = len(self) if count is None else count
        self.entries.append(self._new_entry(change=change, loaded=self.loaded, **fields))


def around(cells: Cells, index: int) -> tuple[str | None, str | None]:
    """The ids of the cells before and after the one at that index."""
    before = cells.get(index - 1).cell_id if index > 0 else None
    after = cells.get(index + 1).cell_id if index + 1 < len(cells) else None
    return before, after


def _conforms(told: ToldCells, journaled: JournaledCells) -> tuple[Cells, Cells]:
    return told, journaled
