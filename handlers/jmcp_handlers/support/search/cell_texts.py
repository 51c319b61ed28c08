"""The texts of a notebook that can be searched: sources, and outputs as text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from jmcp.core.ports import Cell, Cells
from jmcp_api.enums import SearchPlace
from jmcp_handlers.support.headings import Heading, headings
from jmcp_handlers.support.outputs.output_results import plain
from jmcp_handlers.support.time_slices import TimeSlices


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText:
    """The source of a cell, or one of its outputs. `path` is that of the notebook.

    `above` is the heading that the cell is under, and `own` are those in its source.
    """

    path: str
    cell: Cell
    text: str
    output: int | None
    above: Heading | None
    own: Sequence[Heading]

    def heading(self, line: int) -> Heading | None:
        """The heading that a line is under, which may be the line itself."""
        return next((one for one in reversed(self.own) if one.line < line), self.above)


async def cell_texts(
    path: str, read: Callable[[], Awaitable[Cells]], where: SearchPlace, limit: int
) -> tuple[list[CellText], bool]:
    """The texts of one notebook, up to so many characters, and whether those were all.

    `read` gives the cells as they are now; it is called again after other calls had their turn.
    """
    found: list[CellText] = []
    above: Heading | None = None
    slices = TimeSlices()
    cells, index = await read(), 0
    while index < len(cells):
        cell = cells.get(index)
        own = headings(cell)
        texts: list[tuple[int | None, str]] = []
        rested = False
        if where != "outputs":
            texts.append((None, cell.source))
        if where != "sources" and cell.output_count:
            for number, output in enumerate(cells.get(index, outputs=True).outputs):
                if text := plain(output):
                    texts.append((number, text))
                rested |= await slices.rest()
        for output_number, text in texts:
            limit -= len(text)
            if limit < 0:
                return found, False
            one = CellText(
                path=path, cell=cell, text=text, output=output_number, above=above, own=own
            )
            found.append(one)
        above = own[-1] if own else above
        index += 1
        if await slices.rest() or rested:
            cells = await read()
    return found, True
