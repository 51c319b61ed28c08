"""Around every request: what browsers may send here, and what they may do with the answer."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jmcp.transport.middleware.host_origin import Guard
from jmcp.transport.problems import Problem, ProblemResponse

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EXPOSED = ("Location", "Mcp-Session-Id", "Retry-After", "WWW-Authenticate", "X-Request-Id")
PREFLIGHT_SECONDS = 600

SAFE = {
    # An output that is HTML is an answer's text, and never a page of this server.
    "X-Content-Type-Options": "nosniff",
    # What a notebook says stays out of a browser's cache, and of proxies on the way.
    "Cache-Control": "no-store",
}
"""For every answer that does not say it differently itself."""


class Sealed:
    """Puts those headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
                message["headers"] = headers.raw
            await send(message)

        await self._app(scope, receive, sealed if scope["type"] == "http" else send)


class Guarded:
    """Checks Host and Origin before anything else sees the request."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Request(scope).headers
            try:
                self._guard.check(headers.get("host", ""), headers.get("origin"))
            except Problem as refusal:
                await ProblemResponse(refusal.body, refusal.headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class CrossOrigin:
    """CORS for the origins that somebody listed; for others an answer is as if there were none.

    Never with credentials: a token goes in a header that a page has to know, and there are no
    cookies. A preflight is answered here, before the token is asked for.
    """

    def __init__(self, app: ASGIApp, listed: frozenset[str]) -> None:
        self._app = app
        self._listed = listed
        self._with_headers = CORSMiddleware(
            app,
            allow_origins=sorted(listed),
            allow_methods=METHODS,
            allow_headers=["*"],
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Request(scope).headers.get("origin") if scope["type"] == "http" else None
        named = origin is not None and not self._listed.isdisjoint((origin, "*"))
        await (self._with_headers if named else self._app)(scope, receive, send)
