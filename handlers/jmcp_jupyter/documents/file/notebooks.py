"""Notebooks as files, through the contents manager: where there is no collaboration."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

from jmcp.core.errors import NotebookMissing
from jmcp.core.ports import Cell, Cells, DocumentMode, NotebookRef, OutputSink, SaveState
from jmcp_api.backend_errors import WriteRefused
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.common.models import complete
from jmcp_jupyter.documents.file.cells import FileCells
from jmcp_jupyter.documents.file.change_log import FileChangeLog
from jmcp_jupyter.documents.file.output_sink import FLUSH_SECONDS, FileSink

KEPT_READINGS = 16
WRITE_ATTEMPTS = 5
T = TypeVar("T")


class Files(Protocol):
    """Whole notebooks of one contents manager. A stamp changes whenever the file's bytes do."""

    async def about(self, path: str) -> dict[str, Any]:
        """The model without content. Raises NotebookMissing, PathRefused, NotebookTooLarge."""

    async def load(self, path: str) -> tuple[dict[str, Any], str]:
        """Content and stamp of one reading. Raises as `about`, and NotebookBroken."""

    async def stamp(self, path: str) -> str:
        """What the file is now. Raises NotebookMissing, PathRefused."""

    async def save(self, path: str, content: dict[str, Any]) -> str:
        """Write a notebook and return its new stamp. Raises WriteRefused."""

    def unmoved(self, path: str) -> AbstractAsyncContextManager[None]:
        """The file is not renamed while this lasts, as far as that can be kept."""

    def bound(self, path: str) -> GrowthBound | None:
        """How large the file is, and may become, as far as that is known without asking."""


class FileNotebooks:
    """Reading and writing whole files, one writer of a notebook at a time.

    Keeps the last reading of some notebooks, for as long as the file's stamp is the same. Not for
    speed alone: nbformat gives random ids to cells that lack one, at every reading anew. `current` is
    where the notebook with a key is now, as `Documents.current`: it may be renamed during an edit or a run.
    """

    def __init__(
        self,
        contents: Files,
        current: Callable[[str], Awaitable[NotebookRef]],
        *,
        flush_seconds: float = FLUSH_SECONDS,
        trust: bool = False,
    ) -> None:
        self._contents = contents
        self._current = current
        self._trust = trust
        self._flush_seconds = flush_seconds
        self._readings: OrderedDict[str, tuple[str, dict[str, Any]]] = OrderedDict()
        self._editing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # Jupyter truncates a file while it saves it: a reader at that moment sees no notebook.
        self._transfers: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._followed: OrderedDict[str, FileChangeLog] = OrderedDict()
        self._expected: dict[str, str] = {}
        """By key, the stamp that a file got from the edit that goes on."""

    async def open(self, ref: NotebookRef) -> FileDocument:
        """The notebook's file, which nothing holds open. Raises as `Files.about`."""
        return FileDocument(ref, self)

    def save_state(self, key: str) -> SaveState:
        """Always saved: an edit returns when the file has it."""
        return "saved"

    async def save(self, ref: NotebookRef) -> SaveState:
        await self._contents.stamp(ref.path)
        return "saved"

    def saved_version(self, key: str) -> int | None:
        return None

    async def close(self) -> None:
        self._readings.clear()

    async def read(self, ref: NotebookRef) -> FileCells:
        """The cells as the file has them."""
        content, _ = await self._load(ref)
        cells = FileCells(ref, content, (), self._followed[ref.key].changes)
        cells.look = partial(self._contents.bound, ref.path)
        return cells

    async def glance(self, ref: NotebookRef) -> FileCells:
        """The cells as the file has them, which leaves no trace: of a whole folder, no reading
        would stay that somebody works with."""
        async with self._lock(self._transfers, ref):
            await self._contents.about(ref.path)
            content, _ = await self._contents.load(ref.path)
            complete(content)
            return FileCells(ref, content)

    @asynccontextmanager
    async def edit(self, ref: NotebookRef) -> AsyncIterator[FileCells]:
        """The cells for editing; the file has the edit when this ends. Raises WriteRefused."""
        async with self._lock(self._editing, ref):
            await self._following(ref, self._check_writable)
            content, stamp = await self._load(ref)
            cells = FileCells(ref, content, (), self._followed[ref.key].changes)
            cells.look = partial(self._contents.bound, ref.path)
            try:
                yield cells
                stamp = self._expected.get(ref.key, stamp)
                if cells.changed and not await self._store(ref, cells, stamp):
                    raise WriteRefused.changed_on_disk(path=ref.path)
            finally:
                self._expected.pop(ref.key, None)

    @asynccontextmanager
    async def unedited(self, ref: NotebookRef) -> AsyncIterator[None]:
        """Nobody edits the notebook's file through this while it lasts."""
        async with self._lock(self._editing, ref):
            yield

    def expect(self, ref: NotebookRef, stamp: str) -> None:
        """The edit that goes on has had Jupyter write the file, which has that stamp now."""
        if ref.key in self._editing and self._editing[ref.key].locked():
            self._expected[ref.key] = stamp

    async def outputs(self, ref: NotebookRef, cell: Cell) -> OutputSink:
        """A sink for a run of that cell."""
        cells = await self.read(ref)
        known = cells.find(cell.cell_id) if cell.cell_id is not None else cell.index
        if known is not None and known < len(cells):
            # With the outputs that the file has, for a sink that appends without `begin`.
            cell = cells.get(known, outputs=True) if cell.cell_id is not None else cell

        async def apply(change: Callable[[FileCells], None]) -> None:
            await self._apply(ref, change)

        return FileSink(apply, cell, flush_seconds=self._flush_seconds, trust=self._trust)

    @staticmethod
    def _lock(locks: WeakValueDictionary[str, asyncio.Lock], ref: NotebookRef) -> asyncio.Lock:
        """The notebook's lock, which is kept for as long as anybody holds or awaits it."""
        return locks.setdefault(ref.key, asyncio.Lock())

    async def _apply(self, ref: NotebookRef, change: Callable[[FileCells], None]) -> None:
        """Apply a change that fits whatever the file holds now, and write it."""
        async with self._lock(self._editing, ref):
            for _ in range(WRITE_ATTEMPTS):
                content, stamp = await self._load(ref)
                cells = FileCells(ref, content)
                change(cells)
                if not cells.changed or await self._store(ref, cells, stamp):
                    return
        raise WriteRefused.keeps_changing(path=ref.path)

    async def _load(self, ref: NotebookRef) -> tuple[dict[str, Any], str]:
        async with self._lock(self._transfers, ref):
            return await self._following(ref, self._loaded)

    async def _following(self, ref: NotebookRef, act: Callable[[NotebookRef], Awaitable[T]]) -> T:
        """Do it to the notebook, which may have been renamed since it had that path."""
        try:
            return await act(ref)
        except NotebookMissing:
            now = await self._current(ref.key)
            if now.path == ref.path:
                raise
            return await act(now)

    async def _loaded(self, ref: NotebookRef) -> tuple[dict[str, Any], str]:
        await self._contents.about(ref.path)
        known = self._readings.get(ref.key)
        if known is not None:
            stamp, content = known
            if stamp == await self._contents.stamp(ref.path):
                self._keep(ref, stamp, content)  # it may have given way to others meanwhile
                return content, stamp
        content, stamp = await self._contents.load(ref.path)
        complete(content)
        self._keep(ref, stamp, content)
        if known is not None:
            self._followed[ref.key].changes.replace()
        return content, stamp

    async def _store(self, ref: NotebookRef, cells: FileCells, stamp: str) -> bool:
        """Write, unless the file is no longer the one that was read; whether it was written."""
        async with self._lock(self._transfers, ref):
            return await self._following(ref, partial(self._stored, cells, stamp))

    async def _stored(self, cells: FileCells, stamp: str, ref: NotebookRef) -> bool:
        async with self._contents.unmoved(ref.path):
            if await self._contents.stamp(ref.path) != stamp:
                return False
            content = cells.content()
            self._readings.pop(ref.key, None)
            self._keep(ref, await self._contents.save(ref.path, content), content)
            return True

    def _keep(self, ref: NotebookRef, stamp: str, content: dict[str, Any]) -> None:
        self._readings[ref.key] = (stamp, content)
        self._readings.move_to_end(ref.key)
        self._followed.setdefault(ref.key, FileChangeLog()).follow(content["cells"])
        self._followed.move_to_end(ref.key)
        while len(self._readings) > KEPT_READINGS:
            gone, _ = self._readings.popitem(last=False)
            self._followed.pop(gone, None)
        # A save that failed left no reading.
        while len(self._followed) > 2 * KEPT_READINGS:
            self._followed.popitem(last=False)

    async def _check_writable(self, ref: NotebookRef) -> None:
        """Raises WriteRefused, and as `Files.about`."""
        model = await self._contents.about(ref.path)
        if not model["writable"]:
            raise WriteRefused.read_only(path=ref.path)


class FileDocument:
    """`ports.Document` on a file: each use reads it anew where it changed."""

    mode: DocumentMode = "file"

    def __init__(self, ref: NotebookRef, notebooks: FileNotebooks) -> None:
        self.ref = ref
        self._notebooks = notebooks

    async def read(self) -> Cells:
        return await self._notebooks.read(self.ref)

    @asynccontextmanager
    async def edit(self) -> AsyncIterator[Cells]:
        async with self._notebooks.edit(self.ref) as cells:
            yield cells

    async def outputs(self, cell: Cell) -> OutputSink:
        return await self._notebooks.outputs(self.ref, cell)

    def close(self) -> None:
        """Nothing is held."""
