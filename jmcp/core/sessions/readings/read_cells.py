"""What a session has read of a notebook's cells, so that it learns what others changed since.

A cell is read when a session got its whole source. What is kept of that is a digest, 16 bytes a
cell: enough to know that a source is another one now, and in the session's record it outlives the
process. With it goes which cell the session saw at which index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from struct import iter_unpack
from typing import Literal, NamedTuple

from jmcp.core.editing.change_log import Cursor
from jmcp.core.editing.order import moved
from jmcp.core.ports import Cell, Cells, Edit
from jmcp.core.sessions.readings.digests import DIGEST_BYTES, digest
from jmcp.core.sessions.readings.places import Places, id_mark, is_marked, mark_of
from jmcp.core.sessions.readings.shown_parts import ShownParts

KEPT_CELLS = 1000
"""Cells kept of one notebook in the record of one session; beyond that the oldest are dropped."""
PAIR_BYTES = 2 * DIGEST_BYTES
SINGLY_UP_TO = 8
"""Number of cells up to which each is looked up by itself; for more a table of all cells is
cheaper."""

What = Literal["changed", "deleted", "inserted", "moved"]


class UnseenChange(NamedTuple):
    """What others did to a cell; `known` is the digest of the source that had been read, if any."""

    cell_id: str
    what: What
    known: bytes | None = None


class Reading:
    """What one session has read of one notebook: `packed` is pairs of digests, the newest last.

    `places` are the cells that it saw at each index. `cursor` is up to where it knows what others
    did. `acknowledged` are the cells that it knows to be changed, each with the reading that is
    outdated. `revision` counts what changed in it, and `stored` is the one that the session's
    record has.
    """

    def __init__(self, packed: bytes = b"", places: bytes = b"") -> None:
        self.packed = packed
        self.places = Places(places)
        self.cursor: Cursor | None = None
        self.acknowledged: dict[bytes, bytes] = {}
        self.parts = ShownParts()
        self._attempted: dict[bytes, bytes] = {}
        """Of cells, what the session wrote last where the edit failed: nobody knows whether it is
        there."""
        self.told_of_tab = False
        """Whether the session knows that a browser shows the notebook and does not follow edits."""
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
        key = digest(cell_id)
        return self._is_other(key, self.of(cell_id), digest(source))

    def _is_other(self, key: bytes, known: bytes | None, now: bytes) -> bool:
        """Whether a cell that was read has a source that the session neither read nor wrote."""
        return known is not None and known != now and self._attempted.get(key) != now

    def record_read(self, sources: Mapping[str, str]) -> None:
        """These cells, by id, were read with these sources."""
        found = {digest(cell_id): digest(source) for cell_id, source in sources.items()}
        for key in found:
            self._attempted.pop(key, None)
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
        """Treat these cells as never read."""
        for cell_id in cell_ids:
            at = self._find(digest(cell_id))
            if at is not None:
                self._put(self.packed[:at] + self.packed[at + PAIR_BYTES :])

    def put_back(self, cell_id: str, known: bytes | None, attempted: str | None = None) -> None:
        """Take for what was read of that cell what was before: nobody was shown more. `attempted`
        is a source that an edit may have given it."""
        self.forget([cell_id])
        key = digest(cell_id)
        if known is not None:
            self._put(self.packed + key + known)
        if attempted is not None:
            if len(self._attempted) > KEPT_CELLS:
                self._attempted.clear()
            self._attempted[key] = digest(attempted)

    # -- places --------------------------------------------------------------------------------

    def see(self, index: int, mark: bytes) -> None:
        """The session is told that the cell with that mark is at that index."""
        if self.places.see(index, mark):
            self.revision += 1

    def see_end(self, count: int) -> None:
        """The session is told that there are no more cells than so many."""
        if self.places.end(count):
            self.revision += 1

    def see_again(self, places: bytes) -> None:
        """Go back to the places of an earlier moment: nobody was told of later ones."""
        if places != self.places.packed:
            self.places = Places(places)
            self.revision += 1

    def saw_another(self, cells: Cells, index: int) -> bool:
        """Whether the session saw another cell at that index than there is now."""
        mark = self.places.at(index)
        if mark is None:
            return False
        return index >= len(cells) or not is_marked(mark, cells.get(index))

    def follow(self, edit: Edit) -> None:
        """The session inserted, deleted or moved a cell, or gave one another source."""
        before, after = edit.before, edit.after
        if edit.kind == "set_source" and after is not None:
            self.see(after.index, mark_of(after))
            return
        above, below = (None if one is None else id_mark(one) for one in edit.now)
        if before is not None:
            self.places.remove(before.index, mark_of(before))
        if after is not None:
            self.places.insert(after.index, mark_of(after), above, below)
        self.revision += 1

    # -- what others did -----------------------------------------------------------------------

    def unseen_changes(self, cells: Cells) -> list[UnseenChange]:
        """What others did since `cursor` to cells that were read or seen, and is not acknowledged,
        and which cells they put among them."""
        changed = cells.changes.since(self.cursor) if self.packed or self.places else ()
        if changed is None:
            return [*self._all_changes(cells), *self._all_placed(cells)]
        unseen = []
        for cell_id in changed:
            index, known = cells.find(cell_id), self.of(cell_id)
            placed = cells.changes.placed_since(cell_id, self.cursor)
            if index is None and known is None:
                if placed and self.places.find(id_mark(cell_id)) is not None:
                    unseen.append(UnseenChange(cell_id, "deleted"))
                continue
            if index is not None and placed and (what := self._placed(cells, index, known)):
                unseen.append(UnseenChange(cell_id, what))
            if known is None:
                continue
            if index is not None and not self.differs(cell_id, cells.get(index).source):
                self.acknowledged.pop(digest(cell_id), None)
            elif self.acknowledged.get(digest(cell_id)) != known:
                unseen.append(
                    UnseenChange(cell_id, "deleted" if index is None else "changed", known)
                )
        return unseen

    def _placed(self, cells: Cells, index: int, known: bytes | None) -> What | None:
        """What a cell is to the session that was put where it is: by whom is not known."""
        mark = mark_of(cells.get(index))
        if self.places.at(index) == mark:
            return None
        at = self.places.find(mark)
        if at is None:
            return "inserted" if known is None and index <= len(self.places) else None
        for offset in (-1, 1):  # beside a cell that it was beside: others shifted both
            was, beside = self.places.at(at + offset), index + offset
            if was and 0 <= beside < len(cells) and is_marked(was, cells.get(beside)):
                return None
        return "moved"

    def _all_changes(self, cells: Cells) -> list[UnseenChange]:
        """Which sources are others than those that were read. Of deleted cells there is only a
        digest, which names none."""
        table = self._table()
        unseen = []
        for index in range(len(cells) if table else 0):
            cell = cells.get(index)
            if cell.cell_id is None or not identified(cells, cell):
                continue
            key = digest(cell.cell_id)
            known = table.get(key)
            if known is None or self.acknowledged.get(key) == known:
                continue
            if self._is_other(key, known, digest(cell.source)):
                unseen.append(UnseenChange(cell.cell_id, "changed", known))
        return unseen

    def _all_placed(self, cells: Cells) -> list[UnseenChange]:
        """The same of all cells: those that stand between two that were seen one below the other,
        and those that are not in the order of before."""
        table = self.places.marks()
        seen: list[tuple[str, int]] = []
        inserted: list[str] = []
        waiting: list[str] = []
        last = -1
        for index in range(len(cells) if table else 0):
            cell = cells.get(index)
            if cell.cell_id is None:
                return []
            at = table.pop(mark_of(cell), None)
            if at is None:
                waiting.append(cell.cell_id)
                continue
            if at == last + 1:
                inserted += waiting
            waiting, last = [], at
            seen.append((cell.cell_id, at))
        dragged = moved([at for _, at in seen])
        return [
            *(UnseenChange(cell_id, "inserted") for cell_id in inserted),
            *(UnseenChange(seen[one][0], "moved") for one in sorted(dragged)),
        ]

    def acknowledge(self, changes: Iterable[UnseenChange]) -> None:
        """The session is told of these changes. They are not told again until it reads the cells
        again."""
        if len(self.acknowledged) > KEPT_CELLS:
            self.acknowledged.clear()
        for one in changes:
            if one.known is not None:
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
