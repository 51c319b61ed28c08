"""Figures beside what they are compared with and their limits, and the table of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.limits import Limit

WARM_UP_CALLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a figure is compared with, measured in the same run and the same unit."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure.

    With a `reference` the limit is about the ratio to it, otherwise about the figure itself.
    """

    name: str
    value: float
    unit: str
    reference: Reference | None = None
    limit: Limit | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.reference.value if self.reference else None

    @property
    def limited(self) -> float:
        """What the limit is about."""
        return self.value if self.ratio is None else self.ratio

    @property
    def met(self) -> bool:
        return self.limit is None or self.limit.allows(self.limited)

    @property
    def shortfall(self) -> str:
        """A sentence about a figure that misses its limit."""
        assert self.limit is not None
        found = f"{self.name} is {number(self.value)} {self.unit}".rstrip()
        unit = self.unit
        if self.reference is not None:
            found += (
                f", {number(self.limited)} x {self.reference.name} "
                f"({number(self.reference.value)} {self.unit})"
            )
            unit = "x"
        return f"{found}; {self.limit.sentence(unit)} {self.limit.reason}"


def number(value: float) -> str:
    """Three digits, for people."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def milliseconds(action: Callable[[], object], count: int) -> list[float]:
    """How long each of `count` runs took, after a few that do not count."""
    for _ in range(WARM_UP_CALLS):
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


HEADINGS = ("figure", "measured", "compared with", "ratio", "limit", "met", "note")


def row(figure: Figure) -> tuple[str, ...]:
    """One line of the table, a text for each heading."""
    reference, ratio, limit, met = "", "", "", ""
    if figure.reference is not None:
        reference = f"{figure.reference.name}: {number(figure.reference.value)} {figure.unit}"
        ratio = f"{number(figure.limited)} x"
    if figure.limit is not None:
        limit = figure.limit.short("x" if figure.reference else figure.unit)
        met = "yes" if figure.met else "NO"
    value = f"{number(figure.value)} {figure.unit}"
    return figure.name, value, reference.strip(), ratio, limit.strip(), met, figure.note


def table(figures: Sequence[Figure]) -> str:
    """The table for a terminal."""
    rows = [HEADINGS, *(row(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEADINGS) - 1)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]
        )
        for line in rows
    )


def markdown(figures: Sequence[Figure]) -> str:
    """The table as Markdown."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(row(figure) for figure in figures)]
    return "\n".join(f"| {' | '.join(line)} |" for line in rows)
