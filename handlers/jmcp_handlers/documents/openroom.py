"""One room of jupyter_server_ydoc, ready, and kept while jmcp needs it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from pycrdt import Array, Map

from jmcp_handlers.documents.saving import SaveSupervisor
from jmcp_handlers.documents.watch import DocumentWatch
from jmcp_handlers.documents.ydata import from_y


class NullClient:
    """A member of a room that keeps it alive: with it there, a closing tab is not the last client.

    pycrdt's room only ever calls `send`, for each update, and reads `path` for its log.
    """

    path = "jmcp"

    async def send(self, message: bytes) -> None:
        """The document is in this process already."""


class OpenRoom:
    """A ready room and what jmcp keeps about it. Between `hold` and `release` it is not cleaned."""

    def __init__(self, room: Any, clean: Callable[[OpenRoom], None]) -> None:
        self.room = room
        self.notebook = room._document
        self.replaced = False
        """Whether the room reloaded its content from a file that somebody else changed."""
        self.holds = 0
        self.cells: Array[Map[Any]] = self.notebook.ycells
        self.meta: Map[Any] = self.notebook.ydoc.get("meta", type=Map)
        self.watch = DocumentWatch(self.cells, self.meta, room._update_lock.locked)
        self.saver: SaveSupervisor | None = None
        self._clean = clean
        self.client = NullClient()

    def hold(self) -> None:
        self.holds += 1
        self.room.clients.add(self.client)
        if self.room.cleaner is not None:
            # A cleaner waits for its delay or for the room's lock. Past both it would have
            # removed the room, and nobody could hold it.
            self.room.cleaner.cancel()
            self.room.cleaner = None

    def release(self) -> None:
        self.holds -= 1
        if self.holds == 0:
            self.room.clients.discard(self.client)
            self._clean(self)

    def edited(self) -> None:
        if self.saver is not None:
            self.saver.edited()

    @property
    def reloading(self) -> bool:
        """Whether the room is replacing its content, in one transaction across several steps."""
        return bool(self.room._update_lock.locked())

    async def settled(self) -> None:
        """Return when the content is whole: loaded, and not being replaced."""
        while self.reloading:
            async with self.room._update_lock:
                pass

    def notebook_metadata(self) -> dict[str, Any]:
        return from_y(self.meta.get("metadata")) or {}

    def transaction(self) -> AbstractContextManager[Any]:
        return cast("AbstractContextManager[Any]", self.notebook.ydoc.transaction())

    async def close(self) -> None:
        if self.saver is not None:
            await self.saver.close()
        self.watch.close()
