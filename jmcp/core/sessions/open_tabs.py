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
    notebook's Jupyter session. A tab without a kernel is not seen."""

    def __init__(self, kernels: Kernels, clock: Callable[[], float] = time.monotonic) -> None:
        self._kernels = kernels
        self._clock = clock
        self._looked = float("-inf")
        self._paths: frozenset[str] = frozenset()

    async def shows(self, ref: NotebookRef) -> bool:
        """Whether a tab shows the notebook, as of at most LOOK_INTERVAL_SECONDS ago."""
        if self._clock() - self._looked >= LOOK_INTERVAL_SECONDS:
            self._looked = self._clock()
            with suppress(BackendError, TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    running = await self._kernels.list()
                self._paths = frozenset(
                    kernel.notebook_path
                    for kernel in running
                    if kernel.notebook_path is not None and kernel.connections > 0
                )
        return ref.path in self._paths
