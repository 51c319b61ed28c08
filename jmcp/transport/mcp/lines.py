"""Messages from a file descriptor, one a line, of bounded length."""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

CHUNK = 2**16
INVALID_REQUEST = -32600
"""The code of JSON-RPC. Importing it from the SDK would cost `jmcp connect` a fifth of a second."""
HEAD_BYTES = 1024
"""How much is kept of a line that is too long: its request id is usually in there."""
REQUEST_ID = re.compile(rb'"id"\s*:\s*("[\w. -]{1,128}"|-?[0-9]{1,18})')
LINES_AHEAD = 64
"""Lines read before they are asked for; after that, a client's writes block."""


@dataclass(frozen=True, slots=True)
class OversizedLine:
    """A line that was too long: only its beginning is kept."""

    head: bytes


class LineReader:
    """The lines of a descriptor, read by a thread: an event loop cannot wait for a file.

    A line of more than `max_bytes` is answered with an error through `answer`, and skipped.
    """

    def __init__(
        self, descriptor: int, max_bytes: int, answer: Callable[[str], Awaitable[None]]
    ) -> None:
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._answer = answer
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | OversizedLine | None] = asyncio.Queue(LINES_AHEAD)
        # A daemon: blocked in `read` it holds no lock, and it ends with the process.
        threading.Thread(target=self._read, name="jmcp-stdin", daemon=True).start()

    def __aiter__(self) -> LineReader:
        return self

    async def __anext__(self) -> str:
        while True:
            line = await self._lines.get()
            if line is None:
                raise StopAsyncIteration
            if isinstance(line, str):
                return line
            await self._answer(refusal(line.head, self._max_bytes))

    def _read(self) -> None:
        line = PartialLine(self._max_bytes)
        # Raised when the loop is closed or the descriptor is: no one waits for more lines.
        with suppress(RuntimeError, OSError):
            while chunk := os.read(self._descriptor, CHUNK):
                # Only the new part can have line ends: a long line is joined once, not searched.
                *ends, left = chunk.split(b"\n")
                for end in ends:
                    line.add(end)
                    self._put(line.taken())
                line.add(left)
        if line:
            self._put(line.taken())
        with suppress(RuntimeError):
            self._put(None)

    def _put(self, line: str | OversizedLine | None) -> None:
        asyncio.run_coroutine_threadsafe(self._lines.put(line), self._loop).result()


class PartialLine:
    """A line of which not all has come yet."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept = bytearray()
        self._too_long = False

    def __bool__(self) -> bool:
        return bool(self._kept)

    def add(self, part: bytes) -> None:
        self._too_long |= len(self._kept) + len(part) > self._max_bytes
        self._kept += part
        if self._too_long:
            del self._kept[HEAD_BYTES:]

    def taken(self) -> str | OversizedLine:
        """The line as it is; what is added afterwards begins the next one."""
        kept, too_long = bytes(self._kept), self._too_long
        self._kept.clear()
        self._too_long = False
        return OversizedLine(kept) if too_long else kept.decode("utf-8", "replace")


def refusal(head: bytes, max_bytes: int) -> str:
    """The answer to a request that is too long, with its id where that comes first."""
    found = REQUEST_ID.search(head.partition(b'"params"')[0])
    message = f"The line is longer than this server takes: {max_bytes:,} bytes."
    error = {"code": INVALID_REQUEST, "message": message}
    answer = {"jsonrpc": "2.0", "id": json.loads(found[1]) if found else None, "error": error}
    return json.dumps(answer) + "\n"
