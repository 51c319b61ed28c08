"""What a browser tab is to collaboration: a websocket client with a copy of the notebook."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from jupyter_server.serverapp import ServerApp
from jupyter_ydoc import YNotebook
from nbformat.reader import NotJSONError
from pycrdt import (
    Doc,
    Map,
    TransactionEvent,
    YMessageType,
    YSyncMessageType,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.jupyter_process import TOKEN

BOUND_SECONDS = 30.0


async def until(holds: Callable[[], Any], what: str = "condition") -> Any:
    """Wait, within a bound, until `holds()` is true, and return it."""
    deadline = asyncio.get_running_loop().time() + BOUND_SECONDS
    while True:
        try:
            if value := holds():
                return value
        except NotJSONError:  # a notebook that was read in the midst of being written
            pass
        assert asyncio.get_running_loop().time() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.005)


class Tab:
    """One connected tab: `notebook` is its live copy."""

    def __init__(self, connection: WebSocketClientConnection, client_id: int | None = None) -> None:
        self.notebook = YNotebook(Doc(client_id=client_id))
        self._connection = connection
        self._synced = asyncio.Event()
        self._remote = False
        self._subscription = self.notebook.ydoc.observe(self._changed)
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, app: ServerApp, path: str, client_id: int | None = None) -> Tab:
        return await cls.at(f"http://127.0.0.1:{app.port}/", TOKEN, path, client_id)

    @classmethod
    async def at(cls, url: str, token: str, path: str, client_id: int | None = None) -> Tab:
        """A tab on any server: `url` is its root, with a trailing slash. Of two changes of one key
        that know nothing of each other, all documents keep that of the higher `client_id`."""
        base = f"{url}api/collaboration"
        reply = await AsyncHTTPClient().fetch(
            HTTPRequest(
                f"{base}/session/{quote(path)}",
                method="PUT",
                headers={"Authorization": f"token {token}"},
                body=json.dumps({"format": "json", "type": "notebook"}),
            )
        )
        session = json.loads(reply.body)
        connection = await websocket_connect(
            f"{base.replace('http', 'ws', 1)}/room/json:notebook:{session['fileId']}"
            f"?sessionId={session['sessionId']}&token={token}"
        )
        tab = cls(connection, client_id)
        await connection.write_message(create_sync_message(tab.notebook.ydoc), binary=True)
        await asyncio.wait_for(tab._synced.wait(), BOUND_SECONDS)
        return tab

    @property
    def sources(self) -> list[str]:
        return [str(cell["source"]) for cell in self.notebook.ycells]

    def type_over(self, index: int, source: str) -> None:
        """Replace the source of a cell, as a person who selects all of it and types."""
        text = self.notebook.ycells[index]["source"]
        with self.notebook.ydoc.transaction():
            text.clear()
            text += source

    def show_output(self, index: int, data: dict[str, Any]) -> None:
        """Put an output below a cell, as a run in this tab does."""
        output = {"output_type": "display_data", "data": data, "metadata": {}}
        self.notebook.ycells[index]["outputs"].append(Map(output))

    def clear_outputs(self, index: int) -> None:
        self.notebook.ycells[index]["outputs"].clear()

    async def close(self) -> None:
        self.notebook.ydoc.unobserve(self._subscription)
        self._connection.close()
        await asyncio.gather(self._reader, return_exceptions=True)

    def _changed(self, event: TransactionEvent) -> None:
        if not self._remote:
            self._connection.write_message(create_update_message(event.update), binary=True)

    async def _read(self) -> None:
        while (message := await self._connection.read_message()) is not None:
            if not isinstance(message, bytes) or message[0] != YMessageType.SYNC:
                continue
            self._remote = True
            try:
                reply = handle_sync_message(message[1:], self.notebook.ydoc)
            finally:
                self._remote = False
            if reply is not None:
                await self._connection.write_message(reply, binary=True)
            if message[1] == YSyncMessageType.SYNC_STEP2:
                self._synced.set()


@asynccontextmanager
async def tab(app: ServerApp, path: str, client_id: int | None = None) -> AsyncIterator[Tab]:
    opened = await Tab.open(app, path, client_id)
    try:
        yield opened
    finally:
        await opened.close()
