"""What a session has read of a notebook's cells, so that it learns what others changed since.

A cell is read when a session got its whole source. What is kept of that is a digest, 16 bytes a
cell: enough to know that a source is another one now, and in the session's record it outlives the
process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import chain
from struct import iter_unpack
from typing import Literal, NamedTuple

from jmcp.core.editing.change_log import Cursor
from jmcp.core.ports import Cell, Cells

KEPT_CELLS = 1000
"""Of one notebook, in one session's record; the oldest fall out, and are never refused."""
DIGEST_BYTES = 8
PAIR_BYTES = 2 * DIGEST_BYTES
SINGLY_UP_TO = 8
"""Up to so many cells are looked for one by one, which for many costs more than a table of all."""

What = Literal["changed", "deleted"]


class UnseenChange(NamedTuple):
    """What others did to a cell; `known` is the digest of the source that had been read."""

    cell_id: str
    what: What
    known: bytes


def digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=DIGEST_BYTES).digest()


class Reading:
    """What one session has read of one notebook: `packed` is pairs of digests, the newest last.

    `cursor` is up to where it knows what others did. `acknowledged` are the cells that it knows to be
    changed, each with the reading that is outdated. `revision` counts what changed in it, and
    `stored` is the one that the session's record has.
    """

    def __init__(self, packed: bytes = b"") -> None:
        self.packed = packed
        self.cursor: Cursor | None = None
        self.acknowledged: dict[bytes, bytes] = {}
        self.revision = 0
        self.stored = 0

    @property
    def unsaved(self) -> bool:
        return self.stored < self.revision

    def of(self, cell_id: str) -> bytes | None:
        """The digest of the source that was read; None for a cell that was not."""
        at = self._find(digest(cell_id))
        return None if at is None else self.packed[at + DIGEST_BYTES : at + PAIR_BYTES]

    def differs(self, cell_id: str, source: str) -> bool:
        """Whether that cell was read, and then with another source."""
        known = self.of(cell_id)
        return known is not None and known != digest(source)

    def record_read(self, sources: Mapping[str, str]) -> None:
        """These cells, by id, were read with these sources."""
        found = {digest(cell_id): digest(source) for cell_id, source in sources.items()}
        if len(found) > SINGLY_UP_TO:
            self._merge(found)
            return
        for key, value in found.items():
            at = self._find(key)
            if at is None:
                self._put(self.packed + key + value)
            elif self.packed[at + DIGEST_BYTES : at + PAIR_BYTES] != value:
                self._put(self.packed[:at] + self.packed[at + PAIR_BYTES :] + key + value)

    def forget(self, cell_ids: Iterable[str]) -> None:
        """As if these had never been read."""
        for cell_id in cell_ids:
            at = self._find(digest(cell_id))
            if at is not None:
                self._put(self.packed[:at] + self.packed[at + PAIR_BYTES :])

    def unseen_changes(self, cells: Cells) -> list[UnseenChange]:
        """What others did since `cursor` to cells that were read, and that are not acknowledged."""
        changed = cells.changes.since(self.cursor) if self.packed else ()
        if changed is None:
            return self._all_changes(cells)
        unseen = []
        for cell_id in changed:
            known = self.of(cell_id)
            if known is None:
                continue
            index = cells.find(cell_id)
            if index is not None and digest(cells.get(index).source) == known:
                self.acknowledged.pop(digest(cell_id), None)
            elif self.acknowledged.get(digest(cell_id)) != known:
                unseen.append(
                    UnseenChange(cell_id, "deleted" if index is None else "changed", known)
                )
        return unseen

    def _all_changes(self, cells: Cells) -> list[UnseenChange]:
        """The same since ever. Of deleted cells there is only a digest, which names none."""
        table = self._table()
        unseen = []
        for index in range(len(cells)):
            cell = cells.get(index)
            if cell.cell_id is None or not identified(cells, cell):
                continue
            key = digest(cell.cell_id)
            known = table.get(key)
            if known not in (None, self.acknowledged.get(key), digest(cell.source)):
                unseen.append(UnseenChange(cell.cell_id, "changed", known))
        return unseen

    def acknowledge(self, changes: Iterable[UnseenChange]) -> None:
        """The session is told of these: the same is not told again until it reads the cells again."""
        if len(self.acknowledged) > KEPT_CELLS:
            self.acknowledged.clear()
        for one in changes:
            self.acknowledged[digest(one.cell_id)] = one.known

    def _find(self, key: bytes) -> int | None:
        at = self.packed.find(key)
        while at != -1 and at % PAIR_BYTES:
            at = self.packed.find(key, at + 1)
        return None if at == -1 else at

    def _table(self) -> dict[bytes, bytes]:
        return dict(iter_unpack(f"{DIGEST_BYTES}s{DIGEST_BYTES}s", self.packed))

    def _merge(self, found: Mapping[bytes, bytes]) -> None:
        known = self._table()
        fresh = {key: value for key, value in found.items() if known.get(key) != value}
        if fresh:
            for key in fresh:
                known.pop(key, None)
            self._put(b"".join(chain.from_iterable((known | fresh).items())))

    def _put(self, packed: bytes) -> None:
        self.packed = packed[-KEPT_CELLS * PAIR_BYTES :]
        self.revision += 1


def identified(cells: Cells, cell: Cell) -> bool:
    """Whether its id names the cell: below nbformat 4.5 none does, and of two with one the first."""
    return cell.cell_id is not None and cells.find(cell.cell_id) == cell.index
