"""Calls of tools over HTTP, at whichever server runs by then."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from jmcp.client.answer import Answer, OnProgress, OutputList, Progress, answered
from jmcp.client.event_stream import EventStream
from jmcp.client.failures import (
    AnswerLost,
    AnswerUnreadable,
    NotReached,
    Phrases,
    Refused,
    TransportError,
    UndeclaredError,
)
from jmcp.client.http_request import ConnectionLost, HttpRequest, NotConnected
from jmcp.client.servers import Endpoint, Servers
from jmcp.client.tool import ClientTool
from jmcp.core.errors import ServeError, ToolError

PATH = "/mcp/tools/call"
EVENTS = "text/event-stream"
RESTART_SECONDS = 10.0
"""Seconds for which a call waits for the server that it knew to come back."""
ATTEMPTS = 5
"""So often is a call sent that no server has carried out: each time to the one that runs by then."""
SILENCE_SECONDS = 60.0
"""A server sends something every 15 seconds while a call is under way, however long that takes."""
HTTP_OK = 200
AWAY = frozenset((401, 503))
"""Statuses of a server that has been started again, with a token of its own, or is about to."""
PROXIES = frozenset((502, 504))
"""Statuses of a proxy whose server has gone while it had the request."""
STOPPING = "server_stopping"
ENDS = frozenset(("result", "problem"))
SHOWN_CHARACTERS = 300
T = TypeVar("T")


class NotTaken(Exception):
    """The server refused the request in a way that another attempt may mend."""

    def __init__(self, refusal: TransportError | ToolError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class Connection:
    """Makes calls. `errors` are the classes of the errors that tools declare, by code. `token` is sent
    instead of the one that a server's file has.

    A call that no server has carried out, or that changes nothing, is sent again when its connection
    fails; one that may have been carried out never is. There is no limit on how long a call may
    take, which its own arguments have, but one on silence: a server says that it is still there.
    """

    def __init__(
        self,
        servers: Servers,
        *,
        token: str | None = None,
        errors: Mapping[str, type[ToolError]],
        phrases: Phrases,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._servers = servers
        self._token = token
        self._errors = errors
        self._phrases = phrases
        self._silence_seconds = silence_seconds
        self._endpoint: Endpoint | None = None
        self._finding = asyncio.Lock()
        self._found_before = False

    async def endpoint(self) -> Endpoint:
        """The server that calls go to; found now, where none is known. Raises ServeError."""
        async with self._finding:
            if self._endpoint is None:
                wait = RESTART_SECONDS if self._found_before else 0
                server = await self._servers.available(wait)
                if self._token is not None:
                    server = replace(server, token=self._token)
                self._endpoint = Endpoint(server=server)
                self._found_before = True
            return self._endpoint

    async def call(
        self, tool: ClientTool, arguments: Mapping[str, Any], on_progress: OnProgress | None = None
    ) -> Answer:
        """The answer of a tool. Raises ToolError, TransportError, and what `on_progress` raises.

        When it is cancelled, the call is cancelled on the server too.
        """
        content = {"tool_name": tool.name, "arguments": dict(arguments)}
        body = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
        for attempt in range(1, ATTEMPTS + 1):
            try:
                endpoint = await self.endpoint()
            except ServeError as error:
                reason = self._phrases.call_not_sent(tool=tool.name, reason=str(error))
                raise NotReached(reason) from error
            try:
                return await self._once(endpoint, tool, body, on_progress)
            except NotConnected as error:
                self._gone(endpoint)
                failure: Exception = error
            except NotTaken as error:
                self._gone(endpoint)
                if attempt == ATTEMPTS:
                    raise error.refusal from None
            except ConnectionLost as error:
                self._gone(endpoint)
                if not tool.read_only:
                    reason = self._phrases.call_lost(tool=tool.name, reason=str(error))
                    raise AnswerLost(reason, may_have_run=True) from error
                if attempt == ATTEMPTS:
                    reason = self._phrases.reading_lost(tool=tool.name, reason=str(error))
                    raise AnswerLost(reason, may_have_run=False) from error
        reason = self._phrases.call_not_sent(tool=tool.name, reason=str(failure))
        raise NotReached(reason) from failure

    async def _once(
        self, endpoint: Endpoint, tool: ClientTool, body: bytes, on_progress: OnProgress | None
    ) -> Answer:
        """Raises NotConnected, NotTaken, ConnectionLost, ToolError, TransportError."""
        given = {"Content-Type": "application/json", "Accept": EVENTS, **endpoint.headers}
        request = await self._heard(HttpRequest.sent(endpoint.address, "POST", PATH, given, body))
        try:
            status, headers = await self._heard(request.answer())
            if not headers.get("content-type", "").startswith(EVENTS):
                content = b"".join([part async for part in self._parts(request)])
                return self._ended(endpoint, tool, status, content.decode("utf-8", "replace"))
            last = await self._last_event(request, on_progress)
            return self._ended(endpoint, tool, status, last)
        finally:
            request.close()

    async def _last_event(self, request: HttpRequest, on_progress: OnProgress | None) -> str:
        """Tells of the events before the last one. Raises ConnectionLost without that."""
        stream, outputs = EventStream(), OutputList()
        progress = Progress(done=0, total=None, message=None, outputs=())
        async for part in self._parts(request):
            for event in stream.events(part):
                if event.kind in ENDS:
                    return event.data
                data = json.loads(event.data)
                if event.kind == "progress":
                    progress = Progress(outputs=progress.outputs, **data)
                elif event.kind == "clear":
                    outputs.clear()
                elif event.kind == "output":
                    outputs.put(data["index"], data["output"], append=data["append"])
                    progress = replace(progress, outputs=outputs.now)
                if on_progress is not None and event.kind != "clear":
                    told = on_progress(progress)
                    if inspect.isawaitable(told):
                        await told
        raise ConnectionLost("the stream ended without a result")

    def _ended(self, endpoint: Endpoint, tool: ClientTool, status: int, text: str) -> Answer:
        """What the end of the answer says. Raises NotTaken, ConnectionLost, ToolError,
        TransportError."""
        try:
            body: Any = json.loads(text)
            if body.get("success"):
                return answered(body, tool.tables)
            if "text" in body:
                raise self._error(tool, body)
            code, reason = str(body["code"]), str(body["detail"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if status == HTTP_OK:
                sentence = self._phrases.answer_unreadable(tool=tool.name, reason=repr(error))
                raise AnswerUnreadable(sentence) from error
            code, reason = f"http_{status}", text.strip()[:SHOWN_CHARACTERS]
        if status in PROXIES:
            raise ConnectionLost(f"{status}: {reason}")
        url = endpoint.server.url
        sentence = self._phrases.call_refused(tool=tool.name, url=url, status=status, reason=reason)
        refusal = Refused(sentence, status=status, code=code)
        if status in AWAY:
            raise NotTaken(refusal)
        raise refusal

    def _error(self, tool: ClientTool, body: Mapping[str, Any]) -> Exception:
        """The error that a tool has ended with."""
        code, message, details = body["code"], body["detail"], body["details"]
        known = self._errors.get(code)
        if known is None:
            return UndeclaredError(message, code, details)
        error = known(message, **details)
        # Whether it was begun or not does not matter to a call that changes nothing.
        return NotTaken(error) if code == STOPPING and tool.read_only else error

    async def _parts(self, request: HttpRequest) -> AsyncIterator[bytes]:
        """The body as it comes. Raises ConnectionLost, also when nothing comes for too long."""
        parts = aiter(request.parts())
        while (part := await self._heard(anext(parts, None))) is not None:
            yield part

    async def _heard(self, answer: Awaitable[T]) -> T:
        """Raises ConnectionLost where there is no answer for too long."""
        try:
            async with asyncio.timeout(self._silence_seconds):
                return await answer
        except TimeoutError as error:
            raise ConnectionLost(f"silent for {self._silence_seconds:g} s") from error

    def _gone(self, endpoint: Endpoint) -> None:
        if self._endpoint is endpoint:
            self._endpoint = None
