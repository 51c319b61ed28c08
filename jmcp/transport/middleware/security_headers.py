"""The headers that every answer has, whatever it is."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    # An output that is HTML is an answer's text, and never a page of this server.
    "X-Content-Type-Options": "nosniff",
    # What a notebook says stays out of a browser's cache, and of proxies on the way.
    "Cache-Control": "no-store",
}
"""The values of answers that set no others themselves."""


class SecurityHeadersMiddleware:
    """Adds SECURITY_HEADERS to every answer, without replacing those that it has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                message["headers"] = headers.raw
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
