"""MCP over the stdin and stdout of this process: its one client is whoever started it."""

from __future__ import annotations

import asyncio
import os
import threading
import uuid
from contextlib import suppress
from typing import cast

from anyio import AsyncFile
from mcp.server.stdio import stdio_server

from jmcp.runtime.call import Caller, Calls
from jmcp.runtime.permissions import Permissions
from jmcp.runtime.transport import mcp
from jmcp.runtime.transport.identity import HOLDER
from jmcp.runtime.transport.listing import Listing
from jmcp.runtime.transport.wire import Wire

CHUNK = 2**16
LINES_AHEAD = 64
"""A client that sends faster than it is answered waits, as a pipe makes it."""


async def serve(
    dispatcher: Calls,
    wire: Wire,
    *,
    version: str,
    toolsets: tuple[str, ...],
    permissions: Permissions | None = None,
) -> None:
    """Serve until stdin closes; a cancelled one leaves at once, whatever the client does.

    Neither starts nor closes the dispatcher. Raises ValueError for an unknown toolset.
    """
    # A process is one connection: what it opened is what its calls without an id mean.
    peer = Caller(owner=HOLDER, authenticated=True, connection=f"stdio:{uuid.uuid4().hex}")
    listing = Listing(dispatcher.api, toolsets, permissions)
    server = mcp.server(dispatcher, listing, version, peer=peer)
    stdin, stdout = Lines(wire.stdin), Written(wire.stdout)
    # The SDK's own reader is a thread that cannot be left while it waits for a line.
    files = (cast("AsyncFile[str]", stdin), cast("AsyncFile[str]", stdout))
    try:
        async with stdio_server(*files) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    except* OSError:
        pass  # the client reads no more, which is its other way to leave


class Lines:
    """The lines of a descriptor, whatever it is (no loop can wait for a file)."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue(LINES_AHEAD)
        # It sleeps in `read`, holds no lock there and ends with the process.
        threading.Thread(target=self._read, name="jmcp-stdin", daemon=True).start()

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> str:
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        return line

    def _read(self) -> None:
        rest = bytearray()
        # The loop is closed, or somebody closed the descriptor: nobody waits for more.
        with suppress(RuntimeError, OSError):
            while chunk := os.read(self._descriptor, CHUNK):
                # Only the new part can have line ends: a long line is joined once, not searched.
                *lines, left = chunk.split(b"\n")
                for line in lines:
                    self._put(bytes(rest + line))
                    rest.clear()
                rest += left
        if rest:
            self._put(bytes(rest))
        with suppress(RuntimeError):
            self._put(None)

    def _put(self, line: bytes | None) -> None:
        text = None if line is None else line.decode("utf-8", "replace")
        asyncio.run_coroutine_threadsafe(self._lines.put(text), self._loop).result()


class Written:
    """A descriptor written to by a thread of its own, which a stuck client cannot hold up."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def write(self, text: str) -> None:
        """All of it is written when this returns. Raises OSError when the client is gone."""
        data = text.encode()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._write, args=(data, done), daemon=True).start()
        await done

    async def flush(self) -> None:
        """Nothing is held back."""

    def _write(self, data: bytes, done: asyncio.Future[None]) -> None:
        view, error = memoryview(data), None
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as caught:
            error = caught
        with suppress(RuntimeError):  # the loop is closed
            done.get_loop().call_soon_threadsafe(_settle, done, error)


def _settle(done: asyncio.Future[None], error: OSError | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
