"""Cells that others make anew while an agent's edit of the old ones is on its way to them.

Yjs 13 knows no move: a tab deletes the cell and inserts a clone with the same id, and the undo of a
delete does the same. What was put into the old cell before that tab heard of it goes with the cell.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pycrdt import Map, MapEvent, Text

from jmcp_jupyter.documents.common.nbformat_cells import clean, new_cell, new_id
from jmcp_jupyter.documents.live.document_watch import DocumentWatch, changed_keys
from jmcp_jupyter.documents.live.merge.line_merge import MergedText, merged_text
from jmcp_jupyter.documents.live.merge_application import ORIGIN
from jmcp_jupyter.documents.live.y_data import replace_text, value_of

KEPT_SECONDS = 600.0
"""How long after an agent's edit a tab may be without it, as one that lost its connection."""
KEPT_CELLS = 200
KEPT_SOURCES = 6
"""Of one cell: what it was before the first edit that is kept, and before the last ones."""
KEPT_CHARACTERS = 4 * 2**20
"""Of all cells of a notebook."""
RETRY_SECONDS = 0.05
"""Until the content, which is being replaced, is looked at again."""


@dataclass(slots=True, kw_only=True)
class _Edited:
    befores: list[str]
    current: str
    until: float
    size: int


class RemadeCells:
    """Puts what agents wrote into cells that others made anew without it.

    It has no observer of its own: `watch` tells it of changes. Does nothing until `on_put_back` is
    set, which is called after the document was changed.
    """

    def __init__(self, notebook: Any, watch: DocumentWatch) -> None:
        self.on_put_back: Callable[[], None] | None = None
        self.told = False
        """Whether who changes the document says what it knew of the cells that it makes anew
        (`TabChanges`), so that nothing has to be guessed."""
        self._notebook = notebook
        self._watch = watch
        self._edited: dict[str, _Edited] = {}
        self._size = 0
        self._remade: set[str] = set()
        """Ids of cells that were made anew and are to be looked at once the change is over."""
        self._reloads = watch.reloads
        watch.on_cells.append(self._changed)

    def wrote(self, cell_id: str | None, before: str, source: str) -> None:
        """An agent makes the source of a cell, which is `before`, another one. Before the change."""
        if self.on_put_back is None or cell_id is None or cell_id in self._remade:
            return
        now, source = time.monotonic(), clean(source)
        known = self._drop(cell_id)
        befores = known.befores if known is not None and known.until > now else []
        if not befores or befores[-1] != before:
            befores.append(before)
        if len(befores) > KEPT_SOURCES:
            del befores[1]
        size = len(source) + sum(map(len, befores))
        self._size += size
        self._edited[cell_id] = _Edited(
            befores=befores, current=source, until=now + KEPT_SECONDS, size=size
        )
        while self._edited:
            oldest, kept = next(iter(self._edited.items()))
            few = len(self._edited) <= KEPT_CELLS and self._size <= KEPT_CHARACTERS
            if few and kept.until > now:
                break
            self._drop(oldest)

    def restores(self, cell_id: Any, source: Any) -> None:
        """An agent puts a cell back in, as it was at some time."""
        known = self._edited.get(cell_id)
        if known is not None and isinstance(source, str):
            known.current = clean(source)

    def _drop(self, cell_id: str) -> _Edited | None:
        known = self._edited.pop(cell_id, None)
        if known is not None:
            self._size -= known.size
        return known

    def _forget(self) -> None:
        self._edited.clear()
        self._remade.clear()
        self._size = 0

    def _changed(self, events: list[Any]) -> None:
        """Within the change: nothing of the document may be changed."""
        if self._reloads != self._watch.reloads:
            self._reloads = self._watch.reloads
            self._forget()
        if not self._edited:
            return
        merged = self.told or events[0].transaction.origin == ORIGIN
        for event in events:
            path = event.path
            if not path:
                for step in event.delta:
                    for cell in step.get("insert", ()):
                        self._inserted(cell, merged=merged)
            elif len(path) == 2 and path[1] == "source":
                self._follow(path[0], event.target)
            elif len(path) == 1 and isinstance(event, MapEvent) and "source" in changed_keys(event):
                self._follow(path[0], changed_keys(event)["source"].get("newValue"))

    def _follow(self, index: int, source: Any) -> None:
        cell_id = self._watch.id_at(index)
        known = self._edited.get(cell_id) if cell_id is not None else None
        if known is not None and cell_id not in self._remade and isinstance(source, Text):
            known.current = str(source)

    def _inserted(self, cell: Any, *, merged: bool) -> None:
        cell_id = value_of(cell, "id") if isinstance(cell, Map) else None
        if not isinstance(cell_id, str):
            return
        known = self._edited.get(cell_id)
        if known is None or known.until <= time.monotonic():
            return
        source = str(value_of(cell, "source") or "")
        if merged:  # which knew of both
            known.current = source
        elif source != known.current and self.on_put_back is not None:
            self._remade.add(cell_id)
            asyncio.get_running_loop().call_soon(self._put_back)

    def _put_back(self) -> None:
        if self.on_put_back is None or not self._remade:
            return
        if getattr(self._notebook.ydoc, "_txn", None) is not None:  # its content is being replaced
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._put_back)
            return
        remade = sorted(self._remade)
        try:
            changed = [cell_id for cell_id in remade if self._mend(cell_id)]
        finally:
            self._remade.clear()
        if changed:
            self.on_put_back()

    def _mend(self, cell_id: str) -> bool:
        """Whether the cell lacked something, which it has now, or a cell below it."""
        known, index = self._edited.get(cell_id), self._watch.find(cell_id)
        if known is None or index is None:
            return False
        cell = self._notebook.ycells[index]
        text = value_of(cell, "source")
        if not isinstance(text, Text):
            return False
        mine = str(text)
        made = _joined(known, mine)
        if mine not in known.befores:
            known.befores.append(mine)
        theirs, known.current = known.current, made.text
        if made.text == mine and not made.collided:
            return False
        copy = new_id()
        with self._notebook.ydoc.transaction():
            if made.collided:
                below = new_cell(cell["cell_type"], theirs, copy)
                self._notebook.ycells.insert(index + 1, self._notebook.create_ycell(below))
            else:
                replace_text(text, made.text)
        if made.collided:
            self._watch.changes.collide([copy])
        return True


def _joined(known: _Edited, mine: str) -> MergedText:
    """The source of a cell that was made anew, with what the old one had."""
    if mine in known.befores:
        return MergedText(text=known.current)
    oldest, *later = known.befores
    made = merged_text(oldest, mine, known.current)
    for base in reversed(later):
        if not made.collided:
            break
        # Whoever made it anew knew of that one, for all that it has over the oldest is there.
        if set(base.split("\n")) - set(oldest.split("\n")) <= set(mine.split("\n")):
            made = merged_text(base, mine, known.current)
    return made
