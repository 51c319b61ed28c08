"""Which notebooks a browser has open, as far as Jupyter tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from jmcp.core.errors import BackendError
from jmcp.core.ports import Kernels, NotebookRef

LOOK_INTERVAL_SECONDS = 10.0
LOOK_SECONDS = 2.0
"""Seconds that a finished call waits at most for this answer."""


class OpenTabs:
    """Asks Jupyter which kernels have connections: a tab is connected to the kernel of its
    notebook's Jupyter session. A tab without a kernel is not seen.

    What is told is as of at most LOOK_INTERVAL_SECONDS ago.
    """

    def __init__(self, kernels: Kernels, clock: Callable[[], float] = time.monotonic) -> None:
        self._kernels = kernels
        self._clock = clock
        self._looked = float("-inf")
        self._connected: frozenset[str] = frozenset()
        self._alone: frozenset[str] = frozenset()
        """Paths of notebooks to whose kernels nobody is connected."""

    async def shows(self, ref: NotebookRef) -> bool:
        """Whether a tab is connected to the notebook's kernel."""
        await self._look()
        return ref.path in self._connected

    async def closed(self, ref: NotebookRef) -> bool:
        """Whether the notebook has a kernel and no tab is connected to it."""
        await self._look()
        return ref.path in self._alone

    async def _look(self) -> None:
        if self._clock() - self._looked >= LOOK_INTERVAL_SECONDS:
            self._looked = self._clock()
            with suppress(BackendError, TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    running = await self._kernels.list()
                of = {one.notebook_path: one for one in running if one.notebook_path is not None}
                self._connected = frozenset(path for path in of if of[path].connections > 0)
                self._alone = frozenset(of) - self._connected
