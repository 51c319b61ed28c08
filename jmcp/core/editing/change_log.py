"""Which cells of a document were changed, so that nobody has to compare them all."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

KEPT_CELLS = 10_000
"""Cells that are remembered; whoever has missed more changes than that compares all cells."""

Cursor = tuple[str, int]
"""A position in a change log: which log, and how many changes it had."""


class ChangeLog:
    """Cells that were changed, inserted or deleted, by anyone, in the order of the changes.

    Whoever keeps a document adds to it. There is one object for each time that the document was
    loaded; changes between two loadings are not known.
    """

    def __init__(self) -> None:
        self._origin = uuid4().hex
        self._life = f"{self._origin} 0"
        self._count = 0
        self._replaced = 0
        self._forgotten = 0
        self._latest: dict[str, int] = {}
        self._placed: dict[str, int] = {}

    @property
    def cursor(self) -> Cursor:
        return self._life, self._count

    def add(self, cell_ids: Iterable[str], *, placed: bool = False) -> None:
        """These cells were changed; `placed`: inserted, deleted or moved."""
        for cell_id in cell_ids:
            self._count += 1
            self._latest.pop(cell_id, None)
            self._latest[cell_id] = self._count
            if placed:
                self._placed[cell_id] = self._count
        while len(self._latest) > KEPT_CELLS:
            oldest = next(iter(self._latest))
            self._forgotten = self._latest.pop(oldest)
            self._placed.pop(oldest, None)

    def forget(self) -> None:
        """Something was changed, and which cells is not known."""
        self._count += 1
        self._life = f"{self._origin} {self._count}"
        self._latest.clear()
        self._placed.clear()

    def replace(self) -> None:
        """The content was taken from a file that another program has written."""
        self._count += 1
        self._replaced = self._count

    def replaced_since(self, cursor: Cursor | None) -> bool:
        """Whether the content was replaced after that cursor; False for a document that was not
        known at that time."""
        if cursor is None or not cursor[0].startswith(self._origin):
            return False
        return self._replaced > cursor[1]

    def since(self, cursor: Cursor | None) -> list[str] | None:
        """The ids of cells changed after that cursor, the newest first; None when that may be any cell."""
        if cursor is None or cursor[0] != self._life or cursor[1] < self._forgotten:
            return None
        changed = []
        for cell_id, count in reversed(self._latest.items()):
            if count <= cursor[1]:
                break
            changed.append(cell_id)
        return changed

    def placed_since(self, cell_id: str, cursor: Cursor | None) -> bool:
        """Whether that cell, one of `since`, was inserted, deleted or moved after that cursor."""
        return cursor is not None and self._placed.get(cell_id, 0) > cursor[1]
