"""The rooms of a Jupyter Server in another process: one connection for each notebook, shared by all sessions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from websockets.exceptions import InvalidStatus, WebSocketException

from jmcp.core.background import run_together
from jmcp.core.errors import (
    JupyterUnreachable,
    NotebookBroken,
)
from jmcp.core.ports import NotebookRef
from jmcp_api import backend_errors, phrases
from jmcp_jupyter.documents.common.notebook_fields import check_storable
from jmcp_jupyter.documents.common.shared_keys import changed_keys
from jmcp_jupyter.documents.live.merge.report import MERGED
from jmcp_jupyter.documents.remote.contents import RemoteContents
from jmcp_jupyter.documents.remote.identity import RemoteIdentity
from jmcp_jupyter.documents.remote.room import RemoteRoom
from jmcp_jupyter.documents.remote.room_connection import Lost, NotebookClient
from jmcp_jupyter.documents.remote.room_saver import RemoteSaver
from jmcp_jupyter.documents.remote.server_facts import RemoteServer
from jmcp_jupyter.http_api import REFUSED_STATUSES, JupyterApi

CONNECT_SECONDS = 60.0
FIRST_SECONDS = 5.0
"""How long others wait for the first room that is opened on a server."""
RELOAD_SECONDS = 5.0
"""How long a room's next step of loading may take."""
QUIET_LOOKS = 100
TOO_LARGE = 1009
"""The websocket close code for a message above a limit."""
LOG = logging.getLogger(__name__)


class RemoteRooms:
    """Rooms by key, until nobody has needed one for some time."""

    remote = True

    def __init__(
        self,
        api: JupyterApi,
        server: RemoteServer,
        identity: RemoteIdentity,
        contents: RemoteContents,
        *,
        max_bytes: int,
        save_after: float,
    ) -> None:
        self._api = api
        self._server = server
        self._identity = identity
        self._contents = contents
        # A document has more to say than its file: who wrote what, and what was deleted.
        self._message_bytes = 2 * max_bytes + 2**24
        self._save_after = save_after
        self._rooms: dict[str, RemoteRoom] = {}
        self._first: asyncio.Event | None = None
        server.events.on_event.append(self._happened)

    async def open(self, ref: NotebookRef) -> RemoteRoom:
        room = self._rooms.get(ref.key)
        if room is None:
            room = self._rooms[ref.key] = RemoteRoom(
                ref.key, ref.path, self._connect, self._forget, self._contents.bound
            )
        room.hold()
        try:
            await self._refresh(room, ref)
        except BaseException:
            room.release()
            raise
        return room

    def get(self, key: str) -> RemoteRoom | None:
        room = self._rooms.get(key)
        return room if room is not None and room.saver is not None else None

    def exists(self, key: str) -> bool:
        room = self._rooms.get(key)
        return room is not None and room.connected

    @property
    def opened(self) -> int:
        return sum(room.connected for room in self._rooms.values())

    def path(self, key: str) -> str | None:
        """The path of a notebook that cannot have changed unnoticed; None where one must ask."""
        room = self._rooms.get(key)
        known = room is not None and room.connected and not room.gone and self._server.events.alive
        return room.path if room is not None and known else None

    async def close(self) -> None:
        try:
            await run_together(*(room.close for room in self._rooms.values()))
        finally:
            self._rooms.clear()

    def _forget(self, room: RemoteRoom) -> None:
        del self._rooms[room.key]

    async def _refresh(self, room: RemoteRoom, ref: NotebookRef) -> None:
        """Have the document as the server has it now."""
        if room.connected:
            try:
                await room.sync()
            except Lost:
                pass
            else:
                if room.gone:
                    room.path, room.gone = ref.path, False
                return
        room.path, room.gone = ref.path, False
        await room.ready()

    async def _find(self, room: RemoteRoom) -> bool:
        """Whether the room's file has another path by now, which is the room's from then on."""
        path = (await self._identity.current(room.key)).path
        moved = path != room.path
        room.path, room.gone = path, False
        return moved

    async def _connect(self, room: RemoteRoom) -> NotebookClient:
        first = self._first
        if first is None:
            # The store of a new server does not stand two rooms that make it at once: see
            # `collaboration.ready`, which a jmcp inside of that server would have run.
            first = self._first = asyncio.Event()
        elif not first.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(first.wait(), FIRST_SECONDS)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._connect_once(room)
        except TimeoutError as error:
            raise self._unreachable(phrases.no_answer_in_time()) from error
        finally:
            first.set()

    async def _connect_once(self, room: RemoteRoom) -> NotebookClient:
        await self._contents.about(room.path)
        session = await self._server.document(room.path)
        if session is None or session.file_id != room.key:
            room.path = (await self._identity.current(room.key)).path
            session = await self._server.document(room.path)
        if session is None:
            raise backend_errors.NotebookMissing.nothing_there(path=room.path)
        content, _ = await self._contents.load(room.path)
        # Before the server opens it: what pycrdt cannot hold ends more there than this room.
        check_storable(room.path, content, finite=True)
        if room.saver is None:
            room.changed_keys = changed_keys(content)
        client = NotebookClient(
            self._api.websocket_url(
                f"api/collaboration/room/json:notebook:{room.key}", sessionId=session.session
            ),
            room.path,
            self._api.headers,
            self._message_bytes,
            room.lost,
        )
        try:
            await client.start()
        except (Lost, OSError, WebSocketException) as error:
            await client.stop()
            raise await self._why(room.path, error) from error
        try:
            await self._adopt(room, client, session.session, content)
        except BaseException:
            await client.stop()
            raise
        if room.saver is None:
            room.saver = RemoteSaver(
                room, self._contents, lambda: self._find(room), self._save_after, LOG
            )
            room.saver.attach(client)
        return client

    async def _adopt(
        self, room: RemoteRoom, client: NotebookClient, session: str, content: dict[str, Any]
    ) -> None:
        """Let the room have its document. One that is broken may have been repaired in the file
        only: Jupyter's room notices that about a second later.
        """
        loop = asyncio.get_running_loop()
        deadline: float | None = None
        while True:
            try:
                room.adopt(client, session)
            except NotebookBroken:
                if deadline is None:
                    await self._contents.load(room.path)
                    deadline = loop.time() + RELOAD_SECONDS
                if loop.time() > deadline:
                    raise
            else:
                break
            await asyncio.sleep(RELOAD_SECONDS / QUIET_LOOKS)
        if client.notebook.hash is None:
            await self._loaded(room, client, content)

    async def _loaded(
        self, room: RemoteRoom, client: NotebookClient, content: dict[str, Any]
    ) -> None:
        """Wait for the rest of a notebook that the server loads in steps.

        It does not say so. A room that never saved has what the file has, or more; unless a person
        deleted something and switched autosave off, and then nothing comes.
        """
        cells, watch = room.document.cells, room.document.watch
        outputs = sum(len(cell.get("outputs", ())) for cell in content["cells"])
        version, quiet = watch.version, 0
        while client.notebook.hash is None and quiet < QUIET_LOOKS:
            with room.document.transaction():
                loaded = sum(len(cell.get("outputs") or ()) for cell in cells)
                if len(cells) >= len(content["cells"]) and loaded >= outputs:
                    return
            await asyncio.sleep(RELOAD_SECONDS / QUIET_LOOKS)
            if not client.synced:
                raise self._unreachable(phrases.lost_while_loading())
            quiet = quiet + 1 if watch.version == version else 0
            version = watch.version

    async def _why(self, path: str, error: Exception) -> Exception:
        """Why a room did not open: the file says it better than the websocket."""
        if isinstance(error, Lost) and error.code == TOO_LARGE:
            return backend_errors.NotebookTooLarge.live_document(
                path=path, limit_bytes=self._message_bytes
            )
        if isinstance(error, InvalidStatus) and error.response.status_code in REFUSED_STATUSES:
            return backend_errors.JupyterRefused.live_document(
                url=self._api.url, path=path, status=error.response.status_code
            )
        await self._contents.load(path)
        return self._unreachable(str(error) or type(error).__name__)

    def _unreachable(self, why: str) -> JupyterUnreachable:
        return backend_errors.JupyterUnreachable.no_live_documents(url=self._api.url, reason=why)

    def _happened(self, action: str, data: dict[str, Any]) -> None:
        """An event of the server: of a room, or of its files."""
        if action == "overwrite":
            room = self._rooms.get(str(data.get("room")).rpartition(":")[2])
            if room is not None and data.get("msg") == MERGED:
                room.announce_merge()
            elif room is not None:
                room.announce_reload()
        elif action == "rename":
            self._moved(str(data.get("source_path")).strip("/"), str(data.get("path")).strip("/"))
        elif action == "delete":
            gone = str(data.get("path")).strip("/")
            for room in self._rooms.values():
                room.gone = room.gone or _below(room.path, gone)

    def _moved(self, source: str, target: str) -> None:
        for room in self._rooms.values():
            if room.path == source:
                room.path = target
            elif _below(room.path, source):
                room.gone = True  # file ids may have followed the folder, or not: ask


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
