"""Notebooks as live documents: what the people who have them open see at once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jmcp.core.ports import Cell, Cells, NotebookRef, OutputSink, SaveState
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.live.cells import LiveCells
from jmcp_jupyter.documents.live.output_sink import LiveSink
from jmcp_jupyter.documents.live.room import Room, Rooms

REPLACED = (
    "The file was changed on disk by another program, and the live document was reloaded from "
    "it: edits that were not saved yet are gone, except those that a notice says were recovered. "
    "Read the cells again before editing."
)


class LiveNotebooks:
    """Reading, editing and running in the rooms that people's browser tabs share."""

    def __init__(self, rooms: Rooms, *, trust: bool) -> None:
        self._rooms = rooms
        self._trust = trust
        self._editing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def read(self, ref: NotebookRef) -> AsyncIterator[Cells]:
        opened = await self._rooms.open(ref)
        try:
            yield LiveCells(ref, opened.document, _notes(opened))
        finally:
            opened.release()

    @asynccontextmanager
    async def edit(self, ref: NotebookRef) -> AsyncIterator[Cells]:
        async with self._editing[ref.key]:
            opened = await self._rooms.open(ref)
            try:
                notes = _notes(opened)
                opened.replaced = False  # told to the one who edits; readers before were told too
                document = opened.document
                version = document.watch.version
                try:
                    yield LiveCells(ref, document, notes)
                finally:
                    changed = document.watch.version != version
                    if changed:
                        opened.edited()
                if changed or document is not opened.document:
                    await opened.confirm(document, ref.path)
            finally:
                opened.release()

    async def outputs(self, ref: NotebookRef, cell: Cell) -> OutputSink:
        opened = await self._rooms.open(ref)
        document = opened.document
        cell_id: str | None = None
        with document.transaction():
            if cell.cell_id is not None:
                cell_id = cell.cell_id
            elif cell.index < len(document.cells):
                # Below nbformat 4.5 the room's own ids name the cell for as long as the room is.
                stored = document.cells[cell.index]
                if str(stored.get("source")) == cell.source:
                    cell_id = stored.get("id") or nbformat_cells.new_id()
                    stored["id"] = cell_id
        return LiveSink(opened, cell_id, trust=self._trust)

    async def save_state(self, ref: NotebookRef) -> SaveState:
        opened = self._rooms.get(ref.key)
        return "saved" if opened is None or opened.saver is None else opened.saver.state

    async def save(self, ref: NotebookRef) -> SaveState:
        opened = await self._rooms.open(ref)
        try:
            if opened.saver is None:
                return "pending"
            return await opened.saver.save()
        finally:
            opened.release()

    async def saved_version(self, ref: NotebookRef) -> int | None:
        opened = self._rooms.get(ref.key)
        return None if opened is None or opened.saver is None else opened.saver.proven

    def has_room(self, key: str) -> bool:
        return self._rooms.exists(key)

    @property
    def opened(self) -> int:
        return self._rooms.opened

    async def close(self) -> None:
        await self._rooms.close()


def _notes(opened: Room) -> list[str]:
    notes = [REPLACED] if opened.replaced else []
    if opened.saver is not None and opened.saver.problem is not None:
        notes.append(opened.saver.problem)
    return notes
