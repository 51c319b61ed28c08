"""What tabs of jmcp's labextension ask of the rooms of this server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jupyter_server.utils import ensure_async

from jmcp.core.errors import BackendError
from jmcp.core.pages.tabs import NO_ROOM, TRY_LATER, TabClosed, Visitor
from jmcp.core.ports import NotebookRef
from jmcp_api import phrases
from jmcp_api.backend_errors import NotebookMissing, WriteRefused
from jmcp_jupyter.documents.local.documents import SERVER_SESSION
from jmcp_jupyter.documents.local.files.contents import Contents, writing
from jmcp_jupyter.documents.local.files.identity import Identity
from jmcp_jupyter.documents.local.rooms.room import LocalRoom
from jmcp_jupyter.documents.local.rooms.room_manager import LocalRooms
from jmcp_jupyter.documents.local.tabs.tab_link import TabLink

ROOM = "json:notebook:"
MESSAGE_SPARE_BYTES = 2**20
DOCUMENT_FACTOR = 4
"""A document as Y encodes it may have so many bytes for each that a notebook's file may have: it keeps
something of all that was ever deleted."""
SAVE_ATTEMPTS = 3
NOTHING: Mapping[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
"""What a tab and a room that know of no common notebook have both made theirs of."""


class Tabs:
    """`TabRooms` of the Jupyter Server in this process. `max_bytes` limits a notebook's file."""

    def __init__(
        self, rooms: LocalRooms, contents: Contents, identity: Identity, max_bytes: int
    ) -> None:
        self.message_bytes = max_bytes + MESSAGE_SPARE_BYTES
        self._document_bytes = DOCUMENT_FACTOR * max_bytes + MESSAGE_SPARE_BYTES
        self._rooms = rooms
        self._contents = contents
        self._identity = identity

    async def join(self, path: str, room: str | None, visitor: Visitor) -> Mapping[str, Any]:
        ref = await self._found(path, room, other=True)
        model = await self._contents.about(ref.path)
        opened = await self._rooms.open(ref)
        try:
            await opened.tell_path()
            return {
                "room": ROOM + ref.key,
                "session": SERVER_SESSION,
                "history": opened.history,
                "path": ref.path,
                "writable": visitor.may_write and bool(model.get("writable", True)),
            }
        finally:
            opened.release()

    async def rejoin(
        self, path: str, room: str | None, base: Any, mine: Any, visitor: Visitor
    ) -> Mapping[str, Any]:
        ref = await self._found(path, room, other=True)
        opened = await self._rooms.open(ref)
        try:
            await opened.merge.rejoin(NOTHING if base is None else base, mine)
        finally:
            opened.release()
        return await self.join(ref.path, None, visitor)

    async def revert(self, path: str, room: str | None) -> None:
        ref = await self._found(path, room)
        opened = await self._rooms.open(ref)
        try:
            await opened.revert()
        finally:
            opened.release()

    async def connect(
        self,
        room: str,
        history: str | None,
        visitor: Visitor,
        *,
        send: Callable[[bytes], None],
        end: Callable[[int], None],
    ) -> TabLink:
        opened = await self._entered(room)
        try:
            return TabLink.open(
                opened,
                history,
                visitor,
                send=send,
                end=end,
                document_bytes=self._document_bytes,
            )
        except BaseException:
            opened.release()
            raise

    async def save(self, path: str, room: str | None) -> Mapping[str, Any]:
        ref = await self._found(path, room)
        opened = await self._rooms.open(ref)
        try:
            await self._prove(opened, ref)
        finally:
            opened.release()
        now = await self._identity.current(ref.key)
        with writing(now.path):
            model: dict[str, Any] = await ensure_async(
                self._contents.manager.get(now.path, type="notebook", content=False)
            )
        return model

    async def _prove(self, opened: LocalRoom, ref: NotebookRef) -> None:
        """Return when the file has what the room has now. Raises WriteRefused."""
        saver = opened.saver
        for _ in range(SAVE_ATTEMPTS):
            if saver is None or not opened.current:
                raise WriteRefused.room_closed(path=ref.path)
            state = await saver.prove()
            if state == "saved":
                return
            if state == "failed":
                await self._identity.current(ref.key)  # which raises where the file is gone
                reason = saver.problem or phrases.not_taken()
                raise WriteRefused.not_written(path=ref.path, reason=reason)
        raise WriteRefused.not_proven(path=ref.path)

    async def _found(self, path: str, room: str | None, *, other: bool = False) -> NotebookRef:
        """The notebook of that room, wherever it is now; without one that at the path. `other`: also
        that at the path where that of the room is gone."""
        normal = await self._identity.target(path)
        if room is None or not room.startswith(ROOM):
            return await self._identity.identify(normal)
        try:
            ref = await self._identity.current(room.removeprefix(ROOM))
        except NotebookMissing:
            if not other:
                raise
            return await self._identity.identify(normal)
        if not await self._is_at(ref):
            raise NotebookMissing.nothing_there(path=ref.path)
        return ref

    async def _is_at(self, ref: NotebookRef) -> bool:
        """Whether the path is one that a notebook may have: the id of a room is what somebody sent."""
        return await self._identity.target(ref.path) == ref.path

    async def _entered(self, room: str) -> LocalRoom:
        """The room, held. Raises TabClosed."""
        if not room.startswith(ROOM):
            raise TabClosed(NO_ROOM)
        try:
            ref = await self._identity.current(room.removeprefix(ROOM))
            if not await self._is_at(ref):
                raise TabClosed(NO_ROOM)
            return await self._rooms.open(ref)
        except BackendError as error:
            gone = isinstance(error, NotebookMissing) or error.kind == "path_refused"
            raise TabClosed(NO_ROOM if gone else TRY_LATER) from error
