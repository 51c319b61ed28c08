"""How calls end when the server stops: each is answered, and none is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from jmcp.core.calls.tool import Tool
from jmcp.core.errors import ToolError
from jmcp.core.sentences import ServerStopping

REPORT_SECONDS = 5.0
"""Seconds that a call has to say how far its run is, once its wait for the run was ended."""
EXPIRY_SECONDS = 2.0
"""Seconds that expired calls have to end."""
DRAIN_SECONDS = REPORT_SECONDS + EXPIRY_SECONDS


class DrainGate:
    """The calls under way. Once it is `stopping`, new ones are refused.

    `errors` makes the error for refused calls, and for calls that do not end in time.
    """

    def __init__(self, errors: ServerStopping) -> None:
        self.stopping = False
        self._errors = errors
        self._released = False
        self._calls: set[asyncio.Timeout] = set()
        self._waits: set[asyncio.Timeout] = set()
        self._none = asyncio.Event()

    @property
    def calls(self) -> int:
        return len(self._calls)

    # -- of a call -------------------------------------------------------------------------------

    def admit(self, tool: Tool) -> None:
        """Raises server_stopping for a call that arrives during shutdown."""
        if self.stopping:
            raise self.refusal(tool.name)

    def refusal(self, name: str) -> ToolError:
        """The error for a call that arrives during shutdown."""
        return self._errors.not_begun(tool=name)

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
        """A call's wait for a run. It ends without an error when the server stops."""
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

    def expired(self, tool: Tool) -> ToolError:
        """The error for a call that did not end before the shutdown's deadline."""
        return self._errors.not_finished(tool=tool.name)

    # -- of all calls ----------------------------------------------------------------------------

    async def stop_accepting(self, seconds: float) -> None:
        """Refuse new calls. Returns when those under way have ended, or after that many seconds."""
        self.stopping = True
        await self._quiet(seconds)

    async def expire_calls(self) -> None:
        """End the waits for runs, and after REPORT_SECONDS the calls that still go on. Returns when
        all have ended, or after another EXPIRY_SECONDS."""
        self._released = True
        self._expire(self._waits)
        await self._quiet(REPORT_SECONDS)
        self._expire(self._calls)
        await self._quiet(EXPIRY_SECONDS)

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
