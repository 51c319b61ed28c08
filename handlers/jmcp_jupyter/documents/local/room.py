"""One room of jupyter_server_ydoc, ready, and kept while jmcp needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from jmcp_api.backend_errors import WriteRefused
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook
from jmcp_jupyter.documents.local.contents import modified
from jmcp_jupyter.documents.local.file_models import FileModels
from jmcp_jupyter.documents.local.room_saver import RoomSaver


class NullClient:
    """A member of a room that keeps it alive: with it there, a closing tab is not the last client.

    What pycrdt's room does with clients, for each update, is to call `send` and to log `path`.
    """

    path = "jmcp"

    async def send(self, message: bytes) -> None:
        """The document is in this process already."""


class Clients(set[Any]):
    """The clients of a room. All of them count, and a NullClient is sent nothing: a room makes each
    update a message and starts a task for each client that gets it."""

    def __iter__(self) -> Iterator[Any]:
        return iter([one for one in super().__iter__() if not isinstance(one, NullClient)])


class LocalRoom:
    """`live.Room` in this process: a ready room of jupyter_server_ydoc.

    Between `hold` and `release` it is not cleaned.
    """

    def __init__(
        self,
        room: Any,
        alive: Callable[[LocalRoom], bool],
        clean: Callable[[LocalRoom], None],
        bound: Callable[[str], GrowthBound | None],
    ) -> None:
        self.room = room
        self.bound = bound
        self.document = SharedNotebook(room._document, room._update_lock.locked)
        self.document.loading = uuid4().hex
        self.changed_keys: Sequence[str] = ()
        self.holds = 0
        self.saver: RoomSaver | None = None
        self._detached = False
        self.followers: list[Callable[[], None]] = []
        self._alive = alive
        self._clean = clean
        self.client = NullClient()
        room.clients = Clients(room.clients)

    @property
    def current(self) -> bool:
        return self.saver is not None and self._alive(self) and not self.reloading

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

    async def follow_file(self, path: str) -> None:
        loader = self.room._file
        if loader._lock.locked():
            return  # it is saving, or looking for itself
        written = modified(FileModels.behind(loader._contents_manager), path)
        if written is not None and written != loader.last_modified and self._alive(self):
            await self.room._on_outofband_change()
            await self.settled()

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

    async def confirm(self, document: SharedNotebook, path: str) -> None:
        """Raise WriteRefused when an edit went into a document that nobody shares any more."""
        if not self._alive(self):
            raise WriteRefused.room_closed(path=path)

    async def deliver(self, write: Callable[[], None]) -> None:
        await self.settled()
        write()

    def detach(self) -> None:
        """Stop listening to the document: what pycrdt calls, it keeps alive."""
        if self._detached:
            return
        self._detached = True
        if self.saver is not None:
            self.saver.detach()
        self.document.close()

    async def close(self) -> None:
        """Save what is pending, and detach. Raises nothing that a save raises."""
        try:
            if self.saver is not None:
                await self.saver.close()
        finally:
            self.detach()
