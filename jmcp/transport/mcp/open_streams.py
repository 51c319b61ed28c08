"""Streams that a client keeps open for notifications: they end when their credential is removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jmcp.transport.middleware.credential import ADMITTED

CHECK_SECONDS = 5.0
"""A removed token goes on to hear of changes for so long at most."""


async def while_admitted(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a request that may last for days, until what let it in is valid no more."""
    admitted: Callable[[], bool] | None = scope.get(ADMITTED)
    if admitted is None:  # whoever is around this server asks for itself
        await app(scope, receive, send)
        return
    begun = ended = False

    async def noted(message: Message) -> None:
        nonlocal begun, ended
        begun = True
        ended = message["type"] == "http.response.body" and not message.get("more_body")
        await send(message)

    serving = asyncio.ensure_future(app(scope, receive, noted))
    try:
        while not serving.done() and admitted():
            await asyncio.wait({serving}, timeout=CHECK_SECONDS)
    finally:
        if not serving.done():
            serving.cancel()
            await asyncio.wait({serving})
    if not serving.cancelled():
        serving.result()
    elif begun and not ended:
        await send({"type": "http.response.body", "body": b""})
