"""What goes on in a server as server-sent events, for as long as the client stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from jmcp.core.calls.call import Caller, Calls, Follows
from jmcp.core.errors import StateUnavailable, ToolError
from jmcp.transport import problems
from jmcp.transport.disconnects import disconnected
from jmcp.transport.middleware.credential import WRONG_TOKEN
from jmcp.transport.rest.sse import HEARTBEAT_SECONDS, MEDIA_TYPE, event


async def activity_response(
    dispatcher: Calls, arguments: dict[str, Any], caller: Caller, admitted: Callable[[], bool]
) -> Response:
    """The stream, or a problem where the caller cannot have it. It ends when the caller is `admitted`
    no more: whose token was removed is told nothing that happens later."""
    try:
        follows = dispatcher.follow(arguments, caller)
    except ToolError as error:
        return problems.ProblemResponse(problems.error_body(error))
    return ActivityStream(follows, admitted)


class ActivityStream(StreamingResponse):
    """Sends what is new until the client leaves or the server ends. A client that reads slowly is
    waited for, and the reader behind it drops what it cannot keep."""

    media_type = MEDIA_TYPE

    def __init__(self, follows: Follows, admitted: Callable[[], bool]) -> None:
        headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
        super().__init__(_events(follows, admitted), headers=headers)
        self._follows = follows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette would notice a disconnect only with the next event, which may never come.
        sending = asyncio.create_task(self.stream_response(send))
        leaving = asyncio.create_task(disconnected(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, leaving):
                task.cancel()
            self._follows.close()


async def _events(follows: Follows, admitted: Callable[[], bool]) -> AsyncIterator[str]:
    while not follows.ended:
        try:
            news = await follows.next_events(HEARTBEAT_SECONDS)
        except StateUnavailable as error:
            yield event("problem", problems.problem_body(503, error.message))
            return
        if not admitted():
            yield event("problem", problems.problem_body(401, WRONG_TOKEN))
            return
        for kind, data in news:
            yield event(kind, data)
        if not news and not follows.ended:
            yield ": still there\n\n"
    yield event("end", {})
