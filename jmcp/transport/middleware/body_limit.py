"""A bound on the size of request bodies, whoever reads them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jmcp.transport.middleware.headers import header
from jmcp.transport.problems import Problem, ProblemResponse

DEFAULT_MAX_BYTES = 64 * 2**20
"""The SDK's own 4 MiB refuses real notebooks."""

LENGTH_DIGITS = 18
"""A Content-Length of more digits is too large without being read as a number."""


DRAINED_BODIES = 4
"""Of a body that is refused so many times the limit is read and thrown away, within DRAIN_SECONDS: the
connection of a client, or of a proxy, that still sends is reset, and the refusal with it."""
DRAIN_SECONDS = 30.0
DRAIN_IDLE_SECONDS = 1.0
"""Nothing for so long: the client waits for its answer before it sends more."""


class BodyLimitMiddleware:
    """Refuses a body above `max_bytes` with a Problem 413.

    By its Content-Length where it has one, else by what has come.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = header(scope, b"content-length")
        if length.isdecimal() and (len(length) > LENGTH_DIGITS or int(length) > self._max_bytes):
            if len(length) <= LENGTH_DIGITS and not header(scope, b"expect"):
                await self._drain(receive)
            await ProblemResponse(self._refusal().body)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                if message.get("more_body"):
                    await self._drain(receive)
                raise self._refusal()
            return message

        await self._app(scope, counted, send)

    async def _drain(self, receive: Receive) -> None:
        """Read the rest of a body while it comes, or a good part of it."""
        left = DRAINED_BODIES * self._max_bytes
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while left > 0:
                    async with asyncio.timeout(DRAIN_IDLE_SECONDS):
                        message = await receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body"):
                        return

    def _refusal(self) -> Problem:
        return Problem(
            413, f"The body is larger than this server takes: {self._max_bytes:,} bytes."
        )
