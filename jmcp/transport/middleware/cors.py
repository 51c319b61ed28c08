"""CORS: which pages of other sites may read answers."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from jmcp.transport.middleware.headers import header

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
EXPOSED_HEADERS = (
    "ETag",
    "Link",
    "Location",
    "Mcp-Session-Id",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)
PREFLIGHT_SECONDS = 600
"""A browser asks again after this many seconds."""


class CorsMiddleware:
    """Starlette's CORSMiddleware for requests from `origins`; all others pass by it.

    Passing by keeps an answer to any other origin free of CORS headers, and its preflight from
    being answered with Starlette's plain text. Never with credentials: a token goes in a header
    that a page has to know, and there are no cookies. A preflight is answered here, before the
    token is asked for.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins
        self._with_headers = CORSMiddleware(
            app,
            allow_origins=sorted(origins),
            allow_methods=METHODS,
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
            max_age=PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = header(scope, b"origin") if scope["type"] == "http" else ""
        allowed = origin != "" and not self._origins.isdisjoint((origin, "*"))
        await (self._with_headers if allowed else self._app)(scope, receive, send)
