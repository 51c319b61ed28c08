"""How calls end when the server stops: each is answered, and none is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from jmcp.core.calls.tool import Tool
from jmcp.core.errors import ToolError

TELLING_SECONDS = 5.0
"""That a call whose wait for a run was ended may take to say how far the run is."""
GIVING_UP_SECONDS = 2.0
ENDING_SECONDS = TELLING_SECONDS + GIVING_UP_SECONDS


class Ending:
    """The calls under way. Once it has `begun`, new ones are refused.

    `error` is what both those get and calls that do not end in time.
    """

    def __init__(self, error: type[ToolError]) -> None:
        self.begun = False
        self._error = error
        self._released = False
        self._calls: set[asyncio.Timeout] = set()
        self._waits: set[asyncio.Timeout] = set()
        self._none = asyncio.Event()

    @property
    def calls(self) -> int:
        return len(self._calls)

    # -- of a call -------------------------------------------------------------------------------

    def admit(self, tool: Tool) -> None:
        """Raises server_stopping for a call that comes too late."""
        if self.begun:
            raise self.refusal(tool.name)

    def refusal(self, name: str) -> ToolError:
        """What a call is answered that comes too late."""
        return self._error(
            f"jmcp is stopping and begins nothing new: {name} did nothing. Call it again once "
            "jmcp runs again."
        )

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """One call. Raises TimeoutError out of one that did not end in time."""
        async with asyncio.timeout(None) as limit:
            self._calls.add(limit)
            try:
                yield
            finally:
                self._calls.discard(limit)
                if not self._calls:
                    self._none.set()

    @asynccontextmanager
    async def wait(self) -> AsyncIterator[None]:
        """A wait for a run, which simply ends when the server stops."""
        limit = asyncio.timeout(0 if self._released else None)
        try:
            async with limit:
                self._waits.add(limit)
                yield
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._waits.discard(limit)

    def given_up(self, tool: Tool) -> ToolError:
        """What a call is answered that did not end in time."""
        return self._error(
            f"jmcp stopped while {tool.name} was under way, which may have done a part of its "
            "work. Once jmcp runs again, look before you call it again."
        )

    # -- of all calls ----------------------------------------------------------------------------

    async def begin(self, seconds: float) -> None:
        """Refuse new calls, and give those under way so long to end by themselves."""
        self.begun = True
        await self._quiet(seconds)

    async def finish(self) -> None:
        """End the waits for runs, and then what still does not end."""
        self._released = True
        self._expire(self._waits)
        await self._quiet(TELLING_SECONDS)
        self._expire(self._calls)
        await self._quiet(GIVING_UP_SECONDS)

    async def _quiet(self, seconds: float) -> None:
        if not self._calls:
            return
        self._none.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._none.wait()

    @staticmethod
    def _expire(limits: set[asyncio.Timeout]) -> None:
        now = asyncio.get_running_loop().time()
        for limit in tuple(limits):
            limit.reschedule(now)
