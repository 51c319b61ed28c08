"""Where a session saw which cell: what an index means to it."""

from __future__ import annotations

from jmcp.core.ports import Cell
from jmcp.core.sessions.readings.digests import digest

KEPT_PLACES = 4096
"""Places kept for one notebook, counted from its top: 16 KB. An index further down is not checked.
"""
MARK_BYTES = 4
"""Bytes of a mark: by chance two cells have the same mark once in four thousand million."""
_UNSEEN = bytes(MARK_BYTES)


def mark_of(cell: Cell) -> bytes:
    """What tells the cell from others: its id, and below nbformat 4.5 its source."""
    return source_mark(cell.source) if cell.cell_id is None else id_mark(cell.cell_id)


def id_mark(cell_id: str) -> bytes:
    """The mark of a cell with that id."""
    return digest(cell_id)[:MARK_BYTES]


def source_mark(source: str) -> bytes:
    """The mark of a cell without an id."""
    return digest(f"\0{source}")[:MARK_BYTES]


def is_marked(mark: bytes, cell: Cell) -> bool:
    """Whether a mark is the cell's, also one from before its notebook's first edit gave it an id."""
    return mark == mark_of(cell) or (cell.cell_id is not None and mark == source_mark(cell.source))


class Places:
    """The cells of one notebook at the indices at which one session last saw them, with its own
    insertions, deletions and moves since. Changes by others are not followed."""

    def __init__(self, packed: bytes = b"") -> None:
        self._marks = bytearray(packed[: len(packed) // MARK_BYTES * MARK_BYTES])

    @property
    def packed(self) -> bytes:
        """All marks, one after the other; zeros where nothing was seen."""
        return bytes(self._marks)

    def __len__(self) -> int:
        """How many places there are down to the last one that was seen."""
        return len(self._marks) // MARK_BYTES

    def at(self, index: int) -> bytes | None:
        """The mark of the cell that was seen at that index."""
        if index < 0:
            return None
        mark = bytes(self._marks[index * MARK_BYTES : (index + 1) * MARK_BYTES])
        return mark if mark and mark != _UNSEEN else None

    def find(self, mark: bytes) -> int | None:
        """The first index at which a cell with that mark was seen."""
        at = self._marks.find(mark)
        while at != -1 and at % MARK_BYTES:
            at = self._marks.find(mark, at + 1)
        return None if at == -1 else at // MARK_BYTES

    def marks(self) -> dict[bytes, int]:
        """The first index of each mark."""
        found: dict[bytes, int] = {}
        for index in range(len(self)):
            mark = self.at(index)
            if mark is not None:
                found.setdefault(mark, index)
        return found

    def see(self, index: int, mark: bytes) -> bool:
        """The session saw the cell at that index. Returns whether that is new to it."""
        if index >= KEPT_PLACES or self.at(index) == mark:
            return False
        self._reach(index + 1)
        self._marks[index * MARK_BYTES : (index + 1) * MARK_BYTES] = mark
        return True

    def end(self, count: int) -> bool:
        """The session saw that there are no more cells than that. Returns whether that is new to
        it."""
        if count >= len(self):
            return False
        del self._marks[count * MARK_BYTES :]
        return True

    def insert(self, index: int, mark: bytes, above: bytes | None, below: bytes | None) -> None:
        """The session put a cell there, between two cells (None: the end of the notebook)."""
        gap = self._gap(index, above, below)
        if gap < KEPT_PLACES:
            self._reach(gap)
            self._marks[gap * MARK_BYTES : gap * MARK_BYTES] = mark
            del self._marks[KEPT_PLACES * MARK_BYTES :]
        self.see(index, mark)  # the session is told the index

    def remove(self, index: int, mark: bytes) -> None:
        """The session removed that cell from that index. If it never saw the cell, and saw another
        one at that index, its places stay as they are."""
        at = index if self.at(index) == mark else self.find(mark)
        if at is None and index < len(self) and self.at(index) is None:
            at = index
        if at is not None:
            del self._marks[at * MARK_BYTES : (at + 1) * MARK_BYTES]

    def _gap(self, index: int, above: bytes | None, below: bytes | None) -> int:
        """The index between those two cells, by what the session saw."""
        if index == 0:
            return 0
        for mark, offset in ((above, 1), (below, 0)):
            if mark is None:
                continue
            if self.at(index - offset) == mark:
                return index
            found = self.find(mark)
            if found is not None:
                return found + offset
        return index

    def _reach(self, count: int) -> None:
        self._marks.extend(bytes(max(0, count * MARK_BYTES - len(self._marks))))
