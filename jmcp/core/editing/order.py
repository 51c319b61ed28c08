"""Which items of a list were moved."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def moved(values: Sequence[int]) -> set[int]:
    """The fewest positions without which the values, all different, are in ascending order."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for position, value in enumerate(values):
        length = bisect_left(tails, value)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        ends[length : length + 1] = [position]
    left = set(range(len(values)))
    at = ends[-1] if ends else -1
    while at != -1:
        left.remove(at)
        at = before[at]
    return left
