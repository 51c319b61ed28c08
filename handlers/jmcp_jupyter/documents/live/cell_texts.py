"""What the cells of a live notebook say, and what they said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pycrdt import Array, Map

from jmcp_jupyter.documents.live.document_watch import DocumentWatch, changed_keys
from jmcp_jupyter.documents.live.y_data import value_of

KEPT_VERSIONS = 10_000
"""Texts of cells that are known again, the last ones of all cells of a notebook: at most a megabyte."""
KEPT_REMOVALS = 200
"""Cells that are gone and whose last text is known."""


@dataclass(slots=True)
class CellText:
    id: str | None
    text: str
    fresh: bool = False
    """Whether it was put in while `marking`."""


class CellTexts:
    """The sources of the cells of a `YNotebook`, in their order, while it is followed.

    It has no observer of its own: `watch` tells it of changes. Must neither raise nor change the
    document then.
    """

    def __init__(self, cells: Array[Any], watch: DocumentWatch) -> None:
        self.removed: dict[str, str] = {}
        """The cells that the last change removed, and what they said."""
        self.marking = False
        """Whether cells that are put in are marked as `fresh`, until `settle`."""
        self._cells = cells
        self._watch = watch
        self._texts: list[CellText] | None = None
        self._versions: dict[int, None] = {}
        self._removals: dict[str, str] = {}

    def follow(self) -> None:
        """Begin to, outside of any transaction. Takes 10 microseconds a cell."""
        if self._texts is None:
            self._watch.on_cells.append(self._changed)
        self._texts = [_text(cell) for cell in self._cells]
        for cell in self._texts:
            self._know(cell)

    def stop(self) -> None:
        """Forget all."""
        if self._texts is not None:
            self._watch.on_cells.remove(self._changed)
        self._texts = None
        self._versions.clear()
        self._removals.clear()
        self.removed = {}

    def all(self) -> Sequence[CellText]:
        return self._texts or ()

    def places(self, cell_id: str) -> list[int]:
        """Where the cells with that id are; more than one where two made it anew."""
        return [at for at, cell in enumerate(self.all()) if cell.id == cell_id]

    def had(self, cell_id: str, text: str) -> bool:
        """Whether the cell said that at some time; what it says as a fresh one does not count."""
        return hash((cell_id, text)) in self._versions

    def at_removal(self, cell_id: str) -> str | None:
        """What the cell said when it was removed last; None for one that was not."""
        return self._removals.get(cell_id)

    def settle(self) -> None:
        """Fresh cells are as all others from now on."""
        for cell in self.all():
            if cell.fresh:
                cell.fresh = False
                self._know(cell)

    def _know(self, cell: CellText) -> None:
        key = hash((cell.id, cell.text))
        self._versions.pop(key, None)
        self._versions[key] = None
        if len(self._versions) > KEPT_VERSIONS:
            del self._versions[next(iter(self._versions))]

    def _changed(self, events: list[Any]) -> None:
        self.removed = {}
        for event in events:
            path = event.path
            if not path:
                self._move(event.delta)
            elif self._texts is None or path[0] >= len(self._texts):
                continue
            elif len(path) == 2 and path[1] == "source":
                self._says(self._texts[path[0]], str(event.target))
            elif len(path) == 1 and not {"id", "source"}.isdisjoint(changed_keys(event)):
                now = self._texts[path[0]] = _text(event.target)
                self._says(now, now.text)

    def _says(self, cell: CellText, text: str) -> None:
        cell.text = text
        if not cell.fresh:
            self._know(cell)

    def _move(self, delta: list[dict[str, Any]]) -> None:
        at, texts = 0, self._texts
        assert texts is not None
        for step in delta:
            if "retain" in step:
                at += int(step["retain"])
            elif "delete" in step:
                stop = at + int(step["delete"])
                for cell in texts[at:stop]:
                    self._lose(cell)
                del texts[at:stop]
            elif "insert" in step:
                new = [_text(cell, fresh=self.marking) for cell in step["insert"]]
                texts[at:at] = new
                for cell in new:
                    self._says(cell, cell.text)
                at += len(new)

    def _lose(self, cell: CellText) -> None:
        if cell.id is None:
            return
        self.removed[cell.id] = cell.text
        self._removals.pop(cell.id, None)
        self._removals[cell.id] = cell.text
        if len(self._removals) > KEPT_REMOVALS:
            del self._removals[next(iter(self._removals))]


def _text(cell: Any, *, fresh: bool = False) -> CellText:
    if not isinstance(cell, Map):
        return CellText(None, "", fresh)
    cell_id = value_of(cell, "id")
    source = value_of(cell, "source")
    return CellText(cell_id if isinstance(cell_id, str) else None, str(source or ""), fresh)
