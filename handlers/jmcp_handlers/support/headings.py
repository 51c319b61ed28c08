"""Headings of markdown cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jmcp.core.ports import Cell

HEADING_CHARACTERS = 100
"""Characters of one heading in a result."""
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*(?:[ \t]#+[ \t]*)?")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading as markdown has it: `level` 1 to 6, `line` of its cell from 0."""

    level: int
    title: str
    line: int

    @property
    def text(self) -> str:
        return f"{'#' * self.level} {self.title}"


def headings(cell: Cell) -> Sequence[Heading]:
    """The headings of a cell in their order; only markdown cells have any."""
    if cell.cell_type != "markdown" or "#" not in cell.source:
        return ()
    found: list[Heading] = []
    fence: str | None = None
    for number, line in enumerate(cell.source.split("\n")):
        mark = _FENCE.match(line)
        if mark is not None and (fence is None or mark[1].startswith(fence)):
            fence = mark[1] if fence is None else None
        elif fence is None and (heading := _HEADING.fullmatch(line)) and heading[2]:
            title = heading[2][:HEADING_CHARACTERS]
            found.append(Heading(level=len(heading[1]), title=title, line=number))
    return found
