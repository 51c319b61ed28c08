"""Changes that a tab made before it knew of what others did: nobody's text goes with a cell.

Yjs 13 knows no move: who moves a cell removes it and puts in a clone with the same id, and the undo of
a removal does so too. So a tab says of each cell that it removes what it knew of its text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pycrdt import Array, Text

from jmcp.core.ports import StoredCell
from jmcp_jupyter.documents.common.nbformat_cells import whole_cell
from jmcp_jupyter.documents.live.cell_texts import CellText
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook
from jmcp_jupyter.documents.live.word_merge import joined, words
from jmcp_jupyter.documents.live.y_data import from_y, replace_text, value_of, y_output


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a tab knew of a cell that it removes: `text` is what it had, with what it typed there,
    `base` that of it which the room has for certain. `gone`: it has no cell with that id any more."""

    text: str
    base: str
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """What the room had of a cell that a tab removes."""

    index: int
    text: str
    stored: StoredCell


class TabChanges:
    """Of all tabs of one notebook, whose `document.texts` are followed."""

    def __init__(self, document: SharedNotebook) -> None:
        self._document = document
        self._texts = document.texts

    def take(self, apply: Callable[[], None], removed: Mapping[str, Known], *, live: bool) -> bool:
        """Have `apply` change the document as a tab did, which knew that of the cells that it `removed`;
        whether something was changed beyond that. Raises what `apply` raises. `live`: the room has had
        all that the tab did before; else it comes with this, as after a lost connection.

        A cell that was made anew has what others wrote into it meanwhile. One that was removed is put
        back with it. One that others removed meanwhile is removed, unless it says something new, and
        of one that others made anew as well there is one.
        """
        texts, remade = self._texts, self._document.remade
        if len(texts.all()) != len(self._document.cells):  # followed within a transaction
            texts.follow()
        before = {cell_id: self._found(cell_id) for cell_id in removed}
        remade.told = texts.marking = True
        try:
            apply()
            texts.marking = False
            mended = [
                self._mend(cell_id, removed.get(cell_id), before.get(cell_id), live=live)
                for cell_id in dict.fromkeys([*removed, *self._document.watch.duplicates()])
            ]
        finally:
            remade.told = texts.marking = False
            texts.settle()
        return any(mended)

    def _found(self, cell_id: str) -> _Before | None:
        places = self._texts.places(cell_id)
        if not places:
            return None
        index = places[0]
        return _Before(index=index, text=self._text(index), stored=self._stored(index))

    def _mend(
        self, cell_id: str, known: Known | None, before: _Before | None, *, live: bool
    ) -> bool:
        """Whether the cell, or that there is one, had to be changed."""
        new, old = self._places(cell_id)
        if known is None:  # put in, as by an undo
            if not new or not old:
                return False
            return self._unite(new[0], old[0], (self._text(new[0]),))
        if new and old:
            return self._unite(new[0], old[0], (known.text, known.base))
        # What the room had of a cell that this removed is what the tab knew of, and what others did.
        base = known.text if live else known.base
        if new and before is not None:
            text = joined(base, self._text(new[0]), before.text)
            return self._complete(new[0], before.stored, text)
        if new:
            gone = self._texts.at_removal(cell_id) is not None
            return gone and self._texts.had(cell_id, self._text(new[0])) and self._remove(new[0])
        if old:  # made anew by others, and removed by the tab
            same = known.gone and self._text(old[0]) in (known.text, known.base)
            return same and self._remove(old[0])
        if before is not None and before.text not in (known.text, base):
            return self._put_back(before)
        return False

    def _places(self, cell_id: str) -> tuple[list[int], list[int]]:
        """Where the cells with that id are which the tab has put in, and where the others are."""
        places: tuple[list[int], list[int]] = [], []
        for at in self._texts.places(cell_id):
            places[not self._cell(at).fresh].append(at)
        return places

    def _cell(self, index: int) -> CellText:
        return self._texts.all()[index]

    def _text(self, index: int) -> str:
        return self._cell(index).text

    def _stored(self, index: int) -> StoredCell:
        stored: dict[str, Any] = from_y(self._document.cells[index])
        stored.pop("execution_state", None)
        return stored

    def _unite(self, new: int, old: int, bases: Sequence[str]) -> bool:
        """Of two cells with one id keep that of the tab, in which its person may be typing."""
        stored = self._stored(old)
        text = joined(self._common(new, bases), self._text(new), self._text(old))
        with self._document.transaction():
            self._complete(new, stored, text)
            del self._document.cells[old]
        return True

    def _common(self, new: int, texts: Sequence[str]) -> str | None:
        """The last of these texts that the room had too; what it had when it removed the cell, if all of
        that had arrived in the tab. None where neither is known."""
        cell = self._cell(new)
        cell_id = cell.id or ""
        for text in texts:
            if self._texts.had(cell_id, text):
                return text
        removed = self._texts.at_removal(cell_id)
        if removed is not None and set(words(removed)) <= set(words(cell.text)):
            return removed
        return None

    def _complete(self, index: int, other: StoredCell, text: str) -> bool:
        """Give a cell the text, and the outputs of the other one if that ran later."""
        cell = self._document.cells[index]
        source, outputs = value_of(cell, "source"), value_of(cell, "outputs")
        later = (other.get("execution_count") or 0) > (value_of(cell, "execution_count") or 0)
        later = later and isinstance(outputs, Array)
        if text == self._text(index) and not later:
            return False
        with self._document.transaction():
            if isinstance(source, Text):
                replace_text(source, text)
            if later:
                outputs.clear()
                outputs.extend([y_output(output) for output in other.get("outputs", ())])
                cell["execution_count"] = other["execution_count"]
        return True

    def _remove(self, index: int) -> bool:
        with self._document.transaction():
            del self._document.cells[index]
        return True

    def _put_back(self, before: _Before) -> bool:
        cells: Any = self._document.cells
        with self._document.transaction():
            cell = self._document.notebook.create_ycell(whole_cell(before.stored))
            cells.insert(min(before.index, len(cells)), cell)
        return True
