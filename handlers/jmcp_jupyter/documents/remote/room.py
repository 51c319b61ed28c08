"""One room of a Jupyter Server in another process: a connection that comes and goes, and what outlives it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from jmcp.core.background import run_each, supervised
from jmcp.core.errors import BackendError, JupyterUnreachable
from jmcp_api import backend_errors, phrases
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.live.document_watch import changed_keys
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook
from jmcp_jupyter.documents.remote.room_connection import Lost, NotebookClient
from jmcp_jupyter.documents.remote.room_saver import RemoteSaver

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 10.0
DELIVERY_SECONDS = 10.0
"""How long the end of a run waits for a server that does not answer. Its outputs wait longer."""
IDLE_SECONDS = 300.0
LAST_SAVE_SECONDS = 5.0
"""For what is unsaved when jmcp leaves the server; the journal has it for the next process."""


class RemoteRoom:
    """`room.Room` over a websocket. Stays connected while held, and for some time after.

    Every connection has a document of its own: the old one merged into a room that was loaded
    anew would duplicate its cells.
    """

    def __init__(
        self,
        key: str,
        path: str,
        connect: Callable[[RemoteRoom], Awaitable[NotebookClient]],
        forget: Callable[[RemoteRoom], None],
        bound: Callable[[str], GrowthBound | None],
    ) -> None:
        self.bound = bound
        self.key = key
        self.path = path
        self.session: str | None = None
        """The server's session that the connection belongs to."""
        self.gone = False
        """Whether the server said that the file was deleted."""
        self.changed_keys: Sequence[str] = ()
        self.followers: list[Callable[[], None]] = []
        self.saver: RemoteSaver | None = None
        self.confirmed_version = 0
        self._connect = connect
        self._forget = forget
        self._client: NotebookClient | None = None
        self._document: SharedNotebook | None = None
        self._connecting = asyncio.Lock()
        self._holds = 0
        self._seen = (0, 0)
        """Moves and reloads that followers know of."""
        self._reload_announced = False
        self._undelivered: list[Callable[[], None]] = []
        self._returning: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def document(self) -> SharedNotebook:
        assert self._document is not None, "a room is connected before it is handed out"
        return self._document

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.synced

    @property
    def current(self) -> bool:
        return self.connected and not self.gone

    @property
    def reloading(self) -> bool:
        return not self.connected

    @property
    def autosave(self) -> bool:
        return self._client is not None and self._client.autosave

    def hold(self) -> None:
        self._holds += 1
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def release(self) -> None:
        self._holds -= 1
        if self._holds == 0:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(IDLE_SECONDS, self._close_idle)

    async def follow_file(self, path: str) -> None:
        """Nothing: it would cost each edit a request, and Jupyter looks at the file by itself."""

    def check_writable(self, path: str) -> None:
        """Nothing, for the same reason: the first save finds it out."""

    def edited(self) -> None:
        if self.saver is not None:
            self.saver.edited()

    async def ready(self) -> NotebookClient:
        """The connection, made anew where it was lost. Raises as `Rooms.open`."""
        async with self._connecting:
            if self._client is None or not self._client.synced:
                self._client = None
                self._client = await self._connect(self)
                if self._document is not None:
                    for follower in list(self.followers):
                        follower()
            return self._client

    def adopt(self, client: NotebookClient, session: str) -> None:
        """Go on with the document of a new connection. Raises NotebookBroken."""
        before = self._document
        version = 0 if before is None else before.watch.version + 1
        document = SharedNotebook(client.notebook, lambda: self._is_reload(client), version)
        # A new connection to the same server finds the document as it was, people's edits included.
        document.loading = session
        if before is not None:
            document.watch.follow(before.watch)
        try:
            document.check(self.path)
        except BackendError:
            document.close()
            raise
        if before is not None:
            before.close()
        restarted = self.session is not None and self.session != session
        self._document, self.session = document, session
        self.confirmed_version = version
        client.notebook.ystate.observe(self._state_changed)
        client.on_received = self._received
        self._seen = (0, 0)
        if self.saver is not None:
            self.saver.attach(client)
            if restarted:
                self.saver.lost()

    async def sync(self) -> None:
        """Fetch what the server has, and confirm what was written. Raises Lost."""
        await self._settle(NotebookClient.sync)

    async def _settle(self, how: Callable[[NotebookClient], Awaitable[bool]]) -> None:
        client = self._client
        if client is None:
            raise Lost(phrases.not_connected())
        version = self.document.watch.version
        if not await how(client):
            await client.stop()
            raise Lost(phrases.not_taken())
        self.confirmed_version = max(self.confirmed_version, version)

    async def confirm(self, document: SharedNotebook, path: str) -> None:
        client = self._client
        if document is self._document and client is not None and client.synced:
            version = document.watch.version
            if not client.unconfirmed:
                return
            with suppress(Lost):
                if not await client.prove():
                    await client.stop()  # the document here is no longer the one that is shared
                    self._lost()
                    raise backend_errors.WriteRefused.not_taken(path=path)
                self.confirmed_version = max(self.confirmed_version, version)
                return
        raise backend_errors.JupyterUnreachable.edit_lost(path=path)

    async def deliver(self, write: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        deadline, wait = loop.time() + DELIVERY_SECONDS, FIRST_WAIT_SECONDS
        while True:
            try:
                client = await self.ready()
                write()
                await self._settle(NotebookClient.prove)
                while client.unconfirmed:  # what came meanwhile made followers write again
                    await self._settle(NotebookClient.prove)
            except (Lost, JupyterUnreachable) as error:
                if loop.time() + wait > deadline:
                    self._deliver_later(write)
                    raise backend_errors.JupyterUnreachable.outputs_kept(
                        reason=str(error)
                    ) from error
            else:
                return
            await asyncio.sleep(wait)
            wait *= 2

    def announce_reload(self) -> None:
        """The room is being loaded again from a file that somebody else changed."""
        self._reload_announced = True
        if self._document is not None:
            self._document.watch.changes.replace()
            self._document.watch.reloads += 1
            self._received()

    def announce_merge(self) -> None:
        """What somebody else has written into the file was joined into the document."""
        if self._document is not None:
            self._document.watch.changes.merge()

    async def close(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        await run_each(self._last_save, self._end_tasks, self._disconnect)

    async def _last_save(self) -> None:
        if self.saver is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_SAVE_SECONDS):
                    await self.saver.close()

    async def _end_tasks(self) -> None:
        for task in (self._returning, self._closing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.stop()

    def lost(self) -> None:
        """The connection broke: come back as long as somebody needs the room."""
        self._lost()

    def _lost(self) -> None:
        if self._holds and (self._returning is None or self._returning.done()):
            self._returning = supervised(self._return, "room-return")

    async def _return(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while self._holds:
            with suppress(BackendError, Lost):
                await self.ready()
                await self._deliver_missed()
                return
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def _deliver_later(self, write: Callable[[], None]) -> None:
        self.hold()
        self._undelivered.append(write)
        self._lost()

    async def _deliver_missed(self) -> None:
        while missed := tuple(self._undelivered):  # more may come while these are under way
            for write in missed:
                write()
            await self.sync()
            del self._undelivered[: len(missed)]
            for _ in missed:
                self.release()

    def _close_idle(self) -> None:
        self._idle = None
        if not self._holds:
            self._forget(self)  # whoever opens the notebook from now on has another connection
            self._closing = asyncio.create_task(self._disconnect())

    def _is_reload(self, client: NotebookClient) -> bool:
        """Whether a change of the cells is the one that was announced, and none of jmcp's own."""
        if not client.receiving:
            return False
        announced, self._reload_announced = self._reload_announced, False
        return announced

    def _state_changed(self, event: Any) -> None:
        # Other changes of the state come with the path of before a rename.
        if "path" in changed_keys(event) and self._document is not None:
            path = self._document.notebook.path
            if isinstance(path, str) and path:
                self.path = path

    def _received(self) -> None:
        """Let runs look after their cells when others moved or replaced some."""
        watch = self.document.watch
        if self._seen != (watch.moves, watch.reloads):
            self._seen = (watch.moves, watch.reloads)
            for follower in list(self.followers):
                follower()
