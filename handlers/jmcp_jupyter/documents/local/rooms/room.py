"""One room of jupyter_server_ydoc, ready, and kept while jmcp needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

from pycrdt import Map, create_awareness_message

from jmcp.core.pages.tabs import Visitor
from jmcp_api.backend_errors import WriteRefused
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.live.merge.report import MergeReport
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook
from jmcp_jupyter.documents.live.tab_changes import Known, TabChanges
from jmcp_jupyter.documents.local.files.contents import is_read_only, modified
from jmcp_jupyter.documents.local.files.file_models import FileModels
from jmcp_jupyter.documents.local.rooms.file_merge import FileMerge
from jmcp_jupyter.documents.local.rooms.room_saver import RoomSaver

OWN = "jmcp"
"""What jmcp keeps in a document beside the notebook, and with it in the store. Not in its state, from
which jupyter_ydoc deletes what it does not know whenever it reads a file."""
HISTORY = "history"
"""The key for the id of the document's history."""


class NullClient:
    """A member of a room that keeps it alive: with it there, a closing tab is not the last client.

    What pycrdt's room does with clients, for each update, is to call `send` and to log `path`.
    """

    path = "jmcp"

    async def send(self, message: bytes) -> None:
        """The document is in this process already."""


class TabOfRoom(Protocol):
    """A tab of jmcp's labextension that is connected to a room."""

    visitor: Visitor

    def tell(self, update: bytes, removed: Mapping[str, str]) -> None:
        """The document has changed by that, which removed the cells with these ids and sources.
        Must not raise."""

    def gone(self) -> None:
        """The room is closed, or another one has taken its place."""


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
        self.merge = FileMerge.of(room)
        self.document = SharedNotebook(room._document, self._is_loaded_again)
        self.document.remade.on_put_back = self.edited
        self.merge.watch = self.document.watch
        self.merge.listeners.append(self._merged)
        self.document.loading = uuid4().hex
        self.changed_keys: Sequence[str] = ()
        self.holds = 0
        self.saver: RoomSaver | None = None
        self._detached = False
        self.followers: list[Callable[[], None]] = []
        self._alive = alive
        self._clean = clean
        self.client = NullClient()
        self.history = ""
        """The id of its document's history: a tab with another one would merge two into doubled cells."""
        self.tabs: set[TabOfRoom] = set()
        self._changes = TabChanges(self.document)
        self._changing: TabOfRoom | None = None
        self._updates: Any = None
        self.announced: dict[int, TabOfRoom] = {}
        """By client id, whose tab told of its person."""
        self._sending: set[asyncio.Future[None]] = set()
        self.received = 0
        """Bytes of changes by tabs since the document was measured."""
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
        if written is not None and self.merge.is_behind(written) and self._alive(self):
            await self.merge.take_file()
            await self.settled()

    def check_writable(self, path: str) -> None:
        manager = FileModels.behind(self.room._file._contents_manager)
        if is_read_only(manager, path):
            raise WriteRefused.read_only(path=path)

    def edited(self) -> None:
        if self.saver is not None:
            self.saver.edited()

    @property
    def reloading(self) -> bool:
        """Whether the room is replacing its content, in one transaction across several steps."""
        return bool(self.room._update_lock.locked())

    def _is_loaded_again(self) -> bool:
        """Whether a change of the document takes what was there away, unlike a merge."""
        return self.reloading and not self.merge.merging

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

    def name_history(self) -> None:
        """Give the document's history an id, where it has none or is another one than it was stored with.

        A document that was made from its file has a history of its own, also where jupyter_server_ydoc
        gives it the same client id as the last time: what that counted then may be something else. And a
        stored one that was replaced by what the file has meanwhile may lack what tabs have of it, such as
        a cell that is in the file: their copy would come beside it.
        """
        kept: Map[Any] = self.room.ydoc.get(OWN, type=Map)
        known = kept.get(HISTORY)
        settle = getattr(self.room.ystore, "settle", None)
        if settle is not None and settle() and isinstance(known, str) and known:
            self.history = known
        else:
            kept[HISTORY] = self.history = uuid4().hex

    async def revert(self) -> None:
        """Make the document what its file is now, by cell. Raises what loading the file raises."""
        equal = await self.merge.revert()
        self.document.watch.changes.replace()
        if equal and self.saver is not None:
            self.saver.taken()

    async def tell_path(self) -> None:
        """Have tabs know where the notebook is: else the room finds out when it looks at its file again, and
        a tab that joins before that takes the notebook to be at its old path."""
        path = self.merge.path
        if path is not None and self.room._document.path != path:
            async with self.room._update_lock:  # else it would be saved
                self.room._document.path = path

    async def tell_dirty(self) -> None:
        """Have tabs show whether the file has all of the document."""
        async with self.room._update_lock:  # else it would be saved
            self.room._document.dirty = self.saver is not None and self.saver.behind

    def enter(self, tab: TabOfRoom) -> None:
        """A tab is told of all changes from now on, those of others at once and in their order."""
        if not self.tabs:
            self.document.texts.follow()
            self._updates = self.room.ydoc.observe(self._updated)
        self.tabs.add(tab)
        self.room.clients.add(tab)

    def exit(self, tab: TabOfRoom) -> None:
        self.tabs.discard(tab)
        self.room.clients.discard(tab)
        if not self.tabs and self._updates is not None:
            self.room.ydoc.unobserve(self._updates)
            self._updates = None  # what cells said is followed on: a tab may come back

    def change(
        self, tab: TabOfRoom, update: bytes, removed: Mapping[str, Known] | None, *, live: bool
    ) -> None:
        """Change the document as a tab did, which knew that of the cells that it removed; None for one
        that never says. `live` as for `TabChanges.take`. Raises what pycrdt raises."""

        def apply() -> None:
            self._changing = tab
            try:
                self.room.ydoc.apply_update(update)
            finally:
                self._changing = None

        if removed is None:
            apply()
        elif self._changes.take(apply, removed, live=live):
            self.edited()

    def _updated(self, event: Any) -> None:
        """Within a change: must neither raise nor change the document."""
        removed, self.document.texts.removed = self.document.texts.removed, {}
        update: bytes = event.update
        for tab in list(self.tabs):
            if tab is not self._changing:
                tab.tell(update, removed)

    def leave(self, client: int) -> None:
        """Have everybody forget the person of a tab that is gone."""
        awareness = self.room.awareness
        if client not in awareness.states:
            return
        awareness.remove_awareness_states([client], self)
        message = create_awareness_message(awareness.encode_awareness_update([client]))
        for one in self.room.clients:
            sending = asyncio.ensure_future(one.send(message))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)

    def _merged(self, report: MergeReport, equal: bool | None) -> None:
        """Tell sessions of a merge, and the saver whether the file has all."""
        changes = self.document.watch.changes
        copies = [one.copy.cell_id for one in report.collided if one.copy.cell_id is not None]
        if equal is None:
            changes.collide(copies)
        else:
            changes.merge(copies)
        if equal and self.saver is not None:
            self.saver.taken()

    def detach(self) -> None:
        """Stop listening to the document: what pycrdt calls, it keeps alive."""
        if self._detached:
            return
        self._detached = True
        for tab in list(self.tabs):
            tab.gone()
        self.merge.listeners.remove(self._merged)
        self.merge.watch = None
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
