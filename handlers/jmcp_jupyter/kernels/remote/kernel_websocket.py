"""One websocket to the channels of a kernel: messages in the event loop as they come, and sends."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import accumulate, pairwise
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from jmcp.core.errors import ENDS_TASK
from jmcp.core.kernels import odd_messages
from jmcp_jupyter.kernels.common.large_messages import parts_of
from jmcp_jupyter.kernels.common.messages import (
    ChannelIdentity,
    KernelRequest,
    Message,
    message,
    message_of,
)

log = logging.getLogger(__name__)

V1 = Subprotocol("v1.kernel.websocket.jupyter.org")
"""Jupyter's protocol that sends a message as its parts; without it, it is one JSON object."""

TURN_SECONDS = 0.005
"""A flood of messages may hold the event loop so long before others get a turn."""

QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Linux only. The server's Nagle algorithm waits for our delayed ACK: 40 ms a run without it."""

V1_HEAD = struct.Struct("<7Q")
"""Of a v1 frame without buffers: six offsets follow, and those of the five parts and of the end."""

V1_OFFSETS = struct.Struct("<6Q")
V1_COUNT_BYTES = 8


class WebsocketRefused(Exception):
    """The websocket could not be opened; `status` is that of the HTTP answer, if there was one."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


class _Connection(ClientConnection):
    """A websocket that tells how much has come, be it a part of a large message."""

    received_bytes = 0

    def data_received(self, data: bytes) -> None:
        self.received_bytes += len(data)
        # Each time: the kernel falls back to delayed ones by itself.
        if QUICK_ACK is not None:
            with suppress(OSError):  # it may be closed already
                peer = self.transport.get_extra_info("socket")
                peer.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        super().data_received(data)


class KernelWebsocket:
    """An open websocket. When it ends it calls `on_closed`, unless that was asked for.

    Not jupyter_kernel_client: it is synchronous, its threads and their queues cost more CPU than
    the messages, it asks for a kernel that is gone for ever, and it brings 174 MB of packages.
    """

    def __init__(self, connection: _Connection, identity: ChannelIdentity) -> None:
        self.identity = identity
        self._connection = connection
        self._v1 = connection.subprotocol == V1
        self._outgoing: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self._received_bytes = 0
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._aborted = False

    @classmethod
    async def open(
        cls, url: str, headers: dict[str, str], identity: ChannelIdentity, *, seconds: float
    ) -> KernelWebsocket:
        """Connect under that identity. Raises WebsocketRefused, also after so many `seconds`."""
        try:
            connection = await connect(
                url,
                additional_headers=headers,
                create_connection=_Connection,
                subprotocols=[V1],
                compression=None,
                open_timeout=seconds,
                ping_interval=None,  # whoever keeps it open asks for signs of life
                max_size=None,
            )
        except InvalidStatus as error:
            raise WebsocketRefused("refused", error.response.status_code) from error
        except (OSError, TimeoutError, WebSocketException) as error:
            # Not the error's own text: it may quote all headers of the answer.
            raise WebsocketRefused(type(error).__name__) from error
        assert isinstance(connection, _Connection)
        return cls(connection, identity)

    def start(self, on_message: Callable[[Message], None], on_closed: Callable[[], None]) -> None:
        """Begin to read. Both are called in the event loop, `on_closed` once and last."""
        self._on_closed = on_closed
        self._tasks = (
            asyncio.create_task(self._receive_all(on_message)),
            asyncio.create_task(self._send_all()),
        )

    def send(self, channel: str, request: KernelRequest) -> None:
        """Put a request on its way, after all that was sent before."""
        frame = framed_parts if self._v1 else framed_json
        self._outgoing.put_nowait(frame(channel, request))

    def ping(self) -> None:
        """Ask the server for a sign of life; `progress` tells whether one came."""
        self._outgoing.put_nowait(None)

    def progress(self) -> bool:
        """Whether anything arrived since the last call, be it a part of a large message."""
        before, self._received_bytes = self._received_bytes, self._connection.received_bytes
        return before != self._received_bytes

    async def leave(self, seconds: float) -> None:
        """Close it in order: what the server sent before it knew of that is read, if it comes
        within so many seconds."""
        with suppress(TimeoutError, WebSocketException):
            async with asyncio.timeout(seconds):
                await self._connection.close()
                await asyncio.gather(*self._tasks[:1], return_exceptions=True)

    def abort(self) -> None:
        """Break the connection off; `on_closed` is not called any more."""
        self._aborted = True
        for task in self._tasks:
            task.cancel()
        self._connection.transport.abort()

    async def closed(self) -> None:
        """Wait for the end of what `abort` broke off."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connection.wait_closed()

    async def _receive_all(self, on_message: Callable[[Message], None]) -> None:
        since = time.monotonic()
        try:
            async for data in self._connection:
                for part in self._parts(data):
                    self._hand_on(part, on_message)
                    if self._aborted:
                        return
                    if time.monotonic() - since > TURN_SECONDS:
                        # Receiving does not yield to the event loop while messages are waiting.
                        await asyncio.sleep(0)
                        since = time.monotonic()
        except WebSocketException:
            log.debug("A kernel's websocket was cut off.", exc_info=True)
        finally:
            if not self._aborted:
                self.abort()
                self._on_closed()

    def _parts(self, data: bytes | str) -> Iterable[Message]:
        """The message in a frame, in parts; none where there is no message."""
        try:
            return parts_of(parsed(data))
        except ENDS_TASK:
            raise
        except BaseException as error:  # noqa: BLE001 # it spoils one message, not the kernel
            odd_messages.note("unreadable", "websocket", error)
            return ()

    def _hand_on(self, part: Message, on_message: Callable[[Message], None]) -> None:
        try:
            on_message(part)
        except ENDS_TASK:
            raise
        except BaseException as error:  # noqa: BLE001 # it spoils one message, not the kernel
            odd_messages.note("unreadable", "websocket", error)

    async def _send_all(self) -> None:
        try:
            while True:
                frame = await self._outgoing.get()
                if frame is None:
                    await self._connection.ping()
                else:
                    await self._connection.send(frame)
        except WebSocketException:
            log.debug("A kernel's websocket takes no more.", exc_info=True)


def framed_parts(channel: str, request: KernelRequest) -> bytes:
    """A frame of the v1 protocol: how many offsets, the offsets, and the parts one after another."""
    parts = (channel.encode(), *request.parts)
    offsets = accumulate((len(part) for part in parts), initial=V1_HEAD.size)
    return b"".join((V1_HEAD.pack(V1_HEAD.size // 8 - 1, *offsets), *parts))


def framed_json(channel: str, request: KernelRequest) -> str:
    """A frame of the default protocol."""
    return json.dumps(
        {
            "channel": channel,
            "header": request.header,
            "parent_header": {},
            "metadata": {},
            "content": request.content,
            "buffers": [],
        }
    )


def parsed(data: bytes | str) -> Message:
    """The message in a frame of either protocol. Raises an error for what is no message.

    The default protocol sends JSON as text, and where there are buffers as the first of binary
    parts: then the frame begins with their big-endian count, whose first byte is 0.
    """
    if isinstance(data, bytes) and data[:1] != b"\0":
        offsets = V1_OFFSETS.unpack_from(data, V1_COUNT_BYTES)
        channel, *parts = (data[start:end] for start, end in pairwise(offsets))
        return message_of(channel.decode(), parts)
    found: dict[str, Any] = json.loads(_json_part(data))
    named = (found.get(name) for name in ("header", "parent_header", "metadata", "content"))
    return message(found["channel"], *named)


def _json_part(data: bytes | str) -> bytes | str:
    if isinstance(data, str):
        return data
    count = int.from_bytes(data[:4], "big")
    start = int.from_bytes(data[4:8], "big")
    end = int.from_bytes(data[8:12], "big") if count > 1 else len(data)
    return data[start:end]
