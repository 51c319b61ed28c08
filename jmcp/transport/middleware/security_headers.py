"""The headers that every answer has, whatever it is."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    # An output that is HTML is an answer's text, and never a page of this server.
    "X-Content-Type-Options": "nosniff",
    # What a notebook says stays out of a browser's cache, and of proxies on the way.
    "Cache-Control": "no-store",
    # Nothing that answers a program is to be seen within another page.
    "Content-Security-Policy": "frame-ancestors 'none'",
}
"""The values of answers that set no others themselves."""

RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class SecurityHeadersMiddleware:
    """Adds SECURITY_HEADERS to every answer, without replacing those that it has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", [])
                named = {name.lower() for name, _ in own}
                message["headers"] = [*own, *(one for one in RAW_HEADERS if one[0] not in named)]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
