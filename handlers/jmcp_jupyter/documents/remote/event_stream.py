"""The event stream of a Jupyter Server: renames, deletions, and rooms reloaded from the file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from jmcp_jupyter.http_api import JupyterApi

CONNECT_SECONDS = 5.0
RETRY_SECONDS = 60.0
"""A server without the stream, or without the right to read it, is not asked at each call."""

Happened = Callable[[str, dict[str, Any]], None]
"""Called as (action, data) for each event that has an action."""


class ServerEvents:
    """One connection to `api/events/subscribe`. jmcp works without it too, by asking each time."""

    def __init__(self, api: JupyterApi) -> None:
        self._api = api
        self.on_event: list[Happened] = []
        self.on_end: list[Callable[[], None]] = []
        self._websocket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._refused: float | None = None

    @property
    def alive(self) -> bool:
        return self._websocket is not None

    async def begin(self) -> None:
        """Connect where that is possible and was not just refused."""
        now = asyncio.get_running_loop().time()
        if self.alive or (self._refused is not None and now - self._refused < RETRY_SECONDS):
            return
        try:
            websocket = await connect(
                self._api.websocket_url("api/events/subscribe"),
                additional_headers=self._api.headers,
                open_timeout=CONNECT_SECONDS,
                compression=None,
            )
        except InvalidStatus:
            self._refused = now
        except (OSError, TimeoutError, WebSocketException):
            pass  # whoever asks the server next says why
        else:
            self._websocket = websocket
            self._reader = asyncio.create_task(self._read(websocket))

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self, websocket: ClientConnection) -> None:
        try:
            async for message in websocket:
                data = json.loads(message)
                if isinstance(data, dict) and isinstance(data.get("action"), str):
                    for happened in self.on_event:
                        happened(data["action"], data)
        except (WebSocketException, ValueError):
            pass  # the next call tries to connect anew
        finally:
            self._websocket = None
            for ended in self.on_end:
                ended()
            websocket.transport.abort()
