"""An answer that takes long becomes a stream, because proxies end connections on which nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from starlette.types import Send

from jmcp.transport.event_stream import STREAM_HEADERS
from jmcp.transport.json_text import one_line_encoded
from jmcp.transport.rest.sse import HEARTBEAT_SECONDS

Pairs = Sequence[tuple[bytes, bytes]]

COMMENT = b": the call goes on\n\n"


class LateAnswer:
    """The answer to one request: JSON, or a stream of events once it took HEARTBEAT_SECONDS.

    A context manager, which waits for the answer. `headers` go with either form.
    """

    def __init__(self, send: Send, headers: Pairs = ()) -> None:
        self._send = send
        self._headers = [*headers]
        self._loop = asyncio.get_running_loop()
        self._beating: asyncio.Task[None] | None = None
        self._rest = asyncio.Event()

    def __enter__(self) -> Self:
        # A timer alone: a task would cost each call more than its tool does.
        self._timer = self._loop.call_later(HEARTBEAT_SECONDS, self._begin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._beating is not None:
            self._beating.cancel()

    @property
    def begun(self) -> bool:
        """Whether the answer is a stream by now, so that it has a status already."""
        return self._beating is not None

    async def send(self, body: bytes) -> None:
        """Send the answer, one message as JSON."""
        if await self._rested():
            event = b"event: message\r\ndata: " + one_line_encoded(body) + b"\r\n\r\n"
            await self._send({"type": "http.response.body", "body": event})
            return
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *self._headers,
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def send_nothing(self) -> None:
        """End without an answer, with status 202 where there is none yet."""
        if not await self._rested():
            headers = [(b"content-length", b"0")]
            await self._send({"type": "http.response.start", "status": 202, "headers": headers})
        await self._send({"type": "http.response.body", "body": b""})

    def _begin(self) -> None:
        self._beating = self._loop.create_task(self._beat())

    async def _beat(self) -> None:
        headers = [*STREAM_HEADERS, *self._headers]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        while not self._rest.is_set():
            await self._send({"type": "http.response.body", "body": COMMENT, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._rest.wait()

    async def _rested(self) -> bool:
        """End the comments, and not in the middle of one. Returns whether there were some."""
        self._timer.cancel()
        if self._beating is None:
            return False
        self._rest.set()
        await self._beating
        return True
