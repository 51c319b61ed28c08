"""A tab of jmcp's labextension, without its page."""

from __future__ import annotations

import asyncio
from typing import Any, Self
from urllib.parse import urlencode

import httpx2 as httpx
from jupyter_server.serverapp import ServerApp
from pycrdt import create_awareness_message, create_sync_message
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jmcp_jupyter.documents.local.tabs.tab_link import TabLink
from tests.jupyter_process import TOKEN
from tests.ports.documents.tab import BOUND_SECONDS, Tab

LARGEST = 2**30
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
"""Headers with which a WebSocket begins, for who is refused: Tornado's client leaves a socket open then."""


class LabTab(Tab):
    """A tab, and where it is: what `PUT /jmcp/lab/rooms` answered."""

    place: dict[str, Any]

    @property
    def dirty(self) -> bool | None:
        """What the page would show, were nothing typed in it since it was told."""
        return self.notebook.dirty

    @property
    def closed(self) -> int | None:
        """The code with which the server has closed its connection."""
        return self._connection.close_code

    @classmethod
    async def join(cls, client: httpx.AsyncClient, path: str) -> Self:
        """A new tab of a notebook. `client` is one of the server."""
        answer = await client.put("/jmcp/lab/rooms", json={"path": path})
        assert answer.status_code == 200, answer.text
        return await cls.into(str(client.base_url), answer.json())

    @classmethod
    async def into(cls, url: str, place: dict[str, Any], before: Tab | None = None) -> Self:
        """A tab in a room; `before`: with the document of a tab that lost its connection."""
        connection = await connect(url, place["room"], place["history"])
        tab = cls(connection)
        if before is not None:
            tab.notebook.ydoc.apply_update(before.notebook.ydoc.get_update())
        tab.place = place
        await connection.write_message(create_sync_message(tab.notebook.ydoc), binary=True)
        await asyncio.wait_for(tab._synced.wait(), BOUND_SECONDS)
        return tab

    async def acknowledged(self) -> None:
        """Return when the room has all that was written in this tab."""
        self._synced.clear()
        await self._connection.write_message(create_sync_message(self.notebook.ydoc), binary=True)
        await asyncio.wait_for(self._synced.wait(), BOUND_SECONDS)

    async def tell(self, client_id: int, clock: int, state: str) -> None:
        """Announce something of a person."""
        entry = bytes([1]) + varint(client_id) + varint(clock) + varint(len(state)) + state.encode()
        await self._connection.write_message(create_awareness_message(entry), binary=True)


async def connect(
    url: str, room: str, history: str | None = None, **headers: str
) -> WebSocketClientConnection:
    query = {"history": history} if history is not None else {}
    address = f"{url.rstrip('/').replace('http', 'ws', 1)}/jmcp/lab/room/{room}?{urlencode(query)}"
    given = headers or {"Authorization": f"token {TOKEN}"}
    return await websocket_connect(HTTPRequest(address, headers=given), max_message_size=LARGEST)


async def close_code(connection: WebSocketClientConnection) -> int | None:
    """The code with which the server closes a connection."""
    async with asyncio.timeout(BOUND_SECONDS):
        while await connection.read_message() is not None:
            pass
    code: int | None = connection.close_code
    connection.close()
    return code


async def closed(connection: WebSocketClientConnection) -> None:
    """Close a connection, and return when nothing of it is left."""
    connection.close()
    if connection.close_code is None:  # else the server has closed it
        await close_code(connection)


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(128 | (127 & number))
        number >>= 7
    return bytes([*encoded, number])


def rooms_of(serverapp: ServerApp) -> dict[str, Any]:
    """The rooms of a server."""
    (extension,) = serverapp.extension_manager.extension_apps["jupyter_server_ydoc"]
    rooms: dict[str, Any] = extension.ywebsocket_server.rooms
    return rooms


def room_of(serverapp: ServerApp, place: dict[str, Any]) -> Any:
    """The room of a tab."""
    return rooms_of(serverapp)[place["room"]]


def links_of(serverapp: ServerApp, place: dict[str, Any]) -> list[TabLink]:
    """The server's side of the tabs in a room."""
    return [one for one in room_of(serverapp, place).clients if isinstance(one, TabLink)]
