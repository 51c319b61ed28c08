"""A network between jmcp and Jupyter that can be cut, stalled, delayed and refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

CHUNK = 2**16


class Network:
    """A TCP proxy on a free loopback port. What it did not forward before a cut is lost.

    `cut()` resets all connections and refuses new ones until `mend()`. `stall()` keeps them open
    and forwards nothing until `flow()`: the ends do not notice. `delay` is in seconds, each way.
    """

    def __init__(self, host: str, port: int) -> None:
        self.delay = 0.0
        self.port = 0
        self.accepted = 0
        """Connections accepted so far, also those that were refused at once."""
        self._target = (host, port)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._whole = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def redirect(self, host: str, port: int) -> None:
        """Let new connections go to another server."""
        self._target = (host, port)

    def cut(self) -> None:
        """Reset what is open and refuse what comes."""
        self._whole = False
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._whole = True

    def stall(self) -> None:
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            if not self._whole:
                return
            there, back = await asyncio.open_connection(*self._target)
            self._writers.add(back)
            try:
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
            finally:
                self._writers.discard(back)
                back.transport.abort()
        except (OSError, asyncio.CancelledError):
            pass  # one end is gone, or the test is over
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._flowing.wait()
            if self.delay:
                await asyncio.sleep(self.delay)
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()


@asynccontextmanager
async def network(port: int, host: str = "127.0.0.1") -> AsyncIterator[Network]:
    """A network to the server at that port."""
    proxy = Network(host, port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
