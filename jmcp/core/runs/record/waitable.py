"""What a client waits for or watches: its end, and its changes on the way there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(eq=False, slots=True, kw_only=True)
class Waitable:
    """Something that goes on by itself, whoever waits for it. `progress` counts its changes.

    The events are made when somebody waits: most runs are over before anybody watches them.
    """

    progress: int = 0
    _done: bool = False
    _end: asyncio.Event | None = None
    _change: asyncio.Event | None = None

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return self._done

    async def wait(self, seconds: float | None) -> bool:
        """Wait until it is done, at most so many seconds (None: as long as it takes).

        Returns whether it is. Cancelling a wait leaves what is awaited alone.
        """
        if self._done:
            return True
        if self._end is None:
            self._end = asyncio.Event()
        return await _within(self._end, seconds)

    async def changed_since(self, progress: int, seconds: float | None) -> bool:
        """Wait until there are more changes than `progress` or it is done, at most so many seconds.

        Returns whether that is so.
        """
        if self.progress > progress or self._done:
            return True
        if self._change is None:
            self._change = asyncio.Event()
        return await _within(self._change, seconds)

    def advance(self) -> None:
        """Something changed: wake those who watch."""
        self.progress += 1
        if self._change is not None:
            self._change.set()
            self._change = None

    def end(self) -> None:
        """It is over: wake everybody who waits."""
        self._done = True
        if self._end is not None:
            self._end.set()
        self.advance()


async def _within(event: asyncio.Event, seconds: float | None) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True
