"""A merge of three versions of one text, by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jmcp.core.editing.line_diff import DiffBudget, LineChange, line_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedText:
    """The merged text; `collided`: both sides changed the same lines, and it is that of mine."""

    text: str
    collided: bool = False


def merged_text(base: str, mine: str, theirs: str, budget: DiffBudget | None = None) -> MergedText:
    """What both sides made of `base`. Changes of lines side by side do not collide.

    Nor do they where one side's text goes on from the other's, as when a file has the first half of
    what is in the document: the longer one has all that was typed. Takes time in proportion to the
    texts and to `budget`; what is not compared within it collides.
    """
    if theirs in (base, mine):
        return MergedText(text=mine)
    if mine == base:
        return MergedText(text=theirs)
    old, ours, others = base.split("\n"), mine.split("\n"), theirs.split("\n")
    budget = budget or DiffBudget()
    merged: list[str] = []
    at = 0
    for region in _regions(line_changes(old, ours, budget), line_changes(old, others, budget)):
        merged += old[at : region.start]
        part = region.merged(ours, others)
        if part is None:
            return MergedText(text=mine, collided=True)
        merged += part
        at = region.stop
    return MergedText(text="\n".join([*merged, *old[at:]]))


@dataclass(slots=True)
class _Region:
    """Lines `start` to `stop` of the base, with what either side changed there."""

    start: int
    stop: int
    mine: list[LineChange]
    theirs: list[LineChange]

    def merged(self, mine: Sequence[str], theirs: Sequence[str]) -> Sequence[str] | None:
        """The lines in place of these; None where both sides made different ones of them."""
        if not self.theirs:
            return self._now(self.mine, mine)
        if not self.mine:
            return self._now(self.theirs, theirs)
        ours, others = self._now(self.mine, mine), self._now(self.theirs, theirs)
        added, more = _added(self.mine, mine), _added(self.theirs, theirs)
        if ours == others or (more and _has(ours, more)):
            return ours
        if added and _has(others, added):
            return others
        side_by_side = self._side_by_side(mine, theirs)
        if side_by_side is not None:
            return side_by_side
        if not more or not added:  # lines that one side removed, and the other edited
            return ours if added else others
        shorter, longer = sorted((ours, others), key=lambda lines: len("\n".join(lines)))
        text, whole = "\n".join(shorter), "\n".join(longer)
        return longer if whole.startswith(text) or whole.endswith(text) else None

    def _now(self, changes: Sequence[LineChange], lines: Sequence[str]) -> Sequence[str]:
        """The lines of one side that stand where the base has these."""
        first, last = changes[0], changes[-1]
        start = first.new_start - (first.old_start - self.start)
        return lines[start : last.new_stop + self.stop - last.old_stop]

    def _side_by_side(self, mine: Sequence[str], theirs: Sequence[str]) -> Sequence[str] | None:
        """All changed lines, where no two changes are of the same ones or put some into the same
        place; None otherwise. All of the region was changed then."""
        changes = sorted(
            [(change, mine) for change in self.mine] + [(change, theirs) for change in self.theirs],
            key=lambda side: (side[0].old_start, side[0].old_stop),
        )
        lines: list[str] = []
        for (before, _), (change, _) in pairwise(changes):
            same_place = before.old_start == before.old_stop == change.old_start == change.old_stop
            if change.old_start < before.old_stop or same_place:
                return None
        for change, text in changes:
            lines += text[change.new_start : change.new_stop]
        return lines


def _added(changes: Sequence[LineChange], lines: Sequence[str]) -> list[Sequence[str]]:
    """The lines that one side has put there, change by change."""
    added = [lines[change.new_start : change.new_stop] for change in changes]
    return [new for new in added if new]


def _has(lines: Sequence[str], added: Sequence[Sequence[str]]) -> bool:
    """Whether what the other side added is there already, in this order."""
    at = 0
    for new in added:
        places = range(at, len(lines) - len(new) + 1)
        found = next((one for one in places if lines[one : one + len(new)] == new), None)
        if found is None:
            return False
        at = found + len(new)
    return True


def _regions(mine: Sequence[LineChange], theirs: Sequence[LineChange]) -> Iterator[_Region]:
    """The changes of both sides from the top, those together that overlap or touch."""
    sides = [(change, True) for change in mine] + [(change, False) for change in theirs]
    region: _Region | None = None
    for change, own in sorted(sides, key=lambda side: (side[0].old_start, side[0].old_stop)):
        if region is None or change.old_start > region.stop:
            if region is not None:
                yield region
            region = _Region(change.old_start, change.old_stop, [], [])
        region.stop = max(region.stop, change.old_stop)
        (region.mine if own else region.theirs).append(change)
    if region is not None:
        yield region
