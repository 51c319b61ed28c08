"""The connection of a tab to its room: bytes in and out, bounded."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import perf_counter
from typing import Any

from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jmcp.core.pages.tabs import TRY_LATER, TabClosed, TabConnection
from jmcp.transport.lab.requests import LabHandler, LabHost
from jmcp.transport.problems import Problem

FIRST_MESSAGE_BYTES = 2**20
"""While it is not known yet what rooms take."""
UNSENT_FACTOR = 3
"""A tab may be behind by so many of its largest messages."""
FREE_SECONDS = 0.02
OTHERS_SHARE = 3.0
"""A tab whose messages have taken FREE_SECONDS more than it left to others waits for so many times that."""


class RoomSocket(WebSocketMixin, WebSocketHandler, LabHandler):
    """`/jmcp/lab/room/<room>`: the Y protocol in binary frames."""

    def initialize(self, host: LabHost, allow: str) -> None:  # type: ignore[override]
        LabHandler.initialize(self, host, allow)
        self._largest = FIRST_MESSAGE_BYTES
        self._connection: TabConnection | None = None
        self._unsent = 0
        self._spent = self._ended = 0.0
        self._gone = asyncio.Event()

    @property
    def max_message_size(self) -> int:
        return self._largest

    async def prepare(self) -> None:  # type: ignore[override] # as in jupyter_server's own
        await LabHandler.prepare(self)

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        await self._authorized(*args, **kwargs)

    @authorized("read", "contents")  # type: ignore[untyped-decorator] # jupyter_server's own
    async def _authorized(self, *args: Any, **kwargs: Any) -> None:
        try:
            self._largest = (await self.tab_rooms()).message_bytes
        except Problem as problem:
            self.refuse(problem.body, problem.headers)
            return
        await super().get(*args, **kwargs)

    async def open(self, room: str, *_: Any, **__: Any) -> None:
        super().open()
        try:
            rooms = await self.tab_rooms()
            connection = await rooms.connect(
                room,
                self.get_query_argument("history", None),
                await self.visitor(),
                send=self._tell,
                end=self._end,
            )
        except Problem:
            self._end(TRY_LATER)
        except TabClosed as closed:
            self._end(closed.code)
        else:
            if self.ws_connection is None:  # closed meanwhile
                connection.close()
            else:
                self._connection = connection

    async def on_message(self, message: str | bytes) -> None:
        # Tornado reads the next message when this has returned.
        if self._connection is None:
            return
        began = perf_counter()
        # What it leaves to others is given back: who types takes little, and never waits.
        self._spent = max(0.0, self._spent - (began - self._ended) / OTHERS_SHARE)
        try:
            await self._connection.receive(message if isinstance(message, bytes) else b"")
        except TabClosed as closed:
            self._end(closed.code)
        self._ended = perf_counter()
        self._spent += self._ended - began
        if self._spent > FREE_SECONDS:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), OTHERS_SHARE * self._spent)

    def on_close(self) -> None:
        super().on_close()
        self._gone.set()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tell(self, message: bytes) -> None:
        if self._unsent > UNSENT_FACTOR * self._largest:
            # Not at once: the document may be in the midst of a change.
            asyncio.get_running_loop().call_soon(self._end, TRY_LATER)
            return
        try:
            writing = self.write_message(message, binary=True)
        except WebSocketClosedError:
            return  # `on_close` follows
        self._unsent += len(message)
        writing.add_done_callback(lambda done: self._sent(done, len(message)))

    def _sent(self, done: asyncio.Future[None], size: int) -> None:
        self._unsent -= size
        if not done.cancelled():
            done.exception()  # a connection that broke: `on_close` follows

    def _end(self, code: int) -> None:
        """Close the connection and take nothing more from it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.close(code)
