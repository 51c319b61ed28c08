"""Notebooks as live documents: what the people who have them open see at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from weakref import WeakValueDictionary

from jmcp.core.notices import FieldsChanged, FileNotWritten, Notice
from jmcp.core.ports import Cell, Cells, DocumentMode, NotebookRef, OutputSink, SaveState
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.live.cells import LiveCells
from jmcp_jupyter.documents.live.output_sink import LiveSink
from jmcp_jupyter.documents.live.room import Room, Rooms
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook


class LiveNotebooks:
    """Reading, editing and running in the rooms that people's browser tabs share."""

    def __init__(self, rooms: Rooms, *, trust: bool) -> None:
        self._rooms = rooms
        self._trust = trust
        self._editing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """The locks of documents that are held, who share one for a notebook."""

    async def open(self, ref: NotebookRef) -> LiveDocument:
        """The notebook's room, held. Raises as `Rooms.open`."""
        room = await self._rooms.open(ref)
        editing = self._editing.setdefault(ref.key, asyncio.Lock())
        return LiveDocument(ref, room, self._rooms, editing, trust=self._trust)

    def save_state(self, key: str) -> SaveState:
        room = self._rooms.get(key)
        return "saved" if room is None or room.saver is None else room.saver.state

    async def save(self, ref: NotebookRef) -> SaveState:
        room = await self._rooms.open(ref)
        try:
            if room.saver is None:
                return "pending"
            return await room.saver.save()
        finally:
            room.release()

    def saved_version(self, key: str) -> int | None:
        room = self._rooms.get(key)
        return None if room is None or room.saver is None else room.saver.proven

    def has_room(self, key: str) -> bool:
        return self._rooms.exists(key)

    @property
    def opened(self) -> int:
        return self._rooms.opened

    async def close(self) -> None:
        await self._rooms.close()


class LiveDocument:
    """`ports.Document` in a room, which it holds once.

    Looks at the room anew for each use: in between it may have been closed and opened again.
    `editing` is the notebook's lock for edits.
    """

    mode: DocumentMode = "live"

    def __init__(
        self, ref: NotebookRef, room: Room, rooms: Rooms, editing: asyncio.Lock, *, trust: bool
    ) -> None:
        self.ref = ref
        self._room: Room | None = room
        self._rooms = rooms
        self._editing = editing
        self._trust = trust
        self._closed = False
        self._unused = True
        """Whether the room was opened and nothing was awaited since."""

    async def read(self) -> Cells:
        room = await self._held()
        try:
            return self._cells(room, room.document, _notices(room))
        finally:
            room.release()

    @asynccontextmanager
    async def edit(self) -> AsyncIterator[Cells]:
        async with self._editing:
            room = await self._held(shared=True)
            try:
                room.check_writable(self.ref.path)
                await room.follow_file(self.ref.path)
                notices = _notices(room)
                if room.changed_keys:
                    notices.append(FieldsChanged(changes=room.changed_keys))
                document = room.document
                version = document.watch.version
                try:
                    yield self._cells(room, document, notices)
                finally:
                    changed = document.watch.version != version
                    if changed:
                        room.changed_keys = ()
                        room.edited()
                if changed or document is not room.document:
                    await room.confirm(document, self.ref.path)
            finally:
                room.release()

    def _cells(self, room: Room, document: SharedNotebook, notices: list[Notice]) -> LiveCells:
        if room.saver is not None and room.saver.state == "saved":
            document.grown = 0
        return LiveCells(self.ref, document, notices, partial(room.bound, self.ref.path))

    async def outputs(self, cell: Cell) -> OutputSink:
        room = await self._held()
        try:
            cell_id = _run_cell_id(room.document, cell)
            return LiveSink(room, cell_id, trust=self._trust)  # which takes over the hold
        except BaseException:
            room.release()
            raise

    def close(self) -> None:
        self._closed = True
        if self._room is not None:
            self._room.release()
            self._room = None

    async def _held(self, *, shared: bool = False) -> Room:
        """The room as of now, held once more for one use. `shared`: with all that the server has."""
        unused, self._unused = self._unused, False
        room = self._room
        if room is None or not room.current or (shared and self._rooms.remote and not unused):
            room = await self._rooms.open(self.ref)
            if self._closed:
                return room
            if self._room is not None:
                self._room.release()
            self._room = room
        room.hold()
        return room


def _run_cell_id(document: SharedNotebook, cell: Cell) -> str | None:
    """The id by which a run finds its cell; None when the cell is gone."""
    if cell.cell_id is not None:
        return cell.cell_id
    with document.transaction():
        if cell.index >= len(document.cells):
            return None
        # Below nbformat 4.5 the room's own ids name the cell for as long as the room is.
        stored = document.cells[cell.index]
        if str(stored.get("source")) != cell.source:
            return None
        cell_id: str = stored.get("id") or nbformat_cells.new_id()
        stored["id"] = cell_id
        return cell_id


def _notices(room: Room) -> list[Notice]:
    if room.saver is None or room.saver.problem is None:
        return []
    return [FileNotWritten(reason=room.saver.problem)]
