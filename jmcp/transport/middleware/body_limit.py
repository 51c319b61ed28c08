"""A bound on the size of request bodies, whoever reads them."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jmcp.transport.middleware.headers import header
from jmcp.transport.problems import Problem, ProblemResponse

DEFAULT_MAX_BYTES = 64 * 2**20
"""The SDK's own 4 MiB refuses real notebooks."""

LENGTH_DIGITS = 18
"""A Content-Length of more digits is too large without being read as a number."""


class BodyLimitMiddleware:
    """Refuses a body above `max_bytes` with a Problem 413.

    By its Content-Length where it has one, else as soon as so much has come.
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
            await ProblemResponse(self._refusal().body)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise self._refusal()
            return message

        await self._app(scope, counted, send)

    def _refusal(self) -> Problem:
        return Problem(
            413, f"The body is larger than this server takes: {self._max_bytes:,} bytes."
        )
