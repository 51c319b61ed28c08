"""Which cells of a document were changed, so that nobody has to compare them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard
from uuid import uuid4

KEPT_CELLS = 10_000
"""Cells that are remembered; whoever has missed more changes than that compares all cells."""

KEPT_COPIES = 100
"""Cells that merges have made and that are remembered."""

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
        self._replaced = self._lost = 0
        self._copies: list[tuple[int, str]] = []
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
        """The content was taken from a file that another program has written, and what was not saved
        is gone."""
        self._count += 1
        self._replaced = self._lost = self._count

    def merge(self, copies: Sequence[str] = ()) -> None:
        """What another program has written into the file was joined into the content. `copies`: as
        `collide`."""
        self._count += 1
        self._replaced = self._count
        self.collide(copies)

    def collide(self, copies: Sequence[str]) -> None:
        """These cells have the text of another version, each of the cell above it: the same lines
        had been changed here."""
        self._count += 1
        self._copies = [*self._copies, *((self._count, copy) for copy in copies)][-KEPT_COPIES:]

    def replaced_since(self, cursor: Cursor | None) -> bool:
        """Whether the file was changed by another program after that cursor, and its content taken;
        False for a document that was not known at that time."""
        return self._knows(cursor) and self._replaced > cursor[1]

    def lost_since(self, cursor: Cursor | None) -> bool:
        """The same where what was not saved is gone."""
        return self._knows(cursor) and self._lost > cursor[1]

    def copies_since(self, cursor: Cursor | None) -> list[str]:
        """The ids of cells made by merges after that cursor, for texts that could not be joined."""
        if not self._knows(cursor):
            return []
        return [cell_id for count, cell_id in self._copies if count > cursor[1]]

    def _knows(self, cursor: Cursor | None) -> TypeGuard[Cursor]:
        return cursor is not None and cursor[0].startswith(self._origin)

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
