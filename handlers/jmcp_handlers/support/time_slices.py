"""Long work in the event loop, in slices, so that other clients wait for none of it."""

from __future__ import annotations

import asyncio
import time

SLICE_SECONDS = 0.02
"""Seconds of work before other calls get their turn."""


class TimeSlices:
    """Says when the work has gone on for long enough."""

    def __init__(self) -> None:
        self._until = time.monotonic() + SLICE_SECONDS

    async def rest(self) -> bool:
        """Let others work if it is time for that; whether it was."""
        if time.monotonic() < self._until:
            return False
        await asyncio.sleep(0)
        self._until = time.monotonic() + SLICE_SECONDS
        return True
