"""Rooms of jupyter_server_ydoc: opened anew for each operation, never left half open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from logging import Logger
from typing import Any

from jupyter_server_ydoc.utils import JUPYTER_COLLABORATION_EVENTS_URI

from jmcp.core.background import run_each
from jmcp.core.errors import ENDS_TASK, BackendError, NotebookBroken
from jmcp.core.ports import NotebookRef
from jmcp_api import backend_errors
from jmcp_jupyter.documents.local.files.contents import Contents, file_hash
from jmcp_jupyter.documents.local.files.file_models import FileModels
from jmcp_jupyter.documents.local.files.identity import Identity
from jmcp_jupyter.documents.local.rooms import collaboration, update_route
from jmcp_jupyter.documents.local.rooms.loader_check import LoaderCheck
from jmcp_jupyter.documents.local.rooms.room import LocalRoom
from jmcp_jupyter.documents.local.rooms.room_saver import RoomSaver

CONTENTS_EVENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
OPEN_ATTEMPTS = 5
OPENING_SECONDS = 60.0
"""Far more than the largest notebook takes. A room that fails to open may do so without a word."""
STORING_SECONDS = 5.0
"""For the history of a room that is closed; SQLite waits for a lock as long."""
LISTENING_SECONDS = 5.0
"""It takes one turn of the event loop; a room that is stopped meanwhile never does."""


class LocalRooms:
    """The notebook rooms of one server, and which of them jmcp has something to remember about."""

    remote = False

    def __init__(
        self,
        extension: Any,
        contents: Contents,
        identity: Identity,
        save_after: float,
        log: Logger,
    ) -> None:
        self._extension = extension
        self._contents = contents
        self._identity = identity
        self._save_after = save_after
        self._log = log
        self._opened: dict[str, LocalRoom] = {}
        self._cleaning: set[asyncio.Task[None]] = set()
        self._events = extension.serverapp.event_logger
        self._events.add_listener(
            schema_id=JUPYTER_COLLABORATION_EVENTS_URI, listener=self._happened
        )
        self._events.add_listener(schema_id=CONTENTS_EVENTS, listener=self._contents_changed)

    async def open(self, ref: NotebookRef) -> LocalRoom:
        """The notebook's room, ready and held: the caller releases it.

        Raises NotebookMissing, NotebookBroken, NotebookTooLarge, PathRefused, JupyterUnreachable.
        """
        opened = self._current(_room_id(ref.key))
        if opened is not None:
            opened.hold()
            return opened
        await collaboration.ready(self._extension, self._log)
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                return await self._open(ref)
        except TimeoutError as error:
            raise backend_errors.JupyterUnreachable.no_live_document(
                path=ref.path, seconds=OPENING_SECONDS
            ) from error

    def _current(self, room_id: str) -> LocalRoom | None:
        """A room that is open and whole, and that no cleaner is about to remove."""
        opened = self._opened.get(room_id)
        lock = self._extension._room_locks.get(room_id)
        if opened is None or not opened.current or (lock is not None and lock.locked()):
            return None
        return opened

    async def _open(self, ref: NotebookRef) -> LocalRoom:
        for _ in range(OPEN_ATTEMPTS):
            opened = await self._enter(ref)
            try:
                if await self._make_ready(opened, ref.path):
                    return opened
            except BaseException:
                opened.release()
                raise
            opened.release()
        raise backend_errors.NotebookMissing.closed_at_once(path=ref.path)

    def get(self, key: str) -> LocalRoom | None:
        """What is known of a room that is open now; None where jmcp never wrote or read."""
        opened = self._opened.get(_room_id(key))
        return opened if opened is not None and self.alive(opened) else None

    def exists(self, key: str) -> bool:
        return _room_id(key) in self._server.rooms

    @property
    def opened(self) -> int:
        return sum(self.alive(opened) for opened in self._opened.values())

    def alive(self, opened: LocalRoom) -> bool:
        """Whether the room is the one that the notebook's clients share."""
        room = opened.room
        return self._server.rooms.get(room.room_id) is room and room._task_group is not None

    async def close(self) -> None:
        self._events.remove_listener(listener=self._happened)
        self._events.remove_listener(listener=self._contents_changed)
        steps: list[Callable[[], Awaitable[object]]] = []
        for opened in self._opened.values():
            steps += [opened.close, partial(_store, opened.room)]
        await run_each(*steps, self._end_cleaning)

    async def _end_cleaning(self) -> None:
        self._opened.clear()
        for task in list(self._cleaning):
            task.cancel()
        await asyncio.gather(*self._cleaning, return_exceptions=True)

    @property
    def _server(self) -> Any:
        return self._extension.ywebsocket_server

    async def _enter(self, ref: NotebookRef) -> LocalRoom:
        """The room as it is, held from the moment at which it was found."""
        room_id, path = _room_id(ref.key), ref.path
        if room_id not in self._server.rooms or room_id not in self._opened:
            await self._contents.about(path)  # also of a room that a browser tab made
        locks = self._extension._room_locks
        # A cleaner deletes the lock that it holds: who waits on that lock and who comes later
        # would each make a room. So wait here, and let get_document take a lock that is free.
        while room_id in locks and locks[room_id].locked():
            async with locks[room_id]:
                pass
        ours = room_id not in self._server.rooms
        try:
            loader = self._extension.file_loaders[ref.key]
            check = LoaderCheck.of(loader)
            FileModels.install(loader)
            await self._extension.get_document(room_id=room_id, copy=False, create=True)
            if ours:
                check.require_editable()
        except BaseException as error:
            if ours:
                await self._discard(room_id, self._server.rooms.get(room_id))
            await self._explain(path, error)
            raise
        # No await since get_document returned, so no cleaner ran.
        opened = self._remember(self._server.rooms[room_id])
        if ours:
            opened.changed_keys = check.changed_keys
        opened.hold()
        return opened

    async def _explain(self, path: str, error: BaseException) -> None:
        """Raise why a room did not open, where the file says it better than the error."""
        if isinstance(error, RuntimeError):  # the loader found no path for the key
            raise backend_errors.NotebookMissing.nothing_there(path=path) from error
        if not isinstance(error, (Exception, *ENDS_TASK)):
            # pycrdt panicked at content that it cannot hold.
            raise backend_errors.NotebookBroken.cut_off(path=path) from error
        if isinstance(error, Exception) and not isinstance(error, BackendError):
            raise await self._contents.why_unreadable(path, error) from error

    async def _make_ready(self, opened: LocalRoom, path: str) -> bool:
        """Whether the room has the notebook's whole content; False when it must be opened anew."""
        room = opened.room
        if room._task_group is None:
            # What an opening that failed left behind: it would answer with 0 cells for ever.
            await self._discard(room.room_id, room)
            return False
        if not room.ready:
            # A browser tab is between making the room and loading it.
            try:
                async with self._extension._room_locks[room.room_id]:
                    await room.initialize()
            except BaseException as error:
                await self._explain(path, error)
                raise
        await opened.settled()
        try:
            # A room listens to its document a moment after it is ready. What comes before reaches
            # no tab and no store, and whoever loads from there later waits for it for ever.
            async with asyncio.timeout(LISTENING_SECONDS):
                await _listening(opened)
        except TimeoutError:
            return False
        await opened.merge.learn()
        if not self.alive(opened):
            return False
        update_route.shorten(room)
        if opened.saver is None:
            try:
                self._check(opened, path)
            except NotebookBroken:
                if room.clients == {opened.client}:
                    await self._discard(room.room_id, room)
                raise
            opened.name_history()
            opened.saver = RoomSaver(
                room,
                opened.document.watch,
                opened,
                lambda: self.alive(opened),
                lambda: self._stamp(room),
                lambda: self._identity.current(room._file.file_id),
                self._save_after,
                self._log,
            )
        return True

    def _check(self, opened: LocalRoom, path: str) -> None:
        loaded = getattr(opened.room, "_document_progressively_loaded", None)
        if loaded is not None and loaded.done() and loaded.exception() is not None:
            raise backend_errors.NotebookBroken.cut_off(path=path)
        opened.document.check(path)

    async def _stamp(self, room: Any) -> str:
        """What the room's file is now."""
        path = room._file.path
        stamp = file_hash(self._contents.manager, path) or await self._contents.stamp(path)
        self._identity.remember(room._file.file_id, path)
        return stamp

    def _remember(self, room: Any) -> LocalRoom:
        known = self._opened.get(room.room_id)
        if known is None or known.room is not room:
            known = LocalRoom(room, self.alive, self._clean_later, self._contents.bound)
            self._opened[room.room_id] = known
        return known

    def _clean_later(self, opened: LocalRoom) -> None:
        """Clean a room that nobody needs after the delay that Jupyter has for closed tabs."""
        delay = self._extension.document_cleanup_delay
        if delay is None or not self.alive(opened):
            return
        task = asyncio.create_task(self._clean_after(delay, opened))
        self._cleaning.add(task)
        task.add_done_callback(self._cleaning.discard)
        # A tab that connects cancels the room's cleaner before it becomes a client.
        opened.room.cleaner = task

    async def _clean_after(self, delay: float, opened: LocalRoom) -> None:
        await asyncio.sleep(delay)
        room = opened.room
        while (saving := room._saving_document) is not None and not saving.done():
            await asyncio.wait([saving])
        # A cancelled half of cleaning would leave a room that is neither there nor gone.
        task = asyncio.create_task(self._clean(opened))
        self._cleaning.add(task)
        task.add_done_callback(self._cleaning.discard)
        await asyncio.shield(task)

    async def _clean(self, opened: LocalRoom) -> None:
        room = opened.room
        async with self._extension._room_locks[room.room_id]:
            if opened.holds or room.clients or not self.alive(opened):
                return
            self._log.info("Cleaning room %s: nobody needs it", room.room_id)
            await self._remove(room.room_id)

    async def _discard(self, room_id: str, room: Any) -> None:
        """Take away a room that failed, and no other one that took its place meanwhile."""
        async with self._extension._room_locks[room_id]:
            if self._server.rooms.get(room_id) is room:
                await self._remove(room_id)

    async def _remove(self, room_id: str) -> None:
        """Take a room and its file's loader away. The room's lock is held, and goes too."""
        room = self._server.rooms.pop(room_id, None)
        if room is not None:
            if room._task_group is not None:
                await _store(room)
                with suppress(KeyError):  # the extension has stopped it, where its start failed
                    await room.stop()
            with suppress(RuntimeError):  # its start was a task of the room's, and is over
                if room.ystore is not None:
                    await room.ystore.stop()
            room._update_send_stream.close()  # stopping leaves it open
        opened = self._opened.pop(room_id, None)
        if opened is not None:
            opened.detach()
        loaders, file_id = self._extension.file_loaders, room_id.split(":", 2)[2]
        if room is None and file_id in loaders:
            # jupyter-server-ydoc 2 forgets a room that failed, but leaves it watching its file.
            loaders[file_id]._subscriptions.pop(room_id, None)
        if file_id in loaders and not loaders[file_id].number_of_subscriptions:
            await loaders.remove(file_id)
        self._extension._room_locks.pop(room_id, None)

    async def _contents_changed(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        """An event of Jupyter's contents manager."""
        if data.get("action") != "rename":
            return
        self._identity.renamed(data["source_path"], data["path"])
        await asyncio.sleep(0)  # Jupyter's ids hear of it in the same turn of the loop
        for opened in list(self._opened.values()):
            if self.alive(opened):
                await opened.tell_path()

    async def _happened(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        """An event of collaboration: what rooms do by themselves."""
        opened = self._opened.get(data.get("room", ""))
        if opened is None:
            return
        if data.get("action") == "clean" and not self.alive(opened):
            self._opened.pop(opened.room.room_id)
            opened.detach()


async def _store(room: Any) -> None:
    """Have all updates of a room stored that its store has gathered."""
    flush = getattr(room.ystore, "flush", None)
    if flush is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(STORING_SECONDS):
                await flush()


async def _listening(opened: LocalRoom) -> None:
    """Return when the room listens to its document. The caller bounds it."""
    room = opened.room
    if hasattr(room, "ydoc_observed"):
        await room.ydoc_observed.wait()
        return
    # Before pycrdt-websocket 0.16.4 no event tells of it; it is a turn of the loop away.
    while room._subscription is None:  # noqa: ASYNC110
        await asyncio.sleep(0)
    if opened.saver is None and room.ystore is not None:
        # jupyter-server-ydoc 2 marks the document after storing it and before listening to it:
        # without that mark, no edit of this process can be applied to what is stored.
        await room.ystore.encode_state_as_update(room.ydoc)


def _room_id(key: str) -> str:
    return f"json:notebook:{key}"
