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


async def disconnected(receive: Receive) -> None:
    """Returns when the client is gone. The body of its request has to be read already."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def until_disconnect(receive: Receive, call: Coroutine[Any, Any, T]) -> T | None:
    """What the call returns. When the client leaves before, the call is cancelled: None."""
    calling = asyncio.create_task(call)
    leaving = asyncio.create_task(disconnected(receive))
    try:
        await asyncio.wait({calling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not calling.done():
            return None
        return calling.result()
    finally:
        leaving.cancel()
        calling.cancel()


def disconnected_response() -> Response:
    """The answer to a client that is gone."""
    return Response(status_code=CLIENT_CLOSED_REQUEST)
