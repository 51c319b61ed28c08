"""A call as a stream of server-sent events: how far it is, its outputs, and its result."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from jmcp.core.calls.call import Caller, Outcome
from jmcp.core.ports import Output
from jmcp.core.runs.progress import Progress
from jmcp.transport import problems
from jmcp.transport.mcp.disconnects import left

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
"""Without events for so long, a comment keeps proxies from closing the connection."""
COMMIT_SECONDS = 1.0
"""A call that fails within it, before it has run anything, gets a real HTTP status."""
Call = Callable[[Caller], Coroutine[Any, Any, Outcome]]


def wanted(request: Request) -> bool:
    """Whether the client takes events, and prefers them to the plain answer."""
    if request.method == "HEAD":
        return False
    accepted = request.headers.get("accept", "").split(",")
    kinds = [kind.partition(";")[0].strip().lower() for kind in accepted]
    chosen = [kind for kind in kinds if kind in (MEDIA_TYPE, "application/json", "*/*")]
    return chosen[:1] == [MEDIA_TYPE]


async def answer(call: Call, caller: Caller) -> Response:
    """Begin the call; the answer is its stream, or the problem that it ended in at once."""
    # One place: a client that reads slowly slows the reports down, and piles nothing up here.
    told: asyncio.Queue[Progress | Outcome] = asyncio.Queue(maxsize=1)

    async def telling() -> None:
        await told.put(await call(replace(caller, report=told.put)))

    calling = asyncio.create_task(telling())
    first = asyncio.create_task(told.get())
    try:
        await asyncio.wait(
            {calling, first}, timeout=COMMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
    except asyncio.CancelledError:
        calling.cancel()
        first.cancel()
        raise
    if first.done():
        begun = first.result()
        if isinstance(begun, Outcome) and begun.error is not None:
            return problems.ProblemResponse(problems.of_error(begun.error))
    return EventStream(calling, first, told)


class EventStream(StreamingResponse):
    """Sends the events of a call, which is cancelled when the client leaves."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        calling: asyncio.Task[None],
        first: asyncio.Task[Progress | Outcome],
        told: asyncio.Queue[Progress | Outcome],
    ) -> None:
        headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
        super().__init__(self._events(told), headers=headers)
        self._calling = calling
        self._next = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette finds out only with the next event, which may never come.
        sending = asyncio.create_task(self.stream_response(send))
        leaving = asyncio.create_task(left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, leaving, self._calling, self._next):
                task.cancel()

    async def _events(self, told: asyncio.Queue[Progress | Outcome]) -> AsyncIterator[str]:
        shown = Shown()
        while True:
            await asyncio.wait(
                {self._next, self._calling},
                timeout=HEARTBEAT_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not self._next.done():
                if self._calling.done():
                    self._calling.result()  # raises, or what it told last is about to come
                    await self._next
                else:
                    yield ": still there\n\n"
                    continue
            news = self._next.result()
            if isinstance(news, Outcome):
                yield ended(news)
                return
            if not news.final:
                yield event("progress", _told(news))
            for kind, data in shown.changes(news.outputs):
                yield event(kind, data)
            self._next = asyncio.create_task(told.get())


def ended(outcome: Outcome) -> str:
    """The last event."""
    if outcome.error is not None:
        return event("problem", problems.of_error(outcome.error))
    return event("result", outcome.result)


def event(kind: str, data: Any) -> str:
    """One event. JSON has no line breaks of its own, which would end the data."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\ndata: {text}\n\n"


def _told(progress: Progress) -> dict[str, Any]:
    return {
        "done": round(progress.done, 3),
        "total": progress.total,
        "message": progress.message,
    }


class Shown:
    """What the reader of a stream has of the outputs so far."""

    def __init__(self) -> None:
        self._outputs: list[Output] = []

    def changes(self, outputs: Sequence[Output]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events that bring the reader up to date, as (kind, data)."""
        if len(outputs) < len(self._outputs):
            self._outputs = []
            yield "clear", {}
        for index, output in enumerate(outputs):
            before = self._outputs[index] if index < len(self._outputs) else None
            if output == before:
                continue
            grown = _grown(before, output)
            if grown is not None:
                yield "output", {"index": index, "append": True, "output": output | {"text": grown}}
            else:
                yield "output", {"index": index, "append": False, "output": output}
        self._outputs = list(outputs)


def _grown(before: Output | None, output: Output) -> str | None:
    """What a stream's text has more than before; None when that is not all the difference."""
    if before is None or before.get("name") != output.get("name") or "text" not in output:
        return None
    old, new = before.get("text", ""), output["text"]
    if not (isinstance(old, str) and isinstance(new, str) and new.startswith(old)):
        return None
    return new[len(old) :]
