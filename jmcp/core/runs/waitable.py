"""What a client waits for or watches: its end, and its news on the way there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True, kw_only=True)
class Awaited:
    """Something that goes on by itself, whoever waits. `progress` counts its news."""

    progress: int = 0
    _end: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return self._end.is_set()

    async def wait(self, seconds: float | None) -> bool:
        """Wait until it is done, at most so long (None: as long as it takes). Says whether it is.

        Cancelling a wait leaves what is awaited alone.
        """
        return await _within(self._end, seconds)

    async def news(self, after: int, seconds: float | None) -> bool:
        """Wait until `progress` is beyond `after` or it is done. Says whether it is."""
        if self.progress > after or self.done:
            return True
        return await _within(self._news, seconds)

    def advance(self) -> None:
        """Something happened: wake those who watch."""
        self.progress += 1
        self._news.set()
        self._news = asyncio.Event()

    def end(self) -> None:
        """It is over: wake everybody who waits."""
        self._end.set()
        self.advance()


async def _within(event: asyncio.Event, seconds: float | None) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True
