"""Clients that close the connection before they are answered.

ASGI servers only report that, through `receive`; whoever serves the request has to stop by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive

T = TypeVar("T")

CLIENT_CLOSED_REQUEST = 499
"""What nginx logs for a client that closed its connection; nobody is there to receive it."""

WATCH_AFTER_SECONDS = 0.05
"""A call that ends sooner is not worth the task that would notice a disconnect meanwhile."""


async def disconnected(receive: Receive) -> None:
    """Returns when the client is gone. The body of its request has to be read already."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def until_expired(limit: asyncio.Timeout, call: Coroutine[Any, Any, T]) -> T | None:
    """What the call returns. When `limit` expires before, the call is cancelled: None."""
    try:
        async with limit:
            return await call
    except TimeoutError:
        if not limit.expired():
            raise
        return None


async def until_disconnect(
    receive: Receive, call: Coroutine[Any, Any, T], limit: asyncio.Timeout | None = None
) -> T | None:
    """What the call returns. When the client leaves before, or `limit` expires, the call is
    cancelled: None."""
    loop = asyncio.get_running_loop()
    limit = limit or asyncio.timeout(None)
    watching: asyncio.Task[None] | None = None

    async def watch() -> None:
        await disconnected(receive)
        limit.reschedule(loop.time())

    def begin_watching() -> None:
        nonlocal watching
        watching = loop.create_task(watch())

    timer = loop.call_later(WATCH_AFTER_SECONDS, begin_watching)
    try:
        return await until_expired(limit, call)
    finally:
        timer.cancel()
        if watching is not None:
            watching.cancel()


def disconnected_response() -> Response:
    """The answer to a client that is gone."""
    return Response(status_code=CLIENT_CLOSED_REQUEST)
