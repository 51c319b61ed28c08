"""Which lines of two texts differ, found with a bounded number of comparisons.

Texts come from people, models and kernels, so nobody chooses their form: a diff whose time depends
on it (lines that repeat, texts with nothing in common) can hold up everybody on the server. What is
not told apart within the bound counts as replaced.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COMPARISONS = 50_000
"""Lines that all diffs of one edit may look at or compare: 10 to 60 milliseconds."""

REGION_COST = 10
"""Cost of looking at one region, in lines, beside the lines in it."""

Match = tuple[int, int]
"""The index of a line in the old text, and of its equal in the new."""


@dataclass(slots=True)
class DiffBudget:
    """How many lines may still be looked at or compared."""

    left: int = COMPARISONS

    def take(self, count: int) -> bool:
        """Take that many from the budget, if there are as many; otherwise the budget is used up.
        Returns whether there were."""
        enough = count <= self.left
        self.left = self.left - count if enough else 0
        return enough


@dataclass(frozen=True, slots=True)
class LineChange:
    """Lines `old_start` to `old_stop` of the old text became `new_start` to `new_stop`."""

    old_start: int
    old_stop: int
    new_start: int
    new_stop: int

    @property
    def size(self) -> int:
        return self.old_stop - self.old_start + self.new_stop - self.new_start

    @property
    def one_sided(self) -> bool:
        """Whether lines were only added, or only removed."""
        return self.old_start == self.old_stop or self.new_start == self.new_stop


def line_changes(
    old: Sequence[str], new: Sequence[str], budget: DiffBudget | None = None
) -> list[LineChange]:
    """What to replace in `old` to get `new`, from the top; the lines in between are equal.

    Takes time in proportion to the lines and to `budget`, by default one of its own. Lines that
    occur once in both texts are matched first, as many as are in one order; in between, the
    shortest difference is looked for.
    """
    budget = budget or DiffBudget()
    whole = _trimmed(old, new, LineChange(0, len(old), 0, len(new)))
    if not budget.take(whole.size):
        return [whole]
    numbers: dict[str, int] = {}  # which are compared faster than lines
    a = [numbers.setdefault(line, len(numbers)) for line in old]
    b = [numbers.setdefault(line, len(numbers)) for line in new]
    found: list[LineChange] = []
    regions = [whole]
    while regions:
        region = regions.pop()
        if region.one_sided or not budget.take(region.size + REGION_COST):
            found.append(region)
            continue
        region = _trimmed(a, b, region)
        if region.one_sided:
            found.append(region)
        elif anchors := _anchors(a, b, region):
            regions += [*_between(region, anchors)][::-1]
        else:
            found += _between(region, _shortest(a, b, region, budget))
    return [change for change in found if change.size]


def common_prefix(a: Sequence[Any], b: Sequence[Any]) -> int:
    """The length of the common prefix, by bisection over slices (a loop over items is slow)."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def common_suffix(a: Sequence[Any], b: Sequence[Any]) -> int:
    """The length of the common suffix."""
    return common_prefix(a[::-1], b[::-1])


def _trimmed(a: Sequence[Any], b: Sequence[Any], region: LineChange) -> LineChange:
    """The region without the equal lines at its start and end."""
    old, new = a[region.old_start : region.old_stop], b[region.new_start : region.new_stop]
    start = common_prefix(old, new)
    end = common_suffix(old[start:], new[start:])
    return LineChange(
        region.old_start + start,
        region.old_stop - end,
        region.new_start + start,
        region.new_stop - end,
    )


def _between(region: LineChange, matches: Sequence[Match]) -> Iterator[LineChange]:
    """What is left of a region around matched lines, in order."""
    i, j = region.old_start, region.new_start
    for old, new in matches:
        if old > i or new > j:
            yield LineChange(i, old, j, new)
        i, j = old + 1, new + 1
    yield LineChange(i, region.old_stop, j, region.new_stop)


def _anchors(a: Sequence[int], b: Sequence[int], region: LineChange) -> list[Match]:
    """Lines that occur once in both parts, as many of them as come in one order."""
    places = _single(b, region.new_start, region.new_stop)
    single = _single(a, region.old_start, region.old_stop)
    pairs = [(i, places[number]) for number, i in single.items() if number in places]
    # The longest rising run of the new places: patience sorting.
    ends: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for at, (_, place) in enumerate(pairs):
        pile = bisect_left(ends, place)
        before.append(piles[pile - 1] if pile else -1)
        ends[pile : pile + 1] = [place]
        piles[pile : pile + 1] = [at]
    run = []
    at = piles[-1] if piles else -1
    while at >= 0:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]


def _single(lines: Sequence[int], start: int, stop: int) -> dict[int, int]:
    """The index of each line that occurs once in that part, in order."""
    counts = Counter(lines[start:stop])
    return {line: at for at, line in enumerate(lines[start:stop], start) if counts[line] == 1}


def _shortest(
    a: Sequence[int], b: Sequence[int], region: LineChange, budget: DiffBudget
) -> list[Match]:
    """The equal lines of the shortest difference; none when the budget does not last for it.

    Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), the greedy algorithm:
    `furthest[k]` is how far down the old part one gets on diagonal k with so many edits.
    """
    old, new = a[region.old_start : region.old_stop], b[region.new_start : region.new_stop]
    furthest = {1: 0}
    history: list[dict[int, int]] = []
    for edits in range(len(old) + len(new) + 1):
        history.append(furthest.copy())
        compared = edits
        for k in range(-edits, edits + 1, 2):
            entered = i = _entered(furthest, k, edits)
            while i < len(old) and i - k < len(new) and old[i] == new[i - k]:
                i += 1
            furthest[k] = i
            compared += i - entered
            if i >= len(old) and i - k >= len(new):
                return _path(history, region, i, k)
        if not budget.take(compared):
            break
    return []


def _entered(furthest: Mapping[int, int], k: int, edits: int) -> int:
    """How far down the old part the last edit leads to diagonal k."""
    if k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1]):
        return furthest[k + 1]  # a line of the new part was added
    return furthest[k - 1] + 1  # one of the old part was removed


def _path(history: Sequence[Mapping[int, int]], region: LineChange, i: int, k: int) -> list[Match]:
    """The equal lines on the way to the end on diagonal k, from the last to the first edit."""
    matches: list[Match] = []
    for edits in range(len(history) - 1, -1, -1):
        furthest = history[edits]
        entered = _entered(furthest, k, edits)
        matches += [(one, one - k) for one in range(i - 1, entered - 1, -1)]
        added = k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1])
        i, k = (entered, k + 1) if added else (entered - 1, k - 1)
    start = region.old_start, region.new_start
    return [(start[0] + i, start[1] + j) for i, j in reversed(matches)]
