"""Endpoints that clients in a browser may ask from their own origin: they carry no cookie's rights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response
from starlette.types import ASGIApp


def cross_origin(endpoint: Callable[[Request], Awaitable[Response]], method: str) -> ASGIApp:
    """The endpoint for `method`, from every origin, without credentials of the browser."""
    return CORSMiddleware(
        request_response(endpoint),
        allow_origins=["*"],
        allow_methods=[method],
        allow_headers=["Authorization", "Content-Type", "MCP-Protocol-Version"],
    )
