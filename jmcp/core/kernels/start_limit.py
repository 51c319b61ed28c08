"""How many kernels start at the same time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

STARTS_AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
TURN_SECONDS = 15.0
"""A kernel starts in 1 to 5 s. After this many seconds a hanging start gives its turn to the next."""


class StartLimit:
    """Lets a few kernels start and the others wait, in the order in which they came.

    Starting is work for a processor: 32 at once are not ready sooner than one after the other, but
    all of them late, and the last ones later than a kernel that hangs is given up.
    """

    def __init__(self, at_once: int = STARTS_AT_ONCE, turn_seconds: float = TURN_SECONDS) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._turn_seconds = turn_seconds

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Held while a kernel starts, from its launch to its first answer."""
        await self._free.acquire()
        ends = ExitStack()
        ends.callback(self._free.release)
        timer = asyncio.get_running_loop().call_later(self._turn_seconds, ends.close)
        try:
            yield
        finally:
            timer.cancel()
            ends.close()  # idempotent
