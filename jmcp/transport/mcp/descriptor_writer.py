"""Messages to a file descriptor, one a line."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress


class DescriptorWriter:
    """Writes messages to a descriptor in threads, so that a client that does not read blocks none
    of the event loop. `sent` is called with each message that was written.
    """

    def __init__(self, descriptor: int, sent: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._sent = sent
        self._writing = asyncio.Lock()

    async def write(self, text: str) -> None:
        """Write all of it. Raises OSError when the client has closed its end."""
        async with self._writing:  # messages one after the other
            await self._write_all(text)
        self._sent(text)

    async def _write_all(self, text: str) -> None:
        data = text.encode()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._write, args=(data, done), daemon=True).start()
        await done

    async def flush(self) -> None:
        """Does nothing: `write` buffers nothing."""

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
