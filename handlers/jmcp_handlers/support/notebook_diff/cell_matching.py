"""Which cells of two states of a notebook are the same one, found in time in proportion to their
lines."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from jmcp.core.editing.line_diff import common_prefix, common_suffix
from jmcp.core.ports import CellType

COMMON_LINE_CELLS = 10
"""A line that is in more cells than that, such as an empty one, tells none of them apart."""
ALIKE_SHARE = 0.5
"""Of their lines, or of the characters of a single one, that two cells have in common at least where
they count as the same cell."""

Pair = tuple[int, int]
"""The indices of a cell, then and now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """What a cell is told by."""

    cell_id: str | None
    cell_type: CellType
    source: str


def matched(old: Sequence[CellText], new: Sequence[CellText]) -> list[Pair]:
    """By id; those whose id is only on one side by their text, then by most of its lines, and a
    single one between two that are the same by most of its characters."""
    matching = _Matching(old, new)
    matching.by_id()
    matching.by_text()
    matching.by_lines()
    matching.by_place()
    return sorted(matching.pairs.items())


class _Matching:
    """`pairs` has what was found so far, by the old index."""

    def __init__(self, old: Sequence[CellText], new: Sequence[CellText]) -> None:
        self.pairs: dict[int, int] = {}
        self._old = old
        self._new = new
        self._taken: set[int] = set()

    def by_id(self) -> None:
        places: dict[str, int] = {}
        for at, cell in enumerate(self._new):
            if cell.cell_id is not None:
                places.setdefault(cell.cell_id, at)
        for at, cell in enumerate(self._old):
            there = places.pop(cell.cell_id, None) if cell.cell_id is not None else None
            if there is not None:
                self._match(at, there)

    def by_text(self) -> None:
        texts: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for at in self._left(self._new, self._taken):
            texts[_key(self._new[at])].append(at)
        for at in self._left(self._old, self.pairs):
            if waiting := texts.get(_key(self._old[at])):
                self._match(at, waiting.pop(0))

    def by_lines(self) -> None:
        cells: defaultdict[str, list[int]] = defaultdict(list)
        sizes: dict[int, int] = {}
        for at in self._left(self._new, self._taken):
            lines = {*self._new[at].source.splitlines()}
            sizes[at] = len(lines)
            for line in lines:
                cells[line].append(at)
        alike: list[tuple[float, int, int]] = []
        for at in self._left(self._old, self.pairs):
            lines = {*self._old[at].source.splitlines()}
            shared: Counter[int] = Counter()
            for line in lines:
                if len(there := cells.get(line, ())) <= COMMON_LINE_CELLS:
                    shared.update(there)
            for other, count in shared.items():
                share = count / max(len(lines), sizes[other])
                if share >= ALIKE_SHARE and self._same_type(at, other):
                    alike.append((-share, at, other))
        for _, at, other in sorted(alike):
            if at not in self.pairs and other not in self._taken:
                self._match(at, other)

    def by_place(self) -> None:
        ends = [(-1, -1), *sorted(self.pairs.items()), (len(self._old), len(self._new))]
        for (old, new), (old_end, new_end) in pairwise(ends):
            if old_end - old == new_end - new == 2 and self._same_type(old + 1, new + 1):
                before, after = self._old[old + 1].source, self._new[new + 1].source
                start = common_prefix(before, after)
                shared = start + common_suffix(before[start:], after[start:])
                free = old + 1 not in self.pairs and new + 1 not in self._taken
                if free and shared >= ALIKE_SHARE * max(len(before), len(after)):
                    self._match(old + 1, new + 1)

    def _match(self, old: int, new: int) -> None:
        self.pairs[old] = new
        self._taken.add(new)

    def _same_type(self, old: int, new: int) -> bool:
        return self._old[old].cell_type == self._new[new].cell_type

    @staticmethod
    def _left(cells: Sequence[CellText], gone: dict[int, int] | set[int]) -> list[int]:
        return [at for at in range(len(cells)) if at not in gone]


def _key(cell: CellText) -> tuple[str, str]:
    return cell.cell_type, cell.source
