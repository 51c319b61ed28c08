"""A call answered as server-sent events: its progress, its outputs, and its result."""

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
from jmcp.core.runs.record.progress import Progress
from jmcp.transport import problems
from jmcp.transport.disconnects import disconnected
from jmcp.transport.json_text import one_line

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
"""Without events for so many seconds, a comment keeps proxies from closing the connection."""
COMMIT_SECONDS = 1.0
"""A call that fails within so many seconds, before it has run anything, gets an HTTP status."""
Call = Callable[[Caller], Coroutine[Any, Any, Outcome]]
Body = Callable[[Outcome], dict[str, Any] | None]
"""Makes the data that ends a stream: of the result, or of the problem."""


def prefers_events(request: Request) -> bool:
    """Whether the client accepts events, and prefers them to the plain answer."""
    if request.method == "HEAD":
        return False
    accepted = request.headers.get("accept", "").split(",")
    kinds = [kind.partition(";")[0].strip().lower() for kind in accepted]
    chosen = [kind for kind in kinds if kind in (MEDIA_TYPE, "application/json", "*/*")]
    return chosen[:1] == [MEDIA_TYPE]


def plain_body(outcome: Outcome) -> dict[str, Any] | None:
    """The result alone, or the problem."""
    return outcome.result if outcome.error is None else problems.error_body(outcome.error)


async def stream_call(call: Call, caller: Caller, body: Body = plain_body) -> Response:
    """Begin the call. The answer is its stream, or a problem when it fails within COMMIT_SECONDS."""
    # Of one place, so that reports wait for a client that reads slowly instead of piling up.
    news: asyncio.Queue[Progress | Outcome] = asyncio.Queue(maxsize=1)

    async def run() -> None:
        await news.put(await call(replace(caller, report=news.put)))

    calling = asyncio.create_task(run())
    first = asyncio.create_task(news.get())
    try:
        await asyncio.wait(
            {calling, first}, timeout=COMMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
    except asyncio.CancelledError:
        calling.cancel()
        first.cancel()
        raise
    if first.done():
        report = first.result()
        if isinstance(report, Outcome) and report.error is not None:
            return problems.ProblemResponse(body(report) or {})
    return EventStream(calling, first, news, body)


class EventStream(StreamingResponse):
    """Sends the events of a call, which is cancelled when the client leaves."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        calling: asyncio.Task[None],
        first: asyncio.Task[Progress | Outcome],
        news: asyncio.Queue[Progress | Outcome],
        body: Body,
    ) -> None:
        headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
        super().__init__(self._events(news), headers=headers)
        self._calling = calling
        self._next = first
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette would notice a disconnect only with the next event, which may never come.
        sending = asyncio.create_task(self.stream_response(send))
        leaving = asyncio.create_task(disconnected(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, leaving, self._calling, self._next):
                task.cancel()

    async def _events(self, news: asyncio.Queue[Progress | Outcome]) -> AsyncIterator[str]:
        client = ClientOutputs()
        while True:
            await asyncio.wait(
                {self._next, self._calling},
                timeout=HEARTBEAT_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not self._next.done():
                if self._calling.done():
                    self._calling.result()  # raises, unless its outcome is just being put
                    await self._next
                else:
                    yield ": still there\n\n"
                    continue
            report = self._next.result()
            if isinstance(report, Outcome):
                yield event("result" if report.error is None else "problem", self._body(report))
                return
            if not report.final:
                yield event("progress", _progress(report))
            for kind, data in client.changes(report.outputs):
                yield event(kind, data)
            self._next = asyncio.create_task(news.get())


def event(kind: str, data: Any) -> str:
    """One event, whose data is one line."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\ndata: {one_line(text)}\n\n"


def _progress(progress: Progress) -> dict[str, Any]:
    return {
        "done": round(progress.done, 3),
        "total": progress.total,
        "message": progress.message,
    }


class ClientOutputs:
    """The outputs that the client of a stream has so far."""

    def __init__(self) -> None:
        self._outputs: list[Output] = []

    def changes(self, outputs: Sequence[Output]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events that bring the client up to date, as (event, data)."""
        if len(outputs) < len(self._outputs):
            self._outputs = []
            yield "clear", {}
        for index, output in enumerate(outputs):
            before = self._outputs[index] if index < len(self._outputs) else None
            if output == before:
                continue
            appended = _appended(before, output)
            if appended is not None:
                yield (
                    "output",
                    {"index": index, "append": True, "output": output | {"text": appended}},
                )
            else:
                yield "output", {"index": index, "append": False, "output": output}
        self._outputs = list(outputs)


def _appended(before: Output | None, output: Output) -> str | None:
    """The text appended to a stream output; None when the outputs differ in anything else."""
    if before is None or before.get("name") != output.get("name") or "text" not in output:
        return None
    old, new = before.get("text", ""), output["text"]
    if not (isinstance(old, str) and isinstance(new, str) and new.startswith(old)):
        return None
    return new[len(old) :]
