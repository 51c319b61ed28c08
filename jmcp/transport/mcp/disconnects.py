"""Clients that leave before they have their answer. No server cancels a handler for that by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive

T = TypeVar("T")

CLIENT_LEFT = 499
"""What nginx logs for a client that closed its connection; nobody is there to receive it."""


async def left(receive: Receive) -> None:
    """Returns when the client is gone. The body of its request has to be read already."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_left(receive: Receive, call: Coroutine[Any, Any, T]) -> T | None:
    """What the call returns; None when the client left before, and then the call is cancelled."""
    calling = asyncio.create_task(call)
    leaving = asyncio.create_task(left(receive))
    try:
        await asyncio.wait({calling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not calling.done():
            return None
        return calling.result()
    finally:
        leaving.cancel()
        calling.cancel()


def nobody() -> Response:
    """The answer to a client that is gone."""
    return Response(status_code=CLIENT_LEFT)
