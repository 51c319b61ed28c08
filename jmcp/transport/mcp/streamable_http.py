"""MCP over streamable HTTP as the SDK serves it: started again when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from jmcp.core.background import end, supervised
from jmcp.transport.problems import Problem

RESTART_SECONDS = 5.0
"""A request waits so long for a manager that failed and is started again."""


class StreamableHttp:
    """An ASGI application in front of the SDK's session manager.

    The manager runs all handshake-era sessions in one task group, so that one failure which the
    SDK does not expect ends them all, and a manager never runs twice. Then `made` makes another
    one, with no sessions: clients of the handshake era are answered 404 and open new ones.
    """

    def __init__(self, made: Callable[[], StreamableHTTPSessionManager]) -> None:
        self._made = made
        self._running = asyncio.Event()
        self.manager = made()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this lasts, requests are served."""
        task = supervised(self._run, "mcp-sessions")
        try:
            yield
        finally:
            await end(task)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Problem 503 while no manager runs."""
        if not self._running.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._running.wait(), RESTART_SECONDS)
        if not self._running.is_set():
            raise Problem(503, "MCP is being started again after a failure; jmcp's log has it.")
        await self.manager.handle_request(scope, receive, send)

    async def _run(self) -> None:
        # In a task of its own: the SDK's task group cancels whoever entered it when it fails, and
        # only the task that entered it may leave it.
        self.manager = self._made()
        try:
            async with self.manager.run():
                self._running.set()
                await asyncio.Event().wait()
        finally:
            self._running.clear()
