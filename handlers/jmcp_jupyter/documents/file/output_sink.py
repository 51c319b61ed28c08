"""Outputs of a run, written into a notebook's file about once a second."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from jmcp.core.errors import BackendError, NotebookMissing
from jmcp.core.ports import Cell, Cells, Output
from jmcp_jupyter.documents.common.nbformat_cells import storable
from jmcp_jupyter.documents.file.cells import FileCells

FLUSH_SECONDS = 1.0

Apply = Callable[[Callable[[FileCells], None]], Awaitable[None]]
"""Apply a change to the file's current content and write it, under the notebook's lock."""
Written = dict[int, tuple[Output, int]]
"""Outputs by position, with the length of the text of each."""


class FileSink:
    """`ports.OutputSink` on a file: a buffer that replaces the cell's outputs as a whole.

    The cell is found again at each flush: by its id, and below nbformat 4.5 by its index, if the
    source there is still the one that runs. `deleted` is as of the last flush: it is looked for again
    by the next. What somebody clears during the run does not come back: a cell that has fewer outputs
    than were written shows what came after these.
    """

    def __init__(
        self, apply: Apply, cell: Cell, *, flush_seconds: float = FLUSH_SECONDS, trust: bool = False
    ) -> None:
        self._trust = trust
        self._apply = apply
        self._cell = cell
        self._flush_seconds = flush_seconds
        self._outputs: list[Output] = list(copy.deepcopy(cell.outputs))
        self._count = cell.execution_count
        self._hidden: set[int] = set()
        """Positions of outputs that somebody cleared."""
        self._written = self._lengths()
        """By position, the outputs that the file has, and how long the text of each is there."""
        self._deleted = False
        self._taken = False
        self._dirty = False
        self._closed = False
        self._only_looks = False
        """Whether the file has all, unless somebody cleared the cell, which gets its count then."""
        self._flushing: asyncio.Task[None] | None = None

    @property
    def deleted(self) -> bool:
        return self._deleted

    @property
    def taken(self) -> bool:
        return self._taken

    def give_up(self) -> None:
        self._taken = True

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()  # the file is written later anyway

    def begin(self, *, keep: bool = False) -> None:
        if not keep:
            self._count = None
            self.clear()

    def append(self, *outputs: Output) -> None:
        self._outputs.extend(copy.deepcopy(outputs))
        self._touch()

    def extend_text(self, position: int, text: str) -> None:
        if 0 <= position < len(self._outputs):
            output = self._outputs[position]
            before = "" if position in self._hidden else _text(output)
            self._hidden.discard(position)
            output["text"] = before + text
            self._touch()

    def replace(self, position: int, output: Output) -> None:
        if 0 <= position < len(self._outputs):
            self._outputs[position] = copy.deepcopy(output)
            self._hidden.discard(position)
            self._touch()

    def clear(self) -> None:
        self._outputs, self._written = [], {}
        self._hidden.clear()
        self._touch()

    def count(self, execution_count: int | None) -> None:
        self._count = execution_count
        self._touch()

    def end(self, *, running: bool = False) -> None:
        """Nothing: a file does not say whether a cell runs."""

    async def close(self, *, running: bool = False) -> None:
        """Write what is left. Raises WriteRefused when the file does not take it."""
        if self._closed:
            return
        self._closed = True
        if self._flushing is not None:
            self._flushing.cancel()
            await asyncio.gather(self._flushing, return_exceptions=True)
        if not self._dirty and self._count is not None:
            self._dirty = self._only_looks = True
        await self._flush()

    def _touch(self) -> None:
        self._dirty = True
        if not self._closed and (self._flushing is None or self._flushing.done()):
            self._flushing = asyncio.create_task(self._flush_later())

    async def _flush_later(self) -> None:
        while self._dirty and not self._taken:
            await asyncio.sleep(self._flush_seconds)
            # What could not be written now is written by the next flush, or reported by `close`.
            with suppress(BackendError):
                await self._flush()

    async def _flush(self) -> None:
        if not self._dirty or self._taken:
            return
        self._dirty = False
        try:
            # To its end also when `close` cancels the one who waits: half a write is none.
            await asyncio.shield(asyncio.ensure_future(self._bring_up()))
        except NotebookMissing:
            self._deleted = True
        except BaseException:
            self._dirty = True
            raise
        self._dirty |= self._deleted

    async def _bring_up(self) -> None:
        made: list[Written] = []

        def write(cells: FileCells) -> None:
            self._write(cells)
            # A cell that comes back shows what it did when it was cut: nobody cleared that.
            made.append({} if self._deleted else self._lengths())

        await self._apply(write)
        if made:
            self._written = made[-1]

    def _write(self, cells: FileCells) -> None:
        if self._taken:
            return
        index = self._index(cells)
        self._deleted = index is None
        if index is None:
            return
        # Without the mark of trust that Jupyter adds while reading: it belonged to the outputs
        # that were there, and a cell that keeps it has the new ones signed as trusted.
        metadata: dict[str, Any] = dict(cells.get(index).metadata)
        if self._trust:
            metadata["trusted"] = True
        shown = cells.get(index)
        if shown.output_count < len(self._written):
            self._hide_cleared()
        elif self._only_looks and shown.execution_count == self._count:
            return
        cells.update(
            index,
            raise_format=False,
            outputs=storable(
                [one for at, one in enumerate(self._outputs) if at not in self._hidden]
            ),
            execution_count=self._count,
            metadata=metadata,
        )

    def _lengths(self) -> Written:
        return {
            at: (output, len(_text(output)))
            for at, output in enumerate(self._outputs)
            if at not in self._hidden
        }

    def _hide_cleared(self) -> None:
        """Somebody took away what the file had: leave that out, and go on with what came since."""
        for at, (output, length) in self._written.items():
            if self._outputs[at] is not output:
                continue  # another one since
            text = _text(output)
            if len(text) > length:
                output["text"] = text[length:]
            else:
                self._hidden.add(at)
        self._written = {}

    def _index(self, cells: Cells) -> int | None:
        cell = self._cell
        if cell.cell_id is not None:
            return cells.find(cell.cell_id)
        if cell.index < len(cells) and cells.get(cell.index).source == cell.source:
            return cell.index
        return None


def _text(output: Output) -> str:
    """The text of a stream; nothing for other outputs."""
    text = output.get("text", "")
    return text if isinstance(text, str) else "".join(text)
