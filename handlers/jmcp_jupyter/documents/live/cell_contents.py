"""The cells of a live notebook as a file has them, converted only when they changed."""

from __future__ import annotations

import asyncio
from typing import Any

from pycrdt import Array

from jmcp_jupyter.documents.live.document_watch import DocumentWatch

CELLS_AT_ONCE = 20
"""Cells that are converted in one turn of the loop: a millisecond."""


class CellContents:
    """What the watch remembers of the cells of a `YNotebook`, and what it has to be told anew."""

    def __init__(self, notebook: Any, watch: DocumentWatch) -> None:
        self._notebook = notebook
        self._watch = watch
        self._cells: Array[Any] = notebook.ycells

    def unread(self) -> list[int]:
        """The cells that changed since they were last converted."""
        return [at for at in range(len(self._cells)) if self._watch.content(at) is None]

    def of(self, index: int) -> dict[str, Any]:
        """One cell; not to be changed."""
        cell = self._watch.content(index)
        if cell is None:
            cell = self._notebook.get_cell(index)
            self._watch.remember_content(index, cell)
        return cell

    async def read_ahead(self) -> None:
        """Convert what changed, a few cells at a time. What changes meanwhile stays unread."""
        unread = self.unread()
        if len(unread) <= CELLS_AT_ONCE:
            return
        for number, at in enumerate(unread, 1):
            if at < len(self._cells):
                with self._notebook.ydoc.transaction():
                    self._watch.remember_content(at, self._notebook.get_cell(at))
            if number % CELLS_AT_ONCE == 0:
                await asyncio.sleep(0)
