"""Figures with their targets, printed as one table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WARM_UP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure. `limit` is the most it may be, in the same unit."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        return self.limit is None or self.value <= self.limit


def milliseconds(action: Callable[[], object], count: int) -> list[float]:
    """How long each of `count` runs took, after a few that do not count."""
    for _ in range(WARM_UP):
        action()
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        action()
        taken.append((time.perf_counter() - begin) * 1000)
    return taken


def spread(taken: Sequence[float]) -> str:
    """Median and 95th percentile, as a note."""
    ordered = sorted(taken)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"median {statistics.median(ordered):.2f}, p95 {p95:.2f} ms, n={len(ordered)}"


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    width = max(len(figure.name) for figure in figures)
    print(f"{'figure':{width}}  {'measured':>12}  {'at most':>12}  met  note")
    for figure in figures:
        limit = "" if figure.limit is None else f"{figure.limit:g} {figure.unit}"
        met = "" if figure.limit is None else ("yes" if figure.met else "NO")
        value = f"{figure.value:.2f} {figure.unit}"
        print(f"{figure.name:{width}}  {value:>12}  {limit:>12}  {met:3}  {figure.note}")
