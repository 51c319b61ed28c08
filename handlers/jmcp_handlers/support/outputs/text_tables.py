"""A table as Markdown has it, from cells that may span columns and rows."""

from __future__ import annotations

EMPTY_CELLS = 10_000
"""Empty cells that one table gets for cells that span several: a table that needs more is made to
fill memory."""


class TextTable:
    """Takes the cells of one table in their order.

    A cell is shown at the first place that it takes; the others are empty, so that those of the other
    rows stay in their columns.
    """

    def __init__(self) -> None:
        self._rows: list[list[str]] = []
        self._row: list[str] = []
        self._cell: list[str] | None = None
        self._spans = (1, 1)
        self._taken: dict[int, int] = {}
        """For how many more rows a cell of a row above takes that column."""
        self._empty_cells = 0
        self._around: list[str] = []

    def write(self, text: str) -> None:
        """Text of the open cell; what is in none, such as a caption, stands above the table."""
        (self._around if self._cell is None else self._cell).append(text)

    def begin_cell(self, columns: int, rows: int) -> None:
        self.end_cell()
        self._cell = []
        self._spans = columns, rows

    def end_cell(self) -> None:
        if self._cell is None:
            return
        self._fill_taken()
        text = " ".join("".join(self._cell).split()).replace("|", r"\|")
        self._cell, (columns, rows) = None, self._spans
        for number in range(max(1, columns)):
            if rows > 1:
                self._taken[len(self._row)] = rows - 1
            if number == 0:
                self._row.append(text)
            elif not self._add_empty():
                return

    def end_row(self) -> None:
        self.end_cell()
        if self._row:
            self._fill_taken()
            self._rows.append(self._row)
        self._row = []

    def end(self) -> str:
        """The table, with a line below its first row where that has several cells."""
        self.end_row()
        above = " ".join("".join(self._around).split())
        if not self._rows:
            return above
        lines = [_line(row) for row in self._rows]
        if len(self._rows[0]) > 1:
            lines.insert(1, _line(["---"] * len(self._rows[0])))
        return "\n".join([above, "", *lines] if above else lines)

    def _fill_taken(self) -> None:
        """Leave out the columns that cells of the rows above take."""
        while left := self._taken.pop(len(self._row), 0):
            if left > 1:
                self._taken[len(self._row)] = left - 1
            if not self._add_empty():
                return

    def _add_empty(self) -> bool:
        """Add an empty cell. False if the table has too many."""
        self._empty_cells += 1
        if self._empty_cells <= EMPTY_CELLS:
            self._row.append("")
        return self._empty_cells <= EMPTY_CELLS


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
