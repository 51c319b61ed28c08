"""The cells of a notebook as one session knows them."""

from __future__ import annotations

from jmcp.core.editing.journaled_cells import ToldCells
from jmcp.core.ports import Cell, Cells, CellType
from jmcp.core.sessions.read_cells import News, Reading, Readings, identified


class SessionCells(ToldCells):
    """Cells that note what the session reads and changes of them, during one lease.

    `news` is what others did to cells that it had read.
    """

    def __init__(self, cells: Cells, reading: Reading, readings: Readings) -> None:
        super().__init__(cells)
        self.reading = reading
        self.mark = cells.touches.mark
        self.news: list[News] = reading.news(cells)
        self._readings = readings
        self._mine: dict[str, str | None] = {}

    def saw(self, *found: Cell) -> None:
        """The session is given the whole sources of these cells, as `get` just returned them."""
        sources = {
            cell.cell_id: cell.source
            for cell in found
            if cell.cell_id is not None and identified(self, cell)
        }
        self.reading.saw(sources)
        self._readings.keep(sources.values())

    def stale(self, cell: Cell) -> bool:
        """Whether the session has read that cell with another source than it has now."""
        if cell.cell_id is None or not identified(self, cell):
            return False
        return self.reading.differs(cell.cell_id, cell.source)

    def runs(self, cell: Cell) -> bool:
        """That cell is about to be run: whether its source is not what the session has read.

        Then the call says so, and nothing else has to.
        """
        if not self.stale(cell):
            return False
        self.reading.tell(one for one in self.news if one.cell_id == cell.cell_id)
        self.news = [one for one in self.news if one.cell_id != cell.cell_id]
        return True

    def had_read(self, cell_id: str) -> bool:
        return self.reading.of(cell_id) is not None

    def source_read(self, cell: Cell) -> str | None:
        """The source that the session has read of that cell, where it is still known."""
        known = self.reading.of(cell.cell_id) if cell.cell_id is not None else None
        if known is None or cell.cell_id is None:
            return None
        return self._readings.text(known, self.ref.key, cell.cell_id)

    # -- its own changes -----------------------------------------------------------------------

    def insert(
        self, index: int, cell_type: CellType, source: str, *, cell_id: str | None = None
    ) -> Cell:
        inserted = super().insert(index, cell_type, source, cell_id=cell_id)
        self._changed(inserted)
        return inserted

    def set_source(self, index: int, source: str) -> None:
        super().set_source(index, source)
        self._changed(self.get(index))

    def delete(self, index: int) -> None:
        cell = self.get(index)
        named = identified(self, cell)
        super().delete(index)
        if named and cell.cell_id is not None:
            self.reading.forget([cell.cell_id])
            self._mine[cell.cell_id] = None

    def _changed(self, cell: Cell) -> None:
        # At once, for a call beside this one may look at the document before the lease is over.
        self.saw(cell)
        if cell.cell_id is not None and identified(self, cell):
            self._mine[cell.cell_id] = cell.source

    def over(self, *, failed: bool) -> None:
        """The lease ended. What became of changes that failed, nobody knows."""
        if failed:
            self.reading.forget(self._mine)
            return
        # Again, for a call beside this one may have read what the file had before.
        self.reading.saw({one: text for one, text in self._mine.items() if text is not None})
        self.reading.forget(one for one, text in self._mine.items() if text is None)
